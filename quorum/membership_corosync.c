/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Quorum as votequorum says it, with the ring that it speaks of; and who may
 * take part, as cmap has it: nodelist.node.N.* and this node's own id.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <corosync/cmap.h>
#include <corosync/quorum.h>

#include "ha/base/arena.h"
#include "ha/base/text.h"
#include "quorum/cs_error.h"
#include "quorum/membership.h"

/* corosync's own, where its file says nothing. */
#define WITNESS_TIMEOUT_USUAL_MS 10000

struct membership {
    quorum_handle_t handle;
    cmap_handle_t cmap;
    cmap_track_handle_t track;
    struct membership_events events;
    void *context;
    int fd, reload_fd;
};

static void on_quorum(quorum_handle_t handle, uint32_t quorate, struct quorum_ring_id ring,
                      uint32_t n_members, const uint32_t *members)
{
    const void *context = NULL;
    const struct membership *membership;

    (void)n_members;
    (void)members;
    quorum_context_get(handle, &context);
    membership = context;
    membership->events.quorum(membership->context, quorate != 0,
                              (struct ring_id){ring.seq, ring.nodeid});
}

/* 1 while corosync reads its file, 0 when it has; a version 3.1 tells of both. */
static void on_reload(cmap_handle_t cmap, cmap_track_handle_t track, int32_t event, const char *key,
                      struct cmap_notify_value now, struct cmap_notify_value before, void *context)
{
    const struct membership *membership = context;

    (void)cmap;
    (void)track;
    (void)event;
    (void)key;
    (void)before;
    if (now.type == CMAP_VALUETYPE_UINT8 && now.len == 1 && *(const uint8_t *)now.data == 0)
        membership->events.reloaded(membership->context);
}

static bool track_reloads(struct membership *membership, struct err *err)
{
    cs_error_t error = cmap_initialize(&membership->cmap);

    if (error != CS_OK)
        membership->cmap = 0;
    if (error == CS_OK)
        error = cmap_fd_get(membership->cmap, &membership->reload_fd);
    if (error == CS_OK)
        error = cmap_track_add(membership->cmap, "config.reload_in_progress",
                               CMAP_TRACK_ADD | CMAP_TRACK_MODIFY, on_reload, membership,
                               &membership->track);
    return error == CS_OK || err_set(err,
                                     "corosync does not tell us when it reads its "
                                     "configuration anew (%s)",
                                     cs_error_words(error));
}

struct membership *membership_open(const struct membership_events *events, void *context,
                                   struct err *err)
{
    quorum_model_v1_data_t model = {.model = QUORUM_MODEL_V1, .quorum_notify_fn = on_quorum};
    struct membership *membership = xcalloc(1, sizeof(*membership));
    uint32_t type = 0;
    cs_error_t error;

    membership->events = *events;
    membership->context = context;
    error = quorum_model_initialize(&membership->handle, QUORUM_MODEL_V1,
                                    (quorum_model_data_t *)&model, &type, membership);
    if (error != CS_OK) {
        free(membership);
        err_set(err, "cannot reach corosync (%s): is corosync.service running?",
                cs_error_words(error));
        return NULL;
    }
    if (type != QUORUM_SET) {
        membership_close(membership);
        err_set(err, "corosync has no quorum provider: put \"quorum { provider: "
                     "corosync_votequorum }\" into /etc/corosync/corosync.conf");
        return NULL;
    }
    error = quorum_fd_get(membership->handle, &membership->fd);
    if (error == CS_OK)
        error = quorum_trackstart(membership->handle, CS_TRACK_CURRENT | CS_TRACK_CHANGES);
    if (error != CS_OK) {
        membership_close(membership);
        err_set(err, "corosync does not tell us about quorum (%s)", cs_error_words(error));
        return NULL;
    }
    if (!track_reloads(membership, err)) {
        membership_close(membership);
        return NULL;
    }
    return membership;
}

void membership_close(struct membership *membership)
{
    if (!membership)
        return;
    if (membership->cmap)
        cmap_finalize(membership->cmap);
    quorum_finalize(membership->handle);
    free(membership);
}

int membership_fd(const struct membership *membership)
{
    return membership->fd;
}

int membership_reload_fd(const struct membership *membership)
{
    return membership->reload_fd;
}

bool membership_dispatch(struct membership *membership, struct err *err)
{
    cs_error_t error = quorum_dispatch(membership->handle, CS_DISPATCH_ALL);

    if (error != CS_OK && error != CS_ERR_TRY_AGAIN)
        return err_set(err, "corosync is gone (quorum: %s)", cs_error_words(error));
    error = cmap_dispatch(membership->cmap, CS_DISPATCH_ALL);
    return error == CS_OK || error == CS_ERR_TRY_AGAIN ||
           err_set(err, "corosync is gone (cmap: %s)", cs_error_words(error));
}

/* ---- the roster ------------------------------------------------------------------------------ */

static bool get_word(cmap_handle_t cmap, int at, const char *key, uint32_t *word)
{
    char name[CMAP_KEYNAME_MAXLEN + 1];

    snprintf(name, sizeof(name), "nodelist.node.%d.%s", at, key);
    return cmap_get_uint32(cmap, name, word) == CS_OK;
}

static char *get_text(cmap_handle_t cmap, int at, const char *key)
{
    char name[CMAP_KEYNAME_MAXLEN + 1], *text = NULL;

    snprintf(name, sizeof(name), "nodelist.node.%d.%s", at, key);
    return cmap_get_string(cmap, name, &text) == CS_OK ? text : NULL;
}

static bool read_node(cmap_handle_t cmap, int at, struct roster_node *node, struct err *err)
{
    uint32_t votes = 1;
    char *name;
    bool fits;

    if (!get_word(cmap, at, "nodeid", &node->nodeid))
        return err_set(err, "node %d in the nodelist of corosync.conf has no nodeid: add one", at);
    get_word(cmap, at, "quorum_votes", &votes);
    node->votes = (int)votes;
    name = get_text(cmap, at, "name");
    if (!name)
        return err_set(err,
                       "the node with nodeid %u has no name: add \"name: ...\" to its part of "
                       "the nodelist in /etc/corosync/corosync.conf and reload corosync",
                       node->nodeid);
    fits = text_copy(node->name, sizeof(node->name), name) && node_name_is_valid(node->name);
    if (!fits)
        err_set(err,
                "\"%s\" in corosync.conf is no name for a node: a letter, then letters, "
                "digits, '-', '_' or '.', at most %d characters",
                name, NODE_NAME_MAX - 1);
    free(name);
    return fits;
}

static int by_nodeid(const void *a, const void *b)
{
    const struct roster_node *one = a, *other = b;

    return one->nodeid < other->nodeid ? -1 : one->nodeid > other->nodeid;
}

static bool read_nodes(cmap_handle_t cmap, struct roster *roster, struct err *err)
{
    /* Positions may have holes after a node was taken out while corosync ran. */
    for (int at = 0; at < 2 * NODES_MAX; at++) {
        char *address = get_text(cmap, at, "ring0_addr");

        if (!address)
            continue;
        free(address);
        if (roster->n_nodes == NODES_MAX)
            return err_set(err,
                           "corosync.conf lists more than %d nodes, which is the most that "
                           "one cluster may have",
                           NODES_MAX);
        if (!read_node(cmap, at, &roster->nodes[roster->n_nodes++], err))
            return false;
    }
    if (roster->n_nodes == 0)
        return err_set(err, "corosync.conf has no nodelist");
    qsort(roster->nodes, (size_t)roster->n_nodes, sizeof(roster->nodes[0]), by_nodeid);
    return true;
}

static bool read_self(cmap_handle_t cmap, struct roster *roster, struct err *err)
{
    uint32_t nodeid = 0, at = 0;

    if (cmap_get_uint32(cmap, "runtime.votequorum.this_node_id", &nodeid) != CS_OK &&
        (cmap_get_uint32(cmap, "nodelist.local_node_pos", &at) != CS_OK ||
         !get_word(cmap, (int)at, "nodeid", &nodeid)))
        return err_set(err, "corosync does not say which node this is");
    roster->self = roster_find(roster, nodeid);
    if (roster->self == NODE_NONE)
        return err_set(err, "this node (nodeid %u) is not in the nodelist of corosync.conf",
                       nodeid);
    return true;
}

static void read_votes(cmap_handle_t cmap, struct roster *roster)
{
    uint32_t expected = 0, two_node = 0;
    char *model = NULL;

    for (int i = 0; i < roster->n_nodes; i++)
        roster->expected_votes += roster->nodes[i].votes;
    if (cmap_get_string(cmap, "quorum.device.model", &model) == CS_OK) {
        uint32_t votes = 1, timeout = WITNESS_TIMEOUT_USUAL_MS;

        roster->has_witness = true;
        cmap_get_uint32(cmap, "quorum.device.votes", &votes);
        cmap_get_uint32(cmap, "quorum.device.timeout", &timeout);
        roster->witness_votes = (int)votes;
        roster->witness_lag = duration_ms(timeout);
        roster->expected_votes += (int)votes;
        free(model);
    }
    /* A lower number by hand is somebody's word that the rest is off; a higher one is a wish. */
    if (cmap_get_uint32(cmap, "quorum.expected_votes", &expected) == CS_OK &&
        (int)expected > roster->expected_votes)
        roster->expected_votes = (int)expected;
    roster->quorum_votes = roster->expected_votes / 2 + 1;
    /* Both halves may go on: that one of them waits tells it nothing of the other. */
    roster->is_forced = cmap_get_uint32(cmap, "quorum.two_node", &two_node) == CS_OK && two_node;
}

static bool cmap_open(cmap_handle_t *cmap, struct err *err)
{
    cs_error_t error = cmap_initialize(cmap);

    return error == CS_OK ||
           err_set(err, "cannot reach corosync (%s): is corosync.service running?",
                   cs_error_words(error));
}

bool membership_read_roster(struct roster *roster, struct err *err)
{
    cmap_handle_t cmap;
    bool is_good;

    memset(roster, 0, sizeof(*roster));
    if (!cmap_open(&cmap, err))
        return false;
    is_good = read_nodes(cmap, roster, err) && read_self(cmap, roster, err);
    if (is_good)
        read_votes(cmap, roster);
    cmap_finalize(cmap);
    return is_good;
}
