/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A service has left for another node, and meanwhile something has changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/ha/decide/scene.h"

/* Three nodes with a service each, but for what rules say. */
static struct scene *scene_of(int n_services, enum rule_kind kind, uint32_t services)
{
    struct scene *scene = scene_new(3, n_services);

    if (services)
        scene_rule(scene, kind, true, services);
    scene_start(scene);
    return scene;
}

static void let_go(struct scene *scene, service_id service)
{
    scene_result(scene, service, JOB_DONE);
    scene_step(scene);
}

static void it_goes_to_its_partner_that_could_not_leave(void **state)
{
    struct scene *scene = scene_of(2, RULE_TOGETHER, 3);
    char text[REASON_TEXT_MAX];

    (void)state;
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    assert_true(scene_command(scene, COMMAND_RELOCATE, A, BETA));
    assert_service(scene, B, SERVICE_RELOCATE, ALPHA);
    scene_result(scene, B, JOB_FAILED);
    scene->view.services[B].running_on = node_bit(ALPHA);
    scene_step(scene);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    let_go(scene, A);
    assert_true(scene_has_change(scene, A, SERVICE_REQUEST_START, REASON_TARGET_DESERTED));
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    for (int i = 0; i < scene->outcome.n_changes; i++) {
        if (scene->changes[i].why.code == REASON_TARGET_DESERTED)
            reason_text(&scene->changes[i].why, &scene->policy, text, sizeof(text));
    }
    assert_string_equal(text, "alpha has stopped it, but rule r0 keeps it together with ocf:b,"
                              " which is not on beta");
    free(scene);
}

static void those_that_move_as_one_arrive_one_by_one(void **state)
{
    struct scene *scene = scene_of(3, RULE_TOGETHER, 7);

    (void)state;
    assert_true(scene_command(scene, COMMAND_RELOCATE, A, BETA));
    for (service_id service = C; service >= A; service--) {
        let_go(scene, service);
        assert_service(scene, service, SERVICE_STARTED, BETA);
    }
    free(scene);
}

/* One of three stays behind: it follows the others, which are the more. */
static void the_more_go_on_without_the_one_that_could_not_leave(void **state)
{
    struct scene *scene = scene_of(3, RULE_TOGETHER, 7);

    (void)state;
    assert_true(scene_command(scene, COMMAND_RELOCATE, A, BETA));
    scene_result(scene, C, JOB_FAILED);
    scene->view.services[C].running_on = node_bit(ALPHA);
    scene_step(scene);
    let_go(scene, A);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    let_go(scene, B);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    free(scene);
}

/* Its partner could not leave the node where this one has failed: that one has to come. */
static void it_does_not_go_back_to_where_it_failed(void **state)
{
    struct scene *scene = scene_of(2, RULE_TOGETHER, 3);

    (void)state;
    scene->services[A].restart_max = 0;
    scene_result(scene, A, JOB_FAILED);
    scene_step(scene);
    assert_service(scene, A, SERVICE_RELOCATE, ALPHA);
    assert_service(scene, B, SERVICE_RELOCATE, ALPHA);
    scene_result(scene, B, JOB_FAILED);
    scene->view.services[B].running_on = node_bit(ALPHA);
    scene_step(scene);
    let_go(scene, A);
    assert_int_equal(scene->state.services[A].state, SERVICE_STARTED);
    assert_int_not_equal(scene->state.services[A].node, ALPHA);
    free(scene);
}

static void it_does_not_start_beside_one_it_must_be_apart_from(void **state)
{
    struct scene *scene = scene_of(3, RULE_APART, 0);

    (void)state;
    assert_service(scene, C, SERVICE_STARTED, GAMMA);
    assert_true(scene_command(scene, COMMAND_RELOCATE, A, GAMMA));
    scene_rule(scene, RULE_APART, true, 5);
    let_go(scene, A);
    assert_true(scene_has_change(scene, A, SERVICE_REQUEST_START, REASON_TARGET_APART));
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    free(scene);
}

static void it_does_not_start_where_a_new_rule_forbids_it(void **state)
{
    struct scene *scene = scene_of(1, RULE_ON, 0);

    (void)state;
    assert_true(scene_command(scene, COMMAND_RELOCATE, A, GAMMA));
    scene_tier(scene_rule(scene, RULE_ON, true, 1), node_bit(BETA));
    let_go(scene, A);
    assert_true(scene_has_change(scene, A, SERVICE_REQUEST_START, REASON_TARGET_FORBIDDEN));
    assert_service(scene, A, SERVICE_RELOCATE, ALPHA);
    assert_int_equal(scene->state.services[A].target, BETA);
    let_go(scene, A);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    free(scene);
}

/* Its target has it running already. */
static void what_was_moved_live_is_taken_as_it_is(void **state)
{
    struct scene *scene = scene_of(1, RULE_ON, 0);

    (void)state;
    scene->services[A].migrate = MIGRATE_LIVE;
    assert_true(scene_command(scene, COMMAND_MIGRATE, A, GAMMA));
    assert_service(scene, A, SERVICE_MIGRATE, ALPHA);
    scene_tier(scene_rule(scene, RULE_ON, true, 1), node_bit(BETA));
    let_go(scene, A);
    assert_service(scene, A, SERVICE_STARTED, GAMMA);
    free(scene);
}

/* It is not wanted any more: then it does not matter where. */
static void what_is_to_stop_asks_for_no_place(void **state)
{
    struct scene *scene = scene_of(1, RULE_ON, 0);

    (void)state;
    assert_true(scene_command(scene, COMMAND_RELOCATE, A, GAMMA));
    scene_tier(scene_rule(scene, RULE_ON, true, 1), node_bit(BETA));
    scene->services[A].requested = REQUESTED_STOPPED;
    let_go(scene, A);
    assert_service(scene, A, SERVICE_REQUEST_STOP, GAMMA);
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_goes_to_its_partner_that_could_not_leave),
        cmocka_unit_test(those_that_move_as_one_arrive_one_by_one),
        cmocka_unit_test(the_more_go_on_without_the_one_that_could_not_leave),
        cmocka_unit_test(it_does_not_go_back_to_where_it_failed),
        cmocka_unit_test(it_does_not_start_beside_one_it_must_be_apart_from),
        cmocka_unit_test(it_does_not_start_where_a_new_rule_forbids_it),
        cmocka_unit_test(what_was_moved_live_is_taken_as_it_is),
        cmocka_unit_test(what_is_to_stop_asks_for_no_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
