/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random histories of imaginary clusters: a hundred things happen, then all is
 * mended. Whatever happened, no service ran on two nodes, deciding twice decided
 * nothing, and in the end everything that can run runs. SEED=n plays one history
 * again, HISTORIES=n plays more of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ha/base/arena.h"
#include "ha/whatif/world.h"
#include "tests/unit/ha/decide/scene.h"

#define HISTORIES 300
#define EVENTS 100
#define N_SERVICES 6

static void weigh(struct scene *scene, struct random *random)
{
    scene->policy.scheduling = (struct scheduling){
        .mode = (enum scheduling_mode)random_below(random, 3),
        .method = (enum scheduling_method)random_below(random, 2),
        .rebalances_on_start = random_chance(random, 30),
        .rebalances = random_chance(random, 50),
        .imbalance_millionths = 300000,
        .imbalance_hold = {random_below(random, 20000)},
        .improve_millionths = 100000,
    };
    for (int i = 0; i < scene->policy.n_nodes; i++) {
        scene->policy.nodes[i].cpus_milli = 8000;
        scene->policy.nodes[i].memory = 1 << 30;
    }
    for (int i = 0; i < N_SERVICES; i++) {
        scene->services[i].cpus_milli = random_below(random, 4000);
        scene->services[i].memory = random_below(random, 1 << 28);
    }
}

/* Who starts before whom, in what turn, how fast, and what is held back when nodes die. */
static void pace(struct scene *scene, struct random *random)
{
    static const service_id in_order[] = {F, D, B, A, C, E};
    static const service_id last[] = {E, F};
    struct rule *rule;

    if (random_chance(random, 50)) {
        rule = scene_rule(scene, RULE_BEFORE, true, 1u << A | 1u << C);
        rule->others = last;
        rule->n_others = 2;
    }
    if (random_chance(random, 50))
        scene->policy.in_order = in_order;
    scene->policy.scheduling.workers = random_below(random, 4);
    scene->policy.storm =
        (struct frequency){random_below(random, 3), duration_ms(random_below(random, 60000)), 0};
    scene->policy.quarantine =
        (struct frequency){random_below(random, 4), duration_ms(random_below(random, 60000)), 0};
    for (int i = 0; i < N_SERVICES; i++)
        scene->services[i].restart_after = duration_ms(random_below(random, 2) * 2000);
}

static struct scene *policy_of_seed(uint64_t seed)
{
    struct random random = {.state = seed * 77};
    struct scene *scene = scene_new(3 + random_below(&random, 3), N_SERVICES);
    struct rule *rule;

    scene_rule(scene, RULE_TOGETHER, true, 1u << A | 1u << B);
    scene_rule(scene, RULE_APART, true, 1u << C | 1u << D);
    if (random_chance(&random, 50)) {
        rule = scene_rule(scene, RULE_ON, random_chance(&random, 50), 1u << B | 1u << C);
        scene_tier(rule, node_bit(ALPHA));
        scene_tier(rule, node_bit(BETA) | node_bit(GAMMA));
    }
    if (random_chance(&random, 50))
        scene_rule(scene, RULE_APART, false, 1u << D | 1u << E | 1u << F);
    scene->policy.shutdown = (enum shutdown_policy)random_below(&random, 4);
    weigh(scene, &random);
    pace(scene, &random);
    for (int i = 0; i < N_SERVICES; i++) {
        scene->services[i].failback = random_chance(&random, 50);
        scene->services[i].relocate_max = random_below(&random, 3);
        scene->services[i].restart_max = random_below(&random, 2);
    }
    return scene;
}

static void want_something_else(struct scene *scene, struct random *random)
{
    static const enum requested_state states[] = {
        REQUESTED_STARTED,  REQUESTED_STARTED, REQUESTED_STOPPED,
        REQUESTED_DISABLED, REQUESTED_IGNORED,
    };

    scene->services[random_below(random, N_SERVICES)].requested = states[random_below(random, 5)];
}

static void check(const struct world *world, uint64_t seed)
{
    if (world->broken[0])
        fail_msg("seed %llu: %s", (unsigned long long)seed, world->broken);
}

static void trouble(struct world *world, struct scene *scene, uint64_t seed)
{
    for (int i = 0; i < EVENTS; i++) {
        if (random_chance(&world->random, 5))
            want_something_else(scene, &world->random);
        world_disturb(world);
        world_run(world, duration_ms(random_below(&world->random, 4000)));
        check(world, seed);
    }
}

static void mend(struct world *world, struct scene *scene, uint64_t seed)
{
    for (int i = 0; i < N_SERVICES; i++)
        scene->services[i].requested = REQUESTED_STARTED;
    /* Arming may have to wait for reports, and what failed meanwhile is seen only then. */
    for (int i = 0; i < 2; i++) {
        world_heal(world);
        world_run(world, duration_ms(40000));
    }
    world_heal(world);
    world_run(world, duration_ms(120000));
    check(world, seed);
}

static void all_is_well(const struct world *world, uint64_t seed)
{
    const struct service *services = world->agreed.services;

    for (int i = 0; i < N_SERVICES; i++) {
        char why[REASON_TEXT_MAX];

        reason_text(&services[i].why, world->policy, why, sizeof(why));
        if (services[i].state != SERVICE_STARTED || !services[i].is_running ||
            world_running(world, i) != node_bit(services[i].node))
            fail_msg("seed %llu: service %d is %s on %d (%s)", (unsigned long long)seed, i,
                     service_state_name(services[i].state), services[i].node, why);
    }
    /* Two without failback stay where they are; one with failback comes to the other. */
    if (world->policy->services[A].failback || world->policy->services[B].failback)
        assert_int_equal(services[A].node, services[B].node);
    assert_int_not_equal(services[C].node, services[D].node);
}

static void play_history(struct world *world, uint64_t seed)
{
    struct scene *scene = policy_of_seed(seed);

    world_init(world, &scene->policy, &world_unkind, seed);
    for (node_id node = 0; node < scene->policy.n_nodes; node++)
        world_power_on(world, node);
    trouble(world, scene, seed);
    mend(world, scene, seed);
    all_is_well(world, seed);
    free(scene);
}

static void no_history_runs_a_service_twice_and_all_of_them_end_well(void **state)
{
    struct world *world = xcalloc(1, world_size(SCENE_NODES_MAX));
    const char *only = getenv("SEED"), *more = getenv("HISTORIES");
    uint64_t histories = more ? strtoull(more, NULL, 10) : HISTORIES;
    int n_fences = 0, n_changes = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= histories; seed++) {
        play_history(world, only ? strtoull(only, NULL, 10) : seed);
        n_fences += world->n_fences;
        n_changes += world->n_changes;
        if (only)
            break;
    }
    /* A swarm in which nothing happens proves nothing. */
    assert_true(only || n_fences > 2 * HISTORIES);
    assert_true(only || n_changes > 100 * HISTORIES);
    free(world);
}

static void the_same_seed_is_the_same_history(void **state)
{
    struct world *once = xcalloc(1, world_size(SCENE_NODES_MAX));
    struct world *again = xcalloc(1, world_size(SCENE_NODES_MAX));

    (void)state;
    play_history(once, 42);
    play_history(again, 42);
    assert_int_equal(once->n_changes, again->n_changes);
    assert_int_equal(once->agreed.version, again->agreed.version);
    assert_true(once->random.state == again->random.state);
    free(once);
    free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_history_runs_a_service_twice_and_all_of_them_end_well),
        cmocka_unit_test(the_same_seed_is_the_same_history),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
