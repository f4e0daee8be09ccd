/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who asks is answered: by the cluster, by its refusal, or by the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "agentd/control_server.h"
#include "agentd/requests.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

/* The world around: a clock, a group that takes messages or does not, and one client. */
static struct {
    int64_t now;
    bool is_deaf;
    json_t *told; /* the last message */
    int n_done, n_errors, code;
    int64_t reply_to;
    char words[256];
} world;

struct instant agent_now(void)
{
    return (struct instant){world.now};
}

bool member_tell(struct member *member, const json_t *body, struct err *err)
{
    (void)member;
    if (world.is_deaf)
        return err_set(err, "not now");
    json_decref(world.told);
    world.told = json_deep_copy(body);
    return true;
}

void session_done(struct session *session, int64_t id, json_t *members)
{
    (void)session;
    world.n_done++;
    world.reply_to = id;
    text_copy(world.words, sizeof(world.words), json_text(members, "words", ""));
    json_decref(members);
}

void session_error(struct session *session, int64_t id, int code, const char *hint,
                   const char *format, ...)
{
    va_list args;

    (void)session;
    (void)hint;
    va_start(args, format);
    vsnprintf(world.words, sizeof(world.words), format, args);
    va_end(args);
    world.n_errors++;
    world.reply_to = id;
    world.code = code;
}

void session_error_with(struct session *session, int64_t id, json_t *error)
{
    session_error(session, id, (int)json_int(error, "code", 0), NULL, "%s",
                  json_text(error, "error", ""));
    json_decref(error);
}

static struct session *const client = (struct session *)&world;

static void open_scene(struct agent *agent)
{
    memset(&world, 0, sizeof(world));
    world.now = 1000;
    memset(agent, 0, sizeof(*agent));
    agent->member = (struct member *)agent;
    agent->status = (struct member_status){.is_quorate = true, .is_in_sync = true, .leader = 1};
    agent->requests = requests_new();
}

static void close_scene(struct agent *agent)
{
    requests_free(agent->requests);
    json_decref(world.told);
}

/* Asks, and lets the message come back in order as the group does; its id. */
static const char *ask(struct agent *agent, const char *kind, int64_t reply_to)
{
    autojson *body = json_pack("{s:s}", "kind", kind);
    struct err err = {{0}};
    int code;

    assert_true(requests_send(agent, client, reply_to, body, &code, &err));
    requests_message(agent, 0, world.told);
    return json_text(world.told, "id", "");
}

static void commit(struct agent *agent, json_t *patch, uint64_t version)
{
    requests_committed(agent, patch, version);
    json_decref(patch);
}

static void without_a_quorum_nothing_is_asked(void **state)
{
    static struct agent agent;
    autojson *body = json_pack("{s:s}", "kind", "command");
    struct err err = {{0}};
    int code = 0;

    (void)state;
    open_scene(&agent);
    agent.status.is_quorate = false;
    assert_false(requests_send(&agent, client, 5, body, &code, &err));
    assert_int_equal(code, CONTROL_EXIT_NO_QUORUM);
    agent.status.is_quorate = true;
    agent.status.leader = NODE_NONE;
    assert_false(requests_send(&agent, client, 5, body, &code, &err));
    assert_int_equal(code, CONTROL_EXIT_NO_QUORUM);
    agent.status.leader = 1;
    world.is_deaf = true;
    assert_false(requests_send(&agent, client, 5, body, &code, &err));
    assert_int_equal(code, CONTROL_EXIT_FAILED);
    assert_true(requests_expire(&agent, (struct instant){100000}).ms == INT64_MAX);
    assert_int_equal(world.n_errors, 0);
    close_scene(&agent);
}

static void a_command_is_answered_by_the_patch_that_decides_it(void **state)
{
    static struct agent agent;
    json_int_t id;

    (void)state;
    open_scene(&agent);
    id = strtoll(ask(&agent, "command", 5), NULL, 10);
    commit(&agent,
           json_pack("{s:[{s:I,s:b,s:{s:s}}]}", "answers", "command", id, "accepted", 1, "why",
                     "text", "it moves"),
           9);
    assert_int_equal(world.n_done, 1);
    assert_int_equal(world.reply_to, 5);
    assert_string_equal(world.words, "it moves");
    requests_expire(&agent, (struct instant){1000000});
    assert_int_equal(world.n_errors, 0);
    close_scene(&agent);
}

static void a_push_is_done_when_a_quorum_has_it_on_disk(void **state)
{
    static struct agent agent;
    char id[32];

    (void)state;
    open_scene(&agent);
    text_copy(id, sizeof(id), ask(&agent, "push", 6));
    assert_non_null(requests_push(&agent));
    commit(&agent, json_pack("{s:{s:s,s:i}}", "push", "id", id, "version", 4), 9);
    assert_null(requests_push(&agent));
    assert_int_equal(world.n_done, 0);
    requests_durable(&agent, 8);
    assert_int_equal(world.n_done, 0);
    requests_durable(&agent, 9);
    assert_int_equal(world.n_done, 1);
    assert_int_equal(world.reply_to, 6);
    close_scene(&agent);
}

static void a_push_that_was_decided_and_is_on_no_quorums_disk_is_not_called_done(void **state)
{
    static struct agent agent;
    char id[32];

    (void)state;
    open_scene(&agent);
    text_copy(id, sizeof(id), ask(&agent, "push", 6));
    commit(&agent, json_pack("{s:{s:s,s:i}}", "push", "id", id, "version", 4), 9);
    requests_expire(&agent, (struct instant){1000 + 1800});
    assert_int_equal(world.n_errors, 1);
    assert_non_null(strstr(world.words, "no quorum has confirmed"));
    requests_durable(&agent, 9);
    assert_int_equal(world.n_done, 0);
    close_scene(&agent);
}

static void a_refusal_reaches_the_one_who_asked_and_nobody_else(void **state)
{
    static struct agent agent;
    autojson *refusal = NULL;

    (void)state;
    open_scene(&agent);
    ask(&agent, "push", 6);
    refusal =
        json_pack("{s:s,s:s,s:{s:s,s:i}}", "kind", "refused", "id", json_text(world.told, "id", ""),
                  "error", "error", "the policy has errors", "code", 1);
    ask(&agent, "command", 7);
    requests_message(&agent, 1, refusal);
    assert_int_equal(world.n_errors, 1);
    assert_int_equal(world.reply_to, 6);
    assert_string_equal(world.words, "the policy has errors");
    assert_null(requests_push(&agent));
    requests_message(&agent, 1, refusal);
    assert_int_equal(world.n_errors, 1);
    close_scene(&agent);
}

static void nobody_waits_for_ever(void **state)
{
    static struct agent agent;

    (void)state;
    open_scene(&agent);
    ask(&agent, "command", 7);
    /* Dropped before who asked gives up: it is not decided when nobody expects it. */
    assert_int_equal(requests_expire(&agent, (struct instant){1000}).ms, 8500);
    agent.status.is_quorate = false;
    assert_int_equal(requests_expire(&agent, (struct instant){8500}).ms, 9000);
    assert_int_equal(world.n_errors, 0);
    assert_int_equal(requests_expire(&agent, (struct instant){9000}).ms, INSTANT_NEVER.ms);
    assert_int_equal(world.n_errors, 1);
    assert_int_equal(world.code, CONTROL_EXIT_NO_QUORUM);
    close_scene(&agent);
}

static void who_has_gone_is_not_answered(void **state)
{
    static struct agent agent;

    (void)state;
    open_scene(&agent);
    ask(&agent, "command", 7);
    requests_forget(&agent, client);
    requests_expire(&agent, (struct instant){1000000});
    assert_int_equal(world.n_errors + world.n_done, 0);
    close_scene(&agent);
}

static void a_push_that_waited_through_a_reset_is_not_repeated(void **state)
{
    static struct agent agent;

    (void)state;
    open_scene(&agent);
    ask(&agent, "push", 6);
    requests_forget_pushes(&agent);
    assert_null(requests_push(&agent));
    requests_expire(&agent, (struct instant){1000 + 1800});
    assert_int_equal(world.n_errors, 1);
    close_scene(&agent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_quorum_nothing_is_asked),
        cmocka_unit_test(a_command_is_answered_by_the_patch_that_decides_it),
        cmocka_unit_test(a_push_is_done_when_a_quorum_has_it_on_disk),
        cmocka_unit_test(a_push_that_was_decided_and_is_on_no_quorums_disk_is_not_called_done),
        cmocka_unit_test(a_refusal_reaches_the_one_who_asked_and_nobody_else),
        cmocka_unit_test(nobody_waits_for_ever),
        cmocka_unit_test(who_has_gone_is_not_answered),
        cmocka_unit_test(a_push_that_waited_through_a_reset_is_not_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
