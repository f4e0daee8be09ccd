/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Histories that were in force here and that the others went on without. */
#pragma once

#include "ha/base/json.h"

struct agent;

/* As the store has them; later ones are added. */
void branches_open(struct agent *agent);
/*
 * Patches that are not in the records that replace ours: kept, and said. stamp: now. The event of
 * it, a new reference.
 */
json_t *branches_notice(struct agent *agent, const json_t *patches, int64_t stamp);
/* For the status of the cluster: [{"first","last","at","policies":[version]}]. */
json_t *branches_row(const struct agent *agent);
/* As events among these rows, which are in the order of time; 0: no bound. */
void branches_events(const struct agent *agent, int64_t from_ms, int64_t until_ms, json_t *rows);
/* The policy of that number in the newest branch that has one: a new reference; NULL: none has. */
json_t *branches_policy(const struct agent *agent, int64_t version);
/* For the list of policies: one row each, said to be of a branch. A new reference. */
json_t *branches_policies(const struct agent *agent);
