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
#include "agentd/audit.h"
#include "agentd/control_server.h"
#include "agentd/off_word.h"
#include "agentd/requests.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

/* The world around: a clock, a group that takes messages or does not, and one client. */
static struct {
    int64_t now;
    bool is_deaf, is_taken_back;
    json_t *told; /* the last message */
    int n_done, n_errors, n_rows, n_told, code;
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
    world.n_told++;
    return true;
}

void off_word_mark(const struct agent *agent, json_t *message)
{
    (void)agent;
    json_object_set_new(message, "heard", json_string("7 12"));
}

bool off_word_holds(const struct agent *agent, const json_t *message, struct err *err)
{
    (void)agent;
    (void)message;
    return !world.is_taken_back || err_set(err, "beta was heard");
}

/* What is asked for goes with who asks. */
void audit_sent(struct agent *agent, const struct session *session, int64_t reply_to, json_t *body)
{
    (void)agent;
    (void)session;
    json_object_set_new(body, "asked", json_integer(reply_to));
}

void session_row(struct session *session, int64_t id, json_t *row)
{
    (void)session;
    (void)id;
    world.n_rows++;
    text_copy(world.words, sizeof(world.words), json_text(row, "words", "a step"));
    json_decref(row);
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

/* ---- through a change of the leader -------------------------------------------------------- */

static json_t *answer_to(const char *id, bool is_accepted)
{
    return json_pack("{s:[{s:I,s:b,s:{s:s}}]}", "answers", "command",
                     (json_int_t)strtoll(id, NULL, 10), "accepted", is_accepted, "why", "text",
                     "it moves");
}

/* The one who was asked is gone, and the new leader may have joined after the question. */
static void a_word_that_was_taken_back_is_not_told_again(void **state)
{
    static struct agent agent;

    (void)state;
    open_scene(&agent);
    ask(&agent, "command", 5);
    requests_ring_changed(&agent);
    world.is_taken_back = true;
    requests_expire(&agent, agent_now());
    assert_int_equal(world.n_told, 1);
    assert_int_equal(world.n_errors, 1);
    assert_string_equal(world.words, "beta was heard");
    close_scene(&agent);
}

static void a_command_is_told_again_in_another_ring(void **state)
{
    static struct agent agent;
    char id[32];

    (void)state;
    open_scene(&agent);
    text_copy(id, sizeof(id), ask(&agent, "command", 7));
    requests_expire(&agent, (struct instant){1100});
    assert_int_equal(world.n_told, 1);
    agent.status.is_in_sync = false;
    requests_ring_changed(&agent);
    requests_expire(&agent, (struct instant){1200});
    assert_int_equal(world.n_told, 1);
    agent.status.is_in_sync = true;
    requests_expire(&agent, (struct instant){1300});
    requests_expire(&agent, (struct instant){1400});
    assert_int_equal(world.n_told, 2);
    assert_string_equal(json_text(world.told, "id", ""), id);
    /* It comes back in order; then it is decided, once. */
    requests_message(&agent, 0, world.told);
    commit(&agent, answer_to(id, true), 9);
    assert_int_equal(world.n_done, 1);
    close_scene(&agent);
}

/* The policy of the tests that look into what the leader would be given. */
static const struct service_policy services[] = {{.name = "ocf:web"}};
static const struct policy policy = {
    .nodes = {{.name = "alpha"}, {.name = "beta"}},
    .n_nodes = 2,
    .services = services,
    .n_services = 1,
};

static json_t *restart_of(const char *service, int64_t patience)
{
    return json_pack("{s:s,s:I,s:{s:i,s:s,s:s}}", "kind", "command", "patience",
                     (json_int_t)patience, "command", "id", 0, "kind", "restart", "service",
                     service);
}

static int n_given(struct agent *agent)
{
    static struct cluster_view view;
    static struct policy copy;

    copy = policy;
    agent->knowledge.policy = &copy;
    agent->view = &view;
    requests_into_view(agent);
    return view.n_commands;
}

static void a_command_that_comes_twice_is_given_to_the_leader_once(void **state)
{
    static struct agent agent;
    autojson *body = restart_of("ocf:web", 0);
    struct err err = {{0}};
    char id[32];
    int code;

    (void)state;
    open_scene(&agent);
    assert_true(requests_send(&agent, client, 7, body, &code, &err));
    text_copy(id, sizeof(id), json_text(world.told, "id", ""));
    requests_message(&agent, 0, world.told);
    requests_message(&agent, 0, world.told);
    assert_int_equal(n_given(&agent), 1);
    commit(&agent, answer_to(id, true), 9);
    assert_int_equal(n_given(&agent), 0);
    /* Told again by somebody who had not yet heard the answer. */
    requests_message(&agent, 0, world.told);
    assert_int_equal(n_given(&agent), 0);
    close_scene(&agent);
}

static void what_was_answered_while_we_were_away_comes_with_the_transfer(void **state)
{
    static struct agent agent;
    autojson *body = restart_of("ocf:web", 0);
    autojson *patches = NULL;
    struct err err = {{0}};
    int code;

    (void)state;
    open_scene(&agent);
    assert_true(requests_send(&agent, client, 7, body, &code, &err));
    requests_message(&agent, 0, world.told);
    patches = json_pack("[o]", answer_to(json_text(world.told, "id", ""), false));
    requests_caught_up(&agent, patches);
    assert_int_equal(world.n_errors, 1);
    assert_string_equal(world.words, "it moves");
    assert_int_equal(n_given(&agent), 0);
    close_scene(&agent);
}

static void a_command_about_what_has_gone_is_answered(void **state)
{
    static struct agent agent;
    autojson *body = restart_of("ocf:gone", 0);
    struct err err = {{0}};
    int code;

    (void)state;
    open_scene(&agent);
    assert_true(requests_send(&agent, client, 7, body, &code, &err));
    requests_message(&agent, 0, world.told);
    assert_int_equal(n_given(&agent), 0);
    assert_string_equal(json_text(world.told, "kind", ""), "refused");
    requests_message(&agent, 1, world.told);
    assert_int_equal(world.n_errors, 1);
    assert_non_null(strstr(world.words, "ocf:gone"));
    close_scene(&agent);
}

/* What is kept for later is kept by us, and not without end. */
static void only_so_many_wait_for_a_cluster_without_a_leader(void **state)
{
    static struct agent agent;
    struct err err = {{0}};
    int code = 0;

    (void)state;
    open_scene(&agent);
    agent.status.leader = NODE_NONE;
    for (int i = 0; i <= WAITING_MAX; i++) {
        autojson *body = restart_of("ocf:web", 60000);

        assert_int_equal(requests_send(&agent, client, i, body, &code, &err), i < WAITING_MAX);
    }
    assert_int_equal(code, CONTROL_EXIT_UNAVAILABLE);
    assert_non_null(strstr(err.text, "others wait"));
    close_scene(&agent);
}

/* With patience, a command given while nobody leads is kept, and said so. */
static void who_waits_is_patient_with_a_cluster_without_a_leader(void **state)
{
    static struct agent agent;
    autojson *body = restart_of("ocf:web", 60000);
    struct err err = {{0}};
    int code;

    (void)state;
    open_scene(&agent);
    agent.status.leader = NODE_NONE;
    assert_true(requests_send(&agent, client, 7, body, &code, &err));
    assert_int_equal(world.n_told, 0);
    assert_int_equal(world.n_rows, 1);
    assert_non_null(strstr(world.words, "it is kept for now"));
    requests_expire(&agent, (struct instant){30000});
    agent.status.leader = 0;
    requests_expire(&agent, (struct instant){31000});
    assert_int_equal(world.n_told, 1);
    requests_message(&agent, 0, world.told);
    world.now = 31000;
    assert_int_equal(n_given(&agent), 1);
    requests_expire(&agent, (struct instant){61000});
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
        cmocka_unit_test(a_word_that_was_taken_back_is_not_told_again),
        cmocka_unit_test(a_command_is_told_again_in_another_ring),
        cmocka_unit_test(a_command_that_comes_twice_is_given_to_the_leader_once),
        cmocka_unit_test(what_was_answered_while_we_were_away_comes_with_the_transfer),
        cmocka_unit_test(a_command_about_what_has_gone_is_answered),
        cmocka_unit_test(who_waits_is_patient_with_a_cluster_without_a_leader),
        cmocka_unit_test(only_so_many_wait_for_a_cluster_without_a_leader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
