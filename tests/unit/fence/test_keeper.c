/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When the feeding stops: the rules of fence/keeper.c, told the time. */
#include "fence/keeper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define W 5000
#define L 2000
#define START 100000

static struct instant at(int64_t ms)
{
    return (struct instant){START + ms};
}

static struct keeper_arming arming_until(int64_t ms)
{
    return (struct keeper_arming){
        .watchdog = duration_ms(W), .lease = duration_ms(L), .until = at(ms)};
}

/* Armed at START with a lease until START + L, and an agent. */
static struct keeper armed_keeper(void)
{
    struct keeper keeper = {0};
    struct keeper_arming arming = arming_until(L);

    keeper_agent_came(&keeper, at(0));
    keeper_armed(&keeper, &arming, at(0));
    assert_true(keeper_fed(&keeper, at(0)));
    return keeper;
}

static void feeds_until_the_told_instant_and_not_longer(void **state)
{
    struct keeper keeper = armed_keeper();
    int64_t last = 0;

    (void)state;
    for (int64_t ms = 1; ms < 6000; ms++) {
        keeper_alive(&keeper, at(ms));
        if (!keeper_turn(&keeper, at(ms)).feed)
            continue;
        assert_true(keeper_fed(&keeper, at(ms)));
        last = ms;
    }
    assert_in_range(last, L - W / 10, L);
}

static void feeds_once_on_each_new_until(void **state)
{
    struct keeper keeper = armed_keeper();
    struct err err;

    (void)state;
    assert_false(keeper_turn(&keeper, at(100)).feed);
    assert_true(keeper_feed_until(&keeper, at(100 + L), at(100), &err));
    assert_true(keeper_turn(&keeper, at(101)).feed);
    keeper_fed(&keeper, at(101));
    assert_true(keeper_feed_until(&keeper, at(100 + L), at(102), &err));
    assert_false(keeper_turn(&keeper, at(103)).feed);
}

static void wakes_in_time_for_the_next_feed(void **state)
{
    struct keeper keeper = armed_keeper();

    (void)state;
    assert_int_equal(keeper_turn(&keeper, at(1)).wake.ms, at(1 + W / 10).ms);
}

static void an_until_beyond_any_lease_changes_nothing(void **state)
{
    struct keeper keeper = armed_keeper();
    struct keeper before = keeper;
    struct err err;

    (void)state;
    assert_false(keeper_feed_until(&keeper, at(601000), at(100), &err));
    assert_false(keeper_feed_until(&keeper, INSTANT_NEVER, at(100), &err));
    assert_memory_equal(&keeper, &before, sizeof(keeper));
}

static void a_feed_that_came_too_late_condemns(void **state)
{
    struct keeper keeper = armed_keeper();

    (void)state;
    assert_true(keeper_turn(&keeper, at(L - 100)).feed);
    assert_false(keeper_fed(&keeper, at(L + 1)));
    assert_true(keeper.is_condemned);
    assert_true(keeper_turn(&keeper, at(L + 2)).reset);
}

static void a_clock_read_after_the_lease_forbids_the_feed(void **state)
{
    struct keeper keeper = armed_keeper();

    (void)state;
    assert_true(keeper_may_feed(&keeper, at(L - 100)));
    assert_false(keeper_may_feed(&keeper, at(L)));
    assert_false(keeper_may_feed(&keeper, at(L + 100)));
}

static void an_agent_that_is_not_alive_for_the_lease_is_killed(void **state)
{
    struct keeper keeper = armed_keeper();

    (void)state;
    keeper_alive(&keeper, at(500));
    assert_false(keeper_turn(&keeper, at(500 + L)).kill_agent);
    assert_true(keeper_turn(&keeper, at(501 + L)).kill_agent);
}

static void a_dead_agent_is_not_killed_again(void **state)
{
    struct keeper keeper = armed_keeper();

    (void)state;
    keeper_agent_went(&keeper);
    assert_false(keeper_turn(&keeper, at(3 * L)).kill_agent);
}

static void an_agent_with_nothing_to_guard_is_given_longer_and_then_killed_too(void **state)
{
    struct keeper keeper = armed_keeper();

    (void)state;
    keeper_alive(&keeper, at(500));
    keeper_disarmed(&keeper, false);
    assert_false(keeper_turn(&keeper, at(5500)).kill_agent);
    assert_int_equal(keeper_turn(&keeper, at(5500)).wake.ms, at(5501).ms);
    assert_true(keeper_turn(&keeper, at(5501)).kill_agent);
    assert_false(keeper_turn(&keeper, at(5501)).feed);
}

static void a_new_agent_has_a_whole_lease_to_say_that_it_lives(void **state)
{
    struct keeper keeper = armed_keeper();

    (void)state;
    keeper_agent_went(&keeper);
    keeper_agent_came(&keeper, at(4000));
    assert_false(keeper_turn(&keeper, at(4000 + L)).kill_agent);
    assert_true(keeper_turn(&keeper, at(4001 + L)).kill_agent);
}

static void an_agent_that_goes_leaves_it_armed_and_counting(void **state)
{
    struct keeper keeper = armed_keeper();

    (void)state;
    keeper_agent_went(&keeper);
    assert_int_equal(keeper.stage, KEEPER_ARMED);
    assert_true(keeper_turn(&keeper, at(600)).feed);
    assert_false(keeper_turn(&keeper, at(L + 1)).reset);
}

static void condemned_is_for_ever(void **state)
{
    struct keeper keeper = armed_keeper();
    struct keeper_arming again = arming_until(100 + L);
    struct err err;

    (void)state;
    keeper_condemn(&keeper);
    assert_true(keeper_feed_until(&keeper, at(100 + L), at(100), &err));
    assert_false(keeper_turn(&keeper, at(100)).feed);
    keeper_agent_went(&keeper);
    keeper_agent_came(&keeper, at(200));
    assert_false(keeper_check_arm(&keeper, &again, at(200), &err));
    assert_false(keeper_turn(&keeper, at(700)).feed);
    assert_false(keeper_may_feed(&keeper, at(700)));
}

static void a_reset_that_failed_is_tried_again_each_second(void **state)
{
    struct keeper keeper = armed_keeper();

    (void)state;
    keeper_condemn(&keeper);
    assert_true(keeper_turn(&keeper, at(10)).reset);
    assert_false(keeper_turn(&keeper, at(1009)).reset);
    assert_true(keeper_turn(&keeper, at(1010)).reset);
}

static void condemned_without_a_device_resets_nothing(void **state)
{
    struct keeper keeper = {0};

    (void)state;
    keeper_condemn(&keeper);
    assert_false(keeper_turn(&keeper, at(0)).reset);
    assert_int_equal(keeper_turn(&keeper, at(1)).wake.ms, INSTANT_NEVER.ms);
}

static void away_longer_than_lease_and_watchdog_resets(void **state)
{
    struct keeper keeper = armed_keeper();
    struct keeper_orders orders;
    struct err err;

    (void)state;
    keeper_turn(&keeper, at(10));
    assert_false(keeper_turn(&keeper, at(10 + L + W)).reset);
    /* Even with a fresh lease: what the agent says now it may have said before we were stopped. */
    assert_true(keeper_feed_until(&keeper, at(20 + 2 * (L + W)), at(20 + 2 * (L + W)), &err));
    orders = keeper_turn(&keeper, at(11 + 2 * (L + W)));
    assert_true(orders.reset);
    assert_false(orders.feed);
    assert_non_null(orders.why);
}

static void away_while_disarmed_resets_nothing(void **state)
{
    struct keeper keeper = {0};

    (void)state;
    keeper_turn(&keeper, at(10));
    assert_false(keeper_turn(&keeper, at(1000000)).reset);
}

static void what_cannot_be_stopped_is_fed_without_a_lease(void **state)
{
    struct keeper keeper = armed_keeper();

    (void)state;
    keeper_disarmed(&keeper, true);
    keeper_alive(&keeper, at(49000));
    assert_true(keeper_turn(&keeper, at(50000)).feed);
    assert_true(keeper_fed(&keeper, at(50000)));
    assert_false(keeper_turn(&keeper, at(50001)).feed);
    assert_false(keeper_turn(&keeper, at(50001)).kill_agent);
}

static void arming_needs_sane_times_and_a_running_lease(void **state)
{
    struct keeper keeper = {0};
    struct keeper_arming good = arming_until(1000);
    struct keeper_arming bad;
    struct err err;

    (void)state;
    assert_true(keeper_check_arm(&keeper, &good, at(0), &err));
    assert_false(keeper_check_arm(&keeper, &good, at(1000), &err));
    bad = good;
    bad.watchdog = duration_ms(999);
    assert_false(keeper_check_arm(&keeper, &bad, at(0), &err));
    bad = good;
    bad.lease = duration_ms(0);
    assert_false(keeper_check_arm(&keeper, &bad, at(0), &err));
    bad = good;
    bad.until = INSTANT_NEVER;
    assert_false(keeper_check_arm(&keeper, &bad, at(0), &err));
}

static void another_watchdog_time_takes_effect_while_armed(void **state)
{
    struct keeper keeper = armed_keeper();
    struct keeper_arming longer = arming_until(L);

    (void)state;
    longer.watchdog = duration_ms(2 * W);
    keeper_turn(&keeper, at(1));
    keeper_armed(&keeper, &longer, at(500));
    assert_int_equal(keeper_turn(&keeper, at(501)).wake.ms, at(501 + 2 * W / 10).ms);
    assert_int_equal(keeper.turned.ms, at(501).ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(feeds_until_the_told_instant_and_not_longer),
        cmocka_unit_test(feeds_once_on_each_new_until),
        cmocka_unit_test(wakes_in_time_for_the_next_feed),
        cmocka_unit_test(an_until_beyond_any_lease_changes_nothing),
        cmocka_unit_test(a_feed_that_came_too_late_condemns),
        cmocka_unit_test(a_clock_read_after_the_lease_forbids_the_feed),
        cmocka_unit_test(an_agent_that_is_not_alive_for_the_lease_is_killed),
        cmocka_unit_test(a_dead_agent_is_not_killed_again),
        cmocka_unit_test(an_agent_with_nothing_to_guard_is_given_longer_and_then_killed_too),
        cmocka_unit_test(a_new_agent_has_a_whole_lease_to_say_that_it_lives),
        cmocka_unit_test(an_agent_that_goes_leaves_it_armed_and_counting),
        cmocka_unit_test(condemned_is_for_ever),
        cmocka_unit_test(a_reset_that_failed_is_tried_again_each_second),
        cmocka_unit_test(condemned_without_a_device_resets_nothing),
        cmocka_unit_test(away_longer_than_lease_and_watchdog_resets),
        cmocka_unit_test(away_while_disarmed_resets_nothing),
        cmocka_unit_test(what_cannot_be_stopped_is_fed_without_a_lease),
        cmocka_unit_test(arming_needs_sane_times_and_a_running_lease),
        cmocka_unit_test(another_watchdog_time_takes_effect_while_armed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
