/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ring lease: with a witness, and where agents are missing on nodes whose corosync runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/quorum/lease_kit.h"

/* Two nodes and a witness that has one vote, and whose loser goes on for 3 s. */
static struct roster roster_with_witness(void)
{
    struct roster roster = roster_of_three();

    roster.n_nodes = 2;
    roster.expected_votes = 3;
    roster.has_witness = true;
    roster.witness_votes = 1;
    roster.witness_lag = duration_ms(3000);
    return roster;
}

/* Alone from 1000 on, with the witness. */
static struct lease *lease_with_witness(void)
{
    struct roster roster = roster_with_witness();
    struct lease *lease = lease_new(&roster, "boot", 100, &timing, NOW(900));

    lease_group(lease, NOW(1000), 1, 0);
    lease_ring(lease, NOW(1000), ring, 1);
    lease_quorate(lease, NOW(1000), ring, true);
    tell(lease, 1000, 0, NULL);
    lease_ages_done(lease, NOW(1000));
    return lease;
}

static void with_a_witness_a_beat_counts_once_one_sent_after_its_return_has_come_back(void **state)
{
    struct lease *lease = lease_with_witness();
    struct beat first, second, third;

    (void)state;
    lease_beat_make(lease, NOW(2000), &first);
    lease_beat_make(lease, NOW(2500), &second);
    lease_beat_taken(lease, NOW(2600), &first);
    lease_beat_taken(lease, NOW(2600), &second); /* sent before the first was back */
    assert_int_equal(lease_until(lease).ms, 0);
    lease_beat_make(lease, NOW(3000), &third);
    assert_int_equal(lease_until(lease).ms, 0);
    lease_beat_taken(lease, NOW(3010), &third);
    assert_int_equal(lease_until(lease).ms, 2500 + 2000);
    lease_free(lease);
}

static void acknowledgements_carry_nobody_where_there_is_a_witness(void **state)
{
    struct roster roster = roster_with_witness();
    struct lease *lease = lease_new(&roster, "boot", 100, &timing, NOW(900));
    struct beat other = beat_of(1, 1, true), own;

    (void)state;
    lease_group(lease, NOW(1000), 3, 0);
    lease_ring(lease, NOW(1000), ring, 3);
    lease_quorate(lease, NOW(1000), ring, true);
    other.roster = roster_mark(&roster);
    lease_beat_make(lease, NOW(2000), &own);
    lease_beat_taken(lease, NOW(2001), &own);
    other.acks[0] = (struct beat_ack){100, own.number};
    lease_beat_taken(lease, NOW(2010), &other);
    assert_int_equal(lease_until(lease).ms, 0);
    lease_free(lease);
}

static void a_break_in_its_quorum_or_another_ring_begins_the_ring_lease_anew(void **state)
{
    struct lease *lease = lease_with_witness();
    struct beat beat;

    (void)state;
    beat_ourselves(lease, 2000);
    lease_beat_make(lease, NOW(2100), &beat);
    lease_quorate(lease, NOW(2200), ring, false);
    lease_beat_taken(lease, NOW(2250), &beat);
    lease_quorate(lease, NOW(2300), ring, true);
    beat_ourselves(lease, 2500);
    assert_int_equal(lease_until(lease).ms, 0);
    beat_ourselves(lease, 2600);
    assert_int_equal(lease_until(lease).ms, 2500 + 2000);
    lease_ring(lease, NOW(2700), next_ring, 1);
    lease_quorate(lease, NOW(2700), next_ring, true);
    lease_beat_make(lease, NOW(2800), &beat);
    lease_beat_taken(lease, NOW(2801), &beat);
    assert_int_equal(lease_until(lease).ms, 2500 + 2000);
    lease_free(lease);
}

static void with_a_witness_nobody_is_vouched_for_and_its_lag_counts_on_both_sides(void **state)
{
    struct lease *lease = lease_with_witness();
    struct roster roster = roster_with_witness();
    struct beat beat = beat_of(1, 1, false);

    (void)state;
    beat.roster = roster_mark(&roster);
    lease_group(lease, NOW(1500), 3, 0);
    lease_ring(lease, NOW(1500), next_ring, 3);
    lease_quorate(lease, NOW(1500), next_ring, true);
    tell(lease, 1500, 0, NULL);
    tell(lease, 1500, 1, NULL);
    lease_ages_done(lease, NOW(1500));
    lease_beat_taken(lease, NOW(3000), &beat);
    lease_group(lease, NOW(5000), 1, 2);
    lease_ring(lease, NOW(5000), (struct ring_id){16, 1}, 1);
    lease_quorate(lease, NOW(6000), (struct ring_id){16, 1}, true);
    tell(lease, 6000, 0, NULL);
    lease_ages_done(lease, NOW(6000));
    assert_false(status_of(lease, 1, 6000).is_vouched);
    assert_int_equal(status_of(lease, 1, 6000).dead_at.ms, 6000 + 2000 + 5000 + 320 + 2 * 3000);
    /* The witness went to the other and came back, without a new ring. */
    lease_quorate(lease, NOW(9000), (struct ring_id){16, 1}, false);
    assert_int_equal(status_of(lease, 1, 9000).dead_at.ms, INT64_MAX);
    lease_quorate(lease, NOW(9500), (struct ring_id){16, 1}, true);
    assert_int_equal(status_of(lease, 1, 9500).dead_at.ms, 9500 + 7320 + 2 * 3000);
    lease_free(lease);
}

static void who_is_enough_without_the_witness_does_not_wait_for_its_lag(void **state)
{
    struct roster roster = roster_of_three();
    struct lease *lease;
    struct beat beat = beat_of(2, 1, true);

    (void)state;
    roster.has_witness = true;
    roster.witness_votes = 1;
    roster.nodes[0].votes = 2;
    roster.expected_votes = 5;
    roster.quorum_votes = 3;
    roster.witness_lag = duration_ms(3000);
    lease = lease_among_three(roster);
    beat.roster = roster_mark(&roster);
    lease_beat_taken(lease, NOW(3000), &beat);
    lose_third(lease, 5000, NULL);
    assert_int_equal(status_of(lease, 2, 5000).dead_at.ms, 5000 + 7320);
    lease_free(lease);
}

static void where_agents_are_missing_the_ring_lease_goes_on_and_proves_nothing(void **state)
{
    struct lease *lease = lease_among_three(roster_of_three());

    (void)state;
    lease_group(lease, NOW(2000), 1, 6);
    assert_true(lease_is_ring_quorate(lease));
    assert_false(lease_is_group_quorate(lease));
    beat_ourselves(lease, 2500);
    beat_ourselves(lease, 3000);
    assert_int_equal(lease_until(lease).ms, 2500 + 2000);
    assert_int_equal(status_of(lease, 1, 60000).dead_at.ms, INT64_MAX);
    lease_free(lease);
}

static void votes_put_into_votequorum_by_hand_carry_no_ring_lease(void **state)
{
    struct lease *lease = lease_among_three(roster_of_three());

    (void)state;
    lease_group(lease, NOW(2000), 1, 6);
    lease_ring(lease, NOW(2000), next_ring, 1);
    lease_quorate(lease, NOW(2000), next_ring, true);
    for (int64_t now = 2500; now < 4000; now += 500) {
        struct beat beat;

        lease_beat_make(lease, NOW(now), &beat);
        lease_beat_taken(lease, NOW(now), &beat);
    }
    assert_int_equal(lease_until(lease).ms, 0);
    lease_free(lease);
}

static void where_quorum_was_forced_no_wait_proves_anything(void **state)
{
    struct roster roster = roster_of_three();
    struct lease *lease;
    struct beat beat = beat_of(2, 1, true);

    (void)state;
    roster.is_forced = true;
    lease = lease_among_three(roster);
    lease_beat_taken(lease, NOW(3000), &beat);
    lose_third(lease, 5000, NULL);
    assert_int_equal(status_of(lease, 2, 90000).dead_at.ms, INT64_MAX);
    assert_false(status_of(lease, 2, 90000).is_proven_off);
    lease_free(lease);
}

static void other_votes_carry_no_ring_lease_before_all_have_told_by_them(void **state)
{
    struct lease *lease = lease_with_witness();
    struct roster roster = roster_with_witness();

    (void)state;
    roster.nodes[0].votes = 2;
    roster.expected_votes = 4;
    roster.quorum_votes = 3;
    lease_set_roster(lease, &roster);
    beat_ourselves(lease, 2000);
    beat_ourselves(lease, 2500);
    assert_int_equal(lease_until(lease).ms, 0);
    tell(lease, 2600, 0, NULL);
    lease_ages_done(lease, NOW(2600));
    beat_ourselves(lease, 3000);
    assert_int_equal(lease_until(lease).ms, 2500 + 2000);
    lease_free(lease);
}

static void the_first_service_waits_until_all_here_know_that_we_are_armed(void **state)
{
    struct roster roster = roster_with_witness();
    struct lease *lease = lease_new(&roster, "boot", 100, &timing, NOW(900));
    struct beat other = beat_of(1, 1, true);
    uint64_t number;

    (void)state;
    lease_group(lease, NOW(1000), 3, 0);
    lease_ring(lease, NOW(1000), ring, 3);
    lease_quorate(lease, NOW(1000), ring, true);
    lease_set_armed(lease, true);
    number = beat_ourselves(lease, 2000);
    beat_ourselves(lease, 2500);
    assert_int_equal(lease_until(lease).ms, 2000 + 2000);
    assert_false(lease_is_armed_acknowledged(lease));
    other.roster = roster_mark(&roster);
    other.acks[0] = (struct beat_ack){100, number};
    lease_beat_taken(lease, NOW(2600), &other);
    assert_true(lease_is_armed_acknowledged(lease));
    lease_free(lease);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_a_witness_a_beat_counts_once_one_sent_after_its_return_has_come_back),
        cmocka_unit_test(acknowledgements_carry_nobody_where_there_is_a_witness),
        cmocka_unit_test(a_break_in_its_quorum_or_another_ring_begins_the_ring_lease_anew),
        cmocka_unit_test(with_a_witness_nobody_is_vouched_for_and_its_lag_counts_on_both_sides),
        cmocka_unit_test(who_is_enough_without_the_witness_does_not_wait_for_its_lag),
        cmocka_unit_test(where_agents_are_missing_the_ring_lease_goes_on_and_proves_nothing),
        cmocka_unit_test(votes_put_into_votequorum_by_hand_carry_no_ring_lease),
        cmocka_unit_test(where_quorum_was_forced_no_wait_proves_anything),
        cmocka_unit_test(other_votes_carry_no_ring_lease_before_all_have_told_by_them),
        cmocka_unit_test(the_first_service_waits_until_all_here_know_that_we_are_armed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
