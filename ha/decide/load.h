/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the nodes that may take services have to carry, as shares of what they
 * have. Only in the modes static and dynamic, and only if the size of each of
 * them is known; else services are counted.
 */
#pragma once

#include "ha/decide/round.h"
#include "ha/decide/topsis.h"

struct loads {
    node_set nodes;
    int n_nodes;
    struct usage used[NODES_MAX];
    struct usage size[NODES_MAX];
    uint64_t cpu[NODES_MAX]; /* used of size, fixed */
    uint64_t memory[NODES_MAX];
    wide cpu_squares; /* their sums */
    wide memory_squares;
    wide squares; /* of both loads of a node together */
    wide sum;
};

/* A change of what some nodes carry. */
struct shift {
    node_id from; /* or NODE_NONE */
    node_id to;
    struct usage from_used; /* afterwards */
    struct usage to_used;
};

/* Sizes are known, and the mode asks for them. */
bool load_is_weighed(const struct round *round);
/* What each node would carry when all that is on its way has started. */
void load_of_starts(const struct round *round, struct loads *loads);
/* What each node carries now. */
void load_of_now(const struct round *round, struct loads *loads);
/* What the service takes there when it starts. */
struct usage load_of_service(const struct round *round, service_id service, node_id node);

/* The cluster after the shift, for topsis. */
struct alternative loads_alternative(const struct loads *loads, const struct shift *shift);
/* Standard deviation of the nodes' loads over their mean, fixed; shift may be NULL. */
uint64_t loads_imbalance(const struct loads *loads, const struct shift *shift);
