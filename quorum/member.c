/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One member: takes what the world delivers, names each view (ring, group,
 * round), hands messages to the parts that understand them, beats, and queues
 * what is to be done. The protocol itself: PROTOCOL.md.
 */
#include "quorum/member.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"
#include "ha/base/text.h"
#include "quorum/member_internal.h"

struct member *member_new(const struct member_config *config, struct instant now)
{
    struct member *member = xcalloc(1, sizeof(*member));

    member->roster = config->roster;
    text_copy(member->boot_id, sizeof(member->boot_id), config->boot_id);
    member->incarnation = config->incarnation;
    member->now = now;
    member->lease =
        lease_new(&config->roster, config->boot_id, config->incarnation, &config->timing, now);
    member->ledger = ledger_new(config->records, &config->head, config->history);
    member->promised = config->head.epoch;
    if (ring_compare(config->head.promised, member->promised) > 0)
        member->promised = config->head.promised;
    member->is_lost = config->head.is_lost;
    member->must_reset = true;
    member->sync.leader = member->sync.donor = NODE_NONE;
    member->next_beat = INSTANT_NEVER;
    return member;
}

static void queued_free(struct queued *queued)
{
    free(queued->bytes);
    json_decref(queued->patch);
    json_decref(queued->records);
    json_decref(queued->branch);
    free(queued->roster);
    memset(queued, 0, sizeof(*queued));
}

void member_free(struct member *member)
{
    if (!member)
        return;
    for (size_t i = member->queue_at; i < member->n_queued; i++)
        queued_free(&member->queue[i]);
    queued_free(&member->last);
    free(member->queue);
    free(member->coming);
    free(member->writes);
    sync_free(&member->sync);
    ledger_free(member->ledger);
    lease_free(member->lease);
    free(member);
}

/* ---- what is to be done ---------------------------------------------------------------------- */

struct queued *member_emit(struct member *member, enum member_event_kind kind)
{
    struct queued *queued;

    /* One look at the status is enough for a row of changes. */
    if (kind == MEMBER_CHANGED && member->n_queued > member->queue_at &&
        member->queue[member->n_queued - 1].event.kind == MEMBER_CHANGED)
        return &member->queue[member->n_queued - 1];
    if (member->n_queued == member->queue_size) {
        member->queue_size = member->queue_size ? 2 * member->queue_size : 16;
        member->queue = xrealloc(member->queue, member->queue_size * sizeof(*member->queue));
    }
    queued = &member->queue[member->n_queued++];
    memset(queued, 0, sizeof(*queued));
    queued->event.kind = kind;
    queued->event.from = NODE_NONE;
    return queued;
}

bool member_next(struct member *member, struct member_event *event)
{
    queued_free(&member->last);
    if (member->queue_at == member->n_queued) {
        member->queue_at = member->n_queued = 0;
        return false;
    }
    member->last = member->queue[member->queue_at++];
    member->last.event.bytes = member->last.bytes;
    member->last.event.patch = member->last.patch;
    member->last.event.records = member->last.records;
    member->last.event.branch = member->last.branch;
    member->last.event.words = member->last.words;
    member->last.event.roster = member->last.roster;
    *event = member->last.event;
    return true;
}

/* Takes over body. */
void member_send(struct member *member, enum wire_kind kind, json_t *body)
{
    struct queued *queued = member_emit(member, MEMBER_SEND);

    queued->bytes = wire_pack(kind, member->view, body, &queued->event.length);
    json_decref(body);
}

static struct queued *emit_write(struct member *member)
{
    struct queued *queued = member_emit(member, MEMBER_STORE);
    struct ledger_head head = ledger_head(member->ledger);

    queued->event.head = head;
    queued->event.head.promised = member->promised;
    queued->event.head.is_lost = member->is_lost;
    queued->event.version = head.version;
    member->writes =
        xrealloc(member->writes, (member->n_pending_writes + 1) * sizeof(*member->writes));
    member->writes[member->n_pending_writes++] = (struct write){++member->n_writes, head.version};
    return queued;
}

void member_store_patch(struct member *member, const json_t *patch)
{
    emit_write(member)->patch = json_incref((json_t *)patch);
}

void member_store_all(struct member *member, json_t *branch)
{
    struct queued *queued = emit_write(member);

    queued->records = ledger_tip_records(member->ledger);
    queued->branch = branch;
}

void member_stored(struct member *member, struct instant now, uint64_t n_written)
{
    uint64_t version = 0;
    size_t done = 0;

    member->now = now;
    member->n_written = n_written;
    while (done < member->n_pending_writes && member->writes[done].number <= n_written)
        version = member->writes[done++].version;
    if (!done)
        return;
    member->n_pending_writes -= done;
    memmove(member->writes, member->writes + done,
            member->n_pending_writes * sizeof(*member->writes));
    sync_written(member);
    if (member->sync.is_ready_sent && version > member->sync.newest.version)
        member_send(member, WIRE_STORED, json_pack("{s:I}", "version", (json_int_t)version));
}

/* ---- views ----------------------------------------------------------------------------------- */

bool member_is_quorate(const struct member *member)
{
    return lease_is_group_quorate(member->lease);
}

static uint64_t view_name(const struct member *member, uint64_t round)
{
    uint32_t words[3 * NODES_MAX + 8];
    size_t n = 0;

    words[n++] = (uint32_t)member->ring.seq;
    words[n++] = (uint32_t)(member->ring.seq >> 32);
    words[n++] = member->ring.node;
    words[n++] = (uint32_t)round;
    for (int i = 0; i < member->n_peers; i++) {
        words[n++] = member->peers[i].nodeid;
        words[n++] = member->peers[i].pid;
    }
    return ((uint64_t)wire_crc32c(words, n * sizeof(words[0])) << 32 |
            wire_crc32c(words + 1, (n - 1) * sizeof(words[0]))) |
           1;
}

uint64_t member_group_name(const struct member *member)
{
    return view_name(member, UINT32_MAX);
}

static node_set nodes_of(const struct member *member, const struct group_peer *peers, int n_peers);

static node_set nodes_of_ring(const struct member *member)
{
    node_set nodes = 0;

    for (uint32_t i = 0; i < member->n_ring_nodes; i++)
        nodes |= node_bit(roster_find(&member->roster, member->ring_nodes[i]));
    return nodes;
}

/* Within a view nobody counts first in one way and then in another. */
static void take_roster(struct member *member)
{
    struct queued *queued;

    if (!member->coming)
        return;
    lease_set_roster(member->lease, member->coming);
    member->roster = *member->coming;
    member->nodes = nodes_of_ring(member);
    member->agents = nodes_of(member, member->peers, member->n_peers);
    queued = member_emit(member, MEMBER_ROSTER);
    queued->roster = member->coming;
    member->coming = NULL;
}

void member_set_roster(struct member *member, struct instant now, const struct roster *roster)
{
    const struct roster *before = member->coming ? member->coming : &member->roster;

    assert(roster->self >= 0 && roster->self < roster->n_nodes);
    member->now = now;
    if (memcmp(before, roster, sizeof(*roster)) == 0)
        return;
    free(member->coming);
    member->coming = xcalloc(1, sizeof(*member->coming));
    *member->coming = *roster;
    if (member->view)
        sync_send_again(member);
    else
        take_roster(member);
}

void member_new_view(struct member *member, struct instant now)
{
    take_roster(member);
    member->view = member->has_ring && member->has_group ? view_name(member, member->round) : 0;
    sync_begin(member, now);
    read_begin(member);
    sync_hello_if_quorate(member, now);
    member_emit(member, MEMBER_CHANGED);
}

void member_ring(struct member *member, struct instant now, struct ring_id ring,
                 const uint32_t *nodeids, int n_nodeids)
{
    member->now = now;
    if (member->has_ring && ring_compare(member->ring, ring) == 0)
        return;
    member->has_ring = true;
    member->ring = ring;
    member->n_ring_nodes = (uint32_t)(n_nodeids < 2 * NODES_MAX ? n_nodeids : 2 * NODES_MAX);
    memcpy(member->ring_nodes, nodeids, member->n_ring_nodes * sizeof(*nodeids));
    member->nodes = nodes_of_ring(member);
    member->round = 0;
    if (member->has_group && member->joined.seq == 0)
        member->joined = (struct ring_id){ring.seq, member->joined.node};
    lease_ring(member->lease, now, ring, member->nodes);
    member_new_view(member, now);
}

static int by_nodeid(const void *a, const void *b)
{
    const struct group_peer *one = a, *other = b;

    if (one->nodeid != other->nodeid)
        return one->nodeid < other->nodeid ? -1 : 1;
    return one->pid == other->pid ? 0 : one->pid < other->pid ? -1 : 1;
}

static node_set nodes_of(const struct member *member, const struct group_peer *peers, int n_peers)
{
    node_set nodes = 0;

    for (int i = 0; i < n_peers; i++)
        nodes |= node_bit(roster_find(&member->roster, peers[i].nodeid));
    return nodes;
}

void member_group(struct member *member, struct instant now, const struct group_peer *members,
                  int n_members, const struct group_peer *left, int n_left)
{
    uint32_t self = member->roster.nodes[member->roster.self].nodeid;

    member->now = now;
    member->round = 0; /* who joins now knows of no earlier rounds */
    member->n_peers = n_members < NODES_MAX ? n_members : NODES_MAX;
    memcpy(member->peers, members, (size_t)member->n_peers * sizeof(*members));
    qsort(member->peers, (size_t)member->n_peers, sizeof(*members), by_nodeid);
    member->agents = nodes_of(member, members, member->n_peers);
    member->has_group = node_in(member->agents, member->roster.self);
    if (member->has_group && member->joined.node == 0)
        member->joined = (struct ring_id){member->has_ring ? member->ring.seq : 0, self};
    lease_group(member->lease, now, member->agents, nodes_of(member, left, n_left));
    member_new_view(member, now);
}

void member_quorum(struct member *member, struct instant now, bool is_quorate, struct ring_id ring)
{
    member->now = now;
    member->quorum_ring = ring;
    member->quorum_says = is_quorate;
    lease_quorate(member->lease, now, ring, is_quorate);
    if (!lease_is_ring_quorate(member->lease))
        sync_interrupt(member);
    else if (member->sync.is_interrupted)
        sync_send_again(member);
    sync_hello_if_quorate(member, now);
    sync_look(member);
    member_emit(member, MEMBER_CHANGED);
}

void member_lost(struct member *member, struct instant now)
{
    member->now = now;
    lease_lost(member->lease, now);
    member->has_ring = member->has_group = false;
    member->nodes = member->agents = 0;
    member->n_peers = 0;
    member->n_ring_nodes = 0;
    member->quorum_says = false;
    member_new_view(member, now);
}

/* ---- beats ----------------------------------------------------------------------------------- */

void member_beat_soon(struct member *member)
{
    member->next_beat = member->now;
}

static void send_beat(struct member *member, struct instant now)
{
    struct beat *beat = xcalloc(1, sizeof(*beat));

    lease_beat_make(member->lease, now, beat);
    member->has_beaten_armed = beat->is_armed;
    member_send(member, WIRE_BEAT, wire_beat(&member->roster, beat));
    free(beat);
}

void member_set_wall(struct member *member, int64_t wall_ms)
{
    member->wall_ms = wall_ms;
}

struct instant member_tick(struct member *member, struct instant now)
{
    struct instant next = INSTANT_NEVER, wake;

    member->now = now;
    wake = sync_tick(member, now);
    /* Nothing may start here before the others know that we are armed: they hear of it at once. */
    if (member->has_beaten_armed != lease_is_armed(member->lease))
        member_beat_soon(member);
    if (lease_is_ring_quorate(member->lease)) {
        if (instant_reached(now, member->next_beat) || member->next_beat.ms == INSTANT_NEVER.ms) {
            send_beat(member, now);
            member->next_beat = instant_after(now, lease_timing(member->lease)->beat);
        }
        next = member->next_beat;
        sync_ask_silent(member);
    }
    return instant_earliest(next, wake);
}

static bool beat_taken(struct member *member, struct instant now, node_id from, const json_t *body,
                       struct err *err)
{
    struct beat *beat = xcalloc(1, sizeof(*beat));
    bool is_good = wire_beat_read(&member->roster, body, beat, err);

    if (is_good) {
        struct lease_status before;

        beat->from = from;
        lease_status(member->lease, from, now, &before);
        /* Somebody waits for our acknowledgement to start a service. */
        if (before.is_armed != beat->is_armed)
            member_beat_soon(member);
        member->sync.beaten |= node_bit(from);
        if (member->sync.is_exchanged && !node_in(member->sync.told, from))
            member->sync.awake |= node_bit(from);
        lease_beat_taken(member->lease, now, beat);
    }
    free(beat);
    return is_good;
}

/* ---- messages -------------------------------------------------------------------------------- */

bool member_tell(struct member *member, const json_t *body, struct err *err)
{
    if (!sync_is_in_sync(member))
        return err_set(err, "this node is not in sync with a quorate cluster");
    member_send(member, WIRE_TELL, json_incref((json_t *)body));
    return true;
}

static bool told(struct member *member, node_id from, json_t *body)
{
    struct queued *queued = member_emit(member, MEMBER_MESSAGE);

    queued->event.from = from;
    queued->patch = json_incref(body);
    return true;
}

static bool message_taken(struct member *member, struct instant now, node_id from,
                          const struct wire_message *message, struct err *err)
{
    if (message->kind == WIRE_KINDS)
        return true;
    if (message->kind == WIRE_BEAT)
        return beat_taken(member, now, from, message->body, err);
    if (message->kind == WIRE_AGAIN && node_in(member->agents, from))
        return sync_again(member, now, message->body, err);
    /* Sent in another ring, or before somebody came or went: what it says no longer holds. */
    if (message->view != member->view || !node_in(member->agents, from))
        return true;
    switch (message->kind) {
    case WIRE_HELLO: return sync_hello(member, now, from, message->body, err);
    case WIRE_SKIP: return sync_skip(member, now, message->body, err);
    case WIRE_CHUNK: return sync_chunk(member, from, message->body, err);
    case WIRE_READY: return sync_ready(member, from, message->body, err);
    case WIRE_PATCH: return patch_taken(member, from, message->body, err);
    case WIRE_ACK: return patch_acknowledged(member, from, message->body, err);
    case WIRE_STORED: return patch_stored(member, from, message->body, err);
    case WIRE_TELL: return told(member, from, message->body);
    case WIRE_SETTLE: return sync_settle_taken(member, from);
    case WIRE_READ: return read_asked(member, from, message->body, err);
    case WIRE_HEARD: return read_heard(member, from, message->body, err);
    case WIRE_BEAT:
    case WIRE_AGAIN:
    case WIRE_KINDS: break;
    }
    return err_set(err, "a message of unknown kind %d", (int)message->kind);
}

bool member_message(struct member *member, struct instant now, struct group_peer from,
                    const void *bytes, size_t length, struct err *err)
{
    node_id node = roster_find(&member->roster, from.nodeid);
    uint16_t major = wire_major_of(bytes, length);
    struct wire_message message;
    bool is_good;

    member->now = now;
    if (node == NODE_NONE)
        return err_set(err, "a message from node %u, which is not in corosync's node list",
                       from.nodeid);
    if (major != 0 && major != wire_major)
        return sync_foreign(member, node, major, err) ||
               err_in(err, "from %s", member->roster.nodes[node].name);
    if (!wire_unpack(bytes, length, &message, err))
        return err_in(err, "from %s", member->roster.nodes[node].name);
    is_good = message_taken(member, now, node, &message, err);
    json_decref(message.body);
    return is_good || err_in(err, "from %s", member->roster.nodes[node].name);
}

/* ---- how things stand ------------------------------------------------------------------------ */

void member_status(const struct member *member, struct member_status *status)
{
    const struct sync *sync = &member->sync;

    memset(status, 0, sizeof(*status));
    status->ring = member->ring;
    status->nodes = member->nodes;
    status->agents = member->agents;
    status->synced = sync->is_settled ? sync->ready : 0;
    status->apart = sync->apart;
    status->foreign = sync->foreign;
    NODE_SET_EACH(node, sync->told | sync->foreign)
    {
        status->major[node] = sync->of[node].major;
        status->minor[node] = sync->of[node].minor;
    }
    status->is_quorate = member_is_quorate(member);
    status->is_in_sync = sync_is_in_sync(member);
    status->is_by_witness = status->is_in_sync && sync->is_by_witness;
    if (status->is_quorate && sync_waits_for_off(member))
        status->waits_for_off =
            roster_all(&member->roster) & ~sync->told & ~node_bit(member->roster.self);
    status->leader = status->is_in_sync ? sync->leader : NODE_NONE;
    status->is_leader = status->leader == member->roster.self &&
                        instant_before(member->now, lease_until(member->lease));
    status->has_proposal = member->proposal.is_open;
    status->head = ledger_head(member->ledger);
    status->n_writes = member->n_writes;
    status->n_written = member->n_written;
}

struct lease *member_lease(struct member *member)
{
    return member->lease;
}

const json_t *member_records(const struct member *member)
{
    return ledger_records(member->ledger);
}
