/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A group of which one fails: what it is tried again for, and whom it takes with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ha/base/limits.h"
#include "tests/unit/ha/decide/scene.h"

/* A and B are to be together and run on ALPHA; B fails there, and A goes before it to BETA. */
static struct scene *one_has_gone_before(bool failback)
{
    struct scene *scene = scene_new(3, 2);

    scene_rule(scene, RULE_TOGETHER, true, 1u << A | 1u << B);
    scene_start(scene);
    scene->services[B].failback = failback;
    scene->services[B].relocate_max = 2;
    scene_result(scene, B, JOB_FAILED);
    scene_step(scene);
    assert_service(scene, A, SERVICE_RELOCATE, ALPHA);
    assert_service(scene, B, SERVICE_RELOCATE, ALPHA);
    scene->view.services[A].running_on = scene->view.services[B].running_on = 0;
    scene_result(scene, A, JOB_DONE);
    scene_step(scene);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    return scene;
}

static void fail_to_hand_over(struct scene *scene)
{
    scene_result(scene, B, JOB_FAILED);
    scene_step(scene);
}

static void it_is_asked_again_to_hand_over_what_its_group_waits_for(void **state)
{
    struct scene *scene = one_has_gone_before(true);

    (void)state;
    fail_to_hand_over(scene);
    assert_service(scene, B, SERVICE_RELOCATE, ALPHA);
    assert_waits(scene, B, REASON_HANDED_OVER_AGAIN, ALPHA);
    assert_int_equal(scene->state.services[B].why.with, A);
    assert_int_equal(scene->state.services[B].n_failed, 1);
    scene_pass(scene, MOVE_RETRY_MS);
    scene_step(scene);
    assert_true(scene_has_change(scene, B, SERVICE_RELOCATE, REASON_HANDED_OVER_AGAIN));
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    free(scene);
}

/* A, B and C are on GAMMA and C stays there: as many are there as where B is to go. */
static void it_is_not_asked_for_ever(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    for (service_id service = A; service <= C; service++)
        scene->state.services[service].node = GAMMA;
    scene_rule(scene, RULE_TOGETHER, true, 1u << A | 1u << B | 1u << C);
    scene->services[C].failback = false;
    scene_start(scene);
    scene_result(scene, B, JOB_FAILED);
    scene_step(scene);
    assert_service(scene, A, SERVICE_RELOCATE, GAMMA);
    assert_service(scene, C, SERVICE_STARTED, GAMMA);
    scene->view.services[B].running_on = 0;
    fail_to_hand_over(scene);
    assert_waits(scene, B, REASON_HANDED_OVER_AGAIN, GAMMA);
    scene_pass(scene, MOVE_RETRY_MS);
    scene_step(scene);
    assert_true(scene_has_change(scene, B, SERVICE_RELOCATE, REASON_HANDED_OVER_AGAIN));
    fail_to_hand_over(scene);
    assert_true(scene_has_change(scene, B, SERVICE_STARTED, REASON_STOP_FAILED_STAYS));
    assert_service(scene, B, SERVICE_STARTED, GAMMA);
    free(scene);
}

static void a_target_that_is_lost_is_not_waited_for(void **state)
{
    struct scene *scene = one_has_gone_before(true);

    (void)state;
    fail_to_hand_over(scene);
    scene_prove_off(scene, BETA);
    scene_step(scene);
    assert_int_not_equal(scene->state.services[B].state, SERVICE_RELOCATE);
    scene_settle(scene);
    assert_service(scene, B, SERVICE_STARTED, scene->state.services[A].node);
    free(scene);
}

/* Its group comes to it. */
static void without_failback_it_is_tried_where_it_is(void **state)
{
    struct scene *scene = one_has_gone_before(false);

    (void)state;
    fail_to_hand_over(scene);
    scene_settle(scene);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    free(scene);
}

static void one_that_nobody_waits_for_is_tried_where_it_is(void **state)
{
    struct scene *scene = scene_new(3, 2);

    (void)state;
    scene_start(scene);
    scene_result(scene, B, JOB_FAILED);
    scene_step(scene);
    assert_int_equal(scene->state.services[B].state, SERVICE_RELOCATE);
    scene->view.services[B].running_on = 0;
    fail_to_hand_over(scene);
    assert_true(scene_has_change(scene, B, SERVICE_STARTED, REASON_STOP_FAILED_STAYS));
    free(scene);
}

/* A and B run where it is said, C failed for good on ALPHA; all are to be together. */
static struct scene *one_has_failed_for_good(node_id a, node_id b)
{
    struct scene *scene = scene_new(3, 3);

    scene_start(scene);
    scene_rule(scene, RULE_TOGETHER, true, 1u << A | 1u << B | 1u << C);
    scene->services[A].failback = false;
    scene->state.services[A].node = a;
    scene->state.services[B].node = b;
    scene->state.services[C].node = ALPHA;
    scene->state.services[C].state = SERVICE_ERROR;
    scene->state.services[C].is_running = false;
    scene->view.services[A].running_on = node_bit(a);
    scene->view.services[B].running_on = node_bit(b);
    scene->view.services[C].running_on = 0;
    return scene;
}

static void what_failed_for_good_draws_nobody_who_runs(void **state)
{
    struct scene *scene = one_has_failed_for_good(BETA, BETA);

    (void)state;
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    /* Nor one that is alone, and would have nobody else to be with. */
    scene->services[A].requested = REQUESTED_STOPPED;
    scene_settle(scene);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    free(scene);
}

static void what_failed_for_good_sends_nobody_away(void **state)
{
    struct scene *scene = one_has_failed_for_good(BETA, ALPHA);

    (void)state;
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    /* Once it is given up, the others are together. */
    scene->services[C].requested = REQUESTED_DISABLED;
    scene_settle(scene);
    assert_service(scene, C, SERVICE_STOPPED, ALPHA);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    free(scene);
}

/* GAMMA has less to do, and its number would not tell either. */
static void who_must_go_somewhere_goes_to_what_failed_for_good(void **state)
{
    struct scene *scene = one_has_failed_for_good(BETA, BETA);

    (void)state;
    scene_step(scene);
    scene_prove_off(scene, BETA);
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    free(scene);
}

static void what_failed_for_good_holds_up_no_way_back_from_maintenance(void **state)
{
    struct scene *scene = one_has_failed_for_good(ALPHA, ALPHA);

    (void)state;
    scene->services[A].failback = true;
    assert_true(scene_command(scene, COMMAND_MAINTENANCE_ON, SERVICE_NONE, ALPHA));
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    assert_true(scene_command(scene, COMMAND_MAINTENANCE_OFF, SERVICE_NONE, ALPHA));
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    assert_service(scene, C, SERVICE_ERROR, ALPHA);
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_asked_again_to_hand_over_what_its_group_waits_for),
        cmocka_unit_test(it_is_not_asked_for_ever),
        cmocka_unit_test(a_target_that_is_lost_is_not_waited_for),
        cmocka_unit_test(without_failback_it_is_tried_where_it_is),
        cmocka_unit_test(one_that_nobody_waits_for_is_tried_where_it_is),
        cmocka_unit_test(what_failed_for_good_draws_nobody_who_runs),
        cmocka_unit_test(what_failed_for_good_sends_nobody_away),
        cmocka_unit_test(who_must_go_somewhere_goes_to_what_failed_for_good),
        cmocka_unit_test(what_failed_for_good_holds_up_no_way_back_from_maintenance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
