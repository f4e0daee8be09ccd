/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Weighing services: the numbers against known ones, and what is decided by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ha/decide/load.h"
#include "tests/unit/ha/decide/scene.h"

#define MIB ((int64_t)1 << 20)
#define GIB ((int64_t)1 << 30)
/* Of a fixed number, for comparing with decimals. */
#define MILLIONTHS(number) (int)(((wide)(number)*1000000) >> FIXED_BITS)

static void division_and_roots_are_exact(void **state)
{
    wide big = (wide)1 << 100;

    (void)state;
    assert_true(fixed_divide(100, 7) == 14);
    assert_true(fixed_divide(big, (uint64_t)1 << 62) == (uint64_t)1 << 38);
    assert_true(fixed_divide(big + 12345, (uint64_t)1000000007 << 20) == 1208925811152148ull);
    assert_true(fixed_root(0) == 0);
    assert_true(fixed_root(99) == 9);
    assert_true(fixed_root(big) == (uint64_t)1 << 50);
    assert_true(fixed_root(big - 1) == ((uint64_t)1 << 50) - 1);
    assert_true(fixed_mean_root(big * 9, 9) == (uint64_t)1 << 50);
    assert_int_equal(MILLIONTHS(fixed_ratio(1, 3)), 333333);
    assert_true(fixed_ratio(1000000, 1) == FIXED_LOAD_MAX);
}

/* Three nodes with 16 processors and 64 GiB, and what each of them carries. */
static struct scene *three_nodes(void)
{
    static const int cpus[] = {1700, 15184, 5200};
    static const int memory[] = {12334, 529, 9381};
    struct scene *scene = scene_new(3, 1);

    scene->policy.scheduling.mode = SCHEDULING_DYNAMIC;
    for (node_id node = 0; node < 3; node++) {
        scene->policy.nodes[node].cpus_milli = 16000;
        scene->policy.nodes[node].memory = 64 * GIB;
        scene_join_boot(scene, node, "one");
        scene->view.nodes[node].used_cpus_milli = cpus[node];
        scene->view.nodes[node].used_memory = memory[node] * MIB;
    }
    scene->services[A].cpus_milli = 1000;
    scene->services[A].memory = 12 * GIB;
    return scene;
}

static void begin(struct scene *scene, struct round *round)
{
    round_init(round, &scene->state, &scene->policy, &scene->view, &scene->outcome);
    for (node_id node = 0; node < scene->policy.n_nodes; node++)
        scene->state.nodes[node].state = NODE_ONLINE;
    round_see_nodes(round);
}

/* 0.3460548572604576 for these loads, times the root of two for what is not normalised. */
static void imbalance_is_the_coefficient_of_variation(void **state)
{
    struct scene *scene = three_nodes();
    struct loads loads;
    struct round round;

    (void)state;
    begin(scene, &round);
    load_of_now(&round, &loads);
    assert_int_equal(MILLIONTHS(loads_imbalance(&loads, NULL)), 489395);
    free(scene);
}

static void one_loaded_node_of_three_is_the_worst_imbalance(void **state)
{
    struct scene *scene = three_nodes();
    struct loads loads;
    struct round round;

    (void)state;
    begin(scene, &round);
    for (node_id node = 1; node < 3; node++)
        scene->view.nodes[node].used_cpus_milli = 0, scene->view.nodes[node].used_memory = 0;
    load_of_now(&round, &loads);
    assert_int_equal(MILLIONTHS(loads_imbalance(&loads, NULL)), 1414213);
    scene->view.nodes[ALPHA].used_cpus_milli = 0;
    scene->view.nodes[ALPHA].used_memory = 0;
    load_of_now(&round, &loads);
    assert_int_equal(loads_imbalance(&loads, NULL), 0);
    free(scene);
}

/* Starting takes the best of those that are left; closing them one by one gives the whole order. */
static void assert_order(struct scene *scene, node_id first, node_id second, node_id third)
{
    const node_id order[] = {first, second, third};
    struct rule *rule = scene_rule(scene, RULE_ON, true, 1u << A);

    scene_tier(rule, scene->policy.n_nodes == 3 ? 7u : 0u);
    for (int i = 0; i < 3; i++) {
        scene->state.services[A] = (struct service){.state = SERVICE_REQUEST_START,
                                                    .node = NODE_NONE,
                                                    .target = NODE_NONE,
                                                    .fallback = NODE_NONE};
        scene_step(scene);
        assert_int_equal(scene->state.services[A].node, order[i]);
        rule->tiers[0] &= ~node_bit(order[i]);
    }
    free(scene);
}

static void starts_are_ranked_by_processors_and_memory(void **state)
{
    struct scene *scene = three_nodes();

    (void)state;
    assert_order(scene, BETA, GAMMA, ALPHA);
    scene = three_nodes();
    scene->services[A].cpus_milli = 12000;
    scene->services[A].memory = 0;
    assert_order(scene, ALPHA, GAMMA, BETA);
    /* Nobody said how many processors: it may take all of them. */
    scene = three_nodes();
    scene->services[A].cpus_milli = 0;
    scene->services[A].memory = 0;
    assert_order(scene, ALPHA, GAMMA, BETA);
    scene = three_nodes();
    scene->services[A].cpus_milli = 12000;
    assert_order(scene, BETA, GAMMA, ALPHA);
}

static void the_reason_says_that_it_was_weighed(void **state)
{
    struct scene *scene = three_nodes();

    (void)state;
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_STARTED, REASON_LEAST_STRAIN));
    assert_service(scene, A, SERVICE_STARTED, BETA);
    free(scene);
}

static void without_the_sizes_of_nodes_services_are_counted(void **state)
{
    struct scene *scene = three_nodes();

    (void)state;
    scene->policy.nodes[GAMMA].memory = 0;
    scene_step(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_true(scene_has_change(scene, A, SERVICE_STARTED, REASON_FIRST_BY_NAME));
    free(scene);
}

static void decisions_in_one_step_see_each_other(void **state)
{
    struct scene *scene = scene_new(3, 4);

    (void)state;
    scene->policy.scheduling.mode = SCHEDULING_STATIC;
    for (node_id node = 0; node < 3; node++) {
        scene->policy.nodes[node].cpus_milli = 8000;
        scene->policy.nodes[node].memory = 8 * GIB;
    }
    for (service_id service = 0; service < 4; service++) {
        scene->services[service].cpus_milli = 1000;
        scene->services[service].memory = service == A ? 6 * GIB : GIB;
    }
    scene_start(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    assert_service(scene, C, SERVICE_STARTED, GAMMA);
    assert_service(scene, D, SERVICE_STARTED, BETA);
    free(scene);
}

static void a_start_may_be_used_to_balance(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    scene->services[A].requested = REQUESTED_STOPPED;
    scene_settle(scene);
    scene_command(scene, COMMAND_MIGRATE, A, GAMMA);
    scene->services[A].requested = REQUESTED_STARTED;
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, GAMMA);
    scene->services[A].requested = REQUESTED_STOPPED;
    scene_settle(scene);
    scene->policy.scheduling.rebalances_on_start = true;
    scene->services[A].requested = REQUESTED_STARTED;
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(division_and_roots_are_exact),
        cmocka_unit_test(imbalance_is_the_coefficient_of_variation),
        cmocka_unit_test(one_loaded_node_of_three_is_the_worst_imbalance),
        cmocka_unit_test(starts_are_ranked_by_processors_and_memory),
        cmocka_unit_test(the_reason_says_that_it_was_weighed),
        cmocka_unit_test(without_the_sizes_of_nodes_services_are_counted),
        cmocka_unit_test(decisions_in_one_step_see_each_other),
        cmocka_unit_test(a_start_may_be_used_to_balance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
