/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two honest members and a third node that may say anything, in one group: what is delivered to
 * one is delivered to the other. A line of the text is one thing that happens. Whatever it is, no
 * member fails, both decide the same, each one's disk holds what its ledger says, every proposal
 * ends once, and nobody's lease is longer than it may be. The lines: happen().
 */
#include "ha/base/arena.h"
#include "ha/base/text.h"
#include "quorum/member_internal.h"
#include "tests/fuzz/fuzz.h"

#define SENT_MAX 64
#define STEPS_MAX 200
#define LEASE_MS 1000

/* What a member has sent and nobody has heard yet; and what its disk has not done yet. */
struct sent {
    void *bytes;
    size_t length;
};

struct honest {
    struct member *member;
    uint32_t nodeid, pid;
    struct sent sent[SENT_MAX];
    int n_sent;
    json_t *disk;             /* as if each write had been done at once */
    struct ledger_head head;  /* of the disk */
    uint64_t n_asked, n_done; /* writes */
    uint64_t version;         /* of the last COMMITTED or RESET */
    uint64_t durable;
    uint64_t token, n_open; /* proposals not ended yet */
    uint64_t beat;
    uint64_t asked, current; /* reads */
};

static struct world {
    struct honest honest[2];
    struct roster roster;
    int64_t now;
    struct ring_id ring;
    bool has_ring, is_third_in_ring, is_third_here;
    uint32_t third_pid;
    uint64_t third_beat;
    int n_steps;
} world;

unsigned fuzz_language(const uint8_t *bytes, size_t length, size_t *at)
{
    (void)bytes;
    (void)length;
    (void)at;
    return 0;
}

static struct instant now(void)
{
    return (struct instant){world.now};
}

/* ---- the two -------------------------------------------------------------------------------- */

static void start(struct honest *honest, int at)
{
    struct member_config *config = xcalloc(1, sizeof(*config));

    config->roster = world.roster;
    config->roster.self = (node_id)at;
    snprintf(config->boot_id, sizeof(config->boot_id), "boot-%d", at);
    config->incarnation = 1000u * (unsigned)(at + 1) + honest->pid;
    config->timing = (struct lease_timing){{1500}, {250}, {LEASE_MS}, {275}, {0}};
    config->records = honest->disk;
    config->head = honest->head;
    honest->member = member_new(config, now());
    honest->n_asked = honest->n_done = honest->n_open = 0;
    honest->version = honest->head.version;
    honest->durable = honest->asked = honest->current = 0;
    free(config);
}

static void forget_sent(struct honest *honest)
{
    for (int i = 0; i < honest->n_sent; i++)
        free(honest->sent[i].bytes);
    honest->n_sent = 0;
}

static void send(struct honest *honest, const struct member_event *event)
{
    if (honest->n_sent == SENT_MAX) {
        /* corosync takes no more: a real agent gives up its connection; here the oldest is lost. */
        free(honest->sent[0].bytes);
        memmove(honest->sent, honest->sent + 1, (SENT_MAX - 1) * sizeof(honest->sent[0]));
        honest->n_sent--;
    }
    honest->sent[honest->n_sent].bytes =
        memcpy(malloc(event->length ? event->length : 1), event->bytes, event->length);
    honest->sent[honest->n_sent++].length = event->length;
}

static void put_on_disk(struct honest *honest, const struct member_event *event)
{
    const char *key;
    json_t *value;

    if (event->patch) {
        ledger_patch_apply(honest->disk, event->patch);
    } else {
        json_decref(honest->disk);
        honest->disk = json_copy((json_t *)event->records);
    }
    honest->head = event->head;
    honest->n_asked++;
    /* The store takes text and nothing else: a record of another kind would end the agent. */
    json_object_foreach(honest->disk, key, value) assert(json_is_string(value));
}

static void take(struct honest *honest, const struct member_event *event)
{
    switch (event->kind) {
    case MEMBER_SEND: send(honest, event); break;
    case MEMBER_STORE: put_on_disk(honest, event); break;
    case MEMBER_RESET:
        assert(!event->patch || json_is_array(event->patch));
        honest->version = event->version;
        break;
    case MEMBER_COMMITTED:
        assert(json_is_object(event->patch));
        /* One that ended long ago is told with the version that it had. */
        assert(event->version == honest->version + 1 ||
               (event->token && event->version <= honest->version));
        if (event->version > honest->version)
            honest->version = event->version;
        honest->n_open -= event->token != 0;
        break;
    case MEMBER_VOIDED:
        assert(event->token && event->words[0]);
        honest->n_open--;
        break;
    case MEMBER_DURABLE:
        assert(event->version > honest->durable);
        honest->durable = event->version;
        break;
    case MEMBER_CURRENT:
        assert(event->token > honest->current && event->token <= honest->asked);
        honest->current = event->token;
        break;
    case MEMBER_MESSAGE: assert(json_is_object(event->patch)); break;
    case MEMBER_CHANGED:
    case MEMBER_ROSTER: break;
    }
    assert(honest->n_open <= 1);
}

static void check(struct honest *honest)
{
    struct member_status status;
    struct lease *lease = member_lease(honest->member);
    autojson *tip = ledger_tip_records(honest->member->ledger);
    struct ledger_head head = ledger_head(honest->member->ledger);

    member_status(honest->member, &status);
    assert((status.leader == NODE_NONE) || (status.is_quorate && status.is_in_sync));
    assert(!status.is_leader || instant_before(now(), lease_until(lease)));
    assert(!status.is_leader || status.leader == honest->member->roster.self);
    assert((status.synced & ~status.agents) == 0);
    assert(lease_until(lease).ms <= world.now + LEASE_MS);
    assert(ledger_committed(honest->member->ledger) <= head.version);
    assert(json_equal(tip, honest->disk));
    assert(head.version == honest->head.version && head.hash == honest->head.hash);
    assert(status.has_proposal == (honest->n_open == 1));
    for (node_id node = 0; node < honest->member->roster.n_nodes; node++) {
        struct lease_status of;

        lease_status(lease, node, now(), &of);
        assert(!of.is_proven_off || (!of.is_member && status.is_quorate));
        assert(!of.is_proven_off || of.last_beat.ms <= world.now);
    }
}

/* Both have heard the same: they stand at the same place, or one of them has not been told yet. */
static void compare(void)
{
    const struct sync *a = &world.honest[0].member->sync, *b = &world.honest[1].member->sync;

    assert(world.honest[0].member->view == world.honest[1].member->view);
    assert(a->told == b->told && a->skipped == b->skipped && a->apart == b->apart);
    assert(a->foreign == b->foreign);
    assert(a->is_exchanged == b->is_exchanged && a->is_settled == b->is_settled);
    assert(a->ready == b->ready && a->leader == b->leader && a->donor == b->donor);
    assert(a->newest.version == b->newest.version && a->newest.hash == b->newest.hash);
    assert(ring_compare(a->newest.epoch, b->newest.epoch) == 0);
    assert(a->stream.version == b->stream.version && a->stream.hash == b->stream.hash);
    assert(memcmp(a->applied, b->applied, sizeof(a->applied)) == 0);
    assert(memcmp(a->on_disk, b->on_disk, sizeof(a->on_disk)) == 0);
}

static void drain(void)
{
    for (int at = 0; at < 2; at++) {
        struct honest *honest = &world.honest[at];
        struct member_event event;

        while (member_next(honest->member, &event))
            take(honest, &event);
        check(honest);
    }
    compare();
}

/* ---- what happens to them -------------------------------------------------------------------- */

static void group(const struct group_peer *left, int n_left)
{
    struct group_peer peers[3] = {{1, world.honest[0].pid}, {2, world.honest[1].pid}};
    int n = 2;

    if (world.is_third_here)
        peers[n++] = (struct group_peer){3, world.third_pid};
    for (int at = 0; at < 2; at++)
        member_group(world.honest[at].member, now(), peers, n, left, n_left);
}

static void ring(bool has_third)
{
    uint32_t nodeids[] = {1, 2, 3};
    struct group_peer left = {3, world.third_pid};
    bool has_left = world.is_third_here && !has_third;

    world.ring = (struct ring_id){world.ring.seq + 4, 1};
    world.has_ring = true;
    world.is_third_in_ring = has_third;
    if (has_left)
        world.is_third_here = false;
    group(&left, has_left);
    for (int at = 0; at < 2; at++)
        member_ring(world.honest[at].member, now(), world.ring, nodeids, has_third ? 3 : 2);
}

static void third(bool is_here)
{
    struct group_peer left = {3, world.third_pid};

    if (!world.is_third_in_ring || is_here == world.is_third_here)
        return;
    world.is_third_here = is_here;
    world.third_pid += is_here;
    if (is_here)
        world.third_beat = 0;
    left.pid = world.third_pid;
    group(&left, !is_here);
}

static void quorum(int at, bool is_quorate)
{
    member_quorum(world.honest[at].member, now(), is_quorate, world.ring);
}

/* An agent dies and the next one begins with what the disk has. */
static void restart(int at)
{
    struct honest *honest = &world.honest[at], *other = &world.honest[1 - at];
    struct group_peer left = {honest->nodeid, honest->pid};
    struct group_peer alone[2] = {{other->nodeid, other->pid}, {3, world.third_pid}};
    uint32_t nodeids[] = {1, 2, 3};

    member_free(honest->member);
    forget_sent(honest);
    member_group(other->member, now(), alone, world.is_third_here ? 2 : 1, &left, 1);
    honest->pid++;
    start(honest, at);
    group(NULL, 0);
    if (world.has_ring)
        member_ring(honest->member, now(), world.ring, nodeids, world.is_third_in_ring ? 3 : 2);
}

static void deliver(struct group_peer from, const void *bytes, size_t length)
{
    for (int at = 0; at < 2; at++) {
        struct err err = {.text = ""};
        void *copy = memcpy(malloc(length ? length : 1), bytes, length);

        if (!member_message(world.honest[at].member, now(), from, copy, length, &err))
            assert(err.text[0]);
        free(copy);
    }
}

static void echo(int at)
{
    struct honest *honest = &world.honest[at];
    struct sent first = honest->sent[0];
    struct wire_message message;

    if (!honest->n_sent || !world.has_ring)
        return;
    honest->n_sent--;
    memmove(honest->sent, honest->sent + 1, (size_t)honest->n_sent * sizeof(honest->sent[0]));
    assert(wire_unpack(first.bytes, first.length, &message, NULL));
    if (message.kind == WIRE_BEAT)
        honest->beat = (uint64_t)json_int(message.body, "number", 0);
    json_decref(message.body);
    deliver((struct group_peer){honest->nodeid, honest->pid}, first.bytes, first.length);
    free(first.bytes);
    drain();
}

static void stored(int at, uint64_t n)
{
    struct honest *honest = &world.honest[at];

    honest->n_done += n < honest->n_asked - honest->n_done ? n : honest->n_asked - honest->n_done;
    member_stored(honest->member, now(), honest->n_done);
}

static bool is_quiet(const struct honest *honest)
{
    return honest->n_sent == 0 && honest->n_done == honest->n_asked;
}

/* Everything that is under way arrives, and what comes of it. */
static void settle(void)
{
    for (int i = 0; i < 20 && !(is_quiet(&world.honest[0]) && is_quiet(&world.honest[1])); i++) {
        for (int at = 0; at < 2; at++) {
            stored(at, UINT64_MAX);
            member_tick(world.honest[at].member, now());
            drain();
            echo(at);
        }
    }
}

static void count_votes(const char *votes, size_t length)
{
    struct roster roster = world.roster;

    roster.expected_votes = 0;
    for (size_t i = 0; i < 3; i++) {
        roster.nodes[i].votes = i < length ? votes[i] & 1 : 1;
        roster.expected_votes += roster.nodes[i].votes;
    }
    roster.quorum_votes = roster.expected_votes / 2 + 1;
    world.roster = roster;
    for (int at = 0; at < 2; at++) {
        roster.self = (node_id)at;
        member_set_roster(world.honest[at].member, now(), &roster);
    }
}

/* ---- what the third says --------------------------------------------------------------------- */

static json_t *beat_body(const struct member *member)
{
    struct beat *beat = xcalloc(1, sizeof(*beat));
    json_t *body;

    beat->ring = member->ring;
    beat->roster = roster_mark(&member->roster);
    beat->number = ++world.third_beat;
    beat->incarnation = 7000 + world.third_pid;
    snprintf(beat->boot_id, sizeof(beat->boot_id), "third");
    beat->is_armed = true;
    beat->watchdog = duration_ms(1500);
    beat->lease = duration_ms(LEASE_MS);
    for (int at = 0; at < 2; at++)
        beat->acks[at] =
            (struct beat_ack){world.honest[at].member->incarnation, world.honest[at].beat};
    body = wire_beat(&member->roster, beat);
    free(beat);
    return body;
}

static json_t *hello_body(const struct member *member)
{
    struct ledger_head head = ledger_head(member->ledger);

    return json_pack("{s:o, s:[I,I], s:I, s:I, s:[I,I], s:[I,I], s:b, s:{s:i,s:i,s:[]}}", "roster",
                     wire_word(roster_mark(&member->roster)), "epoch", (json_int_t)head.epoch.seq,
                     (json_int_t)head.epoch.node, "version", (json_int_t)head.version, "hash",
                     (json_int_t)head.hash, "promised", (json_int_t)member->promised.seq,
                     (json_int_t)member->promised.node, "joined", (json_int_t)world.ring.seq,
                     (json_int_t)3, "veteran", 0, "ages", "base", 1, "path", 0, "of");
}

/* The records of a member, changed as the line says; then the piece itself may be. */
static json_t *chunk_body(const struct member *member, json_t *changes)
{
    char *text = ledger_write(member->ledger);
    json_t *all = json_loads(text, 0, NULL), *body;

    free(text);
    json_object_update_recursive(all, changes);
    text = json_write(all);
    body = json_pack("{s:i, s:I, s:s}", "at", 0, "of", (json_int_t)strlen(text), "text", text);
    json_object_update_existing(body, changes);
    free(text);
    json_decref(all);
    return body;
}

static json_t *patch_body(const struct sync *sync)
{
    return json_pack("{s:I, s:I, s:[], s:{s:I, s:s, s:i, s:i, s:{s:s}}}", "version",
                     (json_int_t)sync->stream.version, "hash", (json_int_t)sync->stream.hash,
                     "fences", "patch", "version", (json_int_t)sync->stream.version + 1, "from",
                     "gamma", "incarnation", 7, "token", 7, "set", "key", "value");
}

/* What an honest third node would say now, and on top of it what the line says. */
static json_t *body_of(int kind, json_t *changes)
{
    const struct member *member = world.honest[0].member;
    const struct sync *sync = &member->sync;
    json_t *body;

    switch (kind) {
    case WIRE_BEAT: body = beat_body(member); break;
    case WIRE_HELLO: body = hello_body(member); break;
    case WIRE_CHUNK: return chunk_body(member, changes);
    case WIRE_READY:
        body = json_pack("{s:I, s:I}", "version", (json_int_t)sync->stream.version, "stored",
                         (json_int_t)sync->newest.version);
        break;
    case WIRE_PATCH: body = patch_body(sync); break;
    case WIRE_ACK:
    case WIRE_STORED: body = json_pack("{s:I}", "version", (json_int_t)sync->stream.version); break;
    case WIRE_READ: body = json_pack("{s:i}", "number", 1); break;
    case WIRE_HEARD:
        body = json_pack("{s:i, s:I}", "node", 1, "number", (json_int_t)world.honest[0].asked);
        break;
    case WIRE_SKIP: body = json_pack("{s:[i]}", "nodes", 3); break;
    case WIRE_AGAIN:
        body = json_pack("{s:o, s:I}", "group", wire_word(member_group_name(member)), "round",
                         (json_int_t)member->round + 1);
        break;
    default: body = json_object();
    }
    json_object_update_recursive(body, changes);
    return body;
}

/* "3h{...}": from which node, of what kind, and what is otherwise than an honest node's. */
static void say(const char *line, size_t length)
{
    static const char kinds[] = "?bhcrpadtsgxynzk";
    const char *kind = length > 1 && line[1] ? strchr(kinds, line[1]) : NULL;
    struct group_peer from = {3, world.third_pid};
    json_t *changes, *body;
    size_t n_bytes;
    void *bytes;

    if (!kind || (line[0] != '3' && line[0] != '9') || (line[0] == '3' && !world.is_third_here))
        return;
    from.nodeid = (uint32_t)(line[0] - '0');
    changes = json_loadb(line + 2, length - 2, 0, NULL);
    if (changes && !json_is_object(changes)) {
        json_decref(changes);
        changes = NULL;
    }
    if (!changes)
        changes = json_object();
    body = body_of((int)(kind - kinds), changes);
    bytes = wire_pack((enum wire_kind)(kind - kinds), world.honest[0].member->view, body, &n_bytes);
    /* "k": of a kind that only a later minor knows. Of the next major: */
    if (kinds[kind - kinds] == 'z')
        ((unsigned char *)bytes)[5]++;
    deliver(from, bytes, n_bytes);
    free(bytes);
    json_decref(body);
    json_decref(changes);
}

static void propose(int at, const char *line, size_t length)
{
    struct honest *honest = &world.honest[at];
    json_t *patch = json_loadb(line, length, 0, NULL);
    struct err err = {.text = ""};

    if (!json_is_object(patch)) {
        json_decref(patch);
        patch = json_pack("{s:{s:s}}", "set", "a", "b");
    }
    if (member_propose(honest->member, now(), patch, 0, ++honest->token, &err))
        honest->n_open++;
    else
        assert(err.text[0]);
    json_decref(patch);
}

static void tell(int at)
{
    autojson *body = json_pack("{s:s}", "kind", "report");
    struct err err = {.text = ""};

    assert(member_tell(world.honest[at].member, body, &err) || err.text[0]);
}

static void ask(int at)
{
    uint64_t number = member_read(world.honest[at].member, now());

    if (number)
        world.honest[at].asked = number;
}

/*
 * The first letter says what happens; a digit behind it, to which of both or how much:
 * r ring (1: with the third), g the third's agent (0, 1), q votequorum (0, 1), t time (tenths of
 * a second), e, f the first's or the second's next message arrives, s disks, S all settles, m the
 * third says, b bytes as they are, p proposes, w tells, c reads, k restarts,
 * v votes, a arms.
 */
static void happen(const char *line, size_t length)
{
    unsigned digit = length > 1 ? (unsigned)(line[1] & 15) : 0;
    int at = digit & 1;

    switch (length ? line[0] : ' ') {
    case 'r': ring(at); break;
    case 'g': third(at); break;
    case 'q':
        quorum(0, at);
        quorum(1, digit & 2 ? !at : at);
        break;
    case 't': world.now += 100 * digit + 1; break;
    case 'e': echo(0); break;
    case 'f': echo(1); break;
    case 's': stored(at, digit >> 1); break;
    case 'S': settle(); break;
    case 'm': say(line + 1, length - 1); break;
    case 'b': deliver((struct group_peer){3, world.third_pid}, line + 1, length - 1); break;
    case 'p': propose(at, line + (length > 1 ? 2 : 1), length > 1 ? length - 2 : 0); break;
    case 'w': tell(at); break;
    case 'c': ask(at); break;
    case 'k': restart(at); break;
    case 'v': count_votes(line + 1, length - 1); break;
    case 'a': lease_set_armed(member_lease(world.honest[at].member), digit & 2); break;
    default: return;
    }
    for (int i = 0; i < 2; i++)
        member_tick(world.honest[i].member, now());
    drain();
}

static void begin(void)
{
    static const char *const names[] = {"alpha", "beta", "gamma"};

    memset(&world, 0, sizeof(world));
    world.now = 100000;
    world.roster = (struct roster){.n_nodes = 3, .expected_votes = 3, .quorum_votes = 2};
    world.third_pid = 30;
    for (unsigned i = 0; i < 3; i++) {
        text_copy(world.roster.nodes[i].name, NODE_NAME_MAX, names[i]);
        world.roster.nodes[i].nodeid = i + 1;
        world.roster.nodes[i].votes = 1;
    }
    for (int at = 0; at < 2; at++) {
        world.honest[at].nodeid = (uint32_t)at + 1;
        world.honest[at].pid = 10;
        world.honest[at].disk = json_object();
        start(&world.honest[at], at);
    }
}

static void end(void)
{
    for (int at = 0; at < 2; at++) {
        member_free(world.honest[at].member);
        forget_sent(&world.honest[at]);
        json_decref(world.honest[at].disk);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const char *at = (const char *)bytes, *stop = at + length;

    begin();
    while (at < stop && world.n_steps++ < STEPS_MAX) {
        const char *newline = memchr(at, '\n', (size_t)(stop - at));
        const char *line_end = newline ? newline : stop;

        happen(at, (size_t)(line_end - at));
        at = line_end + 1;
    }
    end();
    return 0;
}
