/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of a service: wanted or not, failing, moving, and waiting for a person. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/ha/decide/scene.h"

static void it_is_running_once_its_node_says_so(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_join(scene, node_bit(ALPHA) | node_bit(BETA) | node_bit(GAMMA));
    scene_step(scene);
    assert_false(scene->state.services[A].is_running);
    scene_result(scene, A, JOB_DONE);
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_STARTED, REASON_RUNS_NOW));
    assert_true(scene->state.services[A].is_running);
    scene_step(scene);
    assert_int_equal(scene->outcome.n_changes, 0);
    free(scene);
}

static void one_that_is_not_wanted_is_stopped_and_started_again(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    scene->services[A].requested = REQUESTED_STOPPED;
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_REQUEST_STOP, REASON_WANTED_STOPPED));
    scene_result(scene, A, JOB_DONE);
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_STOPPED, REASON_STOPPED_NOW));
    scene->services[A].requested = REQUESTED_STARTED;
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_REQUEST_START, REASON_WANTED_STARTED));
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    free(scene);
}

/* Its node may be about to start it still: nobody else may before it has let go. */
static void one_that_is_wanted_again_while_it_stops_waits_for_the_stop(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    scene->services[A].requested = REQUESTED_STOPPED;
    scene_step(scene);
    scene->view.services[A].running_on = 0;
    scene->services[A].requested = REQUESTED_STARTED;
    scene_step(scene);
    assert_service(scene, A, SERVICE_REQUEST_STOP, ALPHA);
    scene_result(scene, A, JOB_DONE);
    scene_step(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    free(scene);
}

static void a_new_one_that_is_not_wanted_is_stopped_at_once(void **state)
{
    struct scene *scene = scene_new(3, 2);

    (void)state;
    scene->services[A].requested = REQUESTED_DISABLED;
    scene->services[B].requested = REQUESTED_STOPPED;
    scene->view.services[B].running_on = node_bit(GAMMA);
    scene_join(scene, node_bit(ALPHA) | node_bit(BETA) | node_bit(GAMMA));
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_STOPPED, REASON_WANTED_DISABLED));
    /* The other one was found running. */
    assert_service(scene, B, SERVICE_REQUEST_STOP, GAMMA);
    free(scene);
}

static void a_failed_start_tries_the_next_node(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    scene_result(scene, A, JOB_FAILED);
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_RELOCATE, REASON_START_FAILED));
    assert_string_equal(scene->state.services[A].why.words, "no such device");
    assert_int_equal(scene->state.services[A].target, BETA);
    assert_int_equal(scene->state.services[A].n_failed, 1);
    scene_result(scene, A, JOB_DONE);
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_STARTED, REASON_MOVED));
    assert_service(scene, A, SERVICE_STARTED, BETA);
    scene_result(scene, A, JOB_FAILED);
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_ERROR, REASON_START_FAILED_FOR_GOOD));
    free(scene);
}

static void without_another_node_it_is_tried_there_once_more(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_tier(scene_rule(scene, RULE_ON, true, 1u << A), node_bit(BETA));
    scene_start(scene);
    scene_result(scene, A, JOB_FAILED);
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_STARTED, REASON_START_FAILED_RETRY));
    assert_int_equal(scene->state.services[A].cause, scene->state.version);
    free(scene);
}

static void a_node_that_cannot_run_it_does_not_use_up_a_try(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene->services[A].relocate_max = 0;
    scene_start(scene);
    scene_result(scene, A, JOB_HARD);
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_RELOCATE, REASON_NODE_CANNOT_RUN_IT));
    assert_int_equal(scene->state.services[A].n_failed, 0);
    scene_result(scene, A, JOB_DONE);
    scene_step(scene);
    scene_result(scene, A, JOB_HARD);
    scene_step(scene);
    assert_int_equal(scene->state.services[A].target, GAMMA);
    scene_result(scene, A, JOB_DONE);
    scene_step(scene);
    scene_result(scene, A, JOB_HARD);
    scene_step(scene);
    assert_service(scene, A, SERVICE_ERROR, GAMMA);
    free(scene);
}

static void a_wrong_configuration_is_tried_nowhere_else(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    scene_result(scene, A, JOB_FATAL);
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_ERROR, REASON_NO_NODE_CAN_RUN_IT));
    scene->services[A].requested = REQUESTED_DISABLED;
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_STOPPED, REASON_WANTED_DISABLED));
    assert_int_equal(scene->state.services[A].tried, 0);
    free(scene);
}

static void a_failing_one_waits_when_it_could_run_twice(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    scene->view.nodes[GAMMA].has_report = false;
    scene_result(scene, A, JOB_FAILED);
    scene_step(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_waits(scene, A, REASON_WAITS_FOR_REPORT, GAMMA);
    assert_int_equal(scene->state.services[A].n_failed, 0);
    free(scene);
}

static void failback_leaves_a_node_alone_on_which_it_failed(void **state)
{
    struct scene *scene = scene_new(3, 1);
    struct rule *rule = scene_rule(scene, RULE_ON, false, 1u << A);

    (void)state;
    scene_tier(rule, node_bit(BETA));
    scene_start(scene);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    scene_result(scene, A, JOB_FAILED);
    scene_step(scene);
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_int_equal(scene->state.services[A].n_failed, 0);
    /* Another boot of it may do better. */
    scene_prove_off(scene, BETA);
    scene_step(scene);
    scene_join_boot(scene, BETA, "two");
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_RELOCATE, REASON_BETTER_NODE));
    free(scene);
}

/*
 * The one that runs is not stopped for a try of another, which does not come back to where it
 * failed; it follows, once, when that one runs.
 */
static void a_group_with_an_anchor_does_not_go_to_and_fro(void **state)
{
    struct scene *scene = scene_new(3, 2);

    (void)state;
    scene->services[B].failback = false;
    scene_rule(scene, RULE_TOGETHER, true, 1u << A | 1u << B);
    scene_start(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    scene_result(scene, A, JOB_FAILED);
    scene_step(scene);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    scene_settle(scene);
    for (int i = 0; i < 10; i++) {
        assert_service(scene, A, SERVICE_STARTED, BETA);
        assert_service(scene, B, SERVICE_STARTED, BETA);
        scene_step(scene);
    }
    free(scene);
}

static void one_that_leads_its_group_goes_with_it_for_a_try(void **state)
{
    struct scene *scene = scene_new(3, 2);
    struct rule *order;

    (void)state;
    scene->services[B].failback = false;
    scene_rule(scene, RULE_TOGETHER, true, 1u << A | 1u << B);
    order = scene_rule(scene, RULE_BEFORE, true, 1u << B);
    order->others = (const service_id[]){A};
    order->n_others = 1;
    scene_start(scene);
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    scene_result(scene, A, JOB_FAILED);
    scene_step(scene);
    assert_true(scene_has_change(scene, B, SERVICE_RELOCATE, REASON_PARTNER_FAILED));
    free(scene);
}

static void a_stop_that_fails_is_an_error(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    scene->services[A].requested = REQUESTED_STOPPED;
    scene_step(scene);
    scene_result(scene, A, JOB_FAILED);
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_ERROR, REASON_STOP_FAILED));
    free(scene);
}

static void one_that_cannot_be_stopped_does_not_move(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    assert_true(scene_command(scene, COMMAND_RELOCATE, A, BETA));
    scene_result(scene, A, JOB_FAILED);
    scene->view.services[A].running_on = node_bit(ALPHA);
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_STARTED, REASON_STOP_FAILED_STAYS));
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_true(scene->state.services[A].stays_put);
    /* Not even for maintenance: it would only fail again and again. */
    scene_settle(scene);
    assert_true(scene_command(scene, COMMAND_MAINTENANCE_ON, SERVICE_NONE, ALPHA));
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    free(scene);
}

/* A and B lie on one node and must be apart: one of them is handed over before it starts. */
static void what_is_to_start_elsewhere_is_handed_over_first(void **state)
{
    struct scene *scene = scene_new(3, 2);

    (void)state;
    scene_rule(scene, RULE_APART, true, 1u << A | 1u << B);
    scene->state.services[A].node = scene->state.services[B].node = ALPHA;
    scene_join(scene, node_bit(ALPHA) | node_bit(BETA) | node_bit(GAMMA));
    scene_step(scene);
    assert_service(scene, A, SERVICE_RELOCATE, ALPHA);
    assert_int_equal(scene->state.services[A].target, BETA);
    scene_result(scene, A, JOB_FAILED);
    scene_step(scene);
    /* Nothing of it runs, and it must not be started next to B: it waits, then tries anew. */
    assert_int_not_equal(scene->state.services[A].state, SERVICE_ERROR);
    assert_false(scene->state.services[A].state == SERVICE_STARTED &&
                 scene->state.services[A].node == scene->state.services[B].node);
    scene_settle(scene);
    assert_int_not_equal(scene->state.services[A].node, scene->state.services[B].node);
    free(scene);
}

static void a_target_that_is_lost_is_replaced(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    assert_true(scene_command(scene, COMMAND_RELOCATE, A, BETA));
    scene_silence(scene, BETA);
    scene->view.nodes[BETA].is_history_known = true;
    scene_step(scene);
    assert_int_equal(scene->state.services[A].state, SERVICE_RELOCATE);
    scene_result(scene, A, JOB_DONE);
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_REQUEST_START, REASON_TARGET_LOST));
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    free(scene);
}

/* A live move that its source has ended may run on the target, which nobody hears any more. */
static void a_target_of_a_live_move_is_waited_for(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene->services[A].migrate = MIGRATE_LIVE;
    scene_start(scene);
    assert_true(scene_command(scene, COMMAND_MIGRATE, A, BETA));
    assert_service(scene, A, SERVICE_MIGRATE, ALPHA);
    scene_silence(scene, BETA);
    scene->view.nodes[BETA].is_history_known = true;
    scene_result(scene, A, JOB_DONE);
    scene_step(scene);
    assert_service(scene, A, SERVICE_MIGRATE, ALPHA);
    assert_waits(scene, A, REASON_WAITS_FOR_PROOF, BETA);
    scene_prove_off(scene, BETA);
    scene_step(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    free(scene);
}

/* Its node had let go, but the news of it was lost, and now it says that it could not. */
static void what_could_not_leave_is_not_started_while_another_might_have_it(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    assert_true(scene_command(scene, COMMAND_RELOCATE, A, BETA));
    scene->view.nodes[BETA].has_report = false;
    scene_result(scene, A, JOB_FAILED);
    scene_step(scene);
    assert_service(scene, A, SERVICE_RELOCATE, ALPHA);
    assert_waits(scene, A, REASON_WAITS_FOR_REPORT, BETA);
    /* It heard, alone, that it had to start it. */
    scene->view.nodes[BETA].has_report = true;
    scene->view.services[A].running_on = node_bit(BETA);
    scene_step(scene);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    free(scene);
}

static void one_that_has_left_is_not_started_while_another_might_have_it(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    assert_true(scene_command(scene, COMMAND_RELOCATE, A, BETA));
    scene->view.nodes[GAMMA].has_report = false;
    scene_result(scene, A, JOB_DONE);
    scene_step(scene);
    assert_service(scene, A, SERVICE_RELOCATE, ALPHA);
    assert_waits(scene, A, REASON_WAITS_FOR_REPORT, GAMMA);
    free(scene);
}

static void a_source_that_dies_while_it_lets_go_is_recovered_from(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    assert_true(scene_command(scene, COMMAND_RELOCATE, A, BETA));
    scene_silence(scene, ALPHA);
    scene_step(scene);
    assert_int_equal(scene->state.services[A].state, SERVICE_RELOCATE);
    scene_prove_off(scene, ALPHA);
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_FENCE, REASON_ITS_NODE_IS_OFF));
    assert_service(scene, A, SERVICE_STARTED, BETA);
    free(scene);
}

static void a_stopped_one_gets_a_home_that_is_there(void **state)
{
    struct scene *scene = scene_new(3, 2);

    (void)state;
    scene_start(scene);
    scene->services[A].requested = REQUESTED_STOPPED;
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STOPPED, ALPHA);
    scene_prove_off(scene, ALPHA);
    scene_step(scene);
    assert_service(scene, A, SERVICE_REQUEST_STOP, GAMMA);
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STOPPED, GAMMA);
    free(scene);
}

static void a_disabled_one_stays_where_it_was(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    scene->services[A].requested = REQUESTED_DISABLED;
    scene_settle(scene);
    scene_prove_off(scene, ALPHA);
    scene_step(scene);
    assert_service(scene, A, SERVICE_STOPPED, ALPHA);
    free(scene);
}

static void a_frozen_one_thaws_when_its_agent_is_back(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    scene->view.nodes[ALPHA].leaving = LEAVING_RESTART;
    scene_step(scene);
    assert_service(scene, A, SERVICE_FREEZE, ALPHA);
    assert_true(scene_has_change(scene, A, SERVICE_FREEZE, REASON_FROZEN_FOR_RESTART));
    scene->view.nodes[ALPHA].leaving = LEAVING_NOT;
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_STARTED, REASON_THAWED));
    free(scene);
}

static void one_on_a_node_that_shuts_down_moves_if_the_policy_says_so(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    scene->view.nodes[ALPHA].leaving = LEAVING_POWEROFF;
    scene_step(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    scene->policy.shutdown = SHUTDOWN_MIGRATE;
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_RELOCATE, REASON_NODE_IS_LEAVING));
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_running_once_its_node_says_so),
        cmocka_unit_test(one_that_is_not_wanted_is_stopped_and_started_again),
        cmocka_unit_test(one_that_is_wanted_again_while_it_stops_waits_for_the_stop),
        cmocka_unit_test(a_new_one_that_is_not_wanted_is_stopped_at_once),
        cmocka_unit_test(a_failed_start_tries_the_next_node),
        cmocka_unit_test(without_another_node_it_is_tried_there_once_more),
        cmocka_unit_test(a_node_that_cannot_run_it_does_not_use_up_a_try),
        cmocka_unit_test(a_wrong_configuration_is_tried_nowhere_else),
        cmocka_unit_test(a_failing_one_waits_when_it_could_run_twice),
        cmocka_unit_test(failback_leaves_a_node_alone_on_which_it_failed),
        cmocka_unit_test(a_group_with_an_anchor_does_not_go_to_and_fro),
        cmocka_unit_test(one_that_leads_its_group_goes_with_it_for_a_try),
        cmocka_unit_test(a_stop_that_fails_is_an_error),
        cmocka_unit_test(one_that_cannot_be_stopped_does_not_move),
        cmocka_unit_test(what_is_to_start_elsewhere_is_handed_over_first),
        cmocka_unit_test(a_target_that_is_lost_is_replaced),
        cmocka_unit_test(a_target_of_a_live_move_is_waited_for),
        cmocka_unit_test(what_could_not_leave_is_not_started_while_another_might_have_it),
        cmocka_unit_test(one_that_has_left_is_not_started_while_another_might_have_it),
        cmocka_unit_test(a_source_that_dies_while_it_lets_go_is_recovered_from),
        cmocka_unit_test(a_stopped_one_gets_a_home_that_is_there),
        cmocka_unit_test(a_disabled_one_stays_where_it_was),
        cmocka_unit_test(a_frozen_one_thaws_when_its_agent_is_back),
        cmocka_unit_test(one_on_a_node_that_shuts_down_moves_if_the_policy_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
