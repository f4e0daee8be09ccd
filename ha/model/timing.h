/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long silence lasts before it proves something, and how it all follows from the network. */
#pragma once

#include "ha/base/instant.h"

/* The chain of times: fencing.md, "Two inequalities". All in force on every node alike. */
struct timing {
    struct duration token;       /* corosync's token, before the coefficient */
    struct duration coefficient; /* what corosync adds to it for each node above two */
    struct duration watchdog;    /* W; 0: watchdog none */
    struct duration beat;        /* B: W/10, at most 500 ms */
    struct duration lease;       /* L: 4 B */
    struct duration allowance;   /* e: 1 % of L + W, plus 250 ms */
    struct duration witness;     /* H: 0 without a witness */
};

/* The timing of a network ("lan" ...) with its L and e; a token or watchdog of 0: the profile's. */
struct timing timing_of_network(const char *network, struct duration token,
                                struct duration watchdog);
/* corosync's token for so many nodes: token + coefficient x (nodes - 2). */
struct duration timing_token(const struct timing *timing, int nodes);
/* Safety: how long after its last beat a node cannot be running anything: L + W + e + 2 H. */
struct duration timing_recovery_wait(const struct timing *timing);
/* When the others are a ring without a node that is lost: token and consensus, 2.2 x token. */
struct duration timing_notice(const struct timing *timing, int nodes);
/* Liveness: L + W must exceed this: 2.2 x token + 3 B + e. */
struct duration timing_liveness_floor(const struct timing *timing, int nodes);
