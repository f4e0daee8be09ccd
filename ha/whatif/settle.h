/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The shortest what-if: the production manager over a cluster in which every
 * node obeys at once and nothing else happens, until it has nothing more to
 * decide. No events, no time but what the manager itself waits for; so a whole
 * cluster settles in a few steps, and the planner and the checker can afford
 * thousands of them. Where it matters how long things take, use a world.
 */
#pragma once

#include "ha/decide/crm.h"

/* Steps that the longest chain of waits and moves may take; whoever needs more goes in circles. */
#define SETTLE_STEPS_MAX 200
/* How far the manager's own waiting is followed: past every limit that is set by time. */
#define SETTLE_SPAN_MS (2 * 24 * 3600000)

/* What settles. Tens of MiB at their largest, so all of it is the caller's, zeroed once. */
struct settling {
    const struct policy *policy;
    struct ha_state *state;    /* in: what was decided; out: what came of it */
    struct cluster_view *view; /* in: what is seen; out: what would be seen then */
    struct outcome *outcome;   /* its changes are those of one step */
    void *context;             /* of the listener */
    void (*change)(void *context, const struct change *change); /* or NULL: nobody listens */
    int n_steps;
};

/* A view in which every node of the policy is there, armed, and runs what the state says. */
void settle_all_here(struct settling *settling, struct instant now);
/* The node has been off for long enough: nothing of it runs, and everybody knows. */
void settle_prove_off(struct settling *settling, node_id node);
/* The node is not heard, and what it was given to run may be running there. */
void settle_silence(struct settling *settling, node_id node);
/*
 * The moment of a push, to be run on from: what a node told under the policy before counts no more,
 * so what needs no place (who is let go, who is wanted again) is decided before anybody gets one.
 */
void settle_push(struct settling *settling);
/* False: after SETTLE_STEPS_MAX steps it still had something to change. */
bool settle_run(struct settling *settling);
