/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a policy would do to a cluster: the production manager is let loose on a
 * copy of its state until it has nothing more to decide, and what became of each
 * service is compared with how it was. Steps come in the order in which the
 * manager would begin them.
 */
#pragma once

#include "ha/whatif/predict.h"
#include "ha/whatif/settle.h"

enum plan_deed {
    PLAN_NOTHING,
    PLAN_START,
    PLAN_STOP,
    PLAN_MOVE_LIVE, /* it goes on running meanwhile */
    PLAN_MOVE,      /* stopped on one node, started on another */
    PLAN_RESTART,   /* stopped and started where it is */
    PLAN_LET_GO,    /* left running, and no longer looked after */
    PLAN_WAIT,      /* wanted, but it runs nowhere in the end */
};

struct plan_step {
    service_id service; /* of the policy that is planned */
    enum plan_deed deed;
    node_id from;         /* where it ran, or NODE_NONE */
    node_id to;           /* where it will run, or NODE_NONE */
    struct outage outage; /* of a start, a move that is not live, a restart: at most */
    struct reason why;
};

struct plan {
    struct plan_step steps[SERVICES_MAX];
    int n_steps;
    bool is_settled; /* false: the manager came to no end, so the steps are only the first ones */
    int n_deeds[PLAN_WAIT + 1];
};

/* What is noted of one service while the manager decides. */
struct plan_note {
    bool is_noted;
    node_id from;
    bool was_live; /* moved live at least once */
    bool was_down; /* stopped or lost on the way */
    struct reason why;
};

/* Some MiB: the caller's, zeroed. */
struct planning {
    struct settling settling; /* policy, state, view and outcome are the caller's to set */
    struct plan_note notes[SERVICES_MAX];
    service_id noted[SERVICES_MAX]; /* in the order in which something was first decided */
    int n_noted;
    struct duration takes[SERVICES_MAX];
    struct duration first[SERVICES_MAX];
};

/* Changes the state and the view that the settling was given: hand it copies. */
void plan_run(struct planning *planning, struct plan *plan);
const char *plan_deed_name(enum plan_deed deed);
