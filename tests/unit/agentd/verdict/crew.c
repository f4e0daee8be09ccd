/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Three agents over the loopback, their checkers and clients doubles; see crew.h. */
#include "tests/unit/agentd/verdict/crew.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/audit.h"
#include "agentd/checker.h"
#include "agentd/cluster.h"
#include "agentd/control_server.h"
#include "agentd/push.h"
#include "agentd/requests.h"
#include "agentd/verdict.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

#define TOKEN_MS 250

static const char *const names[CREW] = {"alpha", "beta", "gamma"};
static struct crew *world;

/* ---- doubles: the clock, clients, checkers --------------------------------------------------- */

struct instant agent_now(void)
{
    return (struct instant){world->now};
}

int64_t agent_wall_ms(void)
{
    return 1000000 + world->now;
}

const char *agent_node(const struct agent *agent)
{
    return agent->roster.nodes[agent->roster.self].name;
}

/* The client of a node is the node. */
static struct one *client(const struct session *session)
{
    return (struct one *)session;
}

void audit_sent(struct agent *agent, const struct session *session, int64_t reply_to, json_t *body)
{
    (void)agent, (void)session, (void)reply_to, (void)body;
}

const char *session_user(const struct session *session)
{
    (void)session;
    return "jin";
}

enum control_role session_role(const struct session *session)
{
    (void)session;
    return ROLE_ADMIN;
}

void session_row(struct session *session, int64_t id, json_t *row)
{
    (void)session, (void)id;
    json_decref(row);
}

void session_done(struct session *session, int64_t id, json_t *members)
{
    (void)id;
    client(session)->n_done++;
    client(session)->done_version = json_int(members, "version", 0);
    json_decref(members);
}

void session_error(struct session *session, int64_t id, int code, const char *hint,
                   const char *format, ...)
{
    struct one *one = client(session);
    va_list args;

    (void)id, (void)hint;
    va_start(args, format);
    vsnprintf(one->words, sizeof(one->words), format, args);
    va_end(args);
    one->n_errors++;
    one->code = code;
}

void session_error_with(struct session *session, int64_t id, json_t *error)
{
    session_error(session, id, (int)json_int(error, "code", 0), NULL, "%s",
                  json_text(error, "error", ""));
    json_decref(error);
}

struct checker *checker_new(const struct settings *settings, struct err *err)
{
    (void)err;
    for (int at = 0; at < CREW; at++) {
        if (&world->ones[at].agent.settings == settings)
            return (struct checker *)&world->ones[at];
    }
    return NULL;
}

void checker_free(struct checker *checker)
{
    struct one *one = (struct one *)checker;

    json_decref(one->asked);
    one->asked = NULL;
}

int checker_fd(const struct checker *checker)
{
    return ((const struct one *)checker)->fd;
}

void checker_ask(struct checker *checker, uint64_t number, const struct examination *examination)
{
    struct one *one = (struct one *)checker;

    if (!one->asked)
        one->asked = json_array();
    one->n_checks++;
    json_array_append_new(one->asked, json_pack("{s:I,s:s}", "number", (json_int_t)number, "text",
                                                examination->text));
}

bool checker_take(struct checker *checker, uint64_t *number, struct checked *checked)
{
    struct one *one = (struct one *)checker;
    const json_t *next = json_array_get(one->asked, 0);
    struct diagnostics *diagnostics;

    if (!next || one->opinion == SAYS_NOTHING)
        return false;
    *number = (uint64_t)json_int(next, "number", 0);
    *checked = (struct checked){0};
    if (one->opinion == REFUSES) {
        checked->error =
            json_pack("{s:s,s:i}", "error", "I cannot run this", "code", CONTROL_EXIT_REFUSED);
    } else {
        checked->arena = arena_new();
        checked->text = arena_strdup(checked->arena, json_text(next, "text", ""));
        checked->policy = arena_alloc(checked->arena, sizeof(*checked->policy));
        diagnostics = arena_alloc(checked->arena, sizeof(*diagnostics));
        diagnostics_init(diagnostics, checked->arena, "policy", checked->text,
                         strlen(checked->text));
        assert_true(policy_compile(checked->arena, "policy", checked->text, strlen(checked->text),
                                   checked->policy, diagnostics));
    }
    json_array_remove(one->asked, 0);
    return true;
}

void checked_fini(struct checked *checked)
{
    json_decref(checked->error);
    arena_free(checked->arena);
    *checked = (struct checked){0};
}

/* ---- what agent.c does with what the member says, as far as it concerns a push --------------- */

static void load(struct one *one, uint64_t version)
{
    struct arena *arena;
    struct policy *before;

    knowledge_load(&one->agent.knowledge, member_records(one->agent.member), version, &arena,
                   &before);
    arena_free(arena);
    one->agent.must_decide = true;
}

/* Who told of an older minor, as everybody sees it. */
static node_set older;

static void look(struct agent *agent)
{
    member_status(agent->member, &agent->status);
    NODE_SET_EACH(node, older) agent->status.minor[node] = 0;
}

void crew_make_older(struct crew *crew, int at)
{
    crew->ones[at].opinion = SAYS_NOTHING;
    older |= node_bit((node_id)at);
}

static void looked_again(struct agent *agent)
{
    struct member_status before = agent->status;

    look(agent);
    if (before.agents != agent->status.agents || before.synced != agent->status.synced ||
        before.is_in_sync != agent->status.is_in_sync ||
        ring_compare(before.ring, agent->status.ring) != 0) {
        requests_ring_changed(agent);
        verdict_ring_changed(agent);
    }
    agent->must_decide = true;
}

static void write_disk(struct one *one, const struct member_event *event)
{
    const char *key;
    json_t *value;
    size_t i;

    if (!event->patch) {
        json_decref(one->disk);
        one->disk = json_deep_copy(event->records);
    } else if (json_object_size(event->patch) > 0) {
        json_object_foreach(json_object_get(event->patch, "set"), key, value)
            json_object_set(one->disk, key, value);
        json_array_foreach(json_object_get(event->patch, "delete"), i, value)
            json_object_del(one->disk, json_string_value(value));
        json_array_append_new(one->past, json_deep_copy(event->patch));
    }
    one->disk_head = event->head;
    one->n_written++;
}

static void reset(struct one *one, const struct member_event *event)
{
    requests_forget_pushes(&one->agent);
    load(one, event->version);
    requests_caught_up(&one->agent, event->patch);
}

static void committed(struct one *one, const struct member_event *event)
{
    struct agent *agent = &one->agent;

    verdict_committed(agent, event->patch);
    if (json_object_get(json_object_get(event->patch, "set"), KEY_POLICY))
        load(one, event->version);
    knowledge_apply(&agent->knowledge, event->patch, event->version);
    requests_committed(agent, event->patch, event->version);
    agent->must_decide = true;
}

static void message(struct agent *agent, const struct member_event *event)
{
    const char *kind = json_text(event->patch, "kind", "");

    if (strcmp(kind, "verdict") == 0) {
        verdict_message(agent, event->from, event->patch);
        return;
    }
    requests_message(agent, event->from, event->patch);
    if (strcmp(kind, "push") == 0)
        verdict_pushed(agent, event->patch);
}

static void handle(struct one *one, const struct member_event *event)
{
    struct agent *agent = &one->agent;

    switch (event->kind) {
    case MEMBER_SEND: loopback_send(world->loopback, one->at, event->bytes, event->length); break;
    case MEMBER_CHANGED: looked_again(agent); break;
    case MEMBER_RESET: reset(one, event); break;
    case MEMBER_COMMITTED: committed(one, event); break;
    case MEMBER_DURABLE:
        agent->durable = event->version;
        requests_durable(agent, event->version);
        break;
    case MEMBER_MESSAGE: message(agent, event); break;
    case MEMBER_STORE: write_disk(one, event); break;
    case MEMBER_VOIDED: agent->must_decide = true; break;
    case MEMBER_ROSTER:
    case MEMBER_CURRENT: break;
    }
}

static void drain(struct one *one)
{
    struct member_event event;
    uint64_t before;

    do {
        before = one->n_written;
        while (member_next(one->agent.member, &event))
            handle(one, &event);
        if (one->n_written != before)
            member_stored(one->agent.member, agent_now(), one->n_written);
    } while (one->n_written != before);
    look(&one->agent);
}

static void turn(struct one *one)
{
    struct agent *agent = &one->agent;
    struct instant now = agent_now();

    member_tick(agent->member, now);
    drain(one);
    verdict_turn(agent, now);
    if (agent->status.is_leader && !agent->status.has_proposal &&
        (agent->must_decide || agent->must_look_at_push ||
         instant_reached(now, agent->decide_at))) {
        agent->must_look_at_push = false;
        agent->must_decide = push_decide(agent, now, &agent->decide_at);
    }
    drain(one);
    requests_expire(agent, now);
    drain(one);
}

/* ---- the loopback ---------------------------------------------------------------------------- */

static void on_ring(void *context, struct ring_id ring, const uint32_t *nodeids, int n_nodeids)
{
    struct one *one = context;

    member_ring(one->agent.member, agent_now(), ring, nodeids, n_nodeids);
    drain(one);
}

static void on_members(void *context, const struct group_peer *members, int n_members,
                       const struct group_peer *joined, int n_joined, const struct group_peer *left,
                       int n_left)
{
    struct one *one = context;

    (void)joined, (void)n_joined;
    member_group(one->agent.member, agent_now(), members, n_members, left, n_left);
    drain(one);
}

static void on_message(void *context, struct group_peer from, const void *bytes, size_t length)
{
    struct one *one = context;
    struct err err = {{0}};

    if (!member_message(one->agent.member, agent_now(), from, bytes, length, &err))
        fail_msg("a message was refused: %s", err.text);
    drain(one);
}

static void on_quorum(void *context, bool is_quorate, struct ring_id ring)
{
    struct one *one = context;

    member_quorum(one->agent.member, agent_now(), is_quorate, ring);
    drain(one);
}

static void write_roster(struct roster *roster, int self)
{
    *roster = (struct roster){
        .n_nodes = CREW, .self = (node_id)self, .expected_votes = CREW, .quorum_votes = 2};
    for (int at = 0; at < CREW; at++) {
        roster->nodes[at].nodeid = (uint32_t)at + 1;
        roster->nodes[at].votes = 1;
        text_copy(roster->nodes[at].name, sizeof(roster->nodes[at].name), names[at]);
    }
}

void crew_start(struct crew *crew, int at)
{
    static const struct loopback_events events = {{on_ring, on_members, on_message}, on_quorum};
    static const struct lease_timing timing = {{1500}, {250}, {1000}, {275}, {0}};
    struct one *one = &crew->ones[at];
    struct agent *agent = &one->agent;
    struct member_config config = {.timing = timing, .incarnation = ++crew->incarnation};
    struct err err = {{0}};

    memset(agent, 0, sizeof(*agent));
    write_roster(&config.roster, at);
    snprintf(config.boot_id, sizeof(config.boot_id), "boot-%d", at);
    config.records = one->disk;
    config.head = one->disk_head;
    config.history = one->past;
    agent->roster = config.roster;
    agent->decide_at = INSTANT_NEVER;
    agent->status.leader = NODE_NONE;
    agent->requests = requests_new();
    agent->cluster = xcalloc(1, sizeof(*agent->cluster));
    knowledge_init(&agent->knowledge);
    one->n_written = 0;
    one->is_on = true;
    assert_true(sd_event_new(&agent->loop) >= 0);
    agent->verdicts = verdicts_new(agent, &err);
    assert_non_null(agent->verdicts);
    agent->member = member_new(&config, agent_now());
    load(one, one->disk_head.version);
    loopback_attach(crew->loopback, at, ++one->pid, &events, one);
}

void crew_kill(struct crew *crew, int at)
{
    struct one *one = &crew->ones[at];

    if (!one->is_on)
        return;
    one->is_on = false;
    loopback_detach(crew->loopback, at);
    member_free(one->agent.member);
    verdicts_free(one->agent.verdicts);
    requests_free(one->agent.requests);
    knowledge_fini(&one->agent.knowledge);
    free(one->agent.cluster);
    sd_event_unref(one->agent.loop);
    memset(&one->agent, 0, sizeof(one->agent));
}

struct crew *crew_new(uint64_t seed)
{
    struct crew *crew = xcalloc(1, sizeof(*crew));

    older = 0;
    world = crew;
    crew->now = 10000;
    crew->loopback = loopback_new(CREW, seed, TOKEN_MS);
    for (int at = 0; at < CREW; at++) {
        crew->ones[at].at = at;
        crew->ones[at].fd = eventfd(0, EFD_CLOEXEC);
        crew->ones[at].disk = json_object();
        crew->ones[at].past = json_array();
        loopback_power(crew->loopback, at, true);
        crew_start(crew, at);
    }
    crew_settle(crew);
    return crew;
}

void crew_free(struct crew *crew)
{
    for (int at = 0; at < CREW; at++) {
        crew_kill(crew, at);
        json_decref(crew->ones[at].disk);
        json_decref(crew->ones[at].past);
        close(crew->ones[at].fd);
    }
    loopback_free(crew->loopback);
    free(crew);
    world = NULL;
}

/* ---- what tests do --------------------------------------------------------------------------- */

void crew_run(struct crew *crew, int ms)
{
    for (int i = 0; i < ms; i++) {
        crew->now++;
        loopback_step(crew->loopback, 1);
        for (int at = 0; at < CREW; at++) {
            if (crew->ones[at].is_on)
                turn(&crew->ones[at]);
        }
    }
}

int crew_leader(const struct crew *crew)
{
    int leader = -1;

    for (int at = 0; at < CREW; at++) {
        const struct member_status *status = &crew->ones[at].agent.status;

        if (!crew->ones[at].is_on)
            continue;
        if (!status->is_in_sync || status->leader == NODE_NONE || !crew->ones[status->leader].is_on)
            return -1;
        if (leader >= 0 && leader != status->leader)
            return -1;
        leader = status->leader;
    }
    return leader >= 0 && crew->ones[leader].agent.status.is_leader ? leader : -1;
}

static bool all_are_here(const struct crew *crew)
{
    node_set on = 0;

    for (int at = 0; at < CREW; at++)
        on |= crew->ones[at].is_on ? node_bit((node_id)at) : 0;
    for (int at = 0; at < CREW; at++) {
        if (crew->ones[at].is_on && crew->ones[at].agent.status.synced != on)
            return false;
    }
    return true;
}

void crew_settle(struct crew *crew)
{
    for (int i = 0; i < 2000; i++) {
        if (crew_leader(crew) >= 0 && all_are_here(crew))
            return;
        crew_run(crew, 5);
    }
    fail_msg("they never agree");
}

int crew_other(const struct crew *crew, int this_one, int that_one)
{
    for (int at = 0; at < CREW; at++) {
        if (crew->ones[at].is_on && at != this_one && at != that_one)
            return at;
    }
    fail_msg("there is no other");
    return -1;
}

void crew_cut(struct crew *crew, int at)
{
    int component[CREW] = {0};

    component[at] = 1;
    loopback_cut(crew->loopback, component);
}

void crew_mend(struct crew *crew)
{
    int component[CREW] = {0};

    loopback_cut(crew->loopback, component);
}

void crew_push(struct crew *crew, int at, const char *message)
{
    static const char text[] = "cluster home\nnode alpha\nnode beta\nnode gamma\n";
    struct one *one = &crew->ones[at];
    autojson *body =
        json_pack("{s:s,s:o,s:s,s:s,s:s,s:I,s:I}", "kind", "push", "text",
                  json_sprintf("%s# %s\n", text, message), "file", "policy", "author", "jin",
                  "message", message, "base", (json_int_t)-1, "confirm", (json_int_t)0);

    verdict_begin(&one->agent, (struct session *)one, 1, body);
}

void crew_hang_up(struct crew *crew, int at)
{
    struct one *one = &crew->ones[at];

    requests_forget(&one->agent, (struct session *)one);
    verdict_forget(&one->agent, (struct session *)one);
}

uint64_t crew_version(const struct crew *crew, int at)
{
    return crew->ones[at].agent.knowledge.policy_version;
}

const char *crew_message(const struct crew *crew, int at)
{
    static char words[64];
    const char *record = json_text(member_records(crew->ones[at].agent.member), KEY_POLICY, "{}");
    autojson *value = json_read(record, strlen(record), NULL);

    text_copy(words, sizeof(words), json_text(value, "message", ""));
    return words;
}
