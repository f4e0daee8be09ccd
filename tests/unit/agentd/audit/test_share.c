/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whoever was away comes to have the same requests as the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/agentd/audit/world.h"

static void what_was_asked_where_nobody_could_hear_it_comes_out_later(void **state)
{
    int64_t number;

    (void)state;
    leave(2);
    number = ask_at(2, "ocf:web");
    answer(2, number, CONTROL_EXIT_NO_QUORUM, "this node is not part of a quorate cluster");
    settle();
    {
        autojson *rows = rows_of(0), *row = row_of(2, "ocf:web");

        assert_int_equal(json_array_size(rows), 0);
        assert_string_equal(outcome(row), "refused: this node is not part of a quorate cluster");
        assert_int_equal(json_array_size(world.followed[2]), 1);
    }
    come_back(2);
    change();
    same_everywhere(1);
    assert_int_equal(json_array_size(world.agents[0].recent), 1);
    /* It is no news. */
    assert_int_equal(json_array_size(world.followed[0]), 0);
}

static void a_node_that_was_away_gets_what_it_missed_and_gives_what_it_has(void **state)
{
    int n_before;

    (void)state;
    for (int i = 0; i < 7; i++)
        answer(0, ask_at(0, "ocf:common"), CONTROL_EXIT_FAILED, "no");
    settle();
    leave(2);
    for (int i = 0; i < 3 * REQUESTS_TOLD_MAX; i++) {
        /* Over four days, so that it is many hours that differ. */
        world.now += i % 2 ? REQUESTS_SPAN_MS : 0;
        answer(i % 2, ask_at(i % 2, "ocf:majority"), CONTROL_EXIT_FAILED, "no");
    }
    for (int i = 0; i < 20; i++)
        answer(2, ask_at(2, "ocf:alone"), CONTROL_EXIT_NO_QUORUM, "no quorum");
    settle();
    come_back(2);
    change();
    same_everywhere(7 + 3 * REQUESTS_TOLD_MAX + 20);
    /* With nothing to make good only the marks are told. */
    n_before = world.n_delivered;
    change();
    for (int i = 0; i < PATIENCE && world.n_delivered == n_before; i++)
        settle();
    settle();
    assert_int_equal(world.n_delivered, n_before + 1);
}

static void an_empty_store_is_filled_and_what_is_old_is_told_in_one_go(void **state)
{
    autojson *rows = json_array();

    (void)state;
    for (int i = 0; i < REQUESTS_SPANS_MAX + 200; i++)
        json_array_append_new(
            rows, json_pack("{s:i,s:I,s:s,s:s}", "id", i + 1, "at",
                            (json_int_t)(1600000000000 + (json_int_t)i * REQUESTS_SPAN_MS), "verb",
                            "ha stop", "node", "alpha"));
    store_take_requests(world.agents[0].store, rows);
    store_take_requests(world.agents[1].store, rows);
    change();
    same_everywhere(REQUESTS_SPANS_MAX + 200);
}

static void a_view_that_ends_in_the_middle_is_made_good_in_the_next(void **state)
{
    (void)state;
    leave(2);
    for (int i = 0; i < 4 * REQUESTS_TOLD_MAX; i++) {
        world.now += REQUEST_EVERY_MS;
        answer(0, ask_at(0, "ocf:web"), CONTROL_EXIT_FAILED, "no");
    }
    settle();
    come_back(2);
    settle_stores();
    for (int i = 0; i < AGENTS; i++)
        audit_changed(&world.agents[i]);
    world.now += REQUESTS_COMPARE_MS;
    for (int i = 0; i < AGENTS; i++)
        audit_turn(&world.agents[i], agent_now());
    /* The marks, the wish, and some of the rows; the rest is lost on its way. */
    for (int i = 0; world.n_delivered < 4 * REQUESTS_TOLD_MAX + 4 && i < 1000; i++) {
        if (!deliver())
            usleep(2000);
        answer_one();
    }
    json_array_clear(world.line);
    change();
    same_everywhere(4 * REQUESTS_TOLD_MAX);
}

#define AUDIT_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AUDIT_TEST(what_was_asked_where_nobody_could_hear_it_comes_out_later),
        AUDIT_TEST(a_node_that_was_away_gets_what_it_missed_and_gives_what_it_has),
        AUDIT_TEST(an_empty_store_is_filled_and_what_is_old_is_told_in_one_go),
        AUDIT_TEST(a_view_that_ends_in_the_middle_is_made_good_in_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
