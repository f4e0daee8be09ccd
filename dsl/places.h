/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether strict rules leave every service a node at all, with every node up: a search for one
 * placement that obeys them. That is the colouring of a graph, where each point has its own list
 * of colours, so the search is exact but has an end: what takes too many steps stays unknown.
 */
#pragma once

#include "ha/base/arena.h"
#include "ha/model/policy.h"

enum places { PLACES_EXIST, PLACES_NONE, PLACES_UNKNOWN };

struct places_search {
    const struct policy *policy;
    struct arena *arena;
    int64_t steps_left;
    int *local; /* by service: its position in the search that runs; -1: it has none */
};

/* A step is a look at a neighbour: some nanoseconds. */
struct places_search places_search(const struct policy *policy, struct arena *arena, int64_t steps);

/*
 * Looks only at the rules given: strict ones of the kinds on, together and apart. Where there is no
 * placement, *core (of n_rules, or NULL) holds those of them that have to do with it, *n_core of
 * them.
 */
enum places places_exist(struct places_search *search, const rule_id *rules, int n_rules,
                         rule_id *core, int *n_core);

/*
 * Rules without a placement: leaves of them, in place, so few that without any one of them there
 * would be one, as far as the steps go. Returns how many.
 */
int places_shrink(struct places_search *search, rule_id *rules, int n_rules);
