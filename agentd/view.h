/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The cluster as this node knows it, made anew for each decision from the
 * leases, the players' reports and the commands that wait.
 */
#pragma once

#include "ha/base/instant.h"

struct agent;

/* Into agent->view. Only with a policy and once corosync was reached. */
void view_make(struct agent *agent, struct instant now);
