/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Three agents and what is between them; see world.h. */
#include "tests/unit/agentd/audit/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ha/base/arena.h"
#include "ha/base/text.h"

struct world world;

struct instant agent_now(void)
{
    return (struct instant){world.now};
}

int64_t agent_wall_ms(void)
{
    return 1700000000000 + world.now;
}

const char *agent_node(const struct agent *agent)
{
    return agent->roster.nodes[agent->roster.self].name;
}

const struct peer *session_peer(const struct session *session)
{
    return &session->peer;
}

static int index_of(const struct agent *agent)
{
    return (int)(agent - world.agents);
}

/* A control of an agent is the agent, here. */
void control_event(struct control *control, const json_t *row)
{
    json_array_append_new(world.followed[index_of((struct agent *)control)], json_deep_copy(row));
}

bool member_tell(struct member *member, const json_t *body, struct err *err)
{
    (void)err;
    json_array_append_new(
        world.line, json_pack("[i,o]", index_of((struct agent *)member), json_deep_copy(body)));
    return true;
}

void begin_agent(int which)
{
    struct agent *agent = &world.agents[which];
    struct err err = {{0}};
    char path[96];

    snprintf(path, sizeof(path), "%s/%d.db", world.folder, which);
    memset(agent, 0, sizeof(*agent));
    agent->store = store_open(path, &err);
    agent->history = agent->store ? history_open(path, &err) : NULL;
    if (!agent->history)
        fail_msg("%s", err.text);
    agent->audit = audit_new();
    agent->recent = json_array();
    agent->member = (struct member *)agent;
    agent->control = (struct control *)agent;
    agent->roster.n_nodes = AGENTS;
    agent->roster.self = (node_id)which;
    for (int i = 0; i < AGENTS; i++)
        snprintf(agent->roster.nodes[i].name, sizeof(agent->roster.nodes[i].name), "%s",
                 (const char *[]){"alpha", "beta", "gamma"}[i]);
    agent->status = (struct member_status){.is_quorate = true, .is_in_sync = true, .leader = 0};
    json_decref(world.followed[which]);
    world.followed[which] = json_array();
}

void end_agent(int which)
{
    struct agent *agent = &world.agents[which];

    history_close(agent->history);
    store_close(agent->store);
    audit_free(agent->audit);
    json_decref(agent->recent);
    agent->history = NULL;
}

int begin(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    snprintf(world.folder, sizeof(world.folder), "/tmp/tenuto-audit-XXXXXX");
    assert_non_null(mkdtemp(world.folder));
    world.now = 1000;
    world.line = json_array();
    world.session.peer =
        (struct peer){.uid = 0, .pid = 77, .user = "root", .program = "tenuto", .login = 1000};
    for (int i = 0; i < AGENTS; i++)
        begin_agent(i);
    return 0;
}

int end(void **state)
{
    char command[128];

    (void)state;
    for (int i = 0; i < AGENTS; i++) {
        end_agent(i);
        json_decref(world.followed[i]);
    }
    json_decref(world.line);
    snprintf(command, sizeof(command), "rm -r %s", world.folder);
    return system(command);
}

static bool is_here(int which)
{
    return world.agents[which].status.is_in_sync;
}

/* One message to all that are here. */
bool deliver(void)
{
    autojson *each = json_incref(json_array_get(world.line, 0));

    if (!each)
        return false;
    json_array_remove(world.line, 0);
    world.n_delivered++;
    for (int i = 0; i < AGENTS; i++) {
        if (is_here(i) && world.agents[i].history)
            audit_message(&world.agents[i], (node_id)json_integer_value(json_array_get(each, 0)),
                          json_array_get(each, 1));
    }
    return true;
}

bool answer_one(void)
{
    bool any = false;

    for (int i = 0; i < AGENTS; i++) {
        struct pollfd poller = {.fd = world.agents[i].history ? history_fd(world.agents[i].history)
                                                              : -1,
                                .events = POLLIN};

        if (poll(&poller, 1, 0) > 0) {
            history_answers(world.agents[i].history);
            any = true;
        }
    }
    return any;
}

static bool is_quiet(void)
{
    for (int i = 0; i < AGENTS; i++) {
        if (world.agents[i].history && world.agents[i].audit->is_reading)
            return false;
    }
    return true;
}

void settle_stores(void)
{
    for (int i = 0; i < AGENTS; i++) {
        if (world.agents[i].history)
            store_settle(world.agents[i].store);
    }
}

/* Until nothing comes any more: the threads are given a moment each time. */
void settle(void)
{
    for (int calm = 0; calm < 3;) {
        if (deliver() || answer_one() || !is_quiet()) {
            calm = 0;
            continue;
        }
        usleep(TIDE_MS * 1000);
        calm++;
    }
}

/* Everybody sees another view, and the time for comparing has come. */
void change(void)
{
    /* What is queued is on disk first, as in life it would be by then. */
    settle_stores();
    for (int i = 0; i < AGENTS; i++) {
        if (world.agents[i].history)
            audit_changed(&world.agents[i]);
    }
    world.now += REQUESTS_COMPARE_MS;
    for (int i = 0; i < AGENTS; i++) {
        if (world.agents[i].history)
            audit_turn(&world.agents[i], agent_now());
    }
    settle();
}

void leave(int which)
{
    world.agents[which].status.is_in_sync = false;
    world.agents[which].status.is_quorate = false;
}

void come_back(int which)
{
    world.agents[which].status.is_in_sync = true;
    world.agents[which].status.is_quorate = true;
}

static void take_rows(void *context, const struct question *question, json_t *value,
                      const struct err *err)
{
    (void)question;
    if (!value)
        fail_msg("%s", err->text);
    *(json_t **)context = json_incref(value);
}

/* What it would list, off its disk. */
json_t *rows_of(int which)
{
    json_t *rows = NULL;

    store_settle(world.agents[which].store);
    history_ask(world.agents[which].history,
                &(struct question){.kind = QUESTION_REQUESTS, .limit = 100000}, take_rows, &rows);
    while (!rows) {
        answer_one();
        usleep(1000);
    }
    return rows;
}

static bool are_same(size_t count)
{
    autojson *first = rows_of(0);
    bool is_same = json_array_size(first) == count;

    for (int i = 1; i < AGENTS && is_same; i++) {
        autojson *rows = rows_of(i);

        is_same = json_equal(first, rows);
    }
    return is_same;
}

/* All come to have the same rows, so many. */
void same_everywhere(size_t count)
{
    for (int i = 0; i < PATIENCE; i++) {
        if (are_same(count))
            return;
        settle();
    }
    for (int i = 0; i < AGENTS; i++) {
        autojson *rows = rows_of(i);
        char *text = json_dumps(rows, JSON_INDENT(1));

        print_error("%d has %zu: %.2000s\n", i, json_array_size(rows), text);
        free(text);
    }
    fail();
}

/* The one row of that service, as this node lists it. */
json_t *row_of(int which, const char *service)
{
    autojson *rows = rows_of(which);
    json_t *row, *found = NULL;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        const char *name = json_string_value(json_array_get(json_object_get(row, "args"), 0));

        if (name && strcmp(name, service) == 0) {
            assert_null(found);
            found = json_incref(row);
        }
    }
    assert_non_null(found);
    return found;
}

static int64_t next_request;

/* "ha stop SERVICE" comes in at a node; its number there. */
int64_t ask_at(int which, const char *service)
{
    autojson *request = json_pack("{s:s,s:[s],s:I,s:s,s:s,s:s}", "verb", "ha stop", "args", service,
                                  "id", (json_int_t)++next_request, "author", "jin", "text",
                                  "a secret", "because", "new fan");

    world.now += 10;
    audit_begin(&world.agents[which], &world.session, request, "ha stop");
    return next_request;
}

/* It goes to the leader; its id. */
int64_t send_on(int which, int64_t number)
{
    autojson *body = json_pack("{s:s,s:s}", "kind", "command", "id", "1");
    int64_t id;

    audit_sent(&world.agents[which], &world.session, number, body);
    assert_true(json_is_object(json_object_get(body, "asked")));
    id = strtoll(json_text(body, "id", "0"), NULL, 10);
    assert_int_equal(id, json_int(json_object_get(body, "asked"), "id", -1));
    member_tell((struct member *)&world.agents[which], body, NULL);
    return id;
}

void answer(int which, int64_t number, int code, const char *words)
{
    autojson *line =
        json_pack("{s:b,s:s}", "done", code == 0, code == 0 ? "words" : "error", words);

    if (code)
        json_object_set_new(line, "code", json_integer(code));
    audit_answered(&world.agents[which], &world.session, number, line);
}

/* The patch that decides it takes effect wherever somebody is in sync. */
void decide(int64_t id, bool is_accepted, const char *words)
{
    autojson *patch = json_pack("{s:I,s:i,s:[{s:I,s:b,s:{s:s}}]}", "stamp",
                                (json_int_t)agent_wall_ms(), "version", 7, "answers", "command",
                                (json_int_t)id, "accepted", is_accepted, "why", "text", words);

    for (int i = 0; i < AGENTS; i++) {
        if (is_here(i) && world.agents[i].history)
            audit_committed(&world.agents[i], patch);
    }
}

const char *outcome(const json_t *row)
{
    static char text[256];
    autojson *event = audit_event(row);

    snprintf(text, sizeof(text), "%s: %s", json_text(event, "outcome", "?"),
             json_text(event, "why", "?"));
    return text;
}
