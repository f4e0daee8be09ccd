/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state that a plan begins with: a file's, or one imagined under another policy. */
#pragma once

#include <jansson.h>

#include "ha/base/err.h"
#include "ha/model/policy.h"
#include "ha/whatif/settle.h"

/* Where the imagined clocks begin: past every lease that began before. */
#define PLAN_BEGIN_MS 1000000

/* What "ha state" wrote; NULL: err says why it is none. A new reference, as the other. */
json_t *plan_state_read(const char *file, struct err *err);
/* All nodes are there and every service runs where the manager would put it. */
json_t *plan_state_imagine(const struct policy *policy);
/* Changes enough for one step under that policy. */
void plan_outcome_init(struct outcome *outcome, const struct policy *policy);
