/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a service goes: numbered steps, each of which takes nodes away until
 * one is left. The step at which a node lost is its explanation.
 */
#pragma once

#include "ha/decide/round.h"

enum placement_step {
    PLACED_HERE = 0,
    LOST_UNUSABLE,  /* 1: not online, in maintenance or leaving */
    LOST_FORBIDDEN, /* 2: a strict rule does not name it */
    LOST_APART,     /* 3: one that must be apart is there */
    LOST_UNSAFE,    /* 4: it may be running on yet another node */
    LOST_TRIED,     /* 5: it failed there */
    LOST_NEEDED,    /* 6: one that must be apart waits, too, and may find no other place */
    LOST_AWAITED,   /* 7: one that must be apart was there last and waits to start */
    LOST_FAILBACK,  /* 8: failback is off, and it is somewhere else */
    LOST_TIER,      /* 9: a better tier is left */
    LOST_TOGETHER,  /* 10: more of those it must be with are elsewhere */
    LOST_FALLBACK,  /* 11: it returns from maintenance elsewhere */
    LOST_STAYING,   /* 12: it is somewhere else, and that is as good */
    LOST_LIKING,    /* 13: rules that only prefer like another one better */
    LOST_LOAD,      /* 14: it has more to carry */
    LOST_NUMBER,    /* 15: all alike, and another comes first by name */
};

enum preference {
    PREFER_STAYING, /* move only for a reason */
    PREFER_BEST,    /* it runs nowhere */
    PREFER_UNTRIED, /* it has just failed where it was */
};

struct placement {
    node_id node;                        /* NODE_NONE: nowhere now */
    struct reason why;                   /* why there, or why nowhere */
    enum placement_step step;            /* that left one node, or none */
    enum placement_step lost[NODES_MAX]; /* of every node of the policy */
    int tier;                            /* from 0: of the tier rule that counts */
};

/* It runs where every step above keeps it. False: perhaps not; then search. */
bool placement_stays(const struct round *round, service_id service);
/* tried: nodes on which it has failed. */
void placement_find(struct round *round, service_id service, enum preference preference,
                    node_set tried, struct placement *placement);

/*
 * The start safety: nodes on which the service may be running, or may be about
 * to, as far as anybody knows. It may be started on a node only if none other
 * is among these.
 */
node_set placement_holders(const struct round *round, service_id service);
/* Why a service waits that some of the nodes hold; wakes the manager in time. */
struct reason placement_wait(struct round *round, service_id service, node_set holders);
