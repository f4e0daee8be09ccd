/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Level 5 in words: the sentence that a check ends with, and the warnings before it. */
#include "tests/unit/dsl/dsl_test.h"

#include <string.h>

#include "dsl/policy_text.h"

#define THREE                                                                                      \
    "cluster home { network lan }\n"                                                               \
    "node alpha { address 10.77.0.1; cpus 4; memory 8G }\n"                                        \
    "node beta { address 10.77.0.2; cpus 4; memory 8G }\n"                                         \
    "node gamma { address 10.77.0.3; cpus 4; memory 4G }\n"                                        \
    "fencing { watchdog 10s }\n"

static struct arena *arena;
static struct diagnostics *found;

/* The sentence; what is said of types that no agent runs is not looked at. */
static const char *survival_of(const char *text)
{
    const char *survival;

    found = arena_alloc(arena, sizeof(*found));
    policy_check(arena, "test.tenuto", text, strlen(text), found, &survival);
    return survival;
}

static bool has(enum diagnostic_code code, const char *words)
{
    for (int i = 0; i < found->n_list; i++) {
        if (found->list[i].code == code && strcmp(found->list[i].words, words) == 0)
            return true;
    }
    return false;
}

static int setup(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void a_free_service_survives_any_node(void **state)
{
    (void)state;
    assert_string_equal(survival_of(THREE "service fa:a\n"), "survives the loss of any 1 node");
    assert_false(has(DIAGNOSTIC_LEFT_BEHIND, ""));
}

static void what_is_left_behind_is_named_with_its_rule(void **state)
{
    (void)state;
    assert_string_equal(survival_of(THREE "service fa:a[1..3]\nrule r: keep fa:a* apart\n"),
                        "does not survive the loss of alpha: fa:a1 has no place");
    assert_true(has(DIAGNOSTIC_LEFT_BEHIND, "the loss of alpha leaves fa:a1 without a place: rule r"
                                            " keeps it apart from fa:a2, and no other node is"
                                            " left"));
}

static const char *hint_of(enum diagnostic_code code)
{
    for (int i = 0; i < found->n_list; i++) {
        if (found->list[i].code == code)
            return found->list[i].hint;
    }
    return "not said";
}

static void a_place_that_is_lost_by_priority_is_won_by_priority(void **state)
{
    (void)state;
    assert_string_equal(survival_of(THREE
                                    "service fa:a { priority 1 }\nservice fa:b { keep on alpha }\n"
                                    "rule r: keep fa:* apart\n"),
                        "does not work even with every node up: fa:b has no place");
    assert_string_equal(hint_of(DIAGNOSTIC_NO_PLACE),
                        "there is a place for each: with the priority of those that are in its way "
                        "it gets one");
    assert_string_equal(survival_of(THREE "service fa:a\nservice fa:b { keep on alpha }\n"
                                          "rule r: keep fa:* apart\n"),
                        "survives the loss of any 1 node; 1 service bound to one node goes down "
                        "with it");
}

static void a_node_that_must_carry_too_much_is_named(void **state)
{
    (void)state;
    assert_string_equal(survival_of(THREE "defaults { memory 3G }\nservice fa:a[1..5]\n"),
                        "does not survive the loss of alpha: beta is overloaded");
    assert_true(has(DIAGNOSTIC_OVERLOADED,
                    "without alpha beta would have to carry 9G of memory and has 8G of memory"));
}

static void what_is_bound_to_one_node_is_said_apart(void **state)
{
    (void)state;
    assert_string_equal(survival_of(THREE "service fa:a, fa:b\nrule r: keep fa:a on beta\n"),
                        "survives the loss of any 1 node; 1 service bound to one node goes down "
                        "with it");
    assert_false(has(DIAGNOSTIC_LEFT_BEHIND, ""));
}

static void two_nodes_survive_nothing(void **state)
{
    (void)state;
    assert_string_equal(survival_of("cluster two\nnode a\nnode b\nservice fa:x\n"),
                        "does not survive the loss of a: the rest has no quorum");
}

/* Four nodes and the deciding vote; two nodes and one; three of which the last one stands. */
static void a_witness_counts(void **state)
{
    (void)state;
    assert_string_equal(survival_of("cluster a\nnode a\nnode b\nservice fa:x\n"
                                    "quorum { witness 10.0.0.9 }\n"),
                        "survives the loss of any 1 node");
    assert_string_equal(survival_of("cluster a\nnode a\nnode b\nnode c\nnode d\nservice fa:x\n"
                                    "quorum { witness 10.0.0.9 ffsplit }\n"),
                        "survives the loss of any 2 nodes");
    assert_string_equal(survival_of("cluster a\nnode a\nnode b\nnode c\nservice fa:x\n"
                                    "quorum { witness 10.0.0.9 lms }\n"),
                        "survives the loss of any 2 nodes");
}

static void as_many_may_fail_as_leave_a_majority(void **state)
{
    (void)state;
    assert_string_equal(survival_of("cluster five\nnode a\nnode b\nnode c\nnode d\nnode e\n"
                                    "service fa:x[1..9]\n"),
                        "survives the loss of any 2 nodes");
    assert_string_equal(survival_of("cluster five\nnode a\nnode b\nnode c\nnode d\nnode e\n"
                                    "node f\nnode g\nservice fa:x[1..9]\n"),
                        "survives the loss of any 3 nodes");
    assert_string_equal(survival_of("cluster five\nnode a { votes 3 }\nnode b\nnode c\n"
                                    "service fa:x\n"),
                        "does not survive the loss of a: the rest has no quorum");
}

static void a_failure_of_two_at_once_is_worth_a_sentence_only(void **state)
{
    (void)state;
    assert_string_equal(
        survival_of("cluster five\nnode a\nnode b\nnode c\nnode d\nnode e\nservice fa:x, fa:y\n"
                    "rule r: keep fa:x on b, d\n"),
        "survives the loss of any 1 node, but not of b and d: fa:x has no place");
    assert_false(has(DIAGNOSTIC_LEFT_BEHIND, ""));
}

static void a_policy_with_errors_is_not_tried(void **state)
{
    (void)state;
    assert_null(survival_of(THREE "service fa:a { restart x }\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_free_service_survives_any_node, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_left_behind_is_named_with_its_rule, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_place_that_is_lost_by_priority_is_won_by_priority, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_node_that_must_carry_too_much_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_bound_to_one_node_is_said_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(two_nodes_survive_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_witness_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(as_many_may_fail_as_leave_a_majority, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failure_of_two_at_once_is_worth_a_sentence_only, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_policy_with_errors_is_not_tried, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
