/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Evening out loads: when, what moves, and when nothing does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/ha/decide/scene.h"

#define GIB ((int64_t)1 << 30)
#define HOLD_MS 60000

/* Four services that came together on alpha of three nodes, where each takes an eighth. */
static struct scene *lopsided(enum scheduling_mode mode)
{
    struct scene *scene = scene_new(3, 4);

    scene->policy.scheduling = (struct scheduling){
        .mode = mode,
        .rebalances = true,
        .imbalance_millionths = 300000,
        .imbalance_hold = {HOLD_MS},
        .improve_millionths = 100000,
    };
    for (node_id node = 0; node < 3; node++) {
        scene->policy.nodes[node].cpus_milli = 24000;
        scene->policy.nodes[node].memory = 32 * GIB;
        scene_join_boot(scene, node, "one");
    }
    scene_step(scene);
    for (service_id service = 0; service < 4; service++) {
        scene->services[service].cpus_milli = 2000;
        scene->services[service].memory = 4 * GIB;
        scene->services[service].migrate = MIGRATE_LIVE;
        scene->state.services[service].state = SERVICE_STARTED;
        scene->state.services[service].node = ALPHA;
        scene->state.services[service].is_running = true;
        scene->view.services[service].running_on = node_bit(ALPHA);
    }
    return scene;
}

static void pass(struct scene *scene, int64_t ms)
{
    scene_pass(scene, ms);
    scene_step(scene);
}

static void an_imbalance_must_last_before_anything_moves(void **state)
{
    struct scene *scene = lopsided(SCHEDULING_STATIC);

    (void)state;
    scene_step(scene);
    assert_int_equal(scene->state.imbalanced_since.ms, scene->view.stamp.ms);
    assert_int_equal(scene->outcome.wake_at.ms, scene->view.now.ms + HOLD_MS);
    pass(scene, HOLD_MS - 1);
    assert_int_equal(scene->outcome.n_changes, 0);
    pass(scene, 1);
    assert_true(scene_has_change(scene, A, SERVICE_MIGRATE, REASON_EVENS_OUT));
    assert_int_equal(scene->state.services[A].target, BETA);
    assert_int_equal(scene->outcome.n_changes, 1);
    free(scene);
}

static void one_moves_at_a_time_until_it_is_good_enough(void **state)
{
    struct scene *scene = lopsided(SCHEDULING_STATIC);

    (void)state;
    for (int i = 0; i < 6; i++) {
        scene_settle(scene);
        pass(scene, HOLD_MS);
    }
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    assert_service(scene, B, SERVICE_STARTED, GAMMA);
    assert_service(scene, C, SERVICE_STARTED, ALPHA);
    assert_service(scene, D, SERVICE_STARTED, ALPHA);
    free(scene);
}

static void the_hold_begins_anew_after_a_move(void **state)
{
    struct scene *scene = lopsided(SCHEDULING_STATIC);

    (void)state;
    scene_step(scene);
    pass(scene, HOLD_MS);
    assert_int_equal(scene->state.imbalanced_since.ms, 0);
    scene_settle(scene);
    pass(scene, HOLD_MS - 1);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    free(scene);
}

static void a_gain_too_small_moves_nothing(void **state)
{
    struct scene *scene = lopsided(SCHEDULING_STATIC);

    (void)state;
    scene->policy.scheduling.improve_millionths = 900000;
    scene_step(scene);
    pass(scene, HOLD_MS);
    assert_int_equal(scene->outcome.n_changes, 0);
    /* And the next look is a full hold away. */
    assert_int_equal(scene->outcome.wake_at.ms, scene->view.now.ms + HOLD_MS);
    free(scene);
}

static void a_group_moves_as_one(void **state)
{
    struct scene *scene = lopsided(SCHEDULING_STATIC);

    (void)state;
    scene_rule(scene, RULE_TOGETHER, true, 1u << A | 1u << B);
    scene->services[C].migrate = scene->services[D].migrate = MIGRATE_NEVER;
    scene_step(scene);
    pass(scene, HOLD_MS);
    assert_true(scene_has_change(scene, A, SERVICE_MIGRATE, REASON_EVENS_OUT));
    assert_true(scene_has_change(scene, B, SERVICE_MIGRATE, REASON_EVENS_OUT));
    free(scene);
}

static void rules_are_kept(void **state)
{
    struct scene *scene = lopsided(SCHEDULING_STATIC);
    struct rule *rule = scene_rule(scene, RULE_ON, true, 1u << A | 1u << B | 1u << C | 1u << D);

    (void)state;
    scene_tier(rule, node_bit(ALPHA));
    scene_step(scene);
    pass(scene, HOLD_MS);
    assert_int_equal(scene->outcome.n_changes, 0);
    free(scene);
}

static void only_what_is_measured_counts_in_dynamic_mode(void **state)
{
    struct scene *scene = lopsided(SCHEDULING_DYNAMIC);

    (void)state;
    scene_step(scene);
    pass(scene, HOLD_MS);
    assert_int_equal(scene->outcome.n_changes, 0);
    scene->view.services[C].used_cpus_milli = scene->view.nodes[ALPHA].used_cpus_milli = 4000;
    scene->view.services[C].used_memory = scene->view.nodes[ALPHA].used_memory = 4 * GIB;
    scene->view.services[D].used_cpus_milli = 1000;
    scene->view.nodes[ALPHA].used_cpus_milli += 1000;
    scene_step(scene);
    pass(scene, HOLD_MS);
    /* Moving one of those that use nothing would change nothing. */
    assert_true(scene_has_change(scene, C, SERVICE_MIGRATE, REASON_EVENS_OUT));
    free(scene);
}

static void topsis_may_choose_too(void **state)
{
    struct scene *scene = lopsided(SCHEDULING_STATIC);

    (void)state;
    scene->policy.scheduling.method = METHOD_TOPSIS;
    scene_step(scene);
    pass(scene, HOLD_MS);
    assert_true(scene_has_change(scene, A, SERVICE_MIGRATE, REASON_EVENS_OUT));
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_imbalance_must_last_before_anything_moves),
        cmocka_unit_test(one_moves_at_a_time_until_it_is_good_enough),
        cmocka_unit_test(the_hold_begins_anew_after_a_move),
        cmocka_unit_test(a_gain_too_small_moves_nothing),
        cmocka_unit_test(a_group_moves_as_one),
        cmocka_unit_test(rules_are_kept),
        cmocka_unit_test(only_what_is_measured_counts_in_dynamic_mode),
        cmocka_unit_test(topsis_may_choose_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
