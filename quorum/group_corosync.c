/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The group over corosync's CPG. corosync tells a change of ring in this order:
 * who left the group, who joined it, then the ring (cpg_totem_confchg); messages
 * of the new ring come behind. What corosync does not take at once waits here.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include <corosync/cpg.h>

#include "ha/base/arena.h"
#include "quorum/cs_error.h"
#include "quorum/group.h"

/* What may wait for corosync: far more than the records of a joiner, far less than memory. */
#define QUEUE_BYTES_MAX (16 * 1024 * 1024)

struct waiting {
    struct waiting *next;
    size_t length;
    char bytes[];
};

struct group {
    cpg_handle_t handle;
    struct cpg_name name;
    struct group_events events;
    void *context;
    int fd;
    struct waiting *first, **last;
    size_t queued_bytes;
    int n_waiting;
    bool is_lost;
};

static struct group *group_of(cpg_handle_t handle)
{
    void *context = NULL;

    cpg_context_get(handle, &context);
    return context;
}

static int peers_of(const struct cpg_address *list, size_t n, struct group_peer *peers)
{
    int count = 0;

    for (size_t i = 0; i < n && count < CPG_MEMBERS_MAX; i++)
        peers[count++] = (struct group_peer){list[i].nodeid, list[i].pid};
    return count;
}

static void on_message(cpg_handle_t handle, const struct cpg_name *name, uint32_t nodeid,
                       uint32_t pid, void *bytes, size_t length)
{
    struct group *group = group_of(handle);

    (void)name;
    group->events.message(group->context, (struct group_peer){nodeid, pid}, bytes, length);
}

static void on_members(cpg_handle_t handle, const struct cpg_name *name,
                       const struct cpg_address *members, size_t n_members,
                       const struct cpg_address *left, size_t n_left,
                       const struct cpg_address *joined, size_t n_joined)
{
    struct group *group = group_of(handle);
    struct group_peer all[CPG_MEMBERS_MAX], came[CPG_MEMBERS_MAX], went[CPG_MEMBERS_MAX];

    (void)name;
    group->events.members(group->context, all, peers_of(members, n_members, all), came,
                          peers_of(joined, n_joined, came), went, peers_of(left, n_left, went));
}

static void on_ring(cpg_handle_t handle, struct cpg_ring_id ring, uint32_t n_members,
                    const uint32_t *members)
{
    struct group *group = group_of(handle);

    group->events.ring(group->context, (struct ring_id){ring.seq, ring.nodeid}, members,
                       (int)n_members);
}

struct group *group_open(const char *name, const struct group_events *events, void *context,
                         struct err *err)
{
    cpg_model_v1_data_t model = {
        .model = CPG_MODEL_V1,
        .cpg_deliver_fn = on_message,
        .cpg_confchg_fn = on_members,
        .cpg_totem_confchg_fn = on_ring,
        .flags = CPG_MODEL_V1_DELIVER_INITIAL_TOTEM_CONF,
    };
    struct group *group = xcalloc(1, sizeof(*group));
    cs_error_t error;

    group->events = *events;
    group->context = context;
    group->last = &group->first;
    group->name.length = (uint32_t)strnlen(name, CPG_MAX_NAME_LENGTH - 1);
    memcpy(group->name.value, name, group->name.length);
    error = cpg_model_initialize(&group->handle, CPG_MODEL_V1, (cpg_model_data_t *)&model, group);
    if (error != CS_OK) {
        free(group);
        err_set(err, "cannot reach corosync (%s): is corosync.service running?",
                cs_error_words(error));
        return NULL;
    }
    error = cpg_fd_get(group->handle, &group->fd);
    if (error == CS_OK)
        error = cpg_join(group->handle, &group->name);
    for (int i = 0; error == CS_ERR_TRY_AGAIN && i < CS_TRIES; i++) {
        cs_wait();
        error = cpg_join(group->handle, &group->name);
    }
    if (error != CS_OK) {
        err_set(err, "corosync does not let us join the group \"%s\" (%s)", name,
                cs_error_words(error));
        group_close(group);
        return NULL;
    }
    return group;
}

void group_close(struct group *group)
{
    if (!group)
        return;
    cpg_finalize(group->handle);
    while (group->first) {
        struct waiting *next = group->first->next;

        free(group->first);
        group->first = next;
    }
    free(group);
}

int group_fd(const struct group *group)
{
    return group->fd;
}

static bool lose(struct group *group, const char *what, cs_error_t error, struct err *err)
{
    group->is_lost = true;
    return err_set(err, "corosync is gone (%s: %s)", what, cs_error_words(error));
}

bool group_dispatch(struct group *group, struct err *err)
{
    cs_error_t error = cpg_dispatch(group->handle, CS_DISPATCH_ALL);

    if (error != CS_OK && error != CS_ERR_TRY_AGAIN)
        return lose(group, "receiving", error, err);
    return group_flush(group, err) >= 0;
}

static cs_error_t send_now(struct group *group, const struct waiting *waiting)
{
    struct iovec part = {(void *)waiting->bytes, waiting->length};

    return cpg_mcast_joined(group->handle, CPG_TYPE_AGREED, &part, 1);
}

int group_flush(struct group *group, struct err *err)
{
    if (group->is_lost) {
        err_set(err, "corosync is gone");
        return -1;
    }
    while (group->first) {
        struct waiting *first = group->first;
        cs_error_t error = send_now(group, first);

        if (error == CS_ERR_TRY_AGAIN)
            break;
        if (error != CS_OK) {
            lose(group, "sending", error, err);
            return -1;
        }
        group->first = first->next;
        if (!group->first)
            group->last = &group->first;
        group->queued_bytes -= first->length;
        group->n_waiting--;
        free(first);
    }
    return group->n_waiting;
}

bool group_send(struct group *group, const void *bytes, size_t length, struct err *err)
{
    struct waiting *waiting;

    if (group->queued_bytes + length > QUEUE_BYTES_MAX)
        return err_set(err, "corosync has taken nothing for so long that %zu bytes are waiting",
                       group->queued_bytes);
    waiting = xcalloc(1, sizeof(*waiting) + length);
    waiting->length = length;
    memcpy(waiting->bytes, bytes, length);
    *group->last = waiting;
    group->last = &waiting->next;
    group->queued_bytes += length;
    group->n_waiting++;
    return group_flush(group, err) >= 0;
}
