/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * After each change of ring or group: everybody tells what it has and knows
 * (HELLO), the newest records win and begin a new epoch, those behind get them
 * in pieces, and each says READY once it has them on disk. A quorum of READYs
 * settles the view. Only what is delivered decides, so all members agree.
 */
#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"
#include "quorum/member_internal.h"

/* Above every ring there will ever be, and one more is still a number. */
#define SEQ_MAX ((int64_t)1 << 62)
/* Escaping at most doubles a piece of canonical JSON; with the frame it stays under the limit. */
#define PIECE_BYTES (CHUNK_BYTES_MAX / 2 - 1024)

/* ---- a new view ------------------------------------------------------------------------------ */

void sync_free(struct sync *sync)
{
    json_decref(sync->backlog);
    free(sync->outgoing);
    free(sync->incoming);
}

void sync_begin(struct member *member, struct instant now)
{
    sync_free(&member->sync);
    memset(&member->sync, 0, sizeof(member->sync));
    member->sync.leader = member->sync.donor = NODE_NONE;
    member->sync.skip_at = instant_after(now, lease_timing(member->lease)->lease);
}

bool sync_is_in_sync(const struct member *member)
{
    return member->sync.is_settled && !member->sync.is_interrupted &&
           node_in(member->sync.ready, member->roster.self) && member_is_quorate(member);
}

bool sync_is_enough(const struct member *member, node_set nodes)
{
    const struct roster *roster = &member->roster;

    return roster_votes(roster, nodes) + roster_witness(roster) >= roster->quorum_votes;
}

node_set sync_remembers(const struct member *member, node_set nodes)
{
    const struct sync *sync = &member->sync;
    node_set all = 0;

    for (int node = 0; node < member->roster.n_nodes; node++)
        all |= node_bit((node_id)node);
    return sync->told == all && sync->lost != all ? nodes : nodes & ~sync->lost;
}

bool sync_may_decide(const struct member *member, node_set who)
{
    const struct sync *sync = &member->sync;

    return roster_votes(&member->roster, who) >= member->roster.quorum_votes ||
           (sync->is_by_witness && who == sync->told);
}

void sync_interrupt(struct member *member)
{
    if (member->roster.has_witness && member->sync.is_hello_sent)
        member->sync.is_interrupted = true;
}

static json_t *pack_ring(struct ring_id ring)
{
    return json_pack("[Io]", (json_int_t)ring.seq, json_integer(ring.node));
}

static bool need_ring(const json_t *object, const char *key, struct ring_id *ring, struct err *err)
{
    json_int_t seq, node;

    if (json_unpack(json_object_get(object, key), "[II!]", &seq, &node) != 0)
        return err_set(err, "\"%s\" is missing or not two numbers", key);
    if (seq < 0 || seq > SEQ_MAX || node < 0 || node > UINT32_MAX)
        return err_set(err, "\"%s\" is no ring", key);
    *ring = (struct ring_id){(uint64_t)seq, (uint32_t)node};
    return true;
}

static bool need_count(const json_t *object, const char *key, uint64_t *count, struct err *err)
{
    int64_t value;

    if (!json_need_int(object, key, &value, err))
        return false;
    *count = (uint64_t)value;
    return (value >= 0 && value <= SEQ_MAX) || err_set(err, "\"%s\" is no count", key);
}

/* A view takes part in the exchange only once votequorum has called its ring quorate. */
void sync_hello_if_quorate(struct member *member, struct instant now)
{
    struct ledger_head head = ledger_head(member->ledger);
    struct lease_ages *ages;
    json_t *body;

    if (!member->view || member->sync.is_hello_sent || !member_is_quorate(member))
        return;
    ages = xcalloc(1, sizeof(*ages));
    lease_ages_make(member->lease, now, ages);
    body = json_pack("{s:o, s:o, s:I, s:I, s:o, s:o, s:b, s:o, s:i, s:I}", "roster",
                     wire_word(roster_mark(&member->roster)), "epoch", pack_ring(head.epoch),
                     "version", (json_int_t)head.version, "hash", (json_int_t)head.hash, "promised",
                     pack_ring(member->promised), "joined", pack_ring(member->joined), "veteran",
                     (int)member->is_veteran, "ages", wire_ages(&member->roster, ages), "minor",
                     (int)wire_minor, "wall", (json_int_t)(now.ms + member->wall_ms));
    if (member->is_lost)
        json_object_set_new(body, "lost", json_true());
    member_send(member, WIRE_HELLO, body);
    free(ages);
    member->sync.is_hello_sent = true;
    member->sync.skip_at = instant_after(now, lease_timing(member->lease)->lease);
    member_beat_soon(member);
}

/* ---- everybody told: what to go on from ------------------------------------------------------ */

static void have_content(struct member *member)
{
    member->sync.has_content = true;
    member->sync.content_write = member->n_writes;
}

static void send_pieces(struct member *member)
{
    struct sync *sync = &member->sync;

    while (sync->outgoing && sync->under_way < CHUNKS_UNDER_WAY &&
           sync->out_at < sync->out_length) {
        size_t length = sync->out_length - sync->out_at;

        if (length > PIECE_BYTES)
            length = PIECE_BYTES;
        /* A character of several bytes stays whole, or the piece would be no text. */
        while (sync->out_at + length < sync->out_length &&
               ((unsigned char)sync->outgoing[sync->out_at + length] & 0xc0) == 0x80)
            length--;
        member_send(member, WIRE_CHUNK,
                    json_pack("{s:I, s:I, s:o}", "at", (json_int_t)sync->out_at, "of",
                              (json_int_t)sync->out_length, "text",
                              json_stringn(sync->outgoing + sync->out_at, length)));
        sync->out_at += length;
        sync->under_way++;
    }
}

static void exchange_done(struct member *member, struct instant now)
{
    struct sync *sync = &member->sync;
    node_id self = member->roster.self;
    bool is_anybody_behind = false;

    sync->is_exchanged = true;
    lease_ages_done(member->lease, now);
    newest_choose(member);
    member_beat_soon(member);
    if (!node_in(sync->told, self))
        return; /* we were skipped: our own HELLO will begin another round */
    member->promised = sync->epoch;
    NODE_SET_EACH(node, sync->told)
    {
        if (!newest_is_same(sync->of[node].head, sync->newest))
            is_anybody_behind = true;
    }
    if (sync->donor == self && is_anybody_behind) {
        sync->outgoing = ledger_write(member->ledger);
        sync->out_length = strlen(sync->outgoing);
        send_pieces(member);
    }
    if (newest_is_same(sync->of[self].head, sync->newest)) {
        autojson *nothing = json_object();

        ledger_set_epoch(member->ledger, sync->newest.epoch);
        member_store_patch(member, nothing);
        have_content(member);
    }
}

static void exchange_done_if(struct member *member, struct instant now)
{
    struct sync *sync = &member->sync;

    if (!sync->is_exchanged && (member->agents & ~sync->told & ~sync->skipped) == 0 &&
        sync_is_enough(member, sync->told))
        exchange_done(member, now);
}

/* What no clock says has no say. */
static int64_t read_wall(const json_t *body)
{
    int64_t wall = json_int(body, "wall", 0);

    return wall > 0 && wall < SEQ_MAX / 2 ? wall : 0;
}

bool sync_hello(struct member *member, struct instant now, node_id from, const json_t *body,
                struct err *err)
{
    struct sync *sync = &member->sync;
    struct told *told = &sync->of[from];
    struct lease_ages *ages;
    uint64_t mark;
    bool is_good;

    if (!wire_need_word(body, "roster", &mark, err))
        return false;
    if (mark != roster_mark(&member->roster)) {
        /* It counts votes otherwise: it neither counts here nor is waited for. */
        sync->apart |= node_bit(from);
        sync->skipped |= node_bit(from);
        exchange_done_if(member, now);
        member_emit(member, MEMBER_CHANGED);
        return true;
    }
    if (sync->is_exchanged && node_in(sync->skipped, from)) {
        /* It is awake again. It must be heard, so all of us begin anew. */
        if (from == member->roster.self)
            sync_send_again(member);
        return true;
    }
    if (sync->is_exchanged || node_in(sync->told, from))
        return true;
    ages = xcalloc(1, sizeof(*ages));
    is_good = need_ring(body, "epoch", &told->head.epoch, err) &&
              need_ring(body, "promised", &told->promised, err) &&
              need_ring(body, "joined", &told->joined, err) &&
              need_count(body, "version", &told->head.version, err) &&
              wire_need_word(body, "hash", &told->head.hash, err) &&
              wire_ages_read(&member->roster, json_object_get(body, "ages"), ages, err);
    told->is_veteran = json_flag(body, "veteran", false);
    told->major = wire_major;
    told->minor = (uint16_t)json_int(body, "minor", 0);
    told->wall_ms = read_wall(body);
    told->is_armed = ages->of[from].is_armed;
    if (is_good) {
        lease_ages_taken(member->lease, now, from, ages);
        sync->told |= node_bit(from);
        if (json_flag(body, "lost", false))
            sync->lost |= node_bit(from);
        sync->skipped &= ~node_bit(from);
        exchange_done_if(member, now);
    }
    free(ages);
    return is_good;
}

/*
 * Delivered to all in one order, so that all who speak our major leave it out at the same point.
 * It stays in the group: what it runs nobody here may call off, nor start elsewhere.
 */
bool sync_foreign(struct member *member, node_id from, uint16_t major, struct err *err)
{
    struct sync *sync = &member->sync;

    if (node_in(sync->foreign | sync->told, from) || !node_in(member->agents, from) ||
        from == member->roster.self)
        return true;
    sync->foreign |= node_bit(from);
    sync->skipped |= node_bit(from);
    sync->of[from].major = major;
    exchange_done_if(member, member->now);
    member_emit(member, MEMBER_CHANGED);
    return err_set(err,
                   "its release speaks protocol %u of the ring and ours %u, so it takes no part "
                   "here: install the same release on all nodes",
                   major, wire_major);
}

void sync_send_again(struct member *member)
{
    member_send(member, WIRE_AGAIN,
                json_pack("{s:o, s:I}", "group", wire_word(member_group_name(member)), "round",
                          (json_int_t)member->round + 1));
}

void sync_ask_silent(struct member *member)
{
    struct sync *sync = &member->sync;

    if (!sync->is_exchanged || sync->is_asked_again ||
        !(lease_silent(member->lease) & sync->told & ~sync->skipped))
        return;
    sync->is_asked_again = true;
    sync_send_again(member);
}

/* Read in any view and by any count of votes: all members of the group are in the same round. */
bool sync_again(struct member *member, struct instant now, const json_t *body, struct err *err)
{
    uint64_t group, round;

    if (!wire_need_word(body, "group", &group, err) || !wire_need_word(body, "round", &round, err))
        return false;
    if (!member->view || group != member_group_name(member) || round <= member->round)
        return true;
    /* All are in the same round; a leap would make the rounds behind it impossible. */
    if (round != member->round + 1)
        return err_set(err, "round %llu behind round %llu", (unsigned long long)round,
                       (unsigned long long)member->round);
    member->round = round;
    lease_again(member->lease);
    member_new_view(member, now);
    return true;
}

bool sync_skip(struct member *member, struct instant now, const json_t *body, struct err *err)
{
    node_set nodes;

    if (!wire_nodes_read(&member->roster, json_object_get(body, "nodes"), &nodes, err))
        return false;
    if (!member->sync.is_exchanged) {
        member->sync.skipped |= nodes & member->agents & ~member->sync.told;
        exchange_done_if(member, now);
    }
    return true;
}

/*
 * Rule 8: a member that is silent for a lease's length blocks nobody. Said aloud, so that all
 * agree.
 */
static struct instant skip_silent(struct member *member, struct instant now)
{
    struct sync *sync = &member->sync;
    node_set silent =
        member->agents & ~sync->told & ~sync->skipped & ~node_bit(member->roster.self);

    if (!instant_reached(now, sync->skip_at))
        return sync->skip_at;
    sync->skip_at = instant_after(now, lease_timing(member->lease)->lease);
    if (silent && sync_is_enough(member, sync->told))
        member_send(member, WIRE_SKIP,
                    json_pack("{s:o}", "nodes", wire_nodes(&member->roster, silent)));
    return sync->skip_at;
}

bool sync_waits_for_off(const struct member *member)
{
    const struct sync *sync = &member->sync;

    return member->roster.has_witness && sync->is_exchanged && !sync->is_settled &&
           !sync->is_interrupted && sync->ready == sync->told && !sync->foreign &&
           sync_is_enough(member, sync_remembers(member, sync->told)) &&
           node_in(sync->told, member->roster.self);
}

/*
 * Those who are here are no quorum by themselves. What others decided before is as it is, and can
 * have no effect any more, once every one of them is off for sure; so is whoever is silent here.
 */
static struct instant settle_by_witness(struct member *member, struct instant now)
{
    struct sync *sync = &member->sync;
    struct instant due;

    if (!sync_waits_for_off(member) || sync->is_settle_sent)
        return INSTANT_NEVER;
    if (!lease_all_off(member->lease, sync->told, now, &due)) {
        /* The beat that proves it is sent when it is due, not at the next turn of beats. */
        if (instant_reached(now, due) && !instant_reached(sync->proof_at, due)) {
            sync->proof_at = now;
            member_beat_soon(member);
        }
        return instant_reached(now, due) ? INSTANT_NEVER : due;
    }
    sync->is_settle_sent = true;
    member_send(member, WIRE_SETTLE, json_object());
    return INSTANT_NEVER;
}

struct instant sync_tick(struct member *member, struct instant now)
{
    struct sync *sync = &member->sync;

    if (!sync->is_hello_sent || !member_is_quorate(member) || sync->is_settled)
        return INSTANT_NEVER;
    return sync->is_exchanged ? settle_by_witness(member, now) : skip_silent(member, now);
}

/* ---- catching up ----------------------------------------------------------------------------- */

static bool install(struct member *member, struct err *err)
{
    struct sync *sync = &member->sync;
    autojson *past = ledger_past(member->ledger);
    json_t *patch;
    size_t at;

    if (!ledger_read(member->ledger, sync->incoming, sync->in_length, &sync->newest, err))
        return false;
    ledger_set_epoch(member->ledger, sync->is_settled ? sync->epoch : sync->newest.epoch);
    member->is_lost = member->is_lost && !sync->is_settled;
    member->must_reset = true;
    member->has_new_past = true;
    member_store_all(member, ledger_lost(member->ledger, past));
    have_content(member);
    json_array_foreach(sync->backlog, at, patch) patch_append(member, patch, NULL);
    json_decref(sync->backlog);
    sync->backlog = NULL;
    return true;
}

bool sync_chunk(struct member *member, node_id from, const json_t *body, struct err *err)
{
    struct sync *sync = &member->sync;
    const json_t *text = json_object_get(body, "text");
    int64_t at = json_int(body, "at", -1), of = json_int(body, "of", -1);
    size_t length = json_string_length(text);

    if (!sync->is_exchanged || from != sync->donor)
        return true;
    if (from == member->roster.self) {
        sync->under_way--;
        send_pieces(member);
        return true;
    }
    if (sync->has_content || !node_in(sync->told, member->roster.self))
        return true;
    if (at < 0 || of <= 0 || of > RECORDS_BYTES_MAX || (size_t)at != sync->in_at || length == 0 ||
        length > (size_t)(of - at) || (sync->in_at > 0 && (size_t)of != sync->in_length))
        return err_set(err, "a piece of the records does not fit behind the one before");
    /* It grows with what has come, not with what is announced. */
    sync->in_length = (size_t)of;
    sync->incoming = xrealloc(sync->incoming, sync->in_at + length);
    memcpy(sync->incoming + at, json_string_value(text), length);
    sync->in_at += length;
    return sync->in_at < sync->in_length || install(member, err);
}

/* ---- ready, settled -------------------------------------------------------------------------- */

void sync_written(struct member *member)
{
    struct sync *sync = &member->sync;
    struct ledger_head head = ledger_head(member->ledger);

    if (!sync->has_content || sync->is_ready_sent || member->n_written < sync->content_write)
        return;
    sync->is_ready_sent = true;
    member_send(member, WIRE_READY,
                json_pack("{s:I, s:I}", "version", (json_int_t)head.version, "stored",
                          (json_int_t)sync->newest.version));
}

/* The longest in the cluster leads, so that a restarted agent changes nothing. */
static bool is_senior(const struct told *a, const struct told *b)
{
    if (a->is_veteran != b->is_veteran)
        return a->is_veteran;
    return ring_compare(a->joined, b->joined) < 0;
}

static node_id choose_leader(const struct sync *sync)
{
    node_id leader = NODE_NONE;

    NODE_SET_EACH(node, sync->ready)
    {
        if (leader == NODE_NONE || is_senior(&sync->of[node], &sync->of[leader]))
            leader = node;
    }
    return leader;
}

/* Once a view: whatever made it so, the last READY or votequorum's word. */
void sync_look(struct member *member)
{
    bool was_replaced = member->has_new_past;

    if (!sync_is_in_sync(member))
        return;
    patch_commit(member);
    read_look(member);
    if (member->sync.has_come)
        return;
    member->sync.has_come = true;
    if (member->must_reset) {
        struct queued *queued = member_emit(member, MEMBER_RESET);

        queued->event.version = ledger_committed(member->ledger);
        if (member->has_new_past)
            queued->patch = ledger_history(member->ledger);
    }
    member->must_reset = member->has_new_past = false;
    member->is_veteran = true;
    patch_settle_proposal(member, was_replaced);
}

static void settle(struct member *member, bool is_by_witness)
{
    struct sync *sync = &member->sync;

    sync->is_settled = true;
    sync->is_by_witness = is_by_witness;
    sync->leader = choose_leader(sync);
    if (sync->has_content) {
        autojson *nothing = json_object();

        member->is_lost = false;
        ledger_set_epoch(member->ledger, sync->epoch);
        member_store_patch(member, nothing);
    }
    sync_look(member);
    member_beat_soon(member);
    member_emit(member, MEMBER_CHANGED);
}

bool sync_ready(struct member *member, node_id from, const json_t *body, struct err *err)
{
    struct sync *sync = &member->sync;
    uint64_t version, stored;

    if (!wire_need_word(body, "version", &version, err) ||
        !wire_need_word(body, "stored", &stored, err))
        return false;
    if (!sync->is_exchanged || !node_in(sync->told, from))
        return true;
    if (version > sync->stream.version || stored > sync->stream.version)
        return err_set(err, "version %llu is said to be there, and the newest is %llu",
                       (unsigned long long)version, (unsigned long long)sync->stream.version);
    sync->ready |= node_bit(from);
    if (version > sync->applied[from])
        sync->applied[from] = version;
    if (stored > sync->on_disk[from])
        sync->on_disk[from] = stored;
    if (!sync->is_settled && roster_votes(&member->roster, sync_remembers(member, sync->ready)) >=
                                 member->roster.quorum_votes) {
        settle(member, false);
        return true;
    }
    sync_look(member);
    if (sync->is_settled)
        member_beat_soon(member);
    member_emit(member, MEMBER_CHANGED);
    return true;
}

/* Said by one for all, and true where it is delivered in the view in which it was sent. */
bool sync_settle_taken(struct member *member, node_id from)
{
    struct sync *sync = &member->sync;

    if (from == member->roster.self)
        sync->is_settle_sent = false;
    if (sync->is_exchanged && !sync->is_settled && member->roster.has_witness &&
        node_in(sync->told, from) && sync->ready == sync->told && !sync->awake && !sync->foreign &&
        sync_is_enough(member, sync_remembers(member, sync->told)))
        settle(member, true);
    return true;
}
