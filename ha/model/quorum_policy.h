/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who may go on when not all are there: what the policy says of it beside the votes of its nodes.
 * The words are corosync's own (votequorum(5), corosync-qdevice(8)).
 */
#pragma once

#include <stdbool.h>

#include "ha/base/id.h"
#include "ha/base/limits.h"

enum witness_algorithm {
    WITNESS_FFSPLIT, /* one vote, for the better half of an even number */
    WITNESS_LMS,     /* as many votes as the nodes have, less one: the last one standing goes on */
};

enum tie_breaker {
    TIE_UNSAID, /* equal halves stop both; with a witness the half of the first node goes on */
    TIE_LOWEST, /* the half with the first node by name */
    TIE_HIGHEST,
    TIE_NODES, /* the half with the first of these that was there before the split */
};

struct quorum_policy {
    const char *witness; /* the host where corosync-qnetd runs; NULL: there is none */
    enum witness_algorithm algorithm;
    bool is_algorithm_said; /* else it follows from the nodes' votes: even ffsplit, odd lms */
    enum tie_breaker tie_breaker;
    node_id tie_nodes[NODES_MAX]; /* of TIE_NODES, in this order */
    int n_tie_nodes;
    bool waits_for_all;
    bool is_last_man_standing;
    bool is_two_node;
    /* Of these settings, where they were written; 0: not said. */
    int line, witness_line, tie_line, wait_line, last_man_line, two_node_line;
};
