/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two nodes and a witness: who may decide, and from when on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/quorum/world.h"

#define LAG_MS 900
/* L + W + e + 2 H. */
#define WAIT_MS (1000 + 1500 + 40 + 2 * LAG_MS)

static const struct lease_timing timing = {{1500}, {250}, {1000}, {40}, {0}};

static struct world *two_with_witness(void)
{
    struct world *world = world_new(2, 7, &timing);

    world_witness(world, LAG_MS, LAG_MS);
    world->is_disk_instant = true;
    world_power_on(world, 0);
    world_power_on(world, 1);
    assert_true(world_settle(world, 4000));
    return world;
}

static bool has_lease(struct world *world, int at)
{
    const struct actor *actor = &world->actors[at];

    return instant_before(world_clock(actor), lease_until(member_lease(actor->member)));
}

/* Node 1 is gone, and node 0 has taken over; how long that took. */
static int64_t lose_second(struct world *world)
{
    int64_t from = world->now;

    world_power_off(world, 1);
    world_run(world, WAIT_MS - 200);
    assert_false(world->actors[0].status.is_in_sync);
    assert_true(world_settle(world, 4000));
    assert_true(world->actors[0].status.is_by_witness);
    return world->now - from;
}

static void two_decide_by_themselves_whatever_the_witness_does(void **state)
{
    struct world *world = two_with_witness();
    uint64_t token;

    (void)state;
    loopback_witness_move(world->loopback, -1);
    world_run(world, 3000);
    assert_true(world->actors[0].status.is_in_sync && !world->actors[0].status.is_by_witness);
    assert_true(has_lease(world, 0) && has_lease(world, 1));
    token = world_set(world, world_leader(world), "key", "value");
    world_run(world, 200);
    assert_true(token != 0 && world->actors[1].n_committed == 1);
    world_free(world);
}

static void the_last_of_two_decides_once_the_other_is_off_and_not_before(void **state)
{
    struct world *world = two_with_witness();
    int64_t took = lose_second(world);

    (void)state;
    /* The ring forms anew (up to two tokens), votequorum speaks, the wait, one beat. */
    assert_true(took >= WAIT_MS && took < WAIT_MS + 2000);
    assert_true(has_lease(world, 0));
    assert_true(world_set(world, 0, "key", "value") != 0);
    world_run(world, 100);
    assert_int_equal(world->actors[0].n_committed, 1);
    world_free(world);
}

static void without_the_witness_the_last_of_two_decides_nothing_and_has_no_lease(void **state)
{
    struct world *world = two_with_witness();

    (void)state;
    loopback_witness_move(world->loopback, -1);
    world_power_off(world, 1);
    world_run(world, 20000);
    assert_false(world->actors[0].status.is_in_sync);
    assert_false(has_lease(world, 0));
    world_free(world);
}

static void a_witness_that_was_away_begins_the_wait_anew(void **state)
{
    struct world *world = two_with_witness();

    (void)state;
    lose_second(world);
    loopback_witness_move(world->loopback, -1);
    world_run(world, LAG_MS + 100);
    assert_false(world->actors[0].status.is_in_sync);
    loopback_witness_move(world->loopback, 0);
    world_run(world, WAIT_MS - 200);
    assert_false(world->actors[0].status.is_in_sync);
    assert_int_equal(world_set(world, 0, "key", "value"), 0);
    assert_true(has_lease(world, 0)); /* what runs goes on */
    assert_true(world_settle(world, 3000));
    world_free(world);
}

static void an_agent_that_died_is_waited_for_where_its_corosync_runs(void **state)
{
    struct world *world = two_with_witness();

    (void)state;
    world_kill_agent(world, 1);
    world_run(world, 1500);
    assert_true(world->actors[0].status.nodes == 3);
    assert_false(world->actors[0].status.is_in_sync);
    assert_true(has_lease(world, 0));
    assert_true(world_settle(world, WAIT_MS + 1000));
    assert_true(world->actors[0].status.is_by_witness);
    world_start_agent(world, 1);
    assert_true(world_settle(world, 2000));
    assert_false(world->actors[0].status.is_by_witness);
    world_free(world);
}

static void one_that_stalls_in_the_ring_is_off_once_it_must_have_been_reset(void **state)
{
    struct world *world = two_with_witness();

    (void)state;
    world_stall(world, 1, true);
    loopback_freeze(world->loopback, 0, false); /* the ring is whole: only the agent stands */
    world_kill_agent(world, 0);
    world_start_agent(world, 0);
    world_run(world, 1500);
    assert_false(world->actors[0].status.is_in_sync);
    world_run(world, WAIT_MS + 2000);
    assert_true(world->actors[0].status.is_in_sync);
    world_stall(world, 1, false);
    world_run(world, 3000);
    assert_true(world->actors[0].status.is_in_sync && world->actors[1].status.is_in_sync);
    assert_false(world->actors[0].status.is_by_witness);
    world_free(world);
}

static void a_read_is_answered_by_the_last_of_two(void **state)
{
    struct world *world = two_with_witness();

    (void)state;
    lose_second(world);
    world_set(world, 0, "key", "value");
    world_run(world, 100);
    world_read(world, 0);
    world_run(world, 200);
    assert_int_equal(world->n_reads, 1);
    assert_string_equal(world->violation, "");
    world_free(world);
}

/* Each decides alone in turn; then both meet. */
static void of_two_histories_the_later_is_kept_and_the_other_is_a_branch(void **state)
{
    struct world *world = two_with_witness();
    static const int apart[WORLD_NODES] = {0, 1}, together[WORLD_NODES];

    (void)state;
    world_set(world, world_leader(world), "both", "x");
    world_run(world, 200);
    loopback_cut(world->loopback, apart);
    loopback_witness_move(world->loopback, 0);
    world_run(world, WAIT_MS + 2500);
    assert_true(world->actors[0].status.is_by_witness);
    assert_true(world_set(world, 0, "first", "x") != 0);
    world_run(world, 300);
    loopback_witness_move(world->loopback, 1);
    world_run(world, LAG_MS + WAIT_MS + 2500);
    assert_true(world->actors[1].status.is_by_witness && !world->actors[0].status.is_in_sync);
    assert_true(world_set(world, 1, "second", "x") != 0);
    world_run(world, 300);
    loopback_cut(world->loopback, together);
    assert_true(world_settle(world, 4000));
    for (int at = 0; at < 2; at++) {
        const json_t *records = member_records(world->actors[at].member);

        assert_non_null(json_object_get(records, "both"));
        assert_non_null(json_object_get(records, "second"));
        assert_null(json_object_get(records, "first"));
    }
    assert_int_equal(world->actors[0].n_branched, 1);
    assert_int_equal(world->actors[1].n_branched, 0);
    world_free(world);
}

static void who_is_only_behind_keeps_no_branch(void **state)
{
    struct world *world = two_with_witness();

    (void)state;
    world_set(world, world_leader(world), "both", "x");
    world_run(world, 200);
    lose_second(world);
    world_set(world, 0, "alone", "x");
    world_run(world, 200);
    world_power_on(world, 1);
    assert_true(world_settle(world, 4000));
    assert_non_null(json_object_get(member_records(world->actors[1].member), "alone"));
    assert_int_equal(world->actors[0].n_branched + world->actors[1].n_branched, 0);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_decide_by_themselves_whatever_the_witness_does),
        cmocka_unit_test(the_last_of_two_decides_once_the_other_is_off_and_not_before),
        cmocka_unit_test(without_the_witness_the_last_of_two_decides_nothing_and_has_no_lease),
        cmocka_unit_test(a_witness_that_was_away_begins_the_wait_anew),
        cmocka_unit_test(an_agent_that_died_is_waited_for_where_its_corosync_runs),
        cmocka_unit_test(one_that_stalls_in_the_ring_is_off_once_it_must_have_been_reset),
        cmocka_unit_test(a_read_is_answered_by_the_last_of_two),
        cmocka_unit_test(of_two_histories_the_later_is_kept_and_the_other_is_a_branch),
        cmocka_unit_test(who_is_only_behind_keeps_no_branch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
