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

/* An agent joins; it dies (its process is gone); it stops taking what is delivered. */
void loopback_attach(struct loopback *loopback, int node, uint32_t pid,
                     const struct loopback_events *events, void *context);
void loopback_detach(struct loopback *loopback, int node);
void loopback_stall(struct loopback *loopback, int node, bool is_stalled);
void loopback_send(struct loopback *loopback, int node, const void *bytes, size_t length);

/* Lets so many milliseconds pass and delivers. */
void loopback_step(struct loopback *loopback, int ms);
