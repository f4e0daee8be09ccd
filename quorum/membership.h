/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is here and are we quorate, as votequorum says for one ring
 * (quorum_initialize(3), model v1: the ring id comes with the answer), and the
 * roster from corosync's cmap. Maker: membership_corosync.c.
 */
#pragma once

#include "ha/base/err.h"
#include "quorum/corosync_conf.h"

struct membership_events {
    void (*quorum)(void *context, bool is_quorate, struct ring_id ring);
    /* corosync has read its configuration anew: see membership_read_roster. */
    void (*reloaded)(void *context);
};

struct membership;

struct membership *membership_open(const struct membership_events *events, void *context,
                                   struct err *err);
void membership_close(struct membership *membership);
int membership_fd(const struct membership *membership);
/* Of the second connection, for reloads. */
int membership_reload_fd(const struct membership *membership);
/* false: corosync is gone */
bool membership_dispatch(struct membership *membership, struct err *err);

/*
 * nodelist.node.N.{nodeid,name,quorum_votes}, our own nodeid; refuses more than NODES_MAX and
 * nameless nodes.
 */
bool membership_read_roster(struct roster *roster, struct err *err);
/*
 * The configuration that corosync runs with; false also for what corosync_conf.h has no words for:
 * another transport, no encryption, a key or votes by other means.
 */
bool membership_read_conf(struct corosync_conf *conf, struct err *err);
/* corosync-qdevice on a node, as votequorum sees it. */
struct device_state {
    bool is_registered, is_alive;
    bool is_voting; /* the witness' votes count there */
};

bool membership_read_device(uint32_t nodeid, struct device_state *state, struct err *err);
/* Its config_version; 0: it has none. */
bool membership_read_version(uint64_t *version, struct err *err);
/* How many votes votequorum is to expect from now on, in the whole ring. */
bool membership_expect(int votes, struct err *err);
/* corosync reads its file anew, on every node of the ring; waits until it has here. */
bool membership_reload(struct err *err);
