/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machines of world.h: power, clocks, disks and agents, and what must hold of their records. */
#include "tests/unit/quorum/world_times.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"
#include "ha/base/text.h"

#define TOKEN_MS 250

uint64_t world_random(struct world *world, uint64_t below)
{
    return loopback_random(world->loopback, below);
}

void world_violate(struct world *world, const char *format, ...)
{
    va_list args;

    if (world->violation[0])
        return;
    va_start(args, format);
    vsnprintf(world->violation, sizeof(world->violation), format, args);
    va_end(args);
}

struct instant world_clock(const struct actor *actor)
{
    int64_t gone = actor->world->now - actor->booted_at;

    return (struct instant){1000 + gone + gone * actor->drift_ppm / 1000000};
}

/* ---- disks ----------------------------------------------------------------------------------- */

static void forget_writes(struct actor *actor)
{
    for (int i = 0; i < actor->n_writes; i++) {
        json_decref(actor->writes[i].patch);
        json_decref(actor->writes[i].records);
    }
    actor->n_writes = 0;
}

static void write_one(struct actor *actor)
{
    struct write_under_way *write = &actor->writes[0];
    json_t *set = json_object_get(write->patch, "set"), *value;
    const char *key;

    if (write->records) {
        json_decref(actor->disk);
        actor->disk = json_copy(write->records);
    }
    json_object_foreach(set, key, value) json_object_set(actor->disk, key, value);
    actor->disk_head = write->head;
    json_decref(write->patch);
    json_decref(write->records);
    actor->n_writes--;
    memmove(actor->writes, actor->writes + 1, (size_t)actor->n_writes * sizeof(*actor->writes));
    actor->n_written++;
}

static void run_disk(struct actor *actor)
{
    uint64_t before = actor->n_written;

    while (actor->n_writes > 0 && actor->writes[0].due <= actor->world->now)
        write_one(actor);
    if (actor->member && !actor->is_stalled && before != actor->n_written)
        member_stored(actor->member, world_clock(actor), actor->n_written);
}

static void queue_write(struct actor *actor, const struct member_event *event)
{
    struct world *world = actor->world;
    struct write_under_way *write = &actor->writes[actor->n_writes++];

    if (actor->n_writes == 256) {
        world_violate(world, "too many writes at a time");
        actor->n_writes--;
        return;
    }
    write->patch = json_incref((json_t *)event->patch);
    write->records = json_incref((json_t *)event->records);
    write->head = event->head;
    write->due = world->now;
    if (!world->is_disk_instant)
        write->due += 1 + (int64_t)world_random(world, (uint64_t)world->disk_lag_ms);
    if (world->is_disk_instant)
        run_disk(actor);
}

/* ---- what must hold of the records ----------------------------------------------------------- */

static uint64_t uid_of_patch(const json_t *patch)
{
    return (uint64_t)json_int(patch, "uid", 0);
}

static void check_committed(struct actor *actor, uint64_t version, const json_t *patch)
{
    struct world *world = actor->world;
    uint64_t uid = uid_of_patch(patch);

    if (version >= WORLD_VERSIONS)
        return;
    actor->uid_of[version] = uid;
    if (witness_is_apart(actor)) {
        world->n_by_witness++;
        return;
    }
    /*
     * Where disks lag and agents die, what only memories held may be lost; what was durable never.
     */
    if (world->is_disk_instant && world->committed[version] && world->committed[version] != uid)
        world_violate(world, "version %llu is two things: %llu and %llu (node %d)",
                      (unsigned long long)version, (unsigned long long)world->committed[version],
                      (unsigned long long)uid, actor->at);
    if (world->durable[version] && world->durable[version] != uid)
        world_violate(world, "version %llu was durable as %llu and is now %llu (node %d)",
                      (unsigned long long)version, (unsigned long long)world->durable[version],
                      (unsigned long long)uid, actor->at);
    if (!world->committed[version])
        world->n_commits++;
    world->committed[version] = uid;
}

static void check_durable(struct actor *actor, uint64_t upto)
{
    struct world *world = actor->world;

    actor->durable = upto;
    if (witness_is_apart(actor))
        return;
    if (upto > world->acknowledged)
        world->acknowledged = upto;
    for (uint64_t version = 1; version <= upto && version < WORLD_VERSIONS; version++) {
        if (actor->uid_of[version])
            world->durable[version] = actor->uid_of[version];
    }
}

/* Each patch leaves a key behind: whoever is in sync has the keys of all that were durable. */
static void check_records(struct actor *actor, uint64_t upto)
{
    struct world *world = actor->world;
    const json_t *records = member_records(actor->member);
    char key[32];

    for (uint64_t version = 1; version <= upto && version < WORLD_VERSIONS; version++) {
        if (!world->durable[version])
            continue;
        snprintf(key, sizeof(key), "k%llu", (unsigned long long)world->durable[version]);
        if (!json_object_get(records, key))
            world_violate(world, "node %d is in sync at %llu without version %llu, uid %llu",
                          actor->at, (unsigned long long)upto, (unsigned long long)version,
                          (unsigned long long)world->durable[version]);
    }
}

/* A process that stood still goes through its past: of later versions it need not know. */
static void check_reset(struct actor *actor, uint64_t upto)
{
    memset(actor->uid_of, 0, sizeof(actor->uid_of));
    check_records(actor, upto);
}

/* ---- agents ---------------------------------------------------------------------------------- */

static void handle(struct actor *actor, const struct member_event *event)
{
    switch (event->kind) {
    case MEMBER_SEND:
        loopback_send(actor->world->loopback, actor->at, event->bytes, event->length);
        witness_sent(actor, event->bytes, event->length);
        break;
    case MEMBER_CHANGED: service_look(actor); break;
    case MEMBER_ROSTER: break; /* the same nodes in the same order */
    case MEMBER_RESET:
        actor->n_resets++;
        actor->read = actor->read_version = 0; /* it would ask again */
        check_reset(actor, event->version);
        service_decided(actor, event->version);
        break;
    case MEMBER_COMMITTED:
        actor->n_committed++;
        if (event->token)
            actor->committed_token = event->token;
        check_committed(actor, event->version, event->patch);
        if (json_object_get(json_object_get(event->patch, "set"), "service"))
            service_decided(actor, event->version);
        break;
    case MEMBER_VOIDED:
        actor->n_voided++;
        actor->voided_token = event->token;
        break;
    case MEMBER_DURABLE:
        check_durable(actor, event->version);
        reads_end(actor);
        break;
    case MEMBER_MESSAGE:
        actor->n_messages++;
        service_message(actor, event->from, event->patch);
        break;
    case MEMBER_STORE:
        actor->n_branched += json_array_size(event->branch);
        queue_write(actor, event);
        break;
    case MEMBER_CURRENT:
        if (actor->read && event->token >= actor->read && !actor->read_version)
            actor->read_version = event->version + 1;
        reads_end(actor);
        break;
    }
}

static void drain(struct actor *actor)
{
    struct member_event event;

    while (actor->member && member_next(actor->member, &event))
        handle(actor, &event);
    if (actor->member)
        member_status(actor->member, &actor->status);
}

static void on_ring(void *context, struct ring_id ring, const uint32_t *nodeids, int n_nodeids)
{
    struct actor *actor = context;

    member_ring(actor->member, world_clock(actor), ring, nodeids, n_nodeids);
    drain(actor);
}

static void on_members(void *context, const struct group_peer *members, int n_members,
                       const struct group_peer *joined, int n_joined, const struct group_peer *left,
                       int n_left)
{
    struct actor *actor = context;

    (void)joined;
    (void)n_joined;
    member_group(actor->member, world_clock(actor), members, n_members, left, n_left);
    drain(actor);
}

/* As if every beat acknowledged whatever we sent last, delivered or not. */
static void acknowledge_newest(struct actor *actor, json_t *acks)
{
    struct lease_ages *ages = xcalloc(1, sizeof(*ages));

    lease_ages_make(member_lease(actor->member), world_clock(actor), ages);
    json_array_append_new(acks, json_pack("[iII]", actor->at + 1, (json_int_t)actor->incarnation,
                                          (json_int_t)ages->of[actor->at].number));
    free(ages);
}

static json_t *tampered(struct actor *actor, const struct wire_message *message)
{
    struct world *world = actor->world;
    json_t *body = json_deep_copy(message->body);

    if (message->kind == WIRE_HELLO && world->faults.forgets_epochs)
        json_object_set_new(body, "epoch", json_pack("[ii]", 0, 0));
    if ((message->kind == WIRE_HELLO || message->kind == WIRE_BEAT) && world->faults.ignores_marks)
        json_object_set_new(body, "roster", wire_word(roster_mark(&actor->roster)));
    if (message->kind == WIRE_BEAT && world->faults.acks_all)
        acknowledge_newest(actor, json_object_get(body, "acks"));
    if (world->faults.adds_members)
        json_object_set_new(body, "later", json_pack("{s:f, s:[n]}", "z", 1.5, "a"));
    return body;
}

/* From a node of another major, seen from here. */
static void foreign_taken(struct actor *actor, struct group_peer from, const void *bytes,
                          size_t length)
{
    unsigned char *other = memcpy(xcalloc(1, length), bytes, length);
    struct err err = {{0}};

    other[5]++;
    if (!member_message(actor->member, world_clock(actor), from, other, length, &err))
        actor->n_foreign++;
    free(other);
    drain(actor);
}

static void on_message(void *context, struct group_peer from, const void *bytes, size_t length)
{
    struct actor *actor = context;
    struct world *world = actor->world;
    const struct world_faults *faults = &world->faults;
    struct wire_message message;
    struct err err = {{0}};
    void *other = NULL;

    if (actor->major != world->actors[from.nodeid - 1].major) {
        foreign_taken(actor, from, bytes, length);
        return;
    }
    if ((faults->forgets_epochs || faults->acks_all || faults->ignores_marks ||
         faults->adds_members) &&
        wire_unpack(bytes, length, &message, NULL)) {
        json_t *body = tampered(actor, &message);

        other = wire_pack(message.kind, message.view, body, &length);
        json_decref(body);
        json_decref(message.body);
    }
    if (!member_message(actor->member, world_clock(actor), from, other ? other : bytes, length,
                        &err))
        world_violate(world, "a message was refused: %s", err.text);
    if (from.nodeid == (uint32_t)actor->at + 1)
        witness_taken(actor, other ? other : bytes, length);
    if (faults->hears_all && from.nodeid == (uint32_t)actor->at + 1 &&
        wire_unpack(bytes, length, &message, NULL)) {
        if (message.kind == WIRE_READ)
            reads_hear_all(actor, &message);
        json_decref(message.body);
    }
    free(other);
    drain(actor);
}

static void on_quorum(void *context, bool is_quorate, struct ring_id ring)
{
    struct actor *actor = context;
    struct instant now = world_clock(actor);

    if (actor->world->faults.forgets_ring)
        now.ms -= 5000;
    member_quorum(actor->member, now,
                  is_quorate || actor->world->changes_votes || actor->world->faults.ignores_quorum,
                  ring);
    drain(actor);
}

void world_start_agent(struct world *world, int at)
{
    struct actor *actor = &world->actors[at];
    struct loopback_events events = {{on_ring, on_members, on_message}, on_quorum};
    struct member_config config = {.timing = times_of(actor)};

    if (!actor->is_on || actor->member)
        return;
    actor->incarnation = ++world->next_incarnation;
    config.timing.watchdog.ms += world->watchdog_spread_ms * at;
    if (world->faults.ignores_quorum)
        actor->roster.quorum_votes = 1;
    config.roster = actor->roster;
    config.incarnation = actor->incarnation;
    text_copy(config.boot_id, sizeof(config.boot_id), actor->boot_id);
    config.records = actor->disk;
    config.head = actor->disk_head;
    memset(actor->uid_of, 0, sizeof(actor->uid_of));
    actor->durable = actor->decided = actor->read = actor->read_version = 0;
    actor->fed_until = 0;
    actor->n_written = 0;
    actor->is_stalled = false;
    actor->member = member_new(&config, world_clock(actor));
    lease_set_armed(member_lease(actor->member), actor->is_armed);
    member_set_wall(actor->member, world->now - world_clock(actor).ms + actor->wall_off_ms);
    actor->pid++;
    loopback_attach(world->loopback, at, actor->pid, &events, actor);
}

void world_kill_agent(struct world *world, int at)
{
    struct actor *actor = &world->actors[at];

    if (!actor->member)
        return;
    loopback_detach(world->loopback, at);
    member_free(actor->member);
    actor->member = NULL;
    memset(&actor->status, 0, sizeof(actor->status));
    forget_writes(actor);
}

void world_stall(struct world *world, int at, bool is_stalled)
{
    world->actors[at].is_stalled = is_stalled;
    loopback_stall(world->loopback, at, is_stalled);
}

void world_power_on(struct world *world, int at)
{
    struct actor *actor = &world->actors[at];

    if (actor->is_on)
        return;
    actor->is_on = true;
    /* Where there is no witness nobody asks for it. */
    if (world->has_witness)
        actor->wall_off_ms = (int64_t)world_random(world, (uint64_t)world->wall_spread_ms);
    actor->booted_at = world->now;
    actor->drift_ppm = (int)world_random(world, 8001) - 4000;
    actor->return_at = 0;
    snprintf(actor->boot_id, sizeof(actor->boot_id), "boot-%d-%lld", at, (long long)world->now);
    loopback_power(world->loopback, at, true);
    world_start_agent(world, at);
}

void world_power_off(struct world *world, int at)
{
    struct actor *actor = &world->actors[at];

    world_kill_agent(world, at);
    loopback_power(world->loopback, at, false);
    actor->is_on = actor->is_stalled = false;
    actor->runs = actor->is_armed = false;
}

/* ---- the whole ------------------------------------------------------------------------------- */

struct world *world_new(int n_nodes, uint64_t seed, const struct lease_timing *timing)
{
    struct world *world = xcalloc(1, sizeof(*world));

    world->n_nodes = n_nodes;
    world->timing = *timing;
    world->disk_lag_ms = 30;
    world->loopback = loopback_new(n_nodes, seed, TOKEN_MS);
    for (int at = 0; at < n_nodes; at++) {
        struct actor *actor = &world->actors[at];

        actor->world = world;
        actor->at = at;
        actor->disk = json_object();
        actor->roster.n_nodes = n_nodes;
        actor->roster.self = (node_id)at;
        actor->roster.expected_votes = n_nodes;
        actor->roster.quorum_votes = n_nodes / 2 + 1;
        for (int i = 0; i < n_nodes; i++) {
            actor->roster.nodes[i].nodeid = (uint32_t)i + 1;
            actor->roster.nodes[i].votes = 1;
            snprintf(actor->roster.nodes[i].name, NODE_NAME_MAX, "n%d", i + 1);
        }
    }
    return world;
}

void world_free(struct world *world)
{
    for (int at = 0; at < world->n_nodes; at++) {
        world_power_off(world, at);
        json_decref(world->actors[at].disk);
    }
    loopback_free(world->loopback);
    free(world);
}

static void run_watchdog(struct actor *actor)
{
    if (!actor->is_on || !actor->is_armed || world_clock(actor).ms < actor->fires_at)
        return;
    world_power_off(actor->world, actor->at);
    actor->return_at = actor->world->now + 300 + (int64_t)world_random(actor->world, 1500);
}

static void feed(struct actor *actor)
{
    const struct lease *lease = member_lease(actor->member);
    int64_t watchdog = times_watchdog_ms(actor);
    int64_t until = lease_until(lease).ms + watchdog;

    if (actor->fed_until + watchdog > until)
        until = actor->fed_until + watchdog;
    if (until > actor->fires_at)
        actor->fires_at = until;
}

static void run_actor(struct actor *actor)
{
    run_disk(actor);
    drain(actor);
    if (actor->member && !actor->is_stalled) {
        struct instant now = world_clock(actor);

        member_tick(actor->member, now);
        drain(actor);
        if (actor->world->changes_times)
            times_turn(actor);
        feed(actor);
        if (actor->world->has_service)
            service_turn(actor, now);
        if (actor->world->changes_votes)
            votes_turn(actor, now);
        drain(actor);
    }
    run_watchdog(actor);
    if (!actor->is_on && actor->return_at && actor->world->now >= actor->return_at)
        world_power_on(actor->world, actor->at);
}

void world_run(struct world *world, int64_t ms)
{
    int64_t end = world->now + ms;

    while (world->now < end && !world->violation[0]) {
        world->now += WORLD_STEP_MS;
        loopback_step(world->loopback, WORLD_STEP_MS);
        for (int at = 0; at < world->n_nodes; at++)
            run_actor(&world->actors[at]);
        service_check(world);
    }
}

static bool is_settled(const struct world *world)
{
    for (int at = 0; at < world->n_nodes; at++) {
        const struct actor *actor = &world->actors[at];

        if (actor->member && !actor->status.is_in_sync)
            return false;
    }
    return true;
}

bool world_settle(struct world *world, int64_t ms)
{
    int64_t end = world->now + ms;

    do
        world_run(world, 50);
    while (world->now < end && !world->violation[0] &&
           !(is_settled(world) && world_leader(world) >= 0));
    return is_settled(world) && world_leader(world) >= 0 && !world->violation[0];
}

void world_check_records(struct world *world)
{
    for (int at = 0; at < world->n_nodes; at++) {
        if (world->actors[at].member && world->actors[at].status.is_in_sync)
            check_records(&world->actors[at], WORLD_VERSIONS);
    }
}

void world_heal(struct world *world)
{
    static const int together[WORLD_NODES];

    for (int at = 0; at < world->n_nodes; at++) {
        loopback_freeze(world->loopback, at, false);
        if (world->actors[at].member)
            world_stall(world, at, false);
    }
    loopback_cut(world->loopback, together);
    for (int at = 0; at < world->n_nodes; at++) {
        world_power_on(world, at);
        world_start_agent(world, at);
    }
}

int world_leader(const struct world *world)
{
    for (int at = 0; at < world->n_nodes; at++) {
        if (world->actors[at].member && world->actors[at].status.is_leader)
            return at;
    }
    return -1;
}

uint64_t world_set(struct world *world, int at, const char *key, const char *text)
{
    struct actor *actor = &world->actors[at];
    uint64_t uid = ++world->next_uid;
    char mark[32];
    json_t *patch;
    bool is_taken;

    if (!actor->member)
        return 0;
    snprintf(mark, sizeof(mark), "k%llu", (unsigned long long)uid);
    patch = json_pack("{s:{s:s, s:s}, s:I}", "set", key, text, mark, "", "uid", (json_int_t)uid);
    is_taken = member_propose(actor->member, world_clock(actor), patch, 0, uid, NULL);
    json_decref(patch);
    drain(actor);
    return is_taken ? uid : 0;
}

void world_read(struct world *world, int at)
{
    struct actor *actor = &world->actors[at];

    if (!actor->member || actor->read)
        return;
    actor->read_floor = world->acknowledged;
    /* What is committed is not in the status; here the head is never behind it. */
    if (world->faults.reads_at_once && actor->status.is_in_sync)
        reads_check(actor, actor->status.head.version);
    else if (!world->faults.reads_at_once)
        actor->read = member_read(actor->member, world_clock(actor));
    drain(actor);
}
