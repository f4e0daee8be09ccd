/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The nouns themselves: names, times, states and sentences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ha/base/arena.h"
#include "ha/base/text.h"
#include "ha/model/cluster_view.h"
#include "ha/model/ha_state.h"
#include "ha/model/policy.h"

static void names_are_found_and_others_are_not(void **state)
{
    struct policy *policy = xcalloc(1, sizeof(*policy));
    struct service_policy services[9] = {{.name = ""}};

    (void)state;
    policy->services = services;
    for (int count = 0; count <= 9; count++) {
        policy->n_nodes = policy->n_services = count;
        for (int i = 0; i < count; i++) {
            snprintf(policy->nodes[i].name, NODE_NAME_MAX, "n%d", i);
            snprintf(services[i].name, SERVICE_NAME_MAX, "vm:%d", i);
        }
        for (int i = 0; i < count; i++) {
            assert_int_equal(policy_find_node(policy, policy->nodes[i].name), i);
            assert_int_equal(policy_find_service(policy, services[i].name), i);
        }
        assert_int_equal(policy_find_node(policy, "a"), NODE_NONE);
        assert_int_equal(policy_find_node(policy, "n4x"), NODE_NONE);
        assert_int_equal(policy_find_node(policy, "z"), NODE_NONE);
        assert_int_equal(policy_find_service(policy, "vm:"), SERVICE_NONE);
        assert_int_equal(policy_find_service(policy, "vm:99"), SERVICE_NONE);
    }
    free(policy);
}

static void every_network_keeps_both_inequalities(void **state)
{
    static const char *const networks[] = {"lan", "virtual", "cloud", "wan"};

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct timing timing = timing_of_network(networks[i], duration_ms(0), duration_ms(0));
        int64_t sum = timing.lease.ms + timing.watchdog.ms;

        for (int nodes = 2; nodes <= 8; nodes++)
            assert_true(sum > timing_liveness_floor(&timing, nodes).ms);
        assert_true(timing_recovery_wait(&timing).ms >= sum + sum / 100 + 250);
        assert_int_equal(timing.lease.ms, 4 * timing.beat.ms);
        assert_true(timing.beat.ms <= 500 && timing.beat.ms * 10 <= timing.watchdog.ms);
    }
}

static void a_lan_is_replaced_within_nine_seconds(void **state)
{
    struct timing timing = timing_of_network("lan", duration_ms(0), duration_ms(0));

    (void)state;
    assert_int_equal(timing.token.ms, 1000);
    assert_int_equal(timing.watchdog.ms, 5000);
    assert_int_equal(timing_recovery_wait(&timing).ms, 7320);
    assert_int_equal(timing_token(&timing, 2).ms, 1000);
    assert_int_equal(timing_token(&timing, 3).ms, 1125);
    assert_int_equal(timing_token(&timing, 32).ms, 4750);
    timing.witness.ms = 3000;
    assert_int_equal(timing_recovery_wait(&timing).ms, 13320);
}

static void a_watchdog_of_two_seconds_needs_a_quicker_token(void **state)
{
    struct timing slow = timing_of_network("lan", duration_ms(0), duration_ms(2000));
    struct timing quick = timing_of_network("lan", duration_ms(700), duration_ms(2000));

    (void)state;
    assert_true(slow.lease.ms + 2000 < timing_liveness_floor(&slow, 3).ms);
    assert_true(quick.lease.ms + 2000 > timing_liveness_floor(&quick, 3).ms);
    assert_int_equal(quick.beat.ms, 200);
    assert_true(timing_recovery_wait(&quick).ms < 3200);
}

static void an_unknown_network_is_a_lan(void **state)
{
    struct timing timing = timing_of_network(NULL, duration_ms(0), duration_ms(0));

    (void)state;
    assert_int_equal(timing.token.ms, 1000);
}

static void a_state_begins_absent_and_unknown(void **state)
{
    struct ha_state *once = xcalloc(1, sizeof(*once)), *copy = xcalloc(1, sizeof(*copy));

    (void)state;
    memset(once, 0x5a, sizeof(*once));
    ha_state_init(once, 2, 3);
    assert_int_equal(once->nodes[1].state, NODE_UNKNOWN);
    assert_int_equal(once->services[2].state, SERVICE_ABSENT);
    assert_int_equal(once->services[2].node, NODE_NONE);
    assert_int_equal(once->services[2].why.code, REASON_NONE);
    once->services[2].n_failed = 9;
    once->services[3].n_failed = 9;
    ha_state_copy(copy, once);
    assert_int_equal(copy->services[2].n_failed, 9);
    assert_int_equal(copy->services[3].n_failed, 0);
    free(once);
    free(copy);
}

static void a_view_begins_with_nothing_known(void **state)
{
    struct cluster_view *view = xcalloc(1, sizeof(*view));

    (void)state;
    memset(view, 0x5a, sizeof(*view));
    cluster_view_init(view, 2, 2);
    assert_false(view->nodes[1].is_member);
    assert_int_equal(view->nodes[1].dead_at.ms, INSTANT_NEVER.ms);
    assert_int_equal(view->services[1].running_on, 0);
    assert_int_equal(view->n_commands, 0);
    free(view);
}

static void only_the_arrows_of_the_rows_are_allowed(void **state)
{
    (void)state;
    assert_true(service_state_may_follow(SERVICE_FENCE, SERVICE_RECOVERY));
    assert_false(service_state_may_follow(SERVICE_FENCE, SERVICE_STARTED));
    assert_false(service_state_may_follow(SERVICE_REQUEST_STOP, SERVICE_REQUEST_START));
    assert_true(service_state_may_follow(SERVICE_ABSENT, SERVICE_STOPPED));
    assert_false(service_state_may_follow(SERVICE_ABSENT, SERVICE_STARTED));
    assert_true(service_state_may_follow(SERVICE_ERROR, SERVICE_ABSENT));
    assert_true(node_state_may_follow(NODE_UNKNOWN, NODE_FENCE));
    assert_false(node_state_may_follow(NODE_FENCE, NODE_MAINTENANCE));
    assert_int_equal(service_state_of_name("fence"), SERVICE_FENCE);
    assert_int_equal(service_state_of_name("fenced"), SERVICE_ABSENT);
    assert_int_equal(node_state_of_name("fenced"), NODE_STATES);
}

static void assert_sentence(struct reason why, const char *wanted)
{
    char text[REASON_TEXT_MAX];

    reason_text(&why, NULL, text, sizeof(text));
    assert_string_equal(text, wanted);
}

static void spans_are_told_as_people_tell_them(void **state)
{
    static const struct {
        int64_t ms;
        const char *span;
    } rows[] = {
        {-5, "0 s"},         {0, "0 s"},        {7250, "7.2 s"},
        {119999, "119.9 s"}, {120000, "2 min"}, {7199000, "119 min 59 s"},
        {7200000, "2 h"},    {60000, "60 s"},   {7260000, "2 h 1 min"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reason why = reason_of(REASON_NODE_PROVEN_OFF);
        char wanted[REASON_TEXT_MAX];

        why.number = rows[i].ms;
        snprintf(wanted, sizeof(wanted),
                 "? was last heard %s ago and its watchdog has reset it by now", rows[i].span);
        assert_sentence(why, wanted);
    }
}

static void what_is_not_known_shows_as_a_question_mark(void **state)
{
    struct reason why = reason_of(REASON_START_FAILED);

    (void)state;
    why.number = 1;
    assert_sentence(why, "? could not start it (exit 1): no words given; ? is tried next");
    assert_sentence(reason_of(REASON_BEST_TIER), "? is preferred by a rule");
    why = reason_of(REASON_BEST_TIER);
    why.line = 12;
    assert_sentence(why, "? is preferred by line 12 of the policy");
}

static void every_reason_is_a_sentence_that_fits(void **state)
{
    (void)state;
    for (int code = 0; code < REASON_CODES; code++) {
        struct reason why = reason_of((enum reason_code)code);
        char text[REASON_TEXT_MAX];

        memset(why.words, 'w', sizeof(why.words) - 1);
        reason_text(&why, NULL, text, sizeof(text));
        assert_true(strlen(text) > 3);
        assert_true(strlen(text) < sizeof(text) - 1);
        assert_null(strchr(text, '{'));
        assert_int_not_equal(text[strlen(text) - 1], '.');
        assert_int_equal(reason_of_name(reason_name((enum reason_code)code)), code);
    }
    assert_int_equal(reason_of_name("NO_SUCH_REASON"), REASON_CODES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_and_others_are_not),
        cmocka_unit_test(every_network_keeps_both_inequalities),
        cmocka_unit_test(a_lan_is_replaced_within_nine_seconds),
        cmocka_unit_test(a_watchdog_of_two_seconds_needs_a_quicker_token),
        cmocka_unit_test(an_unknown_network_is_a_lan),
        cmocka_unit_test(a_state_begins_absent_and_unknown),
        cmocka_unit_test(a_view_begins_with_nothing_known),
        cmocka_unit_test(only_the_arrows_of_the_rows_are_allowed),
        cmocka_unit_test(spans_are_told_as_people_tell_them),
        cmocka_unit_test(what_is_not_known_shows_as_a_question_mark),
        cmocka_unit_test(every_reason_is_a_sentence_that_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
