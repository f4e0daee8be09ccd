/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules that cannot be kept beside each other. The checks report them; a drill sets them
 * aside and goes on. Both read the same finding: resolution->is_in_conflict.
 */
#pragma once

#include "dsl/check.h"

/* Called by the checks where they report. */
void conflict_blame(const struct rule_view *view, rule_id rule);
/* All that keeps a service's group together, and what says where it runs. */
void conflict_blame_group(const struct rule_view *view, service_id member, bool with_places);
/* What says where the services of a rule run; of several for one of them all are blamed already. */
void conflict_blame_places(const struct rule_view *view, rule_id rule);
/* An apart rule for which there are too few nodes, and what leaves it so few. */
void conflict_blame_apart(const struct rule_view *view, rule_id rule);
/*
 * What else goes with them, once all are found. Nothing, if the policy has no conflict: then
 * all its rules are kept.
 */
void conflict_settle(const struct rule_view *view);

/* A diagnostic of such rules, which keeps a policy from being pushed but not from a drill. */
bool conflict_is_code(enum diagnostic_code code);
/* Takes the rules in conflict out of the policy and names them: "rule web, keep on in line 9". */
const char *conflict_set_aside(struct resolution *resolution);
