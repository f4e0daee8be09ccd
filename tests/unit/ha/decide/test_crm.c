/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A step as a whole: deciding twice decides nothing, and thousands of services are no burden. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "ha/base/arena.h"
#include "ha/base/random.h"
#include "tests/unit/ha/decide/scene.h"

#define MANY 10000
#define NODES 32

/* A large cluster: one group of eight and one pair apart in every hundred services. */
struct large {
    struct policy policy;
    struct service_policy services[MANY];
    struct rule rules[2 * MANY / 100];
    service_id named[2 * MANY / 100][8];
    struct ha_state state;
    struct cluster_view view;
    struct outcome outcome;
    struct change changes[CHANGES_OF(NODES, MANY)];
};

static void bind(struct large *large, enum rule_kind kind, service_id first, int count)
{
    int id = large->policy.n_rules++;
    struct rule *rule = &large->rules[id];

    rule->kind = kind;
    rule->is_strict = true;
    rule->services = large->named[id];
    for (int i = 0; i < count; i++)
        large->named[id][rule->n_services++] = first + i;
}

static struct large *large_new(void)
{
    struct large *large = xcalloc(1, sizeof(*large));

    large->policy.n_nodes = NODES;
    large->policy.n_services = MANY;
    large->policy.services = large->services;
    large->policy.rules = large->rules;
    for (int i = 0; i < NODES; i++)
        snprintf(large->policy.nodes[i].name, NODE_NAME_MAX, "node%02d", i);
    for (int i = 0; i < MANY; i++) {
        snprintf(large->services[i].name, SERVICE_NAME_MAX, "vm:%05d", i);
        large->services[i].failback = true;
        large->services[i].relocate_max = 1;
    }
    for (int i = 0; i < MANY; i += 100) {
        bind(large, RULE_TOGETHER, i, 8);
        bind(large, RULE_APART, i + 20, 2);
    }
    ha_state_init(&large->state, NODES, MANY);
    cluster_view_init(&large->view, NODES, MANY);
    large->view.is_quorate = true;
    large->view.self = 0;
    for (int i = 0; i < NODES; i++) {
        large->view.nodes[i].is_member = large->view.nodes[i].has_report = true;
        memcpy(large->view.nodes[i].boot_id, "one", 4);
    }
    large->outcome.changes = large->changes;
    large->outcome.changes_max = CHANGES_OF(NODES, MANY);
    return large;
}

static void step(struct large *large)
{
    struct timespec begun, ended;

    large->state.version++;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    crm_step(&large->state, &large->policy, &large->view, &large->outcome);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    /* What was asked in this step nobody has answered yet. */
    for (int i = 0; i < MANY; i++) {
        if (large->state.services[i].cause == large->state.version)
            large->view.services[i].result = JOB_NONE;
    }
    print_message("  %d changes in %ld us\n", large->outcome.n_changes,
                  (ended.tv_sec - begun.tv_sec) * 1000000 + (ended.tv_nsec - begun.tv_nsec) / 1000);
}

static void all_report_done(struct large *large)
{
    for (int i = 0; i < MANY; i++) {
        large->view.services[i].result = JOB_DONE;
        large->view.services[i].running_on = node_bit(large->state.services[i].node);
    }
}

static int count_on(const struct large *large, node_id node)
{
    int count = 0;

    for (int i = 0; i < MANY; i++)
        count += large->state.services[i].node == node;
    return count;
}

static void ten_thousand_services_are_placed_and_recovered(void **state)
{
    struct large *large = large_new();
    int lost;

    (void)state;
    step(large);
    assert_int_equal(large->outcome.n_changes, NODES + 2 * MANY);
    all_report_done(large);
    step(large);
    step(large);
    assert_int_equal(large->outcome.n_changes, 0);
    lost = count_on(large, 5);
    assert_in_range(lost, MANY / NODES - 10, MANY / NODES + 10);
    large->view.nodes[5].is_member = large->view.nodes[5].has_report = false;
    large->view.nodes[5].is_proven_off = true;
    step(large);
    assert_int_equal(large->outcome.n_changes, 2 + 3 * lost);
    assert_int_equal(count_on(large, 5), 0);
    for (node_id node = 0; node < NODES; node++) {
        if (node != 5)
            assert_in_range(count_on(large, node), MANY / NODES, MANY / NODES + 30);
    }
    step(large);
    assert_int_equal(large->outcome.n_changes, 0);
    free(large);
}

/* ---- deciding twice ----------------------------------------------------------------------- */

static void draw_view(struct scene *scene, struct random *random)
{
    for (node_id node = 0; node < scene->policy.n_nodes; node++) {
        struct node_view *view = &scene->view.nodes[node];

        view->is_member = random_chance(random, 70);
        view->has_report = view->is_member && random_chance(random, 80);
        view->is_proven_off = !view->is_member && random_chance(random, 50);
        view->is_history_known = random_chance(random, 50);
        view->leaving =
            random_chance(random, 10) ? (enum leaving)(1 + random_below(random, 3)) : LEAVING_NOT;
        snprintf(view->boot_id, sizeof(view->boot_id), "%d", random_below(random, 3));
        view->dead_at.ms = scene->view.now.ms + random_below(random, 5000);
    }
    for (service_id service = 0; service < scene->policy.n_services; service++) {
        struct service_view *view = &scene->view.services[service];

        view->result = (enum job_code)random_below(random, 5);
        view->running_on = (node_set)random_below(random, 1 << scene->policy.n_nodes);
        scene->services[service].requested = (enum requested_state)random_below(random, 4);
    }
}

static void draw_rules(struct scene *scene, struct random *random)
{
    for (int i = 0; i < 4; i++) {
        enum rule_kind kind = (enum rule_kind)random_below(random, 3);
        struct rule *rule = scene_rule(scene, kind, random_chance(random, 50),
                                       (uint32_t)random_below(random, 1 << 6) | 1u);

        if (kind == RULE_ON)
            scene_tier(rule, (node_set)random_below(random, 16));
    }
}

/* Views that no cluster ever shows are the best: the rules must agree with themselves on any. */
static void deciding_twice_decides_nothing_whatever_is_seen(void **state)
{
    struct random random = {.state = 2024};

    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct scene *scene = scene_new(4, 6);

        draw_rules(scene, &random);
        for (int turn = 0; turn < 12; turn++) {
            draw_view(scene, &random);
            scene_step(scene);
            crm_step(&scene->state, &scene->policy, &scene->view, &scene->outcome);
            if (scene->outcome.n_changes)
                fail_msg("history %d, turn %d: service %d, node %d", i, turn,
                         scene->changes[0].service, scene->changes[0].node);
            scene_step(scene);
            if (scene->outcome.n_changes)
                fail_msg("history %d, turn %d, next version: service %d, node %d", i, turn,
                         scene->changes[0].service, scene->changes[0].node);
        }
        free(scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_services_are_placed_and_recovered),
        cmocka_unit_test(deciding_twice_decides_nothing_whatever_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
