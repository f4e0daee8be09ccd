/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Broadcast in one order: every member of the group delivers the same messages
 * and the same changes of membership in the same order (corosync's CPG,
 * cpg_overview(3)). Maker: group_corosync.c; tests link a loopback.
 */
#pragma once

#include <stddef.h>

#include "ha/base/err.h"
#include "quorum/ring.h"

struct group_peer {
    uint32_t nodeid;
    uint32_t pid; /* tells a restarted agent from the one before */
};

/* Called from group_dispatch, in the agreed order. */
struct group_events {
    void (*ring)(void *context, struct ring_id ring, const uint32_t *nodeids, int n_nodeids);
    void (*members)(void *context, const struct group_peer *members, int n_members,
                    const struct group_peer *joined, int n_joined, const struct group_peer *left,
                    int n_left);
    void (*message)(void *context, struct group_peer from, const void *bytes, size_t length);
};

struct group;

/* Joins. NULL and err: corosync is not running, or refuses. */
struct group *group_open(const char *name, const struct group_events *events, void *context,
                         struct err *err);
void group_close(struct group *group);
int group_fd(const struct group *group);
/* Delivers what is there. false: corosync is gone; close, and open again later. */
bool group_dispatch(struct group *group, struct err *err);
/*
 * Queues and sends as far as corosync takes it. false: corosync is gone, or the queue's limit is
 * reached.
 */
bool group_send(struct group *group, const void *bytes, size_t length, struct err *err);
/*
 * Sends what corosync did not take yet; call again in a few ms while it returns more than 0. -1:
 * corosync is gone.
 */
int group_flush(struct group *group, struct err *err);
