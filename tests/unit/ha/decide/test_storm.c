/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Many nodes lost in a short time, and one node lost again and again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/ha/decide/scene.h"

#include "ha/base/arena.h"

#define MINUTE 60000

/* Five nodes, each with a service; two may be recovered in ten minutes. */
static struct scene *scene_stormy(void)
{
    struct scene *scene = scene_new(5, 5);

    scene->policy.storm = (struct frequency){2, duration_ms(10 * MINUTE), 0};
    scene_start(scene);
    for (service_id service = A; service <= E; service++)
        assert_service(scene, service, SERVICE_STARTED, service);
    return scene;
}

static void die(struct scene *scene, node_id node)
{
    scene_prove_off(scene, node);
    scene_settle(scene);
}

/* What alpha and beta ran is recovered, both stay away, and what gamma ran waits. */
static struct scene *scene_holding(void)
{
    struct scene *scene = scene_stormy();

    die(scene, ALPHA);
    assert_int_equal(scene->state.services[A].state, SERVICE_STARTED);
    die(scene, BETA);
    assert_int_equal(scene->state.services[B].state, SERVICE_STARTED);
    die(scene, GAMMA);
    assert_service(scene, C, SERVICE_FENCE, GAMMA);
    assert_waits(scene, C, REASON_STORM, GAMMA);
    return scene;
}

static void the_third_dead_node_waits_until_the_window_has_passed(void **state)
{
    struct scene *scene = scene_holding();
    struct instant relieved_at = scene->state.nodes[ALPHA].relieved_at;
    char text[REASON_TEXT_MAX];

    (void)state;
    reason_text(&scene->state.services[C].why, &scene->policy, text, sizeof(text));
    assert_string_equal(text, "too many nodes were lost within 10 min: it waits for that to"
                              " pass, for gamma, or to be cleared");
    scene_step(scene);
    assert_int_equal(scene->outcome.wake_at.ms, relieved_at.ms + 10 * MINUTE);
    scene_pass(scene, relieved_at.ms + 10 * MINUTE - 1 - scene->view.stamp.ms);
    scene_settle(scene);
    assert_service(scene, C, SERVICE_FENCE, GAMMA);
    scene_pass(scene, 1);
    scene_settle(scene);
    assert_int_equal(scene->state.services[C].state, SERVICE_STARTED);
    free(scene);
}

static void what_matters_most_is_recovered_first(void **state)
{
    struct scene *scene = scene_stormy();

    (void)state;
    scene->policy.storm.times = 1;
    scene->services[C].priority = 100;
    scene_silence(scene, ALPHA);
    scene_silence(scene, BETA);
    scene_silence(scene, GAMMA);
    scene_prove_off(scene, ALPHA);
    scene_prove_off(scene, BETA);
    scene_prove_off(scene, GAMMA);
    scene_settle(scene);
    assert_int_equal(scene->state.services[C].state, SERVICE_STARTED);
    assert_service(scene, A, SERVICE_FENCE, ALPHA);
    assert_service(scene, B, SERVICE_FENCE, BETA);
    free(scene);
}

static void its_return_ends_the_wait(void **state)
{
    struct scene *scene = scene_holding();

    (void)state;
    scene_join_boot(scene, GAMMA, "two");
    scene_settle(scene);
    assert_service(scene, C, SERVICE_STARTED, GAMMA);
    free(scene);
}

static void a_person_may_end_the_wait(void **state)
{
    struct scene *scene = scene_holding();

    (void)state;
    assert_true(scene_command(scene, COMMAND_CLEAR, C, NODE_NONE));
    assert_int_equal(scene->outcome.answers[0].why.code, REASON_STORM_OVERRULED);
    scene_settle(scene);
    assert_int_equal(scene->state.services[C].state, SERVICE_STARTED);
    free(scene);
}

static void the_return_of_another_node_ends_the_wait(void **state)
{
    struct scene *scene = scene_holding();

    (void)state;
    scene_join_boot(scene, ALPHA, "two");
    scene_step(scene);
    assert_true(scene_has_change(scene, C, SERVICE_RECOVERY, REASON_LEASE_HAS_ENDED));
    scene_settle(scene);
    assert_int_equal(scene->state.services[C].state, SERVICE_STARTED);
    free(scene);
}

/* Three nodes, the limit that a policy has by itself, and each node falls once. */
static void nodes_that_are_well_again_are_no_storm(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene->policy.storm = (struct frequency){2, duration_ms(10 * MINUTE), 0};
    scene_start(scene);
    for (node_id node = ALPHA; node <= GAMMA; node++) {
        die(scene, node);
        for (service_id service = A; service <= C; service++)
            assert_int_equal(scene->state.services[service].state, SERVICE_STARTED);
        scene_join_boot(scene, node, "two");
        scene_settle(scene);
    }
    free(scene);
}

/* It is there, but nobody trusts it: the others may be what it was. */
static void nodes_in_quarantine_count_on(void **state)
{
    struct scene *scene = scene_stormy();

    (void)state;
    scene->policy.quarantine = (struct frequency){1, duration_ms(60 * MINUTE), 0};
    die(scene, ALPHA);
    scene_join_boot(scene, ALPHA, "two");
    scene_settle(scene);
    assert_int_equal(scene->state.nodes[ALPHA].why.code, REASON_QUARANTINED);
    die(scene, BETA);
    die(scene, GAMMA);
    assert_service(scene, C, SERVICE_FENCE, GAMMA);
    assert_true(scene_command(scene, COMMAND_MAINTENANCE_OFF, SERVICE_NONE, ALPHA));
    scene_settle(scene);
    assert_int_equal(scene->state.services[C].state, SERVICE_STARTED);
    free(scene);
}

static void another_manager_counts_on(void **state)
{
    struct scene *scene = scene_holding();

    (void)state;
    scene->view.self = OMEGA;
    scene_step(scene);
    assert_service(scene, C, SERVICE_FENCE, GAMMA);
    assert_waits(scene, C, REASON_STORM, GAMMA);
    free(scene);
}

static void nodes_that_left_in_good_order_are_no_storm(void **state)
{
    struct scene *scene = scene_stormy();

    (void)state;
    scene->policy.shutdown = SHUTDOWN_FAILOVER;
    scene->view.nodes[OMEGA].leaving = LEAVING_POWEROFF;
    scene_settle(scene);
    die(scene, OMEGA);
    die(scene, ALPHA);
    die(scene, BETA);
    for (service_id service = A; service <= E; service++)
        assert_int_equal(scene->state.services[service].state, SERVICE_STARTED);
    free(scene);
}

static void what_is_not_to_run_needs_no_leave_and_takes_none(void **state)
{
    struct scene *scene = scene_stormy();

    (void)state;
    scene->services[A].requested = REQUESTED_STOPPED;
    scene->services[B].requested = REQUESTED_STOPPED;
    scene_settle(scene);
    die(scene, ALPHA);
    scene_prove_off(scene, BETA);
    scene_step(scene);
    assert_int_not_equal(scene->state.services[B].node, BETA);
    scene_step(scene);
    assert_int_equal(scene->outcome.n_changes, 0);
    die(scene, GAMMA);
    assert_int_equal(scene->state.services[C].state, SERVICE_STARTED);
    die(scene, KAPPA);
    assert_int_equal(scene->state.services[D].state, SERVICE_STARTED);
    free(scene);
}

/* Nobody wanted it, its stop was asked for, somebody wants it again, and its node dies. */
static void what_is_wanted_again_gets_its_leave_at_once(void **state)
{
    struct scene *scene = scene_stormy();

    (void)state;
    scene->services[A].requested = REQUESTED_STOPPED;
    scene_step(scene);
    assert_service(scene, A, SERVICE_REQUEST_STOP, ALPHA);
    scene->services[A].requested = REQUESTED_STARTED;
    scene_prove_off(scene, ALPHA);
    scene_step(scene);
    assert_int_equal(scene->state.services[A].state, SERVICE_STARTED);
    scene_step(scene);
    assert_int_equal(scene->outcome.n_changes, 0);
    free(scene);
}

static void disarming_does_not_wait_for_the_storm_to_pass(void **state)
{
    struct scene *scene = scene_holding();

    (void)state;
    assert_true(scene_command(scene, COMMAND_DISARM_FREEZE, SERVICE_NONE, NODE_NONE));
    scene_settle(scene);
    assert_int_equal(scene->state.arming.state, DISARMED);
    assert_service(scene, C, SERVICE_FENCE, GAMMA);
    free(scene);
}

/* ---- quarantine ---------------------------------------------------------------------------- */

static struct scene *scene_flapping(int n_nodes)
{
    struct scene *scene = scene_new(n_nodes, 3);

    scene->policy.quarantine = (struct frequency){3, duration_ms(60 * MINUTE), 0};
    scene_tier(scene_rule(scene, RULE_ON, false, 1u << A), node_bit(ALPHA));
    scene_start(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    return scene;
}

/* It dies, and boots so many times anew. */
static void fall(struct scene *scene, node_id node, int times)
{
    static int n_boots;
    char boot_id[BOOT_ID_MAX];

    for (int i = 0; i < times; i++) {
        scene_prove_off(scene, node);
        scene_settle(scene);
        scene_pass(scene, MINUTE);
        snprintf(boot_id, sizeof(boot_id), "boot-%d", ++n_boots);
        scene_join_boot(scene, node, boot_id);
        scene_settle(scene);
    }
}

static void a_node_that_falls_too_often_gets_no_services(void **state)
{
    struct scene *scene = scene_flapping(3);
    char text[REASON_TEXT_MAX];

    (void)state;
    fall(scene, ALPHA, 2);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    fall(scene, ALPHA, 1);
    assert_int_equal(scene->state.nodes[ALPHA].state, NODE_MAINTENANCE);
    reason_text(&scene->state.nodes[ALPHA].why, &scene->policy, text, sizeof(text));
    assert_string_equal(text, "alpha was lost 3 times of late: in quarantine, without services,"
                              " until it has stayed for 60 min or \"ha maintenance off alpha\""
                              " ends it");
    assert_false(scene_command(scene, COMMAND_MIGRATE, A, ALPHA));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_QUARANTINED);
    assert_int_equal(scene->state.nodes[ALPHA].why.code, REASON_QUARANTINED);
    assert_int_not_equal(scene->state.services[A].node, ALPHA);
    assert_int_equal(scene->state.services[A].state, SERVICE_STARTED);
    free(scene);
}

static void quarantine_ends_when_the_node_has_stayed(void **state)
{
    struct scene *scene = scene_flapping(3);
    struct instant last;

    (void)state;
    fall(scene, ALPHA, 3);
    last = scene->state.nodes[ALPHA].falls[0];
    scene->view.self = GAMMA;
    scene_step(scene);
    assert_int_equal(scene->outcome.wake_at.ms, last.ms + 60 * MINUTE);
    scene_pass(scene, last.ms + 60 * MINUTE - 1 - scene->view.stamp.ms);
    scene_step(scene);
    assert_int_equal(scene->state.nodes[ALPHA].state, NODE_MAINTENANCE);
    scene_pass(scene, 1);
    scene_step(scene);
    assert_true(scene_has_node_change(scene, ALPHA, NODE_ONLINE, REASON_QUARANTINE_OVER));
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    free(scene);
}

static void another_fall_prolongs_it(void **state)
{
    struct scene *scene = scene_flapping(3);
    struct instant last;

    (void)state;
    fall(scene, ALPHA, 3);
    scene_pass(scene, 50 * MINUTE);
    scene_join_boot(scene, ALPHA, "again");
    scene_settle(scene);
    last = scene->state.nodes[ALPHA].falls[0];
    assert_int_equal(last.ms, scene->view.stamp.ms);
    scene_pass(scene, 50 * MINUTE);
    scene_settle(scene);
    assert_int_equal(scene->state.nodes[ALPHA].state, NODE_MAINTENANCE);
    free(scene);
}

static void a_person_may_trust_it_again(void **state)
{
    struct scene *scene = scene_flapping(3);

    (void)state;
    fall(scene, ALPHA, 3);
    assert_true(scene_command(scene, COMMAND_MAINTENANCE_OFF, SERVICE_NONE, ALPHA));
    assert_int_equal(scene->state.nodes[ALPHA].state, NODE_ONLINE);
    scene_settle(scene);
    fall(scene, ALPHA, 1);
    assert_int_equal(scene->state.nodes[ALPHA].state, NODE_ONLINE);
    free(scene);
}

static void a_person_may_work_on_it_meanwhile(void **state)
{
    struct scene *scene = scene_flapping(3);

    (void)state;
    fall(scene, ALPHA, 3);
    assert_true(scene_command(scene, COMMAND_MAINTENANCE_ON, SERVICE_NONE, ALPHA));
    scene_pass(scene, 61 * MINUTE);
    scene_settle(scene);
    assert_int_equal(scene->state.nodes[ALPHA].state, NODE_MAINTENANCE);
    assert_true(scene_command(scene, COMMAND_MAINTENANCE_OFF, SERVICE_NONE, ALPHA));
    assert_int_equal(scene->state.nodes[ALPHA].state, NODE_ONLINE);
    free(scene);
}

static void a_majority_is_always_trusted(void **state)
{
    struct scene *scene = scene_flapping(3);

    (void)state;
    fall(scene, ALPHA, 3);
    fall(scene, BETA, 4);
    assert_int_equal(scene->state.nodes[ALPHA].state, NODE_MAINTENANCE);
    assert_int_equal(scene->state.nodes[BETA].state, NODE_ONLINE);
    free(scene);
    scene = scene_flapping(2);
    fall(scene, ALPHA, 5);
    assert_int_equal(scene->state.nodes[ALPHA].state, NODE_ONLINE);
    free(scene);
}

/* Beta is worked on and gamma dies: better a node that may fall again than none. */
static void where_nobody_else_is_left_it_takes_services_again(void **state)
{
    struct scene *scene = scene_flapping(3);

    (void)state;
    fall(scene, ALPHA, 3);
    assert_true(scene_command(scene, COMMAND_MAINTENANCE_ON, SERVICE_NONE, BETA));
    scene_settle(scene);
    assert_int_equal(scene->state.nodes[ALPHA].state, NODE_MAINTENANCE);
    scene_prove_off(scene, GAMMA);
    scene_step(scene);
    assert_true(scene_has_node_change(scene, ALPHA, NODE_ONLINE, REASON_QUARANTINE_YIELDS));
    scene_settle(scene);
    for (service_id service = A; service <= C; service++)
        assert_service(scene, service, SERVICE_STARTED, ALPHA);
    scene_join_boot(scene, GAMMA, "mended");
    scene_settle(scene);
    fall(scene, ALPHA, 1);
    assert_int_equal(scene->state.nodes[ALPHA].why.code, REASON_QUARANTINED);
    free(scene);
}

static void reboots_in_good_order_and_in_maintenance_do_not_count(void **state)
{
    struct scene *scene = scene_flapping(3);

    (void)state;
    for (int i = 0; i < 4; i++) {
        scene->view.nodes[ALPHA].leaving = LEAVING_REBOOT;
        scene_settle(scene);
        fall(scene, ALPHA, 1);
    }
    assert_true(scene_command(scene, COMMAND_MAINTENANCE_ON, SERVICE_NONE, ALPHA));
    scene_settle(scene);
    for (int i = 0; i < 4; i++) {
        scene_join_boot(scene, ALPHA, i % 2 ? "odd" : "even");
        scene_settle(scene);
    }
    assert_true(scene_command(scene, COMMAND_MAINTENANCE_OFF, SERVICE_NONE, ALPHA));
    assert_int_equal(scene->state.nodes[ALPHA].state, NODE_ONLINE);
    assert_int_equal(scene->state.nodes[ALPHA].falls[0].ms, 0);
    free(scene);
}

static void old_falls_do_not_count(void **state)
{
    struct scene *scene = scene_flapping(3);

    (void)state;
    for (int i = 0; i < 5; i++) {
        fall(scene, ALPHA, 1);
        scene_pass(scene, 31 * MINUTE);
    }
    assert_int_equal(scene->state.nodes[ALPHA].state, NODE_ONLINE);
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_third_dead_node_waits_until_the_window_has_passed),
        cmocka_unit_test(what_matters_most_is_recovered_first),
        cmocka_unit_test(its_return_ends_the_wait),
        cmocka_unit_test(a_person_may_end_the_wait),
        cmocka_unit_test(the_return_of_another_node_ends_the_wait),
        cmocka_unit_test(nodes_that_are_well_again_are_no_storm),
        cmocka_unit_test(nodes_in_quarantine_count_on),
        cmocka_unit_test(another_manager_counts_on),
        cmocka_unit_test(nodes_that_left_in_good_order_are_no_storm),
        cmocka_unit_test(what_is_not_to_run_needs_no_leave_and_takes_none),
        cmocka_unit_test(what_is_wanted_again_gets_its_leave_at_once),
        cmocka_unit_test(disarming_does_not_wait_for_the_storm_to_pass),
        cmocka_unit_test(a_node_that_falls_too_often_gets_no_services),
        cmocka_unit_test(quarantine_ends_when_the_node_has_stayed),
        cmocka_unit_test(another_fall_prolongs_it),
        cmocka_unit_test(a_person_may_trust_it_again),
        cmocka_unit_test(a_person_may_work_on_it_meanwhile),
        cmocka_unit_test(a_majority_is_always_trusted),
        cmocka_unit_test(where_nobody_else_is_left_it_takes_services_again),
        cmocka_unit_test(reboots_in_good_order_and_in_maintenance_do_not_count),
        cmocka_unit_test(old_falls_do_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
