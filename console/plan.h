/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy plan: what a policy would do, before it is pushed. The agreed records of the cluster
 * (or of a file that "ha state" wrote) are read under the new policy, and the production manager
 * is let loose on that copy until it has nothing more to decide.
 */
#pragma once

#include <jansson.h>

#include "console/output.h"
#include "console/settings.h"

/* One of the two below, or another code of control.h with its words said. */
int plan_policy(const json_t *request, const struct settings *settings, struct output *output);

#define PLAN_EXIT_NOTHING 0
#define PLAN_EXIT_CHANGES 2
