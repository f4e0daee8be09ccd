/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A cluster of any size for measuring: everything runs, then one node dies. Only the manager is
 * real in it; what players and rings would say is put into the view by hand, and not timed.
 */
#pragma once

#include "ha/base/arena.h"
#include "ha/decide/crm.h"
#include "ha/decide/lrm.h"

enum problem_kind {
    PROBLEM_BASIC,
    PROBLEM_STATIC,
    PROBLEM_DYNAMIC,
    PROBLEM_RULES,  /* basic, and one rule for each ten services */
    PROBLEM_GROUPS, /* basic, and ten large groups, each with one service apart from it */
    PROBLEM_KINDS
};

/* Too big for the stack: all that a daemon that decides holds of the core. */
struct problem {
    struct arena *arena;
    struct policy policy;
    struct ha_state state;
    struct ha_state before; /* to begin again from; in a daemon, what is agreed */
    struct cluster_view view;
    struct outcome outcome;
    struct lrm player; /* of the deciding node: for its memory only */
    int64_t step_ns;   /* processor time of the steps since somebody set it to 0 */
    int n_steps;
};

const char *problem_kind_name(enum problem_kind kind);
/* All nodes are there and nothing has been placed yet. */
struct problem *problem_new(int n_services, int n_nodes, enum problem_kind kind);
void problem_free(struct problem *problem);

/* One step of the manager, timed. */
void problem_step(struct problem *problem);
/* Steps, and players that do as they are told, until everything runs; false if it never does. */
bool problem_settle(struct problem *problem);
/* The node left and has just been proven off; no step has seen that yet. */
void problem_kill(struct problem *problem, node_id node);
/* Keeps what is, and goes back to it. */
void problem_keep(struct problem *problem);
void problem_return(struct problem *problem);
/* How many services run on that node. */
int problem_count_on(const struct problem *problem, node_id node);
