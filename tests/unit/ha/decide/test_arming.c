/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Disarming and arming: what is ended first, what is left alone, what silence proves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ha/base/arena.h"
#include "ha/decide/lrm.h"
#include "tests/unit/ha/decide/scene.h"

static bool command(struct scene *scene, enum command_kind kind)
{
    return scene_command(scene, kind, SERVICE_NONE, NODE_NONE);
}

static void arm_nodes(struct scene *scene, bool is_armed)
{
    for (node_id node = 0; node < scene->policy.n_nodes; node++)
        scene->view.nodes[node].is_armed = is_armed;
}

/* Three nodes, armed and with a service each, and then disarmed. */
static struct scene *disarmed(enum command_kind how)
{
    struct scene *scene = scene_new(3, 3);

    scene_start(scene);
    arm_nodes(scene, true);
    scene_step(scene);
    assert_true(command(scene, how));
    arm_nodes(scene, false);
    scene_step(scene);
    assert_int_equal(scene->state.arming.state, DISARMED);
    return scene;
}

static void it_is_done_when_every_node_has_let_go(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_start(scene);
    arm_nodes(scene, true);
    scene_step(scene);
    assert_true(command(scene, COMMAND_DISARM_FREEZE));
    assert_true(scene_has_arming_change(scene, DISARMING, REASON_DISARM_ASKED));
    assert_true(scene_has_arming_change(scene, RELEASING, REASON_DISARM_RELEASES));
    assert_true(scene_has_change(scene, A, SERVICE_FREEZE, REASON_FROZEN_BY_DISARMING));
    scene->view.nodes[ALPHA].is_armed = scene->view.nodes[BETA].is_armed = false;
    scene_step(scene);
    assert_int_equal(scene->state.arming.state, RELEASING);
    scene->view.nodes[GAMMA].is_armed = false;
    scene_step(scene);
    assert_true(scene_has_arming_change(scene, DISARMED, REASON_DISARM_DONE));
    free(scene);
}

static void what_is_under_way_is_brought_to_an_end_first(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    scene_command(scene, COMMAND_RELOCATE, A, BETA);
    command(scene, COMMAND_DISARM_FREEZE);
    assert_int_equal(scene->state.arming.state, DISARMING);
    assert_service(scene, A, SERVICE_RELOCATE, ALPHA);
    scene_result(scene, A, JOB_DONE);
    scene_step(scene);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    assert_int_equal(scene->state.arming.state, DISARMING);
    scene_result(scene, A, JOB_DONE);
    scene_step(scene);
    assert_service(scene, A, SERVICE_FREEZE, BETA);
    free(scene);
}

static void what_becomes_of_a_silent_node_is_decided_first(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_start(scene);
    scene_silence(scene, BETA);
    scene_step(scene);
    command(scene, COMMAND_DISARM_FREEZE);
    assert_int_equal(scene->state.arming.state, DISARMING);
    scene_prove_off(scene, BETA);
    scene_settle(scene);
    assert_service(scene, B, SERVICE_FREEZE, ALPHA);
    free(scene);
}

static void nothing_is_decided_while_disarmed(void **state)
{
    struct scene *scene = disarmed(COMMAND_DISARM_IGNORE);

    (void)state;
    scene->services[A].requested = REQUESTED_STOPPED;
    scene->view.services[B].running_on = 0;
    scene_step(scene);
    assert_int_equal(scene->outcome.n_changes, 0);
    assert_false(scene_command(scene, COMMAND_MIGRATE, C, ALPHA));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_DISARMED);
    assert_false(scene_command(scene, COMMAND_MAINTENANCE_ON, SERVICE_NONE, ALPHA));
    assert_true(scene_command(scene, COMMAND_MAINTENANCE_OFF, SERVICE_NONE, ALPHA));
    free(scene);
}

/* It was let go: its services run on without a watchdog, for as long as it likes. */
static void a_silent_node_that_was_let_go_is_never_proven_off(void **state)
{
    struct scene *scene = disarmed(COMMAND_DISARM_FREEZE);

    (void)state;
    scene_prove_off(scene, BETA);
    scene->view.services[B].running_on = 0;
    scene_step(scene);
    assert_int_equal(scene->state.nodes[BETA].state, NODE_UNKNOWN);
    command(scene, COMMAND_ARM);
    scene_settle(scene);
    assert_int_equal(scene->state.nodes[BETA].state, NODE_UNKNOWN);
    assert_service(scene, B, SERVICE_FREEZE, BETA);
    scene_join_boot(scene, BETA, "two");
    scene_settle(scene);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    free(scene);
}

static void a_node_counts_as_watched_again_once_its_beat_says_so(void **state)
{
    struct scene *scene = disarmed(COMMAND_DISARM_FREEZE);

    (void)state;
    command(scene, COMMAND_ARM);
    assert_true(scene->state.nodes[BETA].is_released);
    arm_nodes(scene, true);
    scene_settle(scene);
    assert_false(scene->state.nodes[BETA].is_released);
    scene_prove_off(scene, BETA);
    scene_settle(scene);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    free(scene);
}

static void frozen_services_go_on_where_they_run(void **state)
{
    struct scene *scene = disarmed(COMMAND_DISARM_FREEZE);

    (void)state;
    assert_true(command(scene, COMMAND_ARM));
    assert_true(scene_has_arming_change(scene, ARMED, REASON_ARM_ASKED));
    assert_true(scene_has_change(scene, A, SERVICE_STARTED, REASON_THAWED));
    assert_service(scene, B, SERVICE_STARTED, BETA);
    free(scene);
}

/* Nothing guarded it when it went: who waits says for what, and does so for as long as it takes. */
static void what_went_while_disarmed_is_waited_for_in_words(void **state)
{
    static const enum command_kind ways[] = {COMMAND_DISARM_FREEZE, COMMAND_DISARM_IGNORE};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct scene *scene = disarmed(ways[i]);

        scene_prove_off(scene, BETA);
        scene_step(scene);
        assert_true(command(scene, COMMAND_ARM));
        scene_step(scene);
        assert_waits(scene, B, REASON_WAITS_FOR_RETURN, BETA);
        scene->view.stamp.ms += 2 * FREEZE_MAX_MS;
        scene_step(scene);
        assert_waits(scene, B, REASON_WAITS_FOR_RETURN, BETA);
        scene_join_boot(scene, BETA, "two");
        scene_settle(scene);
        assert_service(scene, B, SERVICE_STARTED, BETA);
        assert_int_equal(scene->state.services[B].why.code, REASON_RUNS_NOW);
        free(scene);
    }
}

static void ignored_services_are_taken_where_they_are_found(void **state)
{
    struct scene *scene = disarmed(COMMAND_DISARM_IGNORE);

    (void)state;
    scene->view.services[A].running_on = node_bit(GAMMA);
    scene->view.services[B].running_on = 0;
    assert_true(command(scene, COMMAND_ARM));
    assert_true(scene_has_change(scene, A, SERVICE_STARTED, REASON_FOUND_MOVED));
    assert_service(scene, A, SERVICE_STARTED, GAMMA);
    assert_true(scene_has_change(scene, B, SERVICE_REQUEST_STOP, REASON_FOUND_STOPPED));
    assert_int_equal(scene_changes_of(scene, C), 0);
    free(scene);
}

/* It may have been moved to the one that has not told yet. */
static void nobody_arms_before_all_have_told_what_they_run(void **state)
{
    struct scene *scene = disarmed(COMMAND_DISARM_IGNORE);

    (void)state;
    scene->view.nodes[GAMMA].has_report = false;
    assert_false(command(scene, COMMAND_ARM));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_UNHEARD);
    free(scene);
}

static void nobody_arms_while_nodes_still_let_go(void **state)
{
    struct scene *scene = disarmed(COMMAND_DISARM_FREEZE);

    (void)state;
    scene->view.nodes[BETA].is_armed = true;
    assert_false(command(scene, COMMAND_ARM));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_LETTING_GO);
    free(scene);
}

/* Its beat says that it is armed, so the manager knows that it is watched again. */
static void a_player_that_was_let_go_arms_even_if_it_runs_nothing(void **state)
{
    struct scene *scene = disarmed(COMMAND_DISARM_FREEZE);
    struct lrm *lrm = xcalloc(1, sizeof(*lrm));

    (void)state;
    lrm_init(lrm, ALPHA, scene->policy.n_services);
    scene->state.n_services = scene->policy.n_services = lrm->n_services = 0;
    assert_false(lrm_needs_arming(lrm, &scene->state));
    scene->state.arming.state = ARMED;
    assert_true(lrm_needs_arming(lrm, &scene->state));
    scene->state.nodes[ALPHA].is_released = false;
    assert_false(lrm_needs_arming(lrm, &scene->state));
    free(lrm);
    free(scene);
}

static void asking_twice_is_no_error_but_the_mode_stays(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    assert_true(command(scene, COMMAND_ARM));
    assert_int_equal(scene_answer(scene), REASON_ALREADY_ARMED);
    command(scene, COMMAND_DISARM_FREEZE);
    assert_true(command(scene, COMMAND_DISARM_FREEZE));
    assert_int_equal(scene_answer(scene), REASON_ALREADY_DISARMED);
    assert_false(command(scene, COMMAND_DISARM_IGNORE));
    assert_false(scene->state.arming.ignores);
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_done_when_every_node_has_let_go),
        cmocka_unit_test(what_is_under_way_is_brought_to_an_end_first),
        cmocka_unit_test(what_becomes_of_a_silent_node_is_decided_first),
        cmocka_unit_test(nothing_is_decided_while_disarmed),
        cmocka_unit_test(a_silent_node_that_was_let_go_is_never_proven_off),
        cmocka_unit_test(a_node_counts_as_watched_again_once_its_beat_says_so),
        cmocka_unit_test(frozen_services_go_on_where_they_run),
        cmocka_unit_test(what_went_while_disarmed_is_waited_for_in_words),
        cmocka_unit_test(ignored_services_are_taken_where_they_are_found),
        cmocka_unit_test(nobody_arms_before_all_have_told_what_they_run),
        cmocka_unit_test(nobody_arms_while_nodes_still_let_go),
        cmocka_unit_test(a_player_that_was_let_go_arms_even_if_it_runs_nothing),
        cmocka_unit_test(asking_twice_is_no_error_but_the_mode_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
