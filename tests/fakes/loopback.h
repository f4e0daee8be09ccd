/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A corosync for many members in one process: rings with tokens, extended
 * virtual synchrony, groups, votequorum; cut, frozen, switched off and healed
 * by a test, in an order that a seed decides. Time is the test's.
 */
#pragma once

#include "quorum/group.h"

struct loopback_events {
    struct group_events group;
    void (*quorum)(void *context, bool is_quorate, struct ring_id ring);
};

struct loopback;

/* token_ms: how long a ring takes to notice that somebody is gone. */
struct loopback *loopback_new(int n_nodes, uint64_t seed, int token_ms);
void loopback_free(struct loopback *loopback);
uint64_t loopback_random(struct loopback *loopback, uint64_t below);

/* Nodes are 0 .. n-1, their corosync nodeids 1 .. n. */
void loopback_power(struct loopback *loopback, int node, bool is_on);
/* Its corosync stands still and may wake up with the token in its hand. */
void loopback_freeze(struct loopback *loopback, int node, bool is_frozen);
/* Nodes with the same number hear each other. */
void loopback_cut(struct loopback *loopback, const int *component);

/*
 * A witness with so many votes. It votes for one ring at a time; who loses it is told up to lag_ms
 * later, who gets it soon, and each in the order in which it happened.
 */
void loopback_witness(struct loopback *loopback, int votes, int lag_ms);
/* It votes for the ring of this node from now on; -1: for nobody. */
void loopback_witness_move(struct loopback *loopback, int node);

/* An agent joins; it dies (its process is gone); it stops taking what is delivered. */
void loopback_attach(struct loopback *loopback, int node, uint32_t pid,
                     const struct loopback_events *events, void *context);
void loopback_detach(struct loopback *loopback, int node);
void loopback_stall(struct loopback *loopback, int node, bool is_stalled);
void loopback_send(struct loopback *loopback, int node, const void *bytes, size_t length);

/* Lets so many milliseconds pass and delivers. */
void loopback_step(struct loopback *loopback, int ms);
