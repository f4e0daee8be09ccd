/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is written is read back the same; what cannot be read says why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ha/base/json.h"
#include "ha/base/text.h"
#include "ha/model/codec.h"

static const struct service_policy services[] = {{.name = "ip:web"}, {.name = "ocf:web"}};
static const struct rule rules[] = {{.name = "", .line = 9}, {.name = "web-stack", .line = 12}};
static struct policy policy;

static int set_up(void **state)
{
    (void)state;
    text_copy(policy.nodes[0].name, NODE_NAME_MAX, "alpha");
    text_copy(policy.nodes[1].name, NODE_NAME_MAX, "beta");
    policy.n_nodes = 2;
    policy.services = services;
    policy.n_services = 2;
    policy.rules = rules;
    policy.n_rules = 2;
    return 0;
}

static void assert_text(json_t *value, const char *wanted)
{
    char *text = json_write(value);

    assert_string_equal(text, wanted);
    free(text);
    json_decref(value);
}

static json_t *read(const char *text)
{
    struct err err;
    json_t *value = json_read(text, strlen(text), &err);

    assert_non_null(value);
    return value;
}

static void assert_same_reason(const struct reason *a, const struct reason *b)
{
    assert_int_equal(a->code, b->code);
    assert_int_equal(a->node, b->node);
    assert_int_equal(a->other, b->other);
    assert_int_equal(a->with, b->with);
    assert_int_equal(a->rule, b->rule);
    assert_int_equal(a->number, b->number);
    assert_string_equal(a->words, b->words);
}

static struct reason full_reason(void)
{
    struct reason why = reason_of(REASON_WITH_PARTNER);

    why.node = 1;
    why.other = 0;
    why.with = 0;
    why.rule = 1;
    why.number = -7;
    text_copy(why.words, sizeof(why.words), "no such device");
    return why;
}

static void a_reason_comes_back_with_all_it_says(void **state)
{
    struct reason why = full_reason(), back;
    json_t *value = codec_reason(&why, &policy);

    (void)state;
    assert_true(codec_read_reason(value, &policy, &back));
    assert_same_reason(&why, &back);
    assert_text(value, "{\"code\":\"WITH_PARTNER\",\"line\":12,\"node\":\"beta\",\"number\":-7,"
                       "\"other\":\"alpha\",\"rule\":\"web-stack\","
                       "\"text\":\"rule web-stack keeps it together with ip:web, which is on "
                       "beta\",\"with\":\"ip:web\",\"words\":\"no such device\"}");
}

static void a_rule_without_a_name_is_known_by_its_line(void **state)
{
    struct reason why = reason_of(REASON_BEST_TIER), back;
    json_t *value;

    (void)state;
    why.rule = 0;
    value = codec_reason(&why, &policy);
    assert_true(codec_read_reason(value, &policy, &back));
    assert_int_equal(back.rule, 0);
    json_decref(value);
}

static void the_reason_of_a_newer_version_is_passed_on_as_text(void **state)
{
    json_t *value = read("{\"code\":\"MOON_IS_FULL\",\"text\":\"the moon is full\"}");
    char text[REASON_TEXT_MAX];
    struct reason why;

    (void)state;
    assert_true(codec_read_reason(value, &policy, &why));
    assert_int_equal(why.code, REASON_FOREIGN);
    reason_text(&why, &policy, text, sizeof(text));
    assert_string_equal(text, "the moon is full");
    json_decref(value);
    value = read("{}");
    assert_false(codec_read_reason(value, &policy, &why));
    json_decref(value);
}

static void words_that_are_not_utf8_are_still_words(void **state)
{
    struct reason why = reason_of(REASON_FOREIGN);
    json_t *value;

    (void)state;
    text_copy(why.words, sizeof(why.words), "dev\xffice");
    value = codec_reason(&why, &policy);
    assert_string_equal(json_text(value, "words", ""), "dev?ice");
    json_decref(value);
}

static void a_node_comes_back(void **state)
{
    struct node node = {
        .state = NODE_MAINTENANCE,
        .boot_id = "b-1",
        .wants_maintenance = true,
        .since = {123},
        .relieved_at = {456},
        .falls = {{789}, {567}},
        .is_quarantined = true,
        .why = full_reason(),
    };
    struct node back;
    struct err err;
    json_t *value = codec_node(&node, &policy);

    (void)state;
    assert_true(codec_read_node(value, &policy, &back, &err));
    assert_int_equal(back.state, node.state);
    assert_string_equal(back.boot_id, node.boot_id);
    assert_true(back.wants_maintenance);
    assert_int_equal(back.since.ms, 123);
    assert_int_equal(back.relieved_at.ms, 456);
    assert_memory_equal(back.falls, node.falls, sizeof(back.falls));
    assert_true(back.is_quarantined);
    assert_same_reason(&back.why, &node.why);
    json_decref(value);
}

static void a_service_comes_back(void **state)
{
    struct service service = {
        .state = SERVICE_RELOCATE,
        .node = 1,
        .target = 0,
        .fallback = 1,
        .is_running = true,
        .tried = 3,
        .n_failed = 2,
        .stays_put = true,
        .is_held = true,
        .cause = 9007199254740993,
        .since = {456},
        .why = full_reason(),
    };
    struct service back;
    struct err err;
    json_t *value = codec_service(&service, &policy);

    (void)state;
    assert_true(codec_read_service(value, &policy, &back, &err));
    assert_int_equal(back.state, service.state);
    assert_int_equal(back.node, 1);
    assert_int_equal(back.target, 0);
    assert_int_equal(back.fallback, 1);
    assert_true(back.is_running && back.stays_put && back.is_held);
    assert_int_equal(back.tried, 3);
    assert_int_equal(back.n_failed, 2);
    assert_true(back.cause == service.cause);
    assert_int_equal(back.since.ms, 456);
    assert_same_reason(&back.why, &service.why);
    json_decref(value);
}

static void a_place_to_go_back_to_may_have_left_the_policy(void **state)
{
    struct service back;
    struct err err;
    json_t *value = read("{\"state\":\"stopped\",\"node\":\"beta\",\"fallback\":\"omega\","
                         "\"held\":true}");

    (void)state;
    assert_true(codec_read_service(value, &policy, &back, &err));
    assert_int_equal(back.fallback, NODE_NONE);
    assert_int_equal(back.node, 1);
    assert_true(back.is_held);
    json_decref(value);
}

static void every_state_has_a_name_that_leads_back_to_it(void **state)
{
    (void)state;
    for (int i = 0; i <= SERVICE_STATES; i++) {
        struct service service = {.state = (enum service_state)i, .why = reason_of(REASON_NONE)};
        struct service back;
        json_t *value = codec_service(&service, &policy);

        assert_true(codec_read_service(value, &policy, &back, NULL));
        assert_int_equal(back.state, i);
        json_decref(value);
    }
    for (int i = 0; i < NODE_STATES; i++)
        assert_int_equal(node_state_of_name(node_state_name((enum node_state)i)), i);
}

static void what_is_at_its_default_is_left_out(void **state)
{
    struct service service = {
        .state = SERVICE_STOPPED,
        .node = NODE_NONE,
        .target = NODE_NONE,
        .fallback = NODE_NONE,
        .why = reason_of(REASON_NONE),
    };

    (void)state;
    assert_text(codec_service(&service, &policy), "{\"state\":\"stopped\"}");
}

static void what_cannot_be_read_says_why(void **state)
{
    static const struct {
        const char *text;
        const char *words;
    } rows[] = {
        {"{}", "\"state\" is missing or not text"},
        {"{\"state\":\"asleep\"}", "\"asleep\" is no state of a service that this version knows"},
        {"{\"state\":\"started\",\"node\":\"omega\"}",
         "\"node\" is omega, and the policy has no such node"},
        {"{\"state\":\"started\",\"why\":{}}", "\"why\" is not a reason"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct service service;
        struct err err = {{0}};
        json_t *value = read(rows[i].text);

        assert_false(codec_read_service(value, &policy, &service, &err));
        assert_string_equal(err.text, rows[i].words);
        json_decref(value);
    }
}

static void a_node_that_cannot_be_read_says_why(void **state)
{
    static const char *const rows[] = {
        "{}",
        "{\"state\":\"asleep\"}",
        "{\"state\":\"online\",\"why\":{}}",
        "{\"state\":\"online\",\"boot\":\"0123456789012345678901234567890123456789\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct node node;
        struct err err = {{0}};
        json_t *value = read(rows[i]);

        assert_false(codec_read_node(value, &policy, &node, &err));
        assert_true(err.text[0]);
        json_decref(value);
    }
}

static void unknown_members_are_passed_over(void **state)
{
    json_t *value = read("{\"state\":\"online\",\"mood\":\"fine\"}");
    struct node node;

    (void)state;
    assert_true(codec_read_node(value, &policy, &node, NULL));
    json_decref(value);
}

static void what_is_decided_of_the_cluster_comes_back(void **state)
{
    static struct ha_state before, after;
    struct err err;
    json_t *value;

    (void)state;
    before.arming = (struct arming){.state = RELEASING, .ignores = true};
    before.imbalanced_since.ms = 4711;
    value = codec_cluster(&before);
    assert_true(codec_read_cluster(value, &after, &err));
    assert_int_equal(after.arming.state, RELEASING);
    assert_true(after.arming.ignores);
    assert_int_equal(after.imbalanced_since.ms, 4711);
    assert_text(value, "{\"arming\":\"releasing\",\"ignores\":true,\"imbalanced\":4711}");
    before.arming = (struct arming){.state = ARMED};
    before.imbalanced_since = INSTANT_UNKNOWN;
    assert_text(codec_cluster(&before), "{}");
    value = read("{\"arming\":\"half\"}");
    assert_false(codec_read_cluster(value, &after, &err));
    json_decref(value);
}

static void a_node_that_leaves_comes_back(void **state)
{
    struct node before = {.state = NODE_ONLINE, .leaving = LEAVING_REBOOT, .is_released = true};
    struct node after;
    struct err err;
    json_t *value;

    (void)state;
    before.why = reason_of(REASON_NONE);
    value = codec_node(&before, &policy);
    assert_true(codec_read_node(value, &policy, &after, &err));
    assert_int_equal(after.leaving, LEAVING_REBOOT);
    assert_true(after.is_released);
    assert_text(value, "{\"leaving\":\"reboot\",\"released\":true,\"state\":\"online\"}");
    value = read("{\"state\":\"online\",\"leaving\":\"in a huff\"}");
    assert_false(codec_read_node(value, &policy, &after, &err));
    json_decref(value);
}

static void a_change_names_what_it_is_about(void **state)
{
    struct change change = {
        .service = 1,
        .node = 1,
        .from = SERVICE_STARTED,
        .to = SERVICE_FENCE,
        .why = reason_of(REASON_NONE),
    };

    (void)state;
    assert_text(
        codec_change(&change, &policy),
        "{\"from\":\"started\",\"node\":\"beta\",\"service\":\"ocf:web\",\"to\":\"fence\"}");
    change.service = SERVICE_NONE;
    change.from = NODE_ONLINE;
    change.to = NODE_UNKNOWN;
    assert_text(codec_change(&change, &policy),
                "{\"from\":\"online\",\"node\":\"beta\",\"to\":\"unknown\"}");
}

static void an_answer_names_its_command(void **state)
{
    struct answer answer = {.command = 7, .is_accepted = true, .why = reason_of(REASON_NONE)};

    (void)state;
    assert_text(codec_answer(&answer, &policy), "{\"accepted\":true,\"command\":7}");
}

static void commands_come_back(void **state)
{
    (void)state;
    for (int kind = COMMAND_MIGRATE; kind <= COMMAND_CONFIRM; kind++) {
        struct command command = {
            .id = 5, .kind = (enum command_kind)kind, .service = 1, .node = 0};
        struct command back;
        json_t *value = codec_command(&command, &policy);

        assert_true(codec_read_command(value, &policy, &back, NULL));
        assert_int_equal(back.id, 5);
        assert_int_equal(back.kind, kind);
        assert_int_equal(back.service, 1);
        assert_int_equal(back.node, 0);
        json_decref(value);
    }
}

static void a_command_that_cannot_be_read_says_why(void **state)
{
    static const char *const rows[] = {
        "{\"kind\":\"clear\"}",
        "{\"id\":1}",
        "{\"id\":1,\"kind\":\"dance\"}",
        "{\"id\":1,\"kind\":\"clear\",\"service\":\"vm:none\"}",
        "{\"id\":1,\"kind\":\"clear\",\"node\":\"omega\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct command command;
        struct err err = {{0}};
        json_t *value = read(rows[i]);

        assert_false(codec_read_command(value, &policy, &command, &err));
        assert_true(err.text[0]);
        json_decref(value);
    }
}

static void report_rows_come_back(void **state)
{
    struct report_row row = {
        .service = 1,
        .is_running = true,
        .cause = 17,
        .result = JOB_HARD,
        .exit_code = 5,
        .pause = {8000},
        .words = "not installed",
    };
    struct report_row back;
    struct err err;
    json_t *value = codec_report_row(&row, &policy);

    (void)state;
    assert_true(codec_read_report_row(value, &policy, &back, NULL));
    assert_memory_equal(&row.words, &back.words, sizeof("not installed"));
    assert_int_equal(back.service, 1);
    assert_true(back.is_running);
    assert_int_equal(back.cause, 17);
    assert_int_equal(back.result, JOB_HARD);
    assert_int_equal(back.exit_code, 5);
    assert_int_equal(back.pause.ms, 8000);
    json_decref(value);
    value = read("{\"running\":true}");
    assert_false(codec_read_report_row(value, &policy, &back, &err));
    json_decref(value);
    value = read("{\"service\":\"ip:web\",\"result\":\"splendid\"}");
    assert_false(codec_read_report_row(value, &policy, &back, &err));
    assert_string_equal(err.text, "\"splendid\" is no result that this version knows");
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reason_comes_back_with_all_it_says),
        cmocka_unit_test(a_rule_without_a_name_is_known_by_its_line),
        cmocka_unit_test(the_reason_of_a_newer_version_is_passed_on_as_text),
        cmocka_unit_test(words_that_are_not_utf8_are_still_words),
        cmocka_unit_test(a_node_comes_back),
        cmocka_unit_test(a_service_comes_back),
        cmocka_unit_test(a_place_to_go_back_to_may_have_left_the_policy),
        cmocka_unit_test(every_state_has_a_name_that_leads_back_to_it),
        cmocka_unit_test(what_is_at_its_default_is_left_out),
        cmocka_unit_test(what_cannot_be_read_says_why),
        cmocka_unit_test(a_node_that_cannot_be_read_says_why),
        cmocka_unit_test(unknown_members_are_passed_over),
        cmocka_unit_test(what_is_decided_of_the_cluster_comes_back),
        cmocka_unit_test(a_node_that_leaves_comes_back),
        cmocka_unit_test(a_change_names_what_it_is_about),
        cmocka_unit_test(an_answer_names_its_command),
        cmocka_unit_test(commands_come_back),
        cmocka_unit_test(a_command_that_cannot_be_read_says_why),
        cmocka_unit_test(report_rows_come_back),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
