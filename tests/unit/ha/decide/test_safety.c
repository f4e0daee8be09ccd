/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When a service may be started: never while anybody else may be running it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/ha/decide/scene.h"

/* What one node looks like, and whether the others must wait for it. */
static const struct row {
    const char *what;
    struct node_view view;
    bool is_running_there;
    bool is_given_there; /* the state has the service on it */
    bool is_safe;
} rows[] = {
    {"a member that has reported and runs nothing", {.is_member = 1, .has_report = 1}, 0, 0, true},
    {"a member that has reported and runs it", {.is_member = 1, .has_report = 1}, 1, 0, false},
    {"a member that has not reported", {.is_member = 1}, 0, 0, false},
    {"a member without a report, with a known history",
     {.is_member = 1, .is_history_known = 1},
     0,
     0,
     false},
    {"absent, nothing known", {.dead_at = {200000}}, 0, 0, false},
    {"absent and proven off", {.is_proven_off = 1}, 0, 0, true},
    {"absent and proven off, it was there", {.is_proven_off = 1}, 0, 1, true},
    {"absent with a known history, it was not there", {.is_history_known = 1}, 0, 0, true},
    {"absent with a known history, it was there", {.is_history_known = 1}, 0, 1, false},
};

static void others_are_waited_for_unless_they_cannot_run_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene *scene = scene_new(3, 1);

        print_message("  %s\n", rows[i].what);
        scene_join(scene, node_bit(ALPHA) | node_bit(BETA));
        scene->view.nodes[GAMMA] = rows[i].view;
        memcpy(scene->view.nodes[GAMMA].boot_id, "one", 4);
        scene->view.services[A].running_on = rows[i].is_running_there ? node_bit(GAMMA) : 0;
        scene->state.services[A].state = SERVICE_STOPPED;
        scene->state.services[A].node = rows[i].is_given_there ? GAMMA : NODE_NONE;
        scene_step(scene);
        /* Where it is running already it may of course be started. */
        if (rows[i].is_running_there)
            assert_service(scene, A, SERVICE_STARTED, GAMMA);
        else
            assert_int_equal(scene->state.services[A].state == SERVICE_STARTED, rows[i].is_safe);
        free(scene);
    }
}

static void nothing_starts_while_a_member_has_not_reported(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_join(scene, node_bit(ALPHA) | node_bit(BETA) | node_bit(GAMMA));
    scene->view.nodes[BETA].has_report = false;
    scene_step(scene);
    assert_int_equal(scene->state.services[A].state, SERVICE_ABSENT);
    assert_waits(scene, A, REASON_WAITS_FOR_REPORT, BETA);
    scene->view.nodes[BETA].has_report = true;
    scene_step(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    free(scene);
}

/* It was ignored and ran on: the state, which forgot it, cannot vouch for a node that is away. */
static void what_has_no_record_may_run_on_any_node_that_is_away(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_join(scene, node_bit(ALPHA) | node_bit(BETA));
    scene->view.nodes[GAMMA].is_history_known = true;
    scene->view.nodes[GAMMA].dead_at = instant_after(scene->view.now, duration_ms(3000));
    scene_step(scene);
    assert_int_equal(scene->state.services[A].state, SERVICE_ABSENT);
    assert_waits(scene, A, REASON_WAITS_FOR_PROOF, GAMMA);
    scene->view.nodes[GAMMA].is_proven_off = true;
    scene_step(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    free(scene);
}

static void nothing_starts_before_an_absent_node_is_proven_off(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_join(scene, node_bit(ALPHA) | node_bit(BETA));
    scene->view.nodes[GAMMA].dead_at = instant_after(scene->view.now, duration_ms(7000));
    scene_step(scene);
    assert_waits(scene, A, REASON_WAITS_FOR_PROOF, GAMMA);
    assert_int_equal(scene->state.services[A].why.number, 7000);
    assert_int_equal(scene->outcome.wake_at.ms, scene->view.now.ms + 7000);
    scene->view.now.ms += 1000;
    scene_step(scene);
    assert_int_equal(scene->state.services[A].why.number, 7000);
    scene_prove_off(scene, GAMMA);
    scene_step(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    free(scene);
}

static void without_a_time_it_waits_for_return_or_proof(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_join(scene, node_bit(ALPHA) | node_bit(BETA));
    scene_step(scene);
    assert_waits(scene, A, REASON_WAITS_FOR_PROOF_OR_RETURN, GAMMA);
    free(scene);
}

static void two_that_run_it_must_both_be_heard(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_join(scene, node_bit(ALPHA) | node_bit(BETA) | node_bit(GAMMA));
    scene->view.services[A].running_on = node_bit(BETA) | node_bit(GAMMA);
    scene_step(scene);
    assert_waits(scene, A, REASON_WAITS_FOR_STOP, BETA);
    /* The player of gamma stops what the state gives to beta. */
    scene->view.services[A].running_on = node_bit(BETA);
    scene_step(scene);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    assert_int_equal(scene->state.services[A].why.code, REASON_RUNS_THERE_ALREADY);
    free(scene);
}

static void what_runs_where_it_may_not_is_stopped_first(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_tier(scene_rule(scene, RULE_ON, true, 1u << A), node_bit(ALPHA));
    scene_join(scene, node_bit(ALPHA) | node_bit(BETA) | node_bit(GAMMA));
    scene->view.services[A].running_on = node_bit(BETA);
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_REQUEST_STOP, REASON_RUNS_WHERE_IT_MAY_NOT));
    assert_service(scene, A, SERVICE_REQUEST_STOP, BETA);
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    free(scene);
}

/* Ignored, it went on running on a node that was cut off since: history does not help. */
static void what_was_ignored_is_not_started_behind_its_node(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    scene->services[A].requested = REQUESTED_IGNORED;
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_ABSENT, REASON_WANTED_IGNORED));
    scene_silence(scene, ALPHA);
    scene->view.nodes[ALPHA].is_history_known = true;
    scene->services[A].requested = REQUESTED_STARTED;
    scene_step(scene);
    assert_waits(scene, A, REASON_WAITS_FOR_PROOF, ALPHA);
    free(scene);
}

static void a_recovery_waits_for_the_others_too(void **state)
{
    struct scene *scene = scene_new(5, 1);

    (void)state;
    scene_start(scene);
    scene_prove_off(scene, ALPHA);
    scene->view.nodes[KAPPA].has_report = false;
    scene_step(scene);
    assert_int_equal(scene->state.services[A].state, SERVICE_RECOVERY);
    assert_waits(scene, A, REASON_WAITS_FOR_REPORT, KAPPA);
    scene->view.nodes[KAPPA].has_report = true;
    scene_step(scene);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(others_are_waited_for_unless_they_cannot_run_it),
        cmocka_unit_test(nothing_starts_while_a_member_has_not_reported),
        cmocka_unit_test(what_has_no_record_may_run_on_any_node_that_is_away),
        cmocka_unit_test(nothing_starts_before_an_absent_node_is_proven_off),
        cmocka_unit_test(without_a_time_it_waits_for_return_or_proof),
        cmocka_unit_test(two_that_run_it_must_both_be_heard),
        cmocka_unit_test(what_runs_where_it_may_not_is_stopped_first),
        cmocka_unit_test(what_was_ignored_is_not_started_behind_its_node),
        cmocka_unit_test(a_recovery_waits_for_the_others_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
