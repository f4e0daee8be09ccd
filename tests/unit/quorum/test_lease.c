/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules of the lease, one by one, on one member that is told everything by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/quorum/lease_kit.h"

static void who_counts_votes_otherwise_acknowledges_nothing(void **state)
{
    struct lease *lease = lease_among_three(roster_of_three());
    struct beat beat = beat_of(1, 1, true);

    (void)state;
    beat.acks[0] = (struct beat_ack){100, beat_ourselves(lease, 2000)};
    beat.roster ^= 2;
    lease_beat_taken(lease, NOW(2010), &beat);
    assert_true(lease_until(lease).ms < 2000);
    assert_int_equal(status_of(lease, 1, 2020).last_beat.ms, 2010);
    lease_free(lease);
}

static void other_votes_begin_the_count_anew_and_forget_nobody(void **state)
{
    struct roster roster = roster_of_three();
    struct lease *lease = lease_among_three(roster);
    struct beat beat = beat_of(2, 1, true);

    (void)state;
    lease_beat_taken(lease, NOW(1500), &beat);
    /* Node 1 is gone from the list, so node 2 is the second by now. */
    roster.nodes[1] = roster.nodes[2];
    roster.n_nodes = 2;
    roster.expected_votes = roster.quorum_votes = 2;
    lease_set_roster(lease, &roster);
    assert_int_equal(status_of(lease, 1, 1600).last_beat.ms, 1500);
    assert_string_equal(status_of(lease, 1, 1600).boot_id, "boot-2");
    assert_true(status_of(lease, 1, 1600).is_member);
    lease_free(lease);
}

static void a_beat_counts_from_its_sending_once_a_quorum_acknowledged_it(void **state)
{
    struct lease *lease = lease_among_three(roster_of_three());
    uint64_t number = beat_ourselves(lease, 2000);

    (void)state;
    assert_int_equal(lease_until(lease).ms, 0);
    acknowledge(lease, 2900, 1, number, 100);
    assert_int_equal(lease_until(lease).ms, 2000 + 2000);
    lease_free(lease);
}

static void acknowledgements_of_another_incarnation_or_the_future_feed_nobody(void **state)
{
    struct lease *lease = lease_among_three(roster_of_three());
    uint64_t number = beat_ourselves(lease, 2000);

    (void)state;
    acknowledge(lease, 2100, 1, number, 99);
    acknowledge(lease, 2110, 2, number + 1, 100);
    assert_int_equal(lease_until(lease).ms, 0);
    lease_free(lease);
}

static void an_acknowledgement_without_our_own_delivery_is_not_enough(void **state)
{
    struct lease *lease = lease_among_three(roster_of_three());
    struct beat beat;

    (void)state;
    lease_beat_make(lease, NOW(2000), &beat);
    acknowledge(lease, 2100, 1, beat.number, 100);
    acknowledge(lease, 2110, 2, beat.number, 100);
    assert_int_equal(lease_until(lease).ms, 0);
    lease_beat_taken(lease, NOW(2200), &beat);
    assert_int_equal(lease_until(lease).ms, 4000);
    lease_free(lease);
}

static void a_change_of_ring_keeps_what_was_acknowledged_and_counts_anew(void **state)
{
    struct lease *lease = lease_among_three(roster_of_three());
    uint64_t number = beat_ourselves(lease, 2000);

    (void)state;
    acknowledge(lease, 2100, 1, number, 100);
    number = beat_ourselves(lease, 2500);
    lease_group(lease, NOW(2600), 3, 4);
    lease_ring(lease, NOW(2600), next_ring, 3);
    acknowledge(lease, 2700, 1, number, 100); /* sent in the old ring */
    assert_int_equal(lease_until(lease).ms, 4000);
    lease_free(lease);
}

static void what_comes_before_the_ring_is_called_quorate_does_not_count(void **state)
{
    struct roster roster = roster_of_three();
    struct lease *lease = lease_new(&roster, "boot", 100, &timing, NOW(900));
    uint64_t number;

    (void)state;
    lease_group(lease, NOW(1000), ALL, 0);
    lease_quorate(lease, NOW(1000), next_ring, true); /* of another ring */
    lease_ring(lease, NOW(1000), ring, ALL);
    number = beat_ourselves(lease, 1100);
    acknowledge(lease, 1200, 1, number, 100);
    assert_int_equal(lease_until(lease).ms, 0);
    assert_false(lease_is_group_quorate(lease));
    lease_quorate(lease, NOW(1300), ring, true);
    assert_true(lease_is_group_quorate(lease));
    lease_free(lease);
}

static void an_absent_node_is_off_after_its_last_beat_and_lease_and_watchdog(void **state)
{
    struct lease *lease = lease_among_three(roster_of_three());
    struct beat beat = beat_of(2, 1, true), own;

    (void)state;
    lease_beat_taken(lease, NOW(3000), &beat);
    assert_int_equal(status_of(lease, 2, 3500).dead_at.ms, INT64_MAX);
    lose_third(lease, 5000, NULL);
    assert_true(status_of(lease, 2, 5000).is_vouched);
    assert_int_equal(status_of(lease, 2, 5000).dead_at.ms, 3000 + 2000 + 5000 + 320);
    lease_beat_make(lease, NOW(10000), &own);
    lease_beat_taken(lease, NOW(10330), &own);
    assert_false(status_of(lease, 2, 10400).is_proven_off); /* that one was sent too early */
    lease_beat_make(lease, NOW(10400), &own);
    assert_false(status_of(lease, 2, 10450).is_proven_off);
    lease_beat_taken(lease, NOW(10460), &own);
    assert_true(status_of(lease, 2, 10460).is_proven_off);
    lease_free(lease);
}

static void the_largest_watchdog_and_lease_that_it_announced_count(void **state)
{
    struct lease *lease = lease_among_three(roster_of_three());
    struct beat beat = beat_of(2, 1, true);

    (void)state;
    beat.watchdog = duration_ms(9000);
    lease_beat_taken(lease, NOW(2000), &beat);
    beat = beat_of(2, 2, true);
    beat.lease = duration_ms(1000);
    lease_beat_taken(lease, NOW(3000), &beat);
    lose_third(lease, 5000, NULL);
    assert_int_equal(status_of(lease, 2, 5000).dead_at.ms, 3000 + 2000 + 9000 + 320);
    lease_free(lease);
}

static void shorter_times_count_once_the_longer_ones_have_run_out(void **state)
{
    struct lease *lease = lease_among_three(roster_of_three());
    struct beat beat = beat_of(2, 1, true);

    (void)state;
    beat.watchdog = duration_ms(9000);
    lease_beat_taken(lease, NOW(2000), &beat);
    for (uint64_t number = 2; number < 25; number++) {
        beat = beat_of(2, number, true);
        lease_beat_taken(lease, NOW(1000 + 500 * (int64_t)number), &beat);
    }
    /* What was fed by those 9 seconds lasts until 2000 + 11320. */
    assert_int_equal(status_of(lease, 2, 13000).watchdog.ms, 9000);
    beat = beat_of(2, 25, true);
    lease_beat_taken(lease, NOW(13500), &beat);
    assert_int_equal(status_of(lease, 2, 13500).watchdog.ms, 5000);
    lose_third(lease, 14000, NULL);
    assert_int_equal(status_of(lease, 2, 14000).dead_at.ms, 13500 + 7320);
    lease_free(lease);
}

static void longer_times_that_another_heard_of_count_as_if_told_now(void **state)
{
    struct lease *lease = lease_among_three(roster_of_three());
    struct beat beat = beat_of(2, 1, true);
    struct lease_ages ages;

    (void)state;
    lease_beat_taken(lease, NOW(2000), &beat);
    lease_ages_make(lease, NOW(20000), &ages);
    ages.of[2].watchdog = duration_ms(9000);
    lease_ages_taken(lease, NOW(20000), 1, &ages);
    beat = beat_of(2, 2, true);
    lease_beat_taken(lease, NOW(31319), &beat);
    assert_int_equal(status_of(lease, 2, 31319).watchdog.ms, 9000);
    beat = beat_of(2, 3, true);
    lease_beat_taken(lease, NOW(31320), &beat);
    assert_int_equal(status_of(lease, 2, 31320).watchdog.ms, 5000);
    lease_free(lease);
}

static void the_same_long_times_told_again_are_as_good_as_new(void **state)
{
    struct lease *lease = lease_among_three(roster_of_three());
    struct beat beat = beat_of(2, 1, true);
    struct lease_ages ages;

    (void)state;
    beat.watchdog = duration_ms(9000);
    lease_beat_taken(lease, NOW(2000), &beat);
    /* Long apart; there it named them until now. */
    lease_ages_make(lease, NOW(60000), &ages);
    lease_ages_taken(lease, NOW(60000), 2, &ages);
    beat = beat_of(2, 200, true);
    lease_beat_taken(lease, NOW(60500), &beat);
    assert_int_equal(status_of(lease, 2, 60500).watchdog.ms, 9000);
    beat = beat_of(2, 201, true);
    lease_beat_taken(lease, NOW(71320), &beat);
    assert_int_equal(status_of(lease, 2, 71320).watchdog.ms, 5000);
    lease_free(lease);
}

static void an_age_that_another_tells_counts_if_it_is_younger(void **state)
{
    struct lease *lease = lease_among_three(roster_of_three());
    struct beat beat = beat_of(2, 1, false);
    struct lease_ages ages;

    (void)state;
    lease_beat_taken(lease, NOW(3000), &beat);
    lease_ages_make(lease, NOW(3000), &ages);
    ages.of[1].incarnation = 101;
    ages.of[2].age = duration_ms(700);
    ages.of[2].number = 4;
    ages.of[2].is_armed = true;
    ages.of[2].watchdog = duration_ms(8000);
    lose_third(lease, 5000, &ages);
    assert_true(status_of(lease, 2, 5000).is_armed);
    assert_int_equal(status_of(lease, 2, 5000).dead_at.ms, 4300 + 2000 + 8000 + 320);
    lease_free(lease);
}

static void a_node_whose_newest_beat_was_unarmed_is_off_at_once(void **state)
{
    struct lease *lease = lease_among_three(roster_of_three());
    struct beat beat = beat_of(2, 1, true), own;

    (void)state;
    lease_beat_taken(lease, NOW(2000), &beat);
    beat = beat_of(2, 2, false);
    lease_beat_taken(lease, NOW(3000), &beat);
    lose_third(lease, 5000, NULL);
    lease_beat_make(lease, NOW(5100), &own);
    own.ring = next_ring;
    lease_beat_taken(lease, NOW(5200), &own);
    assert_true(status_of(lease, 2, 5200).is_proven_off);
    lease_free(lease);
}

static void without_a_quorum_that_came_together_the_wait_begins_with_the_ring(void **state)
{
    struct lease *lease = lease_among_three(roster_of_three());
    struct beat beat = beat_of(2, 1, false);
    struct lease_ages stranger = {.base = 1};

    (void)state;
    stranger.of[1].incarnation = 500;
    lease_beat_taken(lease, NOW(3000), &beat);
    lose_third(lease, 5000, &stranger);
    assert_false(status_of(lease, 2, 5000).is_vouched);
    assert_int_equal(status_of(lease, 2, 5000).dead_at.ms, 5000 + 2000 + 5000 + 320);
    lease_free(lease);
}

static void a_node_without_agent_that_came_along_takes_the_vouching_away(void **state)
{
    struct roster roster = roster_of_three();
    struct lease *lease;
    struct beat beat = beat_of(2, 1, true);

    (void)state;
    roster.n_nodes = 4;
    roster.nodes[3] = (struct roster_node){.nodeid = 4, .name = "n4", .votes = 0};
    lease = lease_among_three(roster);
    lease_beat_taken(lease, NOW(3000), &beat);
    lease_group(lease, NOW(5000), 3, 4);
    lease_ring(lease, NOW(5000), next_ring, 3 | 8);
    lease_quorate(lease, NOW(5200), next_ring, true);
    tell(lease, 5200, 0, NULL);
    tell(lease, 5200, 1, NULL);
    lease_ages_done(lease, NOW(5300));
    assert_false(status_of(lease, 2, 5300).is_vouched);
    assert_int_equal(status_of(lease, 2, 5300).dead_at.ms, 5200 + 7320);
    lease_free(lease);
}

static void an_exchange_cut_short_leaves_the_silent_ones_unknown(void **state)
{
    struct lease *lease = lease_among_three(roster_of_three());
    struct beat beat = beat_of(2, 1, true);

    (void)state;
    lease_beat_taken(lease, NOW(2000), &beat);
    lease_ring(lease, NOW(3000), (struct ring_id){10, 1}, ALL);
    lease_quorate(lease, NOW(3000), (struct ring_id){10, 1}, true);
    tell(lease, 3000, 0, NULL);
    tell(lease, 3000, 1, NULL); /* and node 2 goes before it has told */
    lose_third(lease, 4000, NULL);
    assert_int_equal(status_of(lease, 2, 4000).dead_at.ms, 4000 + 7320);
    lease_free(lease);
}

static void nothing_is_proven_before_the_exchange_is_done(void **state)
{
    struct lease *lease = lease_among_three(roster_of_three());

    (void)state;
    lease_group(lease, NOW(5000), 3, 4);
    assert_int_equal(status_of(lease, 2, 50000).dead_at.ms, INT64_MAX);
    assert_false(status_of(lease, 2, 50000).is_proven_off);
    lease_free(lease);
}

static void only_a_beat_of_this_arming_lets_services_start(void **state)
{
    struct lease *lease = lease_among_three(roster_of_three());
    struct lease_timing longer = timing;
    uint64_t number;

    (void)state;
    lease_set_armed(lease, true);
    number = beat_ourselves(lease, 2000);
    lease_set_armed(lease, false);
    lease_set_armed(lease, true);
    acknowledge(lease, 2100, 1, number, 100);
    assert_false(lease_is_armed_acknowledged(lease));
    number = beat_ourselves(lease, 2200);
    acknowledge(lease, 2300, 1, number, 100);
    assert_true(lease_is_armed_acknowledged(lease));
    longer.watchdog = duration_ms(8000);
    lease_set_timing(lease, &longer);
    assert_false(lease_is_armed_acknowledged(lease));
    acknowledge(lease, 2400, 2, number, 100);
    assert_false(lease_is_armed_acknowledged(lease));
    number = beat_ourselves(lease, 2500);
    acknowledge(lease, 2600, 2, number, 100);
    assert_true(lease_is_armed_acknowledged(lease));
    lease_free(lease);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_counts_votes_otherwise_acknowledges_nothing),
        cmocka_unit_test(other_votes_begin_the_count_anew_and_forget_nobody),
        cmocka_unit_test(a_beat_counts_from_its_sending_once_a_quorum_acknowledged_it),
        cmocka_unit_test(acknowledgements_of_another_incarnation_or_the_future_feed_nobody),
        cmocka_unit_test(an_acknowledgement_without_our_own_delivery_is_not_enough),
        cmocka_unit_test(a_change_of_ring_keeps_what_was_acknowledged_and_counts_anew),
        cmocka_unit_test(what_comes_before_the_ring_is_called_quorate_does_not_count),
        cmocka_unit_test(an_absent_node_is_off_after_its_last_beat_and_lease_and_watchdog),
        cmocka_unit_test(the_largest_watchdog_and_lease_that_it_announced_count),
        cmocka_unit_test(shorter_times_count_once_the_longer_ones_have_run_out),
        cmocka_unit_test(longer_times_that_another_heard_of_count_as_if_told_now),
        cmocka_unit_test(the_same_long_times_told_again_are_as_good_as_new),
        cmocka_unit_test(an_age_that_another_tells_counts_if_it_is_younger),
        cmocka_unit_test(a_node_whose_newest_beat_was_unarmed_is_off_at_once),
        cmocka_unit_test(without_a_quorum_that_came_together_the_wait_begins_with_the_ring),
        cmocka_unit_test(a_node_without_agent_that_came_along_takes_the_vouching_away),
        cmocka_unit_test(an_exchange_cut_short_leaves_the_silent_ones_unknown),
        cmocka_unit_test(nothing_is_proven_before_the_exchange_is_done),
        cmocka_unit_test(only_a_beat_of_this_arming_lets_services_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
