/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is pushed says who and why; the versions of the past are listed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/agent.h"
#include "agentd/call.h"
#include "agentd/confirm.h"
#include "agentd/control_server.h"
#include "agentd/current.h"
#include "agentd/past.h"
#include "agentd/requests.h"
#include "agentd/verdict.h"
#include "ha/base/json.h"

#define POLICY "cluster home\nnode alpha\nnode beta\nnode gamma\n"

/* Who asks, what went to the leader, and what the client got. */
static struct {
    const char *user;
    json_t *sent, *rows, *waiting;
    struct question question;
    json_t *done, *records, *branches;
    const char *why_old;
    bool is_of_disk;
    int n_done, code;
    char words[256];
} world;

static struct asking asking = {.session = (struct session *)&world};

const char *session_user(const struct session *session)
{
    (void)session;
    return world.user;
}

enum control_role session_role(const struct session *session)
{
    (void)session;
    return ROLE_ADMIN;
}

void session_row(struct session *session, int64_t id, json_t *row)
{
    (void)session, (void)id;
    json_array_append_new(world.rows, row);
}

void session_done(struct session *session, int64_t id, json_t *members)
{
    (void)session, (void)id;
    json_decref(world.done);
    world.done = members;
    world.n_done++;
}

void session_error(struct session *session, int64_t id, int code, const char *hint,
                   const char *format, ...)
{
    va_list args;

    (void)session, (void)id, (void)hint;
    va_start(args, format);
    vsnprintf(world.words, sizeof(world.words), format, args);
    va_end(args);
    world.code = code;
}

void session_error_with(struct session *session, int64_t id, json_t *error)
{
    session_error(session, id, (int)json_int(error, "code", 0), NULL, "%s",
                  json_text(error, "error", ""));
    json_decref(error);
}

/* What asks for something else than a text goes to all at once. */
bool requests_send(struct agent *agent, struct session *session, int64_t reply_to, json_t *body,
                   int *code, struct err *err)
{
    (void)code, (void)err;
    verdict_begin(agent, session, reply_to, body);
    return true;
}

void verdict_begin(struct agent *agent, struct session *session, int64_t reply_to, json_t *body)
{
    (void)agent, (void)session, (void)reply_to;
    json_decref(world.sent);
    world.sent = json_deep_copy(body);
}

/* Version 2 waits. */
const json_t *confirm_waiting(const struct agent *agent)
{
    (void)agent;
    return world.waiting;
}

struct asking *past_begin(const struct call *call, void *rest, void (*rest_free)(void *rest))
{
    (void)rest_free;
    asking.agent = call->agent;
    asking.rest = rest;
    return &asking;
}

void past_ask(struct asking *who, const struct question *question, history_answer *answer)
{
    autojson *policy =
        json_pack("{s:I,s:s}", "version", (json_int_t)question->version, "text", "old");
    autojson *value = json_pack(
        "[{s:i,s:s,s:i,s:s},{s:i,s:s,s:i,s:s,s:s,s:s}]", "version", 2, "author", "jin", "stamp",
        9000, "message", "rollback to 1", "version", 1, "author", "ann", "stamp", 8000, "message",
        "", "outcome", reason_name(REASON_CONFIRMED), "why", "ann confirmed version 1");
    struct err err = {{0}};

    world.question = *question;
    answer(who, question, question->kind == QUESTION_POLICY ? policy : value, &err);
}

void past_fail(struct asking *who, const struct err *err)
{
    (void)who;
    snprintf(world.words, sizeof(world.words), "%s", err->text);
}

void past_end(struct asking *who)
{
    free(who->rest);
}

const json_t *member_records(const struct member *member)
{
    (void)member;
    return world.records;
}

/* Answered at once, as the world has it. */
void current_ask(const struct call *call, current_look *look, current_answer *answer)
{
    world.is_of_disk = false;
    answer(call, look(call), world.why_old);
}

void current_ask_past(const struct call *call, current_look *look, current_answer *answer)
{
    world.is_of_disk = true;
    answer(call, look(call), world.why_old);
}

json_t *current_done(const char *why_old)
{
    return why_old ? json_pack("{s:s}", "reason", why_old) : NULL;
}

json_t *call_done_of(const struct agent *agent)
{
    (void)agent;
    return NULL;
}

static int set_up(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    world.user = "root";
    world.rows = json_array();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(world.sent);
    json_decref(world.waiting);
    json_decref(world.rows);
    json_decref(world.done);
    json_decref(world.records);
    return 0;
}

static void push(const char *author, const char *message)
{
    autojson *request = json_pack("{s:[s],s:s,s:s,s:s}", "args", "home.tenuto", "text", POLICY,
                                  "author", author, "message", message);
    static struct agent agent;

    verb_policy_push(&(struct call){.agent = &agent,
                                    .session = (struct session *)&world,
                                    .request = request,
                                    .args = json_object_get(request, "args")});
}

static void history(const char *word)
{
    autojson *request = json_pack("{s:[s*]}", "args", word);
    static struct agent agent;

    verb_policy_history(&(struct call){.agent = &agent,
                                       .session = (struct session *)&world,
                                       .request = request,
                                       .args = json_object_get(request, "args")});
}

static void a_push_carries_what_is_said_of_it(void **state)
{
    (void)state;
    push("jin", "more memory");
    assert_string_equal(json_text(world.sent, "message", ""), "more memory");
    assert_string_equal(json_text(world.sent, "text", ""), POLICY);
}

static void only_root_speaks_for_somebody_else(void **state)
{
    (void)state;
    push("jin", "");
    assert_string_equal(json_text(world.sent, "author", ""), "jin");
    world.user = "ann";
    push("jin", "");
    assert_string_equal(json_text(world.sent, "author", ""), "ann");
}

static void a_message_is_one_line_and_not_long(void **state)
{
    char words[POLICY_MESSAGE_MAX + 1];

    (void)state;
    memset(words, 'x', sizeof(words));
    words[POLICY_MESSAGE_MAX] = '\0';
    push("jin", words);
    assert_null(world.sent);
    assert_int_equal(world.code, CONTROL_EXIT_USAGE);
    push("jin", "one\ntwo");
    push("jin", "\033[2J");
    assert_null(world.sent);
    assert_non_null(strstr(world.words, "a message is one line"));
    words[POLICY_MESSAGE_MAX - 1] = '\0';
    push("jin", words);
    assert_non_null(world.sent);
}

static void the_versions_are_told_with_their_messages(void **state)
{
    const json_t *newest;

    (void)state;
    history(NULL);
    assert_int_equal(world.question.kind, QUESTION_POLICIES);
    assert_int_equal(world.question.limit, POLICIES_LISTED_MAX);
    assert_int_equal(json_array_size(world.rows), 2);
    newest = json_array_get(world.rows, 0);
    assert_int_equal(json_int(newest, "version", 0), 2);
    assert_int_equal(json_int(newest, "at", 0), 9000);
    assert_string_equal(json_text(newest, "author", ""), "jin");
    assert_string_equal(json_text(newest, "message", ""), "rollback to 1");
    assert_int_equal(world.n_done, 1);
}

static void what_became_of_them_is_told(void **state)
{
    const json_t *row;

    (void)state;
    world.waiting = json_pack("{s:i}", "version", 2);
    history(NULL);
    assert_string_equal(json_text(json_array_get(world.rows, 0), "outcome", ""),
                        "not yet confirmed");
    row = json_array_get(world.rows, 1);
    assert_string_equal(json_text(row, "outcome", ""), "confirmed");
    assert_string_equal(json_text(row, "why", ""), "ann confirmed version 1");
}

static void so_many_of_them_as_was_asked_for(void **state)
{
    (void)state;
    history("5");
    assert_int_equal(world.question.limit, 5);
    history("99999999999999999999");
    assert_int_equal(world.question.limit, POLICIES_LISTED_MAX);
    assert_int_equal(world.code, 0);
    history("0");
    assert_int_equal(world.code, CONTROL_EXIT_USAGE);
    history("5x");
    assert_non_null(strstr(world.words, "\"5x\" is no number"));
    assert_int_equal(world.n_done, 2);
}

/* Version 7 is in force, as the members have agreed; what this disk has is another matter. */
static void show(const char *word)
{
    autojson *request = json_pack("{s:[s*]}", "args", word);
    static struct agent agent;

    agent.member = (struct member *)&world;
    agent.branches = world.branches;
    world.records = json_pack("{s:s}", "policy",
                              "{\"version\":7,\"author\":\"jin\",\"stamp\":9,\"text\":\"new\"}");
    verb_policy_show(&(struct call){.agent = &agent,
                                    .session = (struct session *)&world,
                                    .request = request,
                                    .args = json_object_get(request, "args")});
}

static void what_is_shown_is_what_is_agreed_on_and_not_what_is_on_disk(void **state)
{
    (void)state;
    show(NULL);
    assert_false(world.is_of_disk);
    assert_string_equal(json_text(json_array_get(world.rows, 0), "text", ""), "new");
    assert_true(json_flag(json_array_get(world.rows, 0), "current", false));
    assert_null(world.done);
    assert_int_equal(world.n_done, 1);
}

static void an_earlier_version_is_read_from_the_disk_once_that_has_all(void **state)
{
    (void)state;
    show("6");
    assert_true(world.is_of_disk);
    assert_int_equal(world.question.version, 6);
    assert_string_equal(json_text(json_array_get(world.rows, 0), "text", ""), "old");
}

static void a_version_of_a_branch_is_shown_by_its_name_and_another_is_refused(void **state)
{
    (void)state;
    world.branches = json_pack("[{s:[{s:i,s:s}]}]", "policies", "version", 7, "text", "set aside");
    show("7@branch");
    assert_string_equal(json_text(json_array_get(world.rows, 0), "text", ""), "set aside");
    assert_true(json_flag(json_array_get(world.rows, 0), "branch", false));
    assert_int_equal(world.n_done, 1);
    json_decref(world.records);
    show("6@branch");
    assert_non_null(strstr(world.words, "no branch on this node has version 6"));
    assert_int_equal(world.code, CONTROL_EXIT_FAILED);
    json_decref(world.records);
    show("7@brand");
    assert_int_equal(world.code, CONTROL_EXIT_USAGE);
    json_decref(world.branches);
    world.branches = NULL;
}

static void a_version_that_is_not_in_force_yet_is_unknown_whatever_the_disk_has(void **state)
{
    (void)state;
    show("8");
    assert_int_equal(json_array_size(world.rows), 0);
    assert_non_null(strstr(world.words, "knows no version 8"));
}

static void what_may_be_old_is_shown_and_said_to_be(void **state)
{
    (void)state;
    world.why_old = "nobody else is here";
    show(NULL);
    assert_false(json_flag(json_array_get(world.rows, 0), "current", true));
    assert_string_equal(json_text(world.done, "reason", ""), "nobody else is here");
    history(NULL);
    assert_int_equal(world.n_done, 2);
    assert_string_equal(json_text(world.done, "reason", ""), "nobody else is here");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_push_carries_what_is_said_of_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_root_speaks_for_somebody_else, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_message_is_one_line_and_not_long, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_versions_are_told_with_their_messages, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_became_of_them_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(so_many_of_them_as_was_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_shown_is_what_is_agreed_on_and_not_what_is_on_disk,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_version_of_a_branch_is_shown_by_its_name_and_another_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_earlier_version_is_read_from_the_disk_once_that_has_all,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_version_that_is_not_in_force_yet_is_unknown_whatever_the_disk_has, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_may_be_old_is_shown_and_said_to_be, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
