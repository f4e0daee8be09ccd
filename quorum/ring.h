/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Words that the rooms of agreement share: a ring, who takes part, votes.
 * Nodes are positions in the roster, sorted by corosync's nodeid.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ha/base/id.h"
#include "ha/base/instant.h"
#include "ha/base/limits.h"

/*
 * One corosync membership. Later rings have a higher seq; two halves of a split may share a seq,
 * not a node.
 */
struct ring_id {
    uint64_t seq;
    uint32_t node;
};

static inline int ring_compare(struct ring_id a, struct ring_id b)
{
    if (a.seq != b.seq)
        return a.seq < b.seq ? -1 : 1;
    return a.node == b.node ? 0 : a.node < b.node ? -1 : 1;
}

struct roster_node {
    uint32_t nodeid;
    char name[NODE_NAME_MAX];
    int votes;
};

/* Who may take part, as corosync's configuration says. */
struct roster {
    struct roster_node nodes[NODES_MAX];
    int n_nodes;
    node_id self;
    int expected_votes;
    int quorum_votes; /* more than half of expected */
    bool has_witness;
    int witness_votes;
    struct duration witness_lag; /* H: how long its vote may go on counting once it is lost */
    bool is_by_word; /* somebody swears that those without a vote are off; see forced.h */
    bool is_forced;  /* somebody's word stands for votes: no wait proves that a node is off */
};

node_id roster_find(const struct roster *roster, uint32_t nodeid);
node_id roster_find_name(const struct roster *roster, const char *name);
int roster_votes(const struct roster *roster, node_set nodes);
node_set roster_all(const struct roster *roster);
/* The votes of the witness; 0 without one. */
int roster_witness(const struct roster *roster);
/*
 * One word for who has how many votes and how many it takes; never 0. Only who has the same word
 * counts together.
 */
uint64_t roster_mark(const struct roster *roster);
/* The same nodes, as positions in another roster; who is not in that is left out. */
node_set roster_translate(const struct roster *from, const struct roster *to, node_set nodes);
