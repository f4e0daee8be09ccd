/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each ring has one log; each entry knows whom it reached; each node has a
 * position in the log. When a ring breaks, nodes that go on together deliver
 * what any of them has, up to the first gap, and behind it what they sent themselves.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"
#include "tests/fakes/loopback_internal.h"

uint64_t loopback_random(struct loopback *loopback, uint64_t below)
{
    uint64_t z = (loopback->state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % below;
}

struct loopback *loopback_new(int n_nodes, uint64_t seed, int token_ms)
{
    struct loopback *loopback = xcalloc(1, sizeof(*loopback));

    assert(n_nodes > 0 && n_nodes <= LOOPBACK_NODES);
    loopback->n_nodes = n_nodes;
    loopback->state = seed;
    loopback->token_ms = token_ms;
    loopback->witness_at = -1;
    return loopback;
}

void loopback_free(struct loopback *loopback)
{
    for (size_t i = 0; i < loopback->n_rings; i++) {
        loopback_log_clear(&loopback->rings[i]->log);
        free(loopback->rings[i]);
    }
    for (int i = 0; i < loopback->n_nodes; i++) {
        loopback_log_clear(&loopback->nodes[i].outgoing);
        loopback_inbox_clear(&loopback->nodes[i].inbox);
    }
    free(loopback->rings);
    free(loopback);
}

/* ---- groups, as one node has delivered them -------------------------------------------------- */

static int find_peer(const struct node *node, struct group_peer peer)
{
    for (int i = 0; i < node->n_list; i++) {
        if (node->list[i].nodeid == peer.nodeid && node->list[i].pid == peer.pid)
            return i;
    }
    return -1;
}

static void add_peer(struct node *node, struct group_peer peer)
{
    assert(node->n_list < LOOPBACK_PEERS);
    node->list[node->n_list++] = peer;
}

static void drop_peer(struct node *node, int at)
{
    assert(at >= 0 && at < node->n_list);
    node->n_list--;
    node->list[at] = node->list[node->n_list];
}

static bool is_joined(const struct loopback *loopback, int at)
{
    const struct node *node = &loopback->nodes[at];

    return node->is_attached &&
           find_peer(node, (struct group_peer){(uint32_t)at + 1, node->pid}) >= 0;
}

static void tell_group(struct loopback *loopback, int at, const struct group_peer *joined,
                       int n_joined, const struct group_peer *left, int n_left)
{
    struct node *node = &loopback->nodes[at];
    struct call *call;

    if (!is_joined(loopback, at) || n_joined + n_left == 0)
        return;
    call = loopback_inbox_add(node, CALL_MEMBERS);
    memcpy(call->members, node->list, sizeof(call->members));
    call->n_members = node->n_list;
    for (int i = 0; i < n_joined; i++)
        call->joined[i] = joined[i];
    call->n_joined = n_joined;
    for (int i = 0; i < n_left; i++)
        call->left[i] = left[i];
    call->n_left = n_left;
}

static void tell_ring(struct loopback *loopback, int at)
{
    struct node *node = &loopback->nodes[at];
    struct call *call;

    if (!is_joined(loopback, at))
        return;
    call = loopback_inbox_add(node, CALL_RING);
    call->ring = node->ring->id;
    call->nodes = node->ring->members;
}

static void deliver(struct loopback *loopback, int at, const struct entry *entry)
{
    struct node *node = &loopback->nodes[at];
    bool was_joined = is_joined(loopback, at);
    int found = find_peer(node, entry->from);
    struct call *call;

    if (entry->kind == ENTRY_MESSAGE) {
        if (!was_joined)
            return;
        call = loopback_inbox_add(node, CALL_MESSAGE);
        call->from = entry->from;
        call->bytes = loopback_copy(entry->bytes, entry->length);
        call->length = entry->length;
    } else if (entry->kind == ENTRY_JOIN && found < 0) {
        add_peer(node, entry->from);
        tell_group(loopback, at, &entry->from, 1, NULL, 0);
        if (!was_joined && is_joined(loopback, at))
            tell_ring(loopback, at);
    } else if (entry->kind == ENTRY_LEAVE && found >= 0) {
        drop_peer(node, found);
        tell_group(loopback, at, NULL, 0, &entry->from, 1);
    }
}

/* ---- rings ----------------------------------------------------------------------------------- */

static node_set reachable(const struct loopback *loopback, int at)
{
    node_set nodes = 0;

    for (int i = 0; i < loopback->n_nodes; i++) {
        const struct node *node = &loopback->nodes[i];

        if (node->is_on && (i == at || (!node->is_frozen && !loopback->nodes[at].is_frozen &&
                                        node->component == loopback->nodes[at].component)))
            nodes |= node_bit((node_id)i);
    }
    return nodes;
}

static bool is_whole(const struct loopback *loopback, const struct ring *ring)
{
    NODE_SET_EACH(at, ring->members)
    {
        if ((reachable(loopback, at) & ring->members) != ring->members ||
            loopback->nodes[at].ring != ring)
            return false;
    }
    return true;
}

/* The holder of the token puts what it has into the order; it reaches whom the network lets it. */
static void flush(struct loopback *loopback, int at)
{
    struct node *node = &loopback->nodes[at];

    if (!node->ring)
        return;
    for (size_t i = 0; i < node->outgoing.n; i++) {
        struct entry *entry = loopback_log_add(&node->ring->log, &node->outgoing.entries[i]);

        entry->reach = reachable(loopback, at) & node->ring->members;
    }
    free(node->outgoing.entries);
    memset(&node->outgoing, 0, sizeof(node->outgoing));
}

static void advance(struct loopback *loopback, int at)
{
    struct node *node = &loopback->nodes[at];

    while (node->ring && node->position < node->ring->log.n &&
           node_in(node->ring->log.entries[node->position].reach, (node_id)at)) {
        struct entry entry = node->ring->log.entries[node->position++];

        deliver(loopback, at, &entry);
    }
}

/* The ring broke: nodes of it that go on together deliver the same. */
static void leave_ring(struct loopback *loopback, node_set together)
{
    struct ring *ring = loopback->nodes[node_set_first(together)].ring;
    bool is_past_gap = false;

    for (size_t i = 0; i < ring->log.n; i++) {
        const struct entry entry = ring->log.entries[i];
        bool is_ours = node_in(together, (node_id)(entry.from.nodeid - 1));

        if (!(entry.reach & together))
            is_past_gap = true;
        if (!(entry.reach & together) || (is_past_gap && !is_ours))
            continue;
        NODE_SET_EACH(at, together)
        {
            if (i >= loopback->nodes[at].position)
                deliver(loopback, at, &entry);
        }
    }
}

static void join_groups(struct loopback *loopback, int at, node_set together,
                        const struct group_peer *list, int n_list)
{
    struct node *node = &loopback->nodes[at];
    struct group_peer left[LOOPBACK_PEERS], joined[LOOPBACK_PEERS];
    int n_left = 0, n_joined = 0;

    for (int i = 0; i < node->n_list; i++) {
        if (!node_in(together, (node_id)(node->list[i].nodeid - 1)))
            left[n_left++] = node->list[i];
    }
    for (int i = 0; i < n_left; i++)
        drop_peer(node, find_peer(node, left[i]));
    tell_group(loopback, at, NULL, 0, left, n_left);
    for (int i = 0; i < n_list; i++) {
        if (find_peer(node, list[i]) < 0) {
            joined[n_joined++] = list[i];
            add_peer(node, list[i]);
        }
    }
    tell_group(loopback, at, joined, n_joined, NULL, 0);
    tell_ring(loopback, at);
}

static struct ring *add_ring(struct loopback *loopback, node_set members)
{
    struct ring *ring = xcalloc(1, sizeof(*ring));

    NODE_SET_EACH(at, members)
    {
        if (loopback->nodes[at].seq > ring->id.seq)
            ring->id.seq = loopback->nodes[at].seq;
    }
    ring->id.seq += 4;
    ring->id.node = (uint32_t)node_set_first(members) + 1;
    ring->members = members;
    loopback->rings = xrealloc(loopback->rings, (loopback->n_rings + 1) * sizeof(*loopback->rings));
    loopback->rings[loopback->n_rings++] = ring;
    return ring;
}

static void form_ring(struct loopback *loopback, node_set members)
{
    struct ring *ring = add_ring(loopback, members);
    node_set together[LOOPBACK_NODES] = {0};
    struct group_peer list[LOOPBACK_NODES];
    int n_list = 0;

    NODE_SET_EACH(at, members)
    {
        NODE_SET_EACH(other, members)
        {
            if (other == at || (loopback->nodes[at].ring &&
                                loopback->nodes[other].ring == loopback->nodes[at].ring))
                together[at] |= node_bit(other);
        }
    }
    NODE_SET_EACH(at, members)
    {
        if (loopback->nodes[at].ring && node_set_first(together[at]) == at)
            leave_ring(loopback, together[at]);
    }
    NODE_SET_EACH(at, members)
    {
        struct node *node = &loopback->nodes[at];

        if (is_joined(loopback, at))
            list[n_list++] = (struct group_peer){(uint32_t)at + 1, node->pid};
        node->ring = ring;
        node->position = 0;
        node->seq = ring->id.seq;
        node->quorum_due = loopback->now + 1 + (int64_t)loopback_random(loopback, QUORUM_DELAY_MS);
    }
    NODE_SET_EACH(at, members)
    join_groups(loopback, at, together[at], list, n_list);
}

/* A ring that is not what the network allows breaks after a while; so long its token is lost. */
static void form_rings(struct loopback *loopback)
{
    for (int at = 0; at < loopback->n_nodes; at++) {
        node_set desired = loopback->nodes[at].is_on ? reachable(loopback, at) : 0;
        bool is_needed = false;

        if (!desired || loopback->nodes[at].is_frozen || node_set_first(desired) != at) {
            loopback->desired[at] = 0;
            continue;
        }
        NODE_SET_EACH(node, desired)
        {
            if (!loopback->nodes[node].ring || loopback->nodes[node].ring->members != desired ||
                loopback->nodes[node].ring != loopback->nodes[at].ring)
                is_needed = true;
        }
        if (!is_needed)
            loopback->desired[at] = 0;
        else if (loopback->desired[at] != desired) {
            loopback->desired[at] = desired;
            loopback->form_at[at] =
                loopback->now + loopback->token_ms +
                (int64_t)loopback_random(loopback, (uint64_t)loopback->token_ms);
        } else if (loopback->now >= loopback->form_at[at])
            form_ring(loopback, desired);
    }
}

/* A gap that the network made is filled again once all hear each other before the token is lost. */
static void retransmit(struct ring *ring)
{
    while (ring->n_filled < ring->log.n)
        ring->log.entries[ring->n_filled++].reach = ring->members;
}

static void run_tokens(struct loopback *loopback)
{
    for (int at = 0; at < loopback->n_nodes; at++) {
        struct node *node = &loopback->nodes[at];

        if (!node->is_on || node->is_frozen || !node->ring)
            continue;
        if (loopback_random(loopback, 3) && is_whole(loopback, node->ring)) {
            retransmit(node->ring);
            flush(loopback, at);
        }
        if (loopback_random(loopback, 3))
            advance(loopback, at);
    }
}

/* ---- what the test does to it ---------------------------------------------------------------- */

/* Whoever has the token when the network breaks still speaks, to those who hear it. */
static void speak_last(struct loopback *loopback)
{
    int at = (int)loopback_random(loopback, (uint64_t)loopback->n_nodes);

    if (loopback->nodes[at].is_on && !loopback->nodes[at].is_frozen) {
        flush(loopback, at);
        if (loopback_random(loopback, 2))
            advance(loopback, at);
    }
}

void loopback_cut(struct loopback *loopback, const int *component)
{
    for (int i = 0; i < loopback->n_nodes; i++)
        loopback->nodes[i].component = component[i];
    speak_last(loopback);
}

void loopback_freeze(struct loopback *loopback, int node, bool is_frozen)
{
    bool wakes = loopback->nodes[node].is_frozen && !is_frozen;

    if (wakes && loopback_random(loopback, 2)) {
        /* The token was in its socket's buffer: one visit, in a ring that others may have left. */
        flush(loopback, node);
        advance(loopback, node);
    }
    loopback->nodes[node].is_frozen = is_frozen;
    speak_last(loopback);
}

void loopback_power(struct loopback *loopback, int at, bool is_on)
{
    struct node *node = &loopback->nodes[at];

    if (node->is_on == is_on)
        return;
    if (node->is_attached)
        loopback_detach(loopback, at);
    node->is_on = is_on;
    node->is_frozen = false;
    node->ring = NULL;
    node->position = 0;
    node->n_list = 0;
    node->quorum_due = 0;
    loopback_log_clear(&node->outgoing);
}

static void put(struct loopback *loopback, int at, enum entry_kind kind, const void *bytes,
                size_t length)
{
    struct node *node = &loopback->nodes[at];
    struct entry entry = {.kind = kind, .from = {(uint32_t)at + 1, node->pid}, .length = length};

    entry.bytes = bytes ? loopback_copy(bytes, length) : NULL;
    loopback_log_add(&node->outgoing, &entry);
}

void loopback_attach(struct loopback *loopback, int at, uint32_t pid,
                     const struct loopback_events *events, void *context)
{
    struct node *node = &loopback->nodes[at];

    assert(node->is_on && !node->is_attached);
    node->is_attached = true;
    node->is_stalled = false;
    node->pid = pid;
    node->events = *events;
    node->context = context;
    put(loopback, at, ENTRY_JOIN, NULL, 0);
    node->quorum_due = loopback->now + 1;
}

void loopback_detach(struct loopback *loopback, int at)
{
    struct node *node = &loopback->nodes[at];

    assert(node->is_attached);
    put(loopback, at, ENTRY_LEAVE, NULL, 0);
    node->is_attached = false;
    loopback_inbox_clear(&node->inbox);
}

void loopback_stall(struct loopback *loopback, int node, bool is_stalled)
{
    loopback->nodes[node].is_stalled = is_stalled;
}

void loopback_send(struct loopback *loopback, int at, const void *bytes, size_t length)
{
    if (loopback->nodes[at].is_attached)
        put(loopback, at, ENTRY_MESSAGE, bytes, length);
}

/* ---- time ------------------------------------------------------------------------------------ */

static void take(struct node *node, const struct call *call)
{
    uint32_t nodeids[LOOPBACK_NODES];
    int n = 0;

    switch (call->kind) {
    case CALL_MESSAGE:
        node->events.group.message(node->context, call->from, call->bytes, call->length);
        break;
    case CALL_MEMBERS:
        node->events.group.members(node->context, call->members, call->n_members, call->joined,
                                   call->n_joined, call->left, call->n_left);
        break;
    case CALL_RING:
        NODE_SET_EACH(member, call->nodes)
        nodeids[n++] = (uint32_t)member + 1;
        node->events.group.ring(node->context, call->ring, nodeids, n);
        break;
    }
}

static void tell_quorum(struct loopback *loopback, struct node *node)
{
    node->quorum_due = 0;
    if (!node->ring)
        return;
    if (node->has_lost)
        node->events.quorum(node->context, false, node->ring->id);
    node->has_lost = false;
    node->told_quorate = loopback_is_quorate(loopback, node);
    node->told_ring = node->ring->id;
    node->events.quorum(node->context, node->told_quorate, node->ring->id);
}

static void run_agent(struct loopback *loopback, int at)
{
    struct node *node = &loopback->nodes[at];

    if (!node->is_attached || node->is_stalled)
        return;
    if (node->quorum_due && loopback->now >= node->quorum_due)
        tell_quorum(loopback, node);
    while (node->is_attached && node->inbox.at < node->inbox.n) {
        struct call call = node->inbox.calls[node->inbox.at++];

        take(node, &call);
        free(call.bytes);
    }
    if (node->inbox.at == node->inbox.n)
        node->inbox.at = node->inbox.n = 0;
}

void loopback_step(struct loopback *loopback, int ms)
{
    loopback->now += ms;
    form_rings(loopback);
    loopback_run_witness(loopback);
    run_tokens(loopback);
    for (int at = 0; at < loopback->n_nodes; at++)
        run_agent(loopback, at);
}
