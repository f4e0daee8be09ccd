/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who asked for what is a row on every node, however it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/agentd/audit/world.h"

static void a_request_and_its_answer_are_a_row_on_every_node(void **state)
{
    int64_t number, id;
    char *text;

    (void)state;
    number = ask_at(1, "ocf:web");
    id = send_on(1, number);
    settle();
    decide(id, true, "it is being done");
    answer(1, number, 0, "it is being done");
    settle();
    same_everywhere(1);
    for (int i = 0; i < AGENTS; i++) {
        autojson *row = row_of(i, "ocf:web");

        assert_string_equal(outcome(row), "accepted: it is being done");
        assert_string_equal(json_text(row, "node", ""), "beta");
        assert_string_equal(json_text(row, "by", ""), "jin");
        assert_string_equal(json_text(row, "user", ""), "root");
        assert_int_equal(json_int(row, "login", 0), 1000);
        assert_int_equal(json_int(row, "pid", 0), 77);
        assert_string_equal(json_text(json_object_get(row, "options"), "because", ""), "new fan");
        text = json_write(row);
        assert_null(strstr(text, "secret"));
        free(text);
        /* Those who follow, and screens, hear of it once. */
        assert_int_equal(json_array_size(world.followed[i]), 1);
        assert_int_equal(json_array_size(world.agents[i].recent), 1);
    }
}

/* As a push is, which its node checks first. */
static void what_is_sent_later_than_it_was_asked_is_one_row(void **state)
{
    int64_t number, id;

    (void)state;
    number = ask_at(1, "ocf:web");
    audit_begun(&world.agents[1], &world.session, number);
    settle();
    id = send_on(1, number);
    settle();
    decide(id, true, "it is being done");
    answer(1, number, 0, "it is being done");
    settle();
    same_everywhere(1);
    for (int i = 0; i < AGENTS; i++) {
        autojson *row = row_of(i, "ocf:web");

        assert_string_equal(outcome(row), "accepted: it is being done");
    }
}

static void what_is_refused_on_its_way_is_told_to_all(void **state)
{
    int64_t number;

    (void)state;
    number = ask_at(2, "ocf:nosuch");
    answer(2, number, CONTROL_EXIT_FAILED, "no service is called \"ocf:nosuch\"");
    settle();
    same_everywhere(1);
    for (int i = 0; i < AGENTS; i++) {
        autojson *row = row_of(i, "ocf:nosuch");

        assert_string_equal(outcome(row), "refused: no service is called \"ocf:nosuch\"");
        assert_int_equal(json_array_size(world.followed[i]), 1);
    }
}

static void who_dies_while_it_is_decided_leaves_its_row_to_the_others(void **state)
{
    int64_t number, id;

    (void)state;
    number = ask_at(1, "ocf:web");
    id = send_on(1, number);
    settle();
    end_agent(1);
    decide(id, false, "it is stopped already");
    begin_agent(1);
    change();
    same_everywhere(1);
    for (int i = 0; i < AGENTS; i++) {
        autojson *row = row_of(i, "ocf:web");

        assert_string_equal(outcome(row), "refused: it is stopped already");
    }
}

static void the_clusters_word_goes_before_that_of_the_node_asked(void **state)
{
    int64_t number, id;

    (void)state;
    /* The answer comes when its node has given up already. */
    number = ask_at(1, "ocf:web");
    id = send_on(1, number);
    settle();
    answer(1, number, CONTROL_EXIT_FAILED, "the cluster did not answer in time");
    settle();
    decide(id, true, "it is being done");
    settle();
    same_everywhere(1);
    for (int i = 0; i < AGENTS; i++) {
        autojson *row = row_of(i, "ocf:web");

        assert_string_equal(outcome(row), "accepted: it is being done");
    }
}

static void refusals_without_end_are_counted_and_cannot_push_out_the_others(void **state)
{
    autojson *rows = NULL;
    json_t *row;
    int64_t n_told_of = 0;
    size_t i;

    (void)state;
    world.session.peer = (struct peer){.uid = 1000, .user = "uid 1000", .pid = 5, .login = -1};
    for (int n = 0; n < 5000; n++)
        answer(0, ask_at(0, "ocf:web"), CONTROL_EXIT_NO_PERMISSION, "may look only");
    world.now += REQUEST_EVERY_MS;
    answer(0, ask_at(0, "ocf:web"), CONTROL_EXIT_NO_PERMISSION, "may look only");
    settle();
    rows = rows_of(0);
    assert_in_range(json_array_size(rows), REQUESTS_IN_A_ROW, 2 * REQUESTS_IN_A_ROW);
    json_array_foreach(rows, i, row)
    {
        n_told_of += 1 + json_int(row, "unkept", 0);
        assert_true(json_flag(row, "minor", false));
        /* He cannot ask in the name of somebody else. */
        assert_string_equal(json_text(row, "by", ""), "uid 1000");
    }
    assert_int_equal(n_told_of, 5001);
}

/* "dry" is a word of few verbs: what is done all the same leaves its row. */
static void only_what_is_just_tried_leaves_no_row(void **state)
{
    autojson *request = json_pack("{s:i,s:[s],s:b}", "id", 7, "args", "beta", "dry", 1);
    static const char *const tried[] = {"cluster admit", "witness admit", "witness dismiss"};
    static const char *const done[] = {"ha stop", "cluster remove", "cluster withdraw",
                                       "policy push"};
    autojson *rows = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(tried) / sizeof(tried[0]); i++) {
        audit_begin(&world.agents[0], &world.session, request, tried[i]);
        answer(0, 7, CONTROL_EXIT_OK, "it could be done");
    }
    for (size_t i = 0; i < sizeof(done) / sizeof(done[0]); i++) {
        audit_begin(&world.agents[0], &world.session, request, done[i]);
        answer(0, 7, CONTROL_EXIT_OK, "it is done");
    }
    settle();
    same_everywhere(sizeof(done) / sizeof(done[0]));
    rows = rows_of(1);
    assert_int_equal(json_array_size(rows), sizeof(done) / sizeof(done[0]));
}

static void what_is_no_row_is_not_taken(void **state)
{
    static const char no_end[] = "{\"kind\":\"asked\",\"rows\":[{\"id\":4,\"at\":5,\"verb\":\"x\","
                                 "\"node\":\"alpha\",\"end\":[]}]}";
    static const char *const messages[] = {
        "{\"kind\":\"asked\"}",
        "{\"kind\":\"asked\",\"rows\":1}",
        "{\"kind\":\"asked\",\"rows\":[1,{},{\"id\":0,\"at\":1},{\"id\":\"x\",\"at\":2}]}",
        "{\"kind\":\"asked\",\"rows\":[{\"id\":4,\"at\":5,\"verb\":7,\"node\":\"alpha\"}]}",
        no_end,
        "{\"kind\":\"asked\",\"marks\":[1,[2],[\"a\",3,4]],\"since\":\"x\"}",
        "{\"kind\":\"asked\",\"wish\":{\"a\":1}}",
        "{\"kind\":\"command\",\"asked\":[]}",
        "{\"kind\":\"command\",\"asked\":{\"id\":-4}}",
        "{\"kind\":\"refused\",\"id\":\"what\"}",
    };
    autojson *long_one = json_pack("{s:s,s:[{s:i,s:i,s:s,s:s}]}", "kind", "asked", "rows", "id", 9,
                                   "at", 9, "verb", "x", "node", "alpha");
    char words[REQUEST_BYTES_MAX + 1];

    (void)state;
    memset(words, 'x', sizeof(words) - 1);
    words[sizeof(words) - 1] = '\0';
    json_object_set_new(json_array_get(json_object_get(long_one, "rows"), 0), "by",
                        json_string(words));
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        autojson *message = json_read(messages[i], strlen(messages[i]), NULL);

        assert_non_null(message);
        for (node_id from = 0; from < AGENTS; from++)
            audit_message(&world.agents[1], from, message);
        settle();
    }
    audit_message(&world.agents[1], 0, long_one);
    settle();
    {
        autojson *rows = rows_of(1);

        assert_int_equal(json_array_size(rows), 0);
    }
}

#define AUDIT_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AUDIT_TEST(a_request_and_its_answer_are_a_row_on_every_node),
        AUDIT_TEST(what_is_sent_later_than_it_was_asked_is_one_row),
        AUDIT_TEST(what_is_refused_on_its_way_is_told_to_all),
        AUDIT_TEST(who_dies_while_it_is_decided_leaves_its_row_to_the_others),
        AUDIT_TEST(the_clusters_word_goes_before_that_of_the_node_asked),
        AUDIT_TEST(refusals_without_end_are_counted_and_cannot_push_out_the_others),
        AUDIT_TEST(only_what_is_just_tried_leaves_no_row),
        AUDIT_TEST(what_is_no_row_is_not_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
