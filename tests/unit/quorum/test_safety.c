/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random histories: cuts, frozen corosyncs with stale tokens, stalled and killed
 * agents, lost power, lagging disks, drifting clocks. What must hold is checked
 * at every step (world*.c); and faults planted on purpose must be found, so that
 * the net is known to hold. QUORUM_SEEDS=n plays more, QUORUM_SEED=n one history.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/quorum/world.h"

/*
 * L = 4 B. Clocks drift by 0.4 % at most, and nothing here is late by more than
 * a step, so e is as small as that allows: what is wrong has no room to hide in.
 */
static const struct lease_timing timing = {{1500}, {250}, {1000}, {40}, {0}};

/* Some seconds; make histories plays more. Sanitizers look at memory: few are enough for them. */
#ifdef __SANITIZE_ADDRESS__
#define HISTORIES 60
#else
#define HISTORIES 100
#endif
#define HISTORIES_TO_FIND 600

struct tally {
    uint64_t n_commits, n_starts, n_takeovers, n_votes, n_reads;
    char violation[256];
    uint64_t seed;
};

static void harm(struct world *world)
{
    int at = (int)world_random(world, (uint64_t)world->n_nodes);
    int component[WORLD_NODES];
    struct actor *actor = &world->actors[at];

    switch (world_random(world, 9)) {
    case 0:
    case 1:
        for (int i = 0; i < world->n_nodes; i++)
            component[i] = (int)world_random(world, 2);
        loopback_cut(world->loopback, component);
        break;
    case 2: world_heal(world); break;
    case 3: loopback_freeze(world->loopback, at, true); break;
    case 4: loopback_freeze(world->loopback, at, false); break;
    case 5:
        if (actor->member)
            world_stall(world, at, !actor->is_stalled);
        break;
    case 6: world_kill_agent(world, at); break;
    case 7: world_start_agent(world, at); break;
    case 8:
        if (actor->is_on) {
            world_power_off(world, at);
            actor->return_at = world->now + 200 + (int64_t)world_random(world, 4000);
        }
        break;
    }
}

static void write_something(struct world *world)
{
    int leader = world_leader(world);

    if (leader >= 0 && world_random(world, 3) == 0)
        world_set(world, leader, "other", "x");
}

/* A stopped process has asked before it was stopped: its answer comes when it goes on. */
static void read_everywhere(struct world *world)
{
    for (int at = 0; at < world->n_nodes; at++)
        world_read(world, at);
}

static void play_history(uint64_t seed, const struct lease_timing *used,
                         const struct world_faults *faults, struct tally *tally)
{
    struct world *world = world_new(seed % 4 == 3 ? 5 : 3, seed, used);

    world->faults = *faults;
    world->is_disk_instant = seed % 2 == 0;
    world->has_service = true;
    world->changes_votes =
        seed % 3 == 1 || faults->ignores_marks || faults->leaps || faults->hurries;
    world->watchdog_spread_ms = seed % 5 == 0 ? 700 : 0;
    world->changes_times = seed % 10 == 7;
    for (int at = 0; at < world->n_nodes; at++)
        world_power_on(world, at);
    world_run(world, 1500 + (int64_t)world_random(world, 1500));
    for (int i = 0; i < 12 && !world->violation[0]; i++) {
        harm(world);
        write_something(world);
        read_everywhere(world);
        world_run(world, 5 + (int64_t)world_random(world, world_random(world, 3) ? 400 : 6000));
    }
    if (!world->violation[0]) {
        world_heal(world);
        if (!world->changes_votes && !world_settle(world, 6000))
            world_violate(world, "healed, and still not all are in sync after 6 s");
        world_run(world, 4000);
        world->has_service = false;
        read_everywhere(world);
        world_run(world, 500);
        if (!world_settle(world, 6000))
            world_violate(world, "healed and quiet, and still not all are in sync after 6 s");
        world_check_records(world);
    }
    tally->n_commits += world->n_commits;
    tally->n_starts += world->n_starts;
    tally->n_takeovers += world->n_takeovers;
    tally->n_votes += world->n_votes;
    tally->n_reads += world->n_reads;
    if (world->violation[0] && !tally->violation[0]) {
        memcpy(tally->violation, world->violation, sizeof(tally->violation));
        tally->seed = seed;
    }
    world_free(world);
}

static uint64_t seeds_wanted(uint64_t fallback)
{
    const char *text = getenv("QUORUM_SEEDS");

    return text ? strtoull(text, NULL, 10) : fallback;
}

static void no_history_breaks_the_promise_or_loses_what_was_durable(void **state)
{
    static const struct world_faults none;
    const char *only = getenv("QUORUM_SEED");
    uint64_t first = only ? strtoull(only, NULL, 10) : 1;
    uint64_t last = only ? first : seeds_wanted(HISTORIES);
    struct tally tally = {0};

    (void)state;
    for (uint64_t seed = first; seed <= last && !tally.violation[0]; seed++)
        play_history(seed, &timing, &none, &tally);
    if (tally.violation[0])
        fail_msg("seed %llu: %s", (unsigned long long)tally.seed, tally.violation);
    print_message("%llu commits, %llu starts, %llu take-overs, %llu changes of votes, %llu reads\n",
                  (unsigned long long)tally.n_commits, (unsigned long long)tally.n_starts,
                  (unsigned long long)tally.n_takeovers, (unsigned long long)tally.n_votes,
                  (unsigned long long)tally.n_reads);
    if (!only) {
        /* A net that nothing swims into proves nothing. */
        assert_true(tally.n_commits > last && tally.n_starts > last);
        assert_true(tally.n_takeovers > last / 20 && tally.n_votes > last);
        assert_true(tally.n_reads > 4 * last);
    }
}

/*
 * It must be found in one of the histories, all of them in turn. The first is near the one that
 * found it when this was written, so that it takes no longer than it has to.
 */
static void must_find(const struct lease_timing *used, const struct world_faults *faults,
                      uint64_t first, const char *words)
{
    uint64_t last = HISTORIES_TO_FIND;

    if (HISTORIES < 100)
        skip();
    for (uint64_t i = 0; i < last; i++) {
        uint64_t seed = (first - 1 + i) % last + 1;
        struct tally tally = {0};

        play_history(seed, used, faults, &tally);
        if (!strstr(tally.violation, words))
            continue;
        print_message("found at history %llu: %s\n", (unsigned long long)seed, tally.violation);
        return;
    }
    fail_msg("nobody noticed in %llu histories", (unsigned long long)last);
}

static void a_wait_that_is_too_short_is_found(void **state)
{
    static const struct world_faults none;
    struct lease_timing hasty = timing;

    (void)state;
    hasty.allowance = duration_ms(-700);
    must_find(&hasty, &none, 6, "the service runs on");
}

static void acknowledgements_of_what_was_never_heard_are_found(void **state)
{
    static const struct world_faults faults = {.acks_all = true};

    (void)state;
    must_find(&timing, &faults, 211, "the service runs on");
}

static void a_longer_history_that_wins_over_a_newer_one_is_found(void **state)
{
    static const struct world_faults faults = {.forgets_epochs = true};

    (void)state;
    must_find(&timing, &faults, 301, "version");
}

static void a_ring_without_quorum_that_acts_is_found(void **state)
{
    static const struct world_faults faults = {.ignores_quorum = true};

    (void)state;
    must_find(&timing, &faults, 29, "the service runs on");
}

static void who_counts_those_that_count_otherwise_is_found(void **state)
{
    static const struct world_faults faults = {.ignores_marks = true};

    (void)state;
    must_find(&timing, &faults, 8, "version");
}

static void votes_that_leap_are_found(void **state)
{
    static const struct world_faults faults = {.leaps = true};

    (void)state;
    must_find(&timing, &faults, 12, "version");
}

static void votes_that_change_before_a_quorum_counts_by_the_last_are_found(void **state)
{
    static const struct world_faults faults = {.hurries = true};

    (void)state;
    must_find(&timing, &faults, 13, "version");
}

static void a_read_that_asks_nobody_is_found(void **state)
{
    static const struct world_faults faults = {.reads_at_once = true};

    (void)state;
    must_find(&timing, &faults, 2, "was acknowledged before it asked");
}

static void a_read_that_nobody_needs_to_answer_is_found(void **state)
{
    static const struct world_faults faults = {.hears_all = true};

    (void)state;
    must_find(&timing, &faults, 86, "was acknowledged before it asked");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_history_breaks_the_promise_or_loses_what_was_durable),
        cmocka_unit_test(a_wait_that_is_too_short_is_found),
        cmocka_unit_test(acknowledgements_of_what_was_never_heard_are_found),
        cmocka_unit_test(a_longer_history_that_wins_over_a_newer_one_is_found),
        cmocka_unit_test(a_ring_without_quorum_that_acts_is_found),
        cmocka_unit_test(who_counts_those_that_count_otherwise_is_found),
        cmocka_unit_test(votes_that_leap_are_found),
        cmocka_unit_test(votes_that_change_before_a_quorum_counts_by_the_last_are_found),
        cmocka_unit_test(a_read_that_asks_nobody_is_found),
        cmocka_unit_test(a_read_that_nobody_needs_to_answer_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
