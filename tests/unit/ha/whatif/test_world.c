/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The imaginary cluster itself: that it is exact, jumps over idle time, keeps the promises
 * that proof rests on, notices broken ones, and carries services over to another policy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ha/base/arena.h"
#include "ha/base/text.h"
#include "ha/whatif/world.h"

#define NODES 3

struct stage {
    struct policy policy;
    struct service_policy services[8];
    struct world *world;
};

static void add_service(struct stage *stage, const char *name)
{
    struct service_policy *service = &stage->services[stage->policy.n_services++];

    text_copy(service->name, sizeof(service->name), name);
    service->type = "ocf";
    service->requested = REQUESTED_STARTED;
    service->failback = true;
    service->relocate_max = 1;
    service->monitor_every = duration_ms(10000);
    service->start_timeout = service->stop_timeout = duration_ms(20000);
}

static void set_policy(struct stage *stage, const char *const *names)
{
    static const char *const nodes[] = {"alpha", "beta", "gamma"};

    *stage = (struct stage){.world = stage->world};
    stage->policy.n_nodes = NODES;
    for (int i = 0; i < NODES; i++)
        text_copy(stage->policy.nodes[i].name, NODE_NAME_MAX, nodes[i]);
    stage->policy.timing = timing_of_network("lan", duration_ms(0), duration_ms(0));
    stage->policy.services = stage->services;
    while (*names)
        add_service(stage, *names++);
}

static int setup(void **state)
{
    static struct stage stage;
    static const char *const names[] = {"ocf:b", "ocf:d", NULL};

    stage.world = xcalloc(1, world_size(NODES));
    set_policy(&stage, names);
    world_init(stage.world, &stage.policy, &world_exact, 0);
    for (node_id node = 0; node < NODES; node++)
        world_power_on(stage.world, node);
    assert_true(world_run(stage.world, duration_ms(20000)));
    *state = &stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *stage = *state;

    free(stage->world);
    return 0;
}

static void idle_time_costs_nothing(void **state)
{
    struct world *world = ((struct stage *)*state)->world;
    struct instant end = instant_after(world->now, duration_ms(3600 * 1000));
    int n_events = 0;

    while (world_advance(world, end))
        n_events++;
    /* Two services are looked at every ten seconds, and nothing else happens in an hour. */
    assert_in_range(n_events, 100, 3000);
    assert_int_equal(world->now.ms, end.ms);
}

static void a_cut_node_is_reset_before_it_is_proven_off(void **state)
{
    struct world *world = ((struct stage *)*state)->world;
    int64_t wait = timing_recovery_wait(&world->policy->timing).ms;
    node_id node = world->agreed.services[0].node;

    world_cut(world, node_bit(node), true);
    assert_true(world_run(world, duration_ms(wait - 1)));
    assert_int_equal(world_running(world, 0), 0);
    assert_int_equal(world->agreed.services[0].node, node);
    assert_true(world_run(world, duration_ms(4000)));
    assert_int_not_equal(world->agreed.services[0].node, node);
    assert_int_equal(node_set_count(world_running(world, 0)), 1);
}

static void a_promise_that_is_broken_ends_the_world(void **state)
{
    struct world *world = ((struct stage *)*state)->world;

    world->nodes[0].is_running[1] = world->nodes[1].is_running[1] = true;
    assert_false(world_run(world, duration_ms(1000)));
    assert_non_null(strstr(world->broken, "runs on two nodes (service ocf:d"));
}

static void another_policy_knows_services_by_name(void **state)
{
    static const char *const more[] = {"ocf:a", "ocf:b", "ocf:c", "ocf:d", NULL};
    static const char *const fewer[] = {"ocf:d", NULL};
    struct stage *stage = *state, other = {.world = stage->world};
    struct world *world = stage->world;
    node_id b = world->agreed.services[0].node, d = world->agreed.services[1].node;

    set_policy(&other, more);
    world_set_policy(world, &other.policy);
    assert_int_equal(world->agreed.services[1].node, b);
    assert_int_equal(world->agreed.services[3].node, d);
    assert_int_equal(world->agreed.services[2].state, SERVICE_ABSENT);
    assert_int_equal(world_running(world, 3), node_bit(d));
    assert_int_equal(world_running(world, 0), 0);
    assert_true(world_run(world, duration_ms(20000)));
    assert_int_equal(node_set_count(world_running(world, 2)), 1);
    assert_int_equal(world_running(world, 3), node_bit(d));
    set_policy(stage, fewer);
    world_set_policy(world, &stage->policy);
    assert_int_equal(world->agreed.services[0].node, d);
    assert_true(world_run(world, duration_ms(20000)));
    assert_int_equal(world_running(world, 0), node_bit(d));
}

static void failures_are_counted_and_come_back_if_told(void **state)
{
    struct world *world = ((struct stage *)*state)->world;
    struct job job = {.kind = JOB_START, .service = 1, .cause = 7};

    world_fail(world, FAULT_START, 1, (struct world_failing){.on = 2, .left = 2, .times = 2});
    assert_false(world_try_fails(world, FAULT_START, 0, &job));
    for (int i = 0; i < 2; i++) {
        assert_true(world_try_fails(world, FAULT_START, 1, &job));
        assert_true(world_try_fails(world, FAULT_START, 1, &job));
        assert_false(world_try_fails(world, FAULT_START, 1, &job));
    }
    /* A move is one try, however often its stop is tried. */
    world_fail(world, FAULT_MOVE, 1, (struct world_failing){.on = 2, .left = 1});
    assert_true(world_try_fails(world, FAULT_MOVE, 1, &job));
    assert_true(world_try_fails(world, FAULT_MOVE, 1, &job));
    job.cause = 8;
    assert_false(world_try_fails(world, FAULT_MOVE, 1, &job));
    assert_false(world_try_fails(world, FAULT_MOVE, 1, &job));
}

/* Not installed there: it says no at once, begins nothing, and uses up no try. */
static void who_refuses_to_start_leaves_nothing_behind(void **state)
{
    struct world *world = ((struct stage *)*state)->world;
    node_id from = world->agreed.services[0].node;

    world_fail(world, FAULT_START, 0,
               (struct world_failing){.on = node_bit(from), .left = -1, .exit_code = 5});
    world_kill_service(world, 0);
    assert_true(world_run(world, duration_ms(40000)));
    assert_int_not_equal(world->agreed.services[0].node, from);
    assert_int_equal(world_serving(world, 0), node_bit(world->agreed.services[0].node));
    assert_int_equal(world->agreed.services[0].n_failed, 0);
    /* It runs, and its agent refuses to stop it: that is a stop that failed. */
    world_fail(world, FAULT_STOP, 0,
               (struct world_failing){.on = ~(node_set)0, .left = -1, .exit_code = 5});
    world_command(world, COMMAND_STOP, 0, NODE_NONE);
    assert_true(world_run(world, duration_ms(40000)));
    assert_int_equal(world->agreed.services[0].state, SERVICE_ERROR);
    assert_int_equal(node_set_count(world_running(world, 0)), 1);
}

static void nobody_carries_what_is_managed(void **state)
{
    struct stage *stage = *state;
    struct world *world = stage->world;
    node_id from = world->agreed.services[0].node, to = (node_id)((from + 1) % NODES);

    assert_false(world_carry(world, 0, to));
    stage->services[0].requested = REQUESTED_IGNORED;
    world_set_policy(world, &stage->policy);
    assert_true(world_run(world, duration_ms(1000)));
    assert_true(world_carry(world, 0, to));
    stage->services[0].requested = REQUESTED_STARTED;
    world_set_policy(world, &stage->policy);
    world_run(world, duration_ms(20000));
    assert_string_equal(world->broken, "");
    assert_int_equal(world_running(world, 0), node_bit(to));
    assert_int_equal(world->agreed.services[0].node, to);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(idle_time_costs_nothing),
        TEST(a_cut_node_is_reset_before_it_is_proven_off),
        TEST(a_promise_that_is_broken_ends_the_world),
        TEST(another_policy_knows_services_by_name),
        TEST(failures_are_counted_and_come_back_if_told),
        TEST(who_refuses_to_start_leaves_nothing_behind),
        TEST(nobody_carries_what_is_managed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
