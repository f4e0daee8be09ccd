/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The difference of two policies: what is told, what is folded, what is no difference. */
#include "tests/unit/dsl/dsl_test.h"

#include <string.h>

#include "dsl/difference.h"

#define A "service ocf:a { agent heartbeat:x }\n"
#define B "service ocf:b { agent heartbeat:x }\n"

static struct arena *arena;
static struct difference difference;

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

/* All lines of the difference; the cluster's nodes are added to both. */
static const char *tell(const char *before, const char *after)
{
    const char *told = "";

    assert_true(difference_find(arena, arena_printf(arena, "%s%s", THREE_NODES, before),
                                arena_printf(arena, "%s%s", THREE_NODES, after), &difference));
    for (int i = 0; i < difference.n_lines; i++)
        told = arena_printf(arena, "%s%s\n", told, difference_words(arena, &difference.lines[i]));
    return told;
}

static void layout_comments_and_order_make_no_difference(void **state)
{
    (void)state;
    assert_string_equal(tell(A B "rule r: try ocf:a, ocf:b apart\n",
                             "# a comment\nrule r: try ocf:b,\n   ocf:a apart # more\n\n" B
                             "service ocf:a {\n  agent   heartbeat:x\n}\n"),
                        "");
    assert_int_equal(difference.n_effects, 0);
}

static void other_words_for_the_same_make_no_difference(void **state)
{
    (void)state;
    assert_string_equal(
        tell("service ocf:a { agent heartbeat:x; memory 4096M; stop timeout 60s; set p \"1\" }\n"
             "service ocf:c[1..2] { agent heartbeat:x }\nscheduling { mode basic }\n"
             "rule r: try ocf:c1, ocf:c2 apart\n",
             "service ocf:a { agent heartbeat:x; memory 4G; restart 1; set p 1 }\n"
             "service ocf:c1 { agent heartbeat:x }\nservice ocf:c2 { agent heartbeat:x }\n"
             "shutdown conditional\nrule r: try ocf:c* apart\n"),
        "");
}

static void a_setting_is_told_with_both_values(void **state)
{
    (void)state;
    assert_string_equal(tell("service ocf:a { agent heartbeat:x; memory 4G; set p 1; cpus 0.5 }\n",
                             "service ocf:a { agent heartbeat:x; memory 8G; set q \"a b\" }\n"),
                        "~ service ocf:a: - cpus 0.500\n"
                        "~ service ocf:a: memory 4G -> 8G\n"
                        "~ service ocf:a: - set p 1\n"
                        "~ service ocf:a: + set q \"a b\"\n");
    assert_int_equal(difference.n_effects, 4);
}

static void of_a_setting_in_two_parts_only_the_changed_one_is_told(void **state)
{
    (void)state;
    assert_string_equal(
        tell("service ocf:a { agent heartbeat:x; monitor every 5s timeout 20s }\n",
             "service ocf:a { agent heartbeat:x; monitor every 5s timeout 30s; restart 4 }\n"),
        "~ service ocf:a: restart 1 -> 4\n"
        "~ service ocf:a: monitor timeout 20s -> timeout 30s\n");
    assert_string_equal(
        tell("service ocf:a { agent heartbeat:x; monitor every 5s timeout 20s; restart 2 }\n",
             "service ocf:a { agent heartbeat:x; monitor every 6s; restart 2 after 9s }\n"),
        "~ service ocf:a: restart after 2s -> after 9s\n"
        "~ service ocf:a: monitor every 5s -> every 6s\n");
}

static void what_an_agent_is_given_is_compared_letter_by_letter(void **state)
{
    (void)state;
    assert_string_equal(
        tell("defaults { set ip 10.77.0.80; set a 1.50; set b 60s }\nfencing { device d { agent "
             "fence_x; fences alpha; set c 1.50; delay 60s } }\n" A,
             "defaults { set ip 10.77.0.8; set a \"1.5\"; set b 1m }\nfencing { device d { agent "
             "fence_x; fences alpha; set c 1.5; delay 1m } }\n" A),
        "~ device d: set c 1.50 -> 1.5\n"
        "~ defaults: set a 1.50 -> 1.5 (alters 1 service)\n"
        "~ defaults: set b 60s -> 1m (alters 1 service)\n"
        "~ defaults: set ip 10.77.0.80 -> 10.77.0.8 (alters 1 service)\n");
}

static void statements_come_and_go_as_a_whole(void **state)
{
    (void)state;
    assert_string_equal(
        tell("rule old: try ocf:a, ocf:b apart\n" A B,
             "rule new: keep ocf:a, ocf:c apart\n" A
             "service ocf:c { agent heartbeat:y; cpus 2 }\nnode delta { address 10.0.0.4 }\n"
             "drill \"d\" { cut alpha; expect ocf:a started }\nfencing { storm 2 per 10m }\n"),
        "+ node delta: address 10.0.0.4\n"
        "- service ocf:b: agent heartbeat:x\n"
        "+ service ocf:c: agent heartbeat:y; cpus 2\n"
        "+ rule new: keep ocf:a, ocf:c apart\n"
        "- rule old: try ocf:a, ocf:b apart\n"
        "+ drill \"d\": cut alpha; expect ocf:a started\n");
}

static void defaults_are_one_line_with_a_count(void **state)
{
    (void)state;
    assert_string_equal(tell("defaults { restart 2; relocate 1 }\n" A B
                             "service ocf:c { agent heartbeat:x; restart 5 }\n",
                             "defaults { restart 3; relocate 1 }\n" A B
                             "service ocf:c { agent heartbeat:x; restart 5 }\n"),
                        "~ defaults: restart 2 -> 3 (alters 2 services)\n");
    assert_string_equal(difference.lines[0].services[1], "ocf:b");
    assert_string_equal(tell(A B, A B "defaults ocf { restart 3 }\n"),
                        "+ defaults ocf: restart 3 (alters 2 services)\n");
    assert_string_equal(tell("defaults ocf { agent heartbeat:y }\n" A,
                             "defaults ocf { agent heartbeat:y; restart 3 }\n" A),
                        "~ defaults ocf: restart 1 -> 3 (alters 1 service)\n");
}

static void what_moves_into_defaults_alters_nothing(void **state)
{
    (void)state;
    assert_string_equal(tell("service ocf:a, ocf:b { agent heartbeat:x; restart 3 }\n",
                             "defaults { restart 3 }\n" A B),
                        "+ defaults: restart 3 (alters nothing)\n");
    assert_int_equal(difference.n_effects, 0);
}

static void a_let_is_one_line_with_a_count(void **state)
{
    static const char rest[] = "service ocf:a { agent heartbeat:x; try on fast }\n" B
                               "service ocf:c { agent heartbeat:x; keep on quick, gamma }\n"
                               "rule r: try ocf:b on fast, then gamma\nlet quick = fast\n";

    (void)state;
    assert_string_equal(tell(arena_printf(arena, "let fast = alpha, beta\n%s", rest),
                             arena_printf(arena, "let fast = beta\n%s", rest)),
                        "~ let fast: alpha, beta -> beta (alters 2 services and 1 rule)\n");
    assert_string_equal(tell("let fast = alpha\n" A, A), "- let fast: alpha (alters nothing)\n");
    assert_string_equal(tell("let fast = alpha\ndrill \"d\" { cut fast; expect quorum yes }\n" A,
                             "let fast = beta\ndrill \"d\" { cut fast; expect quorum yes }\n" A),
                        "~ let fast: alpha -> beta (alters what names it)\n");
    assert_string_equal(tell("let fast = alpha\nservice ocf:a { agent heartbeat:x; try on fast }\n",
                             "service ocf:a { agent heartbeat:x; try on alpha }\n"),
                        "- let fast: alpha (alters nothing)\n");
}

static void where_a_service_runs_is_told_with_its_strength(void **state)
{
    (void)state;
    assert_string_equal(tell("service ocf:a { agent heartbeat:x; keep on alpha, beta }\n" B,
                             "service ocf:a { agent heartbeat:x; try on beta then alpha }\n"
                             "service ocf:b { agent heartbeat:x; keep on alpha, then beta }\n"),
                        "~ service ocf:a: keep on alpha, beta -> try on beta, then alpha\n"
                        "~ service ocf:b: + keep on alpha, then beta\n");
}

static void equal_changes_of_many_services_are_folded(void **state)
{
    (void)state;
    assert_string_equal(tell("service ocf:c[1..3] { agent heartbeat:x }\n" A,
                             "service ocf:c[1..3] { agent heartbeat:x; memory 2G }\n"
                             "service ocf:a { agent heartbeat:x; memory 2G; set p q }\n"),
                        "~ service ocf:a, ocf:c1, ocf:c2, ocf:c3: + memory 2G\n"
                        "~ service ocf:a: + set p q\n");
    assert_string_equal(tell("service ocf:c[1..30] { agent heartbeat:x }\n" A,
                             "service ocf:c[1..30] { agent heartbeat:x; memory 2G }\n" A),
                        "~ service ocf:c[1..30]: + memory 2G\n");
    assert_int_equal(difference.lines[0].n_services, 30);
    assert_string_equal(tell("service ocf:c[1..30] { agent heartbeat:x }\n",
                             "service ocf:c[1..31] { agent heartbeat:x }\n"),
                        "+ service ocf:c31: agent heartbeat:x\n");
}

static void what_follows_from_what_is_gone_is_not_told_again(void **state)
{
    (void)state;
    assert_string_equal(tell(A B "service ocf:c { agent heartbeat:x }\n"
                                 "rule r: try ocf:a, ocf:b, ocf:c apart\n",
                             A B "rule r: try ocf:b, ocf:a apart\n"),
                        "- service ocf:c: agent heartbeat:x\n");
    assert_string_equal(tell("node delta { address 10.0.0.4 }\n"
                             "service ocf:a { agent heartbeat:x; try on delta, beta then alpha }\n",
                             "service ocf:a { agent heartbeat:x; try on beta then alpha }\n"),
                        "- node delta: address 10.0.0.4\n");
}

static void a_pattern_meets_new_services_without_a_word(void **state)
{
    (void)state;
    assert_string_equal(tell(A B "rule r: try ocf:* apart\n",
                             A B "service ocf:c { agent heartbeat:x }\nrule r: try ocf:* apart\n"),
                        "+ service ocf:c: agent heartbeat:x\n");
    assert_string_equal(tell(A B "rule r: try ocf:a, ocf:b apart\n",
                             A B "service ocf:c { agent heartbeat:x }\nrule r: try ocf:* apart\n"),
                        "+ service ocf:c: agent heartbeat:x\n"
                        "~ rule r: try ocf:a, ocf:b apart -> try ocf:* apart\n");
}

static void a_disabled_rule_alters_nothing(void **state)
{
    (void)state;
    assert_string_equal(
        tell(A B "rule r: try ocf:a, ocf:b apart\n", A B "disabled rule r: try ocf:b, ocf:a apart"),
        "~ rule r: in force -> disabled\n");
    assert_int_equal(difference.n_effects, 1);
    assert_string_equal(tell(A B, A B "disabled rule r: try ocf:b, ocf:a apart"),
                        "+ disabled rule r: try ocf:b, ocf:a apart (alters nothing)\n");
    assert_int_equal(difference.n_effects, 0);
}

static void what_follows_from_the_cluster_says_so(void **state)
{
    static const char more[] = "node delta { address 10.0.0.4 }\nnode eta { address 10.0.0.5 }\n";

    (void)state;
    assert_string_equal(tell(A, arena_printf(arena, "%s%s", more, A)),
                        "~ fencing: storm 2 per 10m -> 3 per 10m (follows from the network and the "
                        "number of nodes)\n"
                        "+ node delta: address 10.0.0.4\n"
                        "+ node eta: address 10.0.0.5\n");
    assert_string_equal(tell("fencing { storm 2 per 10m }\n" A, A), "");
    assert_string_equal(tell("fencing { watchdog 10s }\n" A, "fencing { watchdog 20s }\n" A),
                        "~ fencing: watchdog 10s -> 20s\n");
}

static void quorum_devices_secrets_alerts_and_access_are_compared(void **state)
{
    static const char before[] =
        "quorum { wait-for-all yes; two-node no }\n"
        "fencing { device d { agent fence_x; fences alpha, beta; set ip 1; retry 1 } }\n"
        "alert a { run \"/bin/x\" one; on fence, error }\n"
        "service ocf:a { agent heartbeat:x; set p secret s }\n";
    static const char after[] =
        "quorum { wait-for-all no }\nalert a { run \"/bin/x\" one; on error, fence, quorum }\n"
        "fencing {\n device d { agent fence_x; fences beta, alpha; set ip secret t; level 2 }\n"
        "    device e { agent fence_x; fences gamma }\n}\n"
        "service ocf:a { agent heartbeat:x; set p secret t }\n";

    (void)state;
    assert_string_equal(tell(before, before), "");
    assert_string_equal(tell(before, after),
                        "~ quorum: - wait-for-all yes\n"
                        "~ device d: + level 2\n"
                        "~ device d: set ip 1 -> secret t\n"
                        "+ device e: agent fence_x; fences gamma\n"
                        "~ service ocf:a: set p secret s -> secret t\n"
                        "~ alert a: on fence, error -> error, fence, quorum\n");
}

static void the_first_policy_is_all_new(void **state)
{
    (void)state;
    assert_true(difference_find(arena, NULL, THREE_NODES A, &difference));
    assert_string_equal(difference_words(arena, &difference.lines[0]), "~ cluster: + name home");
    assert_string_equal(difference.lines[1].statement, "node alpha");
    assert_string_equal(difference_words(arena, &difference.lines[difference.n_lines - 1]),
                        "+ service ocf:a: agent heartbeat:x");
}

static void a_wrong_policy_has_no_difference(void **state)
{
    (void)state;
    assert_false(difference_find(arena, THREE_NODES, THREE_NODES "service ocf:a { agnet x }\n",
                                 &difference));
    assert_false(difference_find(arena, "nonsense\n", THREE_NODES, &difference));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(layout_comments_and_order_make_no_difference),
        TEST(other_words_for_the_same_make_no_difference),
        TEST(a_setting_is_told_with_both_values),
        TEST(of_a_setting_in_two_parts_only_the_changed_one_is_told),
        TEST(what_an_agent_is_given_is_compared_letter_by_letter),
        TEST(statements_come_and_go_as_a_whole),
        TEST(defaults_are_one_line_with_a_count),
        TEST(what_moves_into_defaults_alters_nothing),
        TEST(a_let_is_one_line_with_a_count),
        TEST(where_a_service_runs_is_told_with_its_strength),
        TEST(equal_changes_of_many_services_are_folded),
        TEST(what_follows_from_what_is_gone_is_not_told_again),
        TEST(a_pattern_meets_new_services_without_a_word),
        TEST(a_disabled_rule_alters_nothing),
        TEST(what_follows_from_the_cluster_says_so),
        TEST(quorum_devices_secrets_alerts_and_access_are_compared),
        TEST(the_first_policy_is_all_new),
        TEST(a_wrong_policy_has_no_difference),
#undef TEST
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
