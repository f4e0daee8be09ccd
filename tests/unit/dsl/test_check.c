/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules against rules, and the chain of times; the messages themselves are in tests/policies. */
#include "tests/unit/dsl/dsl_test.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "dsl/page.h"

static int count(const char *text, const char *code)
{
    struct compiled compiled = compile_text(text);
    int n = 0;

    for (int i = 0; i < compiled.diagnostics->n_list; i++)
        n += strcmp(diagnostic_code_name(compiled.diagnostics->list[i].code), code) == 0;
    compiled_free(&compiled);
    return n;
}

#define SERVICES THREE_NODES "service vm:a, vm:b, vm:c, vm:d\n"

static void overlapping_together_rules_are_one_group(void **state)
{
    (void)state;
    /* a-d, b-c, then c-d joins both: the order of the rules does not matter. */
    assert_int_equal(count(SERVICES "rule p: keep vm:a, vm:d together\n"
                                    "rule q: keep vm:b, vm:c together\n"
                                    "rule r: keep vm:c, vm:d together\n"
                                    "rule s: keep vm:a, vm:b apart\n",
                           "T0301"),
                     1);
    assert_int_equal(count(SERVICES "rule p: keep vm:a, vm:d together\n"
                                    "rule q: keep vm:b, vm:c together\n"
                                    "rule s: keep vm:a, vm:b apart\n",
                           "T0301"),
                     0);
}

static void a_group_needs_one_node_for_all(void **state)
{
    (void)state;
    /* Any two of the three have a node in common, all three have none. */
    assert_int_equal(count(SERVICES "rule p: keep vm:a, vm:b, vm:c together\n"
                                    "rule q: keep vm:a on alpha, beta\n"
                                    "rule r: keep vm:b on beta, gamma\n"
                                    "rule s: keep vm:c on gamma, alpha\n",
                           "T0302"),
                     1);
    assert_int_equal(count(SERVICES "rule p: keep vm:a, vm:b together\n"
                                    "rule q: keep vm:a on alpha, beta\n"
                                    "rule r: keep vm:b on beta, gamma\n",
                           "T0302"),
                     0);
}

static void apart_needs_a_node_for_each(void **state)
{
    (void)state;
    assert_int_equal(count(SERVICES "rule p: keep vm:a, vm:b, vm:c apart\n"
                                    "rule q: keep vm:a on alpha, beta\n"
                                    "rule r: keep vm:b on alpha\n",
                           "T0303"),
                     0);
    assert_int_equal(count(SERVICES "rule p: keep vm:a, vm:b, vm:c apart\n"
                                    "rule q: keep vm:a, vm:b on alpha\n",
                           "T0303"),
                     1);
    /* d is not bound itself, but where it has to be is no room for it. */
    assert_int_equal(count(SERVICES "rule p: keep vm:a, vm:b, vm:d apart\n"
                                    "rule q: keep vm:a, vm:b on alpha, beta\n"
                                    "rule r: keep vm:c, vm:d together\n"
                                    "rule s: keep vm:c on beta, alpha\n",
                           "T0303"),
                     1);
}

static void one_rule_says_where_a_service_runs(void **state)
{
    (void)state;
    assert_int_equal(
        count(SERVICES "rule p: keep vm:a on alpha, beta\nrule q: try vm:a on beta\n", "T0304"), 1);
    assert_int_equal(
        count(THREE_NODES "service vm:a { keep on alpha, beta; try on beta }\n", "T0304"), 1);
    /* A nearer block speaks instead of one that is farther away, in whatever strength. */
    assert_int_equal(count(THREE_NODES "defaults { try on alpha }\n"
                                       "service vm:a { keep on beta, gamma }\nservice vm:b\n",
                           "T0304"),
                     0);
    assert_int_equal(count(THREE_NODES "defaults { keep on alpha, beta }\nservice vm:a\n"
                                       "rule q: keep vm:a on beta, gamma\n",
                           "T0304"),
                     1);
}

static void tiers_are_for_those_without_neighbours(void **state)
{
    (void)state;
    assert_int_equal(count(SERVICES "rule p: keep vm:a, vm:b apart\n"
                                    "rule q: try vm:b on alpha, then beta\n",
                           "T0308"),
                     1);
    assert_int_equal(count(SERVICES "rule p: keep vm:a, vm:b apart\n"
                                    "rule q: try vm:b on alpha, beta\n"
                                    "rule r: try vm:c on alpha, then beta\n"
                                    "rule s: try vm:b, vm:c together\n",
                           "T0308"),
                     0);
}

static void circles_of_before_are_found_over_patterns(void **state)
{
    (void)state;
    assert_int_equal(count(SERVICES "rule p: start vm:a before vm:b, vm:c\n"
                                    "rule q: start vm:b, vm:c before vm:d\n",
                           "T0306"),
                     0);
    assert_int_equal(count(SERVICES
                           "rule p: start vm:a before vm:b\nrule q: start vm:* before vm:a\n",
                           "T0306") > 0,
                     1);
    assert_int_equal(count(SERVICES "rule p: start vm:a, vm:b before vm:b\n", "T0306"), 1);
}

static void the_liveness_of_a_ring_grows_with_its_nodes(void **state)
{
    struct page page = {0};
    char line[64];

    (void)state;
    page_say(&page, "cluster big\nfencing { watchdog 5s }\n");
    for (int i = 1; i <= 31; i++) {
        snprintf(line, sizeof(line), "node n%d { address 10.0.0.%d }\n", i, i);
        page_say(&page, line);
    }
    assert_int_equal(count(page.bytes, "T0402"), 1);
    page_free(&page);
    assert_int_equal(count(THREE_NODES "fencing { watchdog 5s }\n", "T0402"), 0);
}

static void the_watchdog_that_a_message_proposes_is_accepted(void **state)
{
    static const char *const tokens[] = {"900ms", "2s", "5s", "17s", "1m"};

    (void)state;
    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        char text[256];
        struct compiled compiled;
        const char *proposed;

        snprintf(text, sizeof(text),
                 "cluster a { token %s }\nnode b { address 10.0.0.1 }\nfencing { watchdog 1s }\n",
                 tokens[i]);
        compiled = compile_text(text);
        proposed = strstr(only_diagnostic(&compiled, "T0402")->hint, "watchdog");
        snprintf(text, sizeof(text),
                 "cluster a { token %s }\nnode b { address 10.0.0.1 }\nfencing { %s }\n", tokens[i],
                 proposed);
        assert_int_equal(count(text, "T0402"), 0);
        compiled_free(&compiled);
    }
}

static void a_large_policy_takes_no_time(void **state)
{
    struct page page = {0};
    struct compiled compiled;
    struct timespec from, to;
    char line[160];

    (void)state;
    page_say(&page, THREE_NODES "defaults ocf { agent heartbeat:Dummy }\n");
    for (int i = 0; i < 10000; i++) {
        snprintf(line, sizeof(line), "service ocf:s%d { set n \"$name\"; try on alpha, beta }\n",
                 i);
        page_say(&page, line);
    }
    for (int i = 0; i < 1000; i++) {
        snprintf(line, sizeof(line), "rule r%d: keep ocf:s%d, ocf:s%d %s\n", i, i * 10, i * 10 + 1,
                 i % 2 ? "together" : "apart");
        page_say(&page, line);
    }
    clock_gettime(CLOCK_MONOTONIC, &from);
    compiled = compile_text(page.bytes);
    clock_gettime(CLOCK_MONOTONIC, &to);
    assert_true(compiled.is_right);
    /* A tenth of this is usual; under sanitizers on a busy machine it is not. */
    assert_true((to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000 < 2500);
    compiled_free(&compiled);
    page_free(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overlapping_together_rules_are_one_group),
        cmocka_unit_test(a_group_needs_one_node_for_all),
        cmocka_unit_test(apart_needs_a_node_for_each),
        cmocka_unit_test(one_rule_says_where_a_service_runs),
        cmocka_unit_test(tiers_are_for_those_without_neighbours),
        cmocka_unit_test(circles_of_before_are_found_over_patterns),
        cmocka_unit_test(the_liveness_of_a_ring_grows_with_its_nodes),
        cmocka_unit_test(the_watchdog_that_a_message_proposes_is_accepted),
        cmocka_unit_test(a_large_policy_takes_no_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
