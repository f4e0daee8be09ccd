/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of a node, and what its death or return means for its services. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ha/base/text.h"
#include "tests/unit/ha/decide/scene.h"

static void everybody_joins_and_everything_runs(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_join(scene, node_bit(ALPHA) | node_bit(BETA) | node_bit(GAMMA));
    scene_step(scene);
    assert_true(scene_has_node_change(scene, BETA, NODE_ONLINE, REASON_NODE_JOINED));
    assert_true(scene_has_change(scene, A, SERVICE_REQUEST_START, REASON_ADDED));
    assert_int_equal(scene->state.manager, ALPHA);
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    assert_service(scene, C, SERVICE_STARTED, GAMMA);
    assert_true(scene->state.services[A].is_running);
    free(scene);
}

static void a_view_without_quorum_decides_nothing(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_join(scene, node_bit(ALPHA));
    scene->view.is_quorate = false;
    scene_step(scene);
    assert_int_equal(scene->outcome.n_changes, 0);
    assert_int_equal(scene->state.manager, NODE_NONE);
    free(scene);
}

static void silence_alone_moves_nothing(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_start(scene);
    scene_silence(scene, BETA);
    scene_step(scene);
    assert_true(scene_has_node_change(scene, BETA, NODE_UNKNOWN, REASON_NODE_SILENT));
    assert_int_equal(scene->outcome.n_changes, 1);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    assert_int_equal(scene->outcome.wake_at.ms, scene->view.nodes[BETA].dead_at.ms);
    free(scene);
}

static void a_service_outlives_its_node(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_start(scene);
    scene_silence(scene, BETA);
    scene_step(scene);
    scene_prove_off(scene, BETA);
    scene_step(scene);
    assert_true(scene_has_node_change(scene, BETA, NODE_FENCE, REASON_NODE_PROVEN_OFF));
    assert_int_equal(scene->outcome.fences, node_bit(BETA));
    assert_true(scene_has_change(scene, B, SERVICE_FENCE, REASON_ITS_NODE_IS_OFF));
    assert_true(scene_has_change(scene, B, SERVICE_RECOVERY, REASON_LEASE_HAS_ENDED));
    assert_true(scene_has_change(scene, B, SERVICE_STARTED, REASON_FIRST_BY_NAME));
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    assert_int_equal(scene_changes_of(scene, A), 0);
    assert_int_equal(scene->state.services[B].cause, scene->state.version);
    scene_settle(scene);
    assert_true(scene->state.services[B].is_running);
    free(scene);
}

static void a_node_back_in_time_moves_nothing(void **state)
{
    struct scene *scene = scene_new(3, 3);
    uint64_t cause;

    (void)state;
    scene_start(scene);
    cause = scene->state.services[B].cause;
    scene_silence(scene, BETA);
    scene_step(scene);
    scene_join(scene, node_bit(BETA));
    scene_step(scene);
    assert_true(scene_has_node_change(scene, BETA, NODE_ONLINE, REASON_NODE_BACK_IN_TIME));
    assert_int_equal(scene->outcome.n_changes, 1);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    assert_int_equal(scene->state.services[B].cause, cause);
    assert_int_equal(scene->outcome.fences, 0);
    free(scene);
}

static void a_word_is_proof_at_once(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_start(scene);
    scene_silence(scene, BETA);
    scene_step(scene);
    scene->words = "jin";
    assert_true(scene_command(scene, COMMAND_CONFIRM, SERVICE_NONE, BETA));
    assert_int_equal(scene_answer(scene), REASON_CONFIRMED_OFF);
    assert_true(scene_has_node_change(scene, BETA, NODE_FENCE, REASON_NODE_CONFIRMED_OFF));
    assert_string_equal(scene->state.nodes[BETA].why.words, "jin");
    /* As with the leader's own: a beat of it makes all of this void. */
    assert_int_equal(scene->outcome.fences, node_bit(BETA));
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    assert_int_equal(scene_changes_of(scene, A), 0);
    scene_settle(scene);
    assert_true(scene->state.services[B].is_running);
    assert_true(scene_command(scene, COMMAND_CONFIRM, SERVICE_NONE, BETA));
    assert_int_equal(scene_answer(scene), REASON_ALREADY_OFF);
    free(scene);
}

static void nobody_who_is_here_is_sworn_off(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_start(scene);
    assert_false(scene_command(scene, COMMAND_CONFIRM, SERVICE_NONE, BETA));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_IS_HERE);
    assert_int_equal(scene->outcome.n_changes, 0);
    assert_int_equal(scene->outcome.fences, 0);
    assert_false(scene_command(scene, COMMAND_CONFIRM, SERVICE_NONE, NODE_NONE));
    assert_service(scene, B, SERVICE_STARTED, BETA);
    free(scene);
}

/* Neither its time nor its watchdog said anything of it; the operator does. */
static void a_word_stands_for_the_watchdog_that_was_let_go(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_start(scene);
    scene->state.nodes[BETA].is_released = true;
    scene_silence(scene, BETA);
    scene_prove_off(scene, BETA);
    scene->view.nodes[BETA].is_history_known = false;
    scene_step(scene);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    assert_true(scene_command(scene, COMMAND_CONFIRM, SERVICE_NONE, BETA));
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    free(scene);
}

/* It was not off: it has to reset, and its next silence has to be proven anew. */
static void a_word_is_void_once_its_node_is_heard(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_start(scene);
    scene_silence(scene, BETA);
    scene_step(scene);
    assert_true(scene_command(scene, COMMAND_CONFIRM, SERVICE_NONE, BETA));
    assert_true(scene->state.nodes[BETA].is_confirmed);
    scene_join(scene, node_bit(BETA));
    scene->view.services[B].running_on |= node_bit(BETA);
    scene_step(scene);
    assert_int_equal(scene->state.nodes[BETA].state, NODE_FENCE);
    assert_int_equal(scene->state.nodes[BETA].why.code, REASON_NODE_MUST_RESET);
    assert_false(scene->state.nodes[BETA].is_confirmed);
    /* Another service that it may have been running waits for it to be off for sure. */
    scene_silence(scene, BETA);
    scene->view.nodes[BETA].is_history_known = false;
    scene->state.services[C].state = SERVICE_RECOVERY;
    scene_step(scene);
    assert_waits(scene, C, REASON_WAITS_FOR_PROOF, BETA);
    /* And may be sworn off once more. */
    assert_true(scene_command(scene, COMMAND_CONFIRM, SERVICE_NONE, BETA));
    assert_int_equal(scene_answer(scene), REASON_CONFIRMED_OFF);
    assert_int_equal(scene->outcome.fences, node_bit(BETA));
    assert_true(scene->state.nodes[BETA].is_confirmed);
    free(scene);
}

static void a_word_about_one_boot_says_nothing_of_the_next(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_start(scene);
    scene_silence(scene, BETA);
    scene_step(scene);
    assert_true(scene_command(scene, COMMAND_CONFIRM, SERVICE_NONE, BETA));
    scene_settle(scene);
    text_copy(scene->view.nodes[BETA].boot_id, BOOT_ID_MAX, "two");
    scene->view.nodes[BETA].is_history_known = false;
    scene->state.services[C].state = SERVICE_RECOVERY;
    scene_step(scene);
    assert_waits(scene, C, REASON_WAITS_FOR_PROOF, BETA);
    free(scene);
}

static void a_new_boot_proves_that_the_old_one_is_gone(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_start(scene);
    scene_silence(scene, BETA);
    scene_step(scene);
    scene_join_boot(scene, BETA, "two");
    scene->view.services[B].running_on = 0;
    scene_step(scene);
    assert_true(scene_has_node_change(scene, BETA, NODE_FENCE, REASON_NODE_REBOOTED));
    assert_true(scene_has_node_change(scene, BETA, NODE_ONLINE, REASON_NODE_BOOTED));
    assert_true(scene_has_change(scene, B, SERVICE_FENCE, REASON_ITS_NODE_REBOOTED));
    assert_int_equal(scene->outcome.fences, 0);
    /* It has the fewest services now, so it gets its own back. */
    assert_service(scene, B, SERVICE_STARTED, BETA);
    assert_int_equal(scene->state.services[B].cause, scene->state.version);
    free(scene);
}

/* A boot is heard before it is a member: the record must not take it for the old one. */
static void a_boot_heard_early_is_still_found_out(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_start(scene);
    scene_silence(scene, BETA);
    memcpy(scene->view.nodes[BETA].boot_id, "two", 4);
    scene_step(scene);
    scene_join_boot(scene, BETA, "two");
    scene_step(scene);
    assert_true(scene_has_node_change(scene, BETA, NODE_FENCE, REASON_NODE_REBOOTED));
    free(scene);
}

static void the_boot_that_was_fenced_must_reset(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_start(scene);
    scene_prove_off(scene, BETA);
    scene_step(scene);
    scene_join(scene, node_bit(BETA));
    scene->view.services[B].running_on = node_bit(BETA);
    scene_step(scene);
    assert_int_equal(scene->state.nodes[BETA].state, NODE_FENCE);
    assert_int_equal(scene->state.nodes[BETA].why.code, REASON_NODE_MUST_RESET);
    scene_join_boot(scene, BETA, "two");
    scene->view.services[B].running_on = 0;
    scene_step(scene);
    assert_true(scene_has_node_change(scene, BETA, NODE_ONLINE, REASON_NODE_BOOTED));
    free(scene);
}

static void a_fenced_boot_that_has_not_reported_does_not_count(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_start(scene);
    scene_prove_off(scene, BETA);
    scene_step(scene);
    scene_join(scene, node_bit(BETA));
    scene->view.nodes[BETA].has_report = false;
    scene_step(scene);
    assert_int_equal(scene->state.nodes[BETA].state, NODE_FENCE);
    free(scene);
}

/* An agent that ran nothing was not armed: its node need not be reset to count again. */
static void a_fenced_boot_that_proves_it_runs_nothing_counts(void **state)
{
    struct scene *scene = scene_new(3, 2);

    (void)state;
    scene_start(scene);
    scene_prove_off(scene, GAMMA);
    scene_step(scene);
    scene_join(scene, node_bit(GAMMA));
    scene_step(scene);
    assert_true(scene_has_node_change(scene, GAMMA, NODE_ONLINE, REASON_NODE_RUNS_NOTHING));
    free(scene);
}

static void one_that_left_in_good_order_is_said_so(void **state)
{
    struct scene *scene = scene_new(3, 2);

    (void)state;
    scene_start(scene);
    scene->view.nodes[GAMMA].leaving = LEAVING_POWEROFF;
    scene_step(scene);
    scene_prove_off(scene, GAMMA);
    scene_step(scene);
    assert_true(scene_has_node_change(scene, GAMMA, NODE_FENCE, REASON_NODE_LEFT));
    free(scene);
}

static void one_that_was_never_heard_is_said_so(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_join(scene, node_bit(ALPHA) | node_bit(BETA));
    scene->view.nodes[GAMMA].is_proven_off = true;
    scene_step(scene);
    assert_true(scene_has_node_change(scene, GAMMA, NODE_FENCE, REASON_NODE_NEVER_HEARD));
    free(scene);
}

static void one_that_was_not_armed_is_not_said_to_have_been_reset(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    scene_silence(scene, GAMMA);
    scene_step(scene);
    scene_prove_off(scene, GAMMA);
    scene->view.nodes[GAMMA].is_unarmed = true;
    scene_step(scene);
    assert_true(scene_has_node_change(scene, GAMMA, NODE_FENCE, REASON_NODE_NOT_ARMED));
    free(scene);
}

static void a_second_death_during_a_recovery_is_handled_at_once(void **state)
{
    struct scene *scene = scene_new(5, 5);

    (void)state;
    scene_start(scene);
    scene_prove_off(scene, BETA);
    scene_step(scene);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    scene->view.self = GAMMA;
    scene_prove_off(scene, ALPHA);
    scene_step(scene);
    assert_int_equal(scene->state.manager, GAMMA);
    assert_service(scene, A, SERVICE_STARTED, GAMMA);
    assert_service(scene, B, SERVICE_STARTED, KAPPA);
    free(scene);
}

static void a_cluster_that_boots_anew_starts_what_it_had(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_start(scene);
    for (node_id node = ALPHA; node <= GAMMA; node++)
        scene_join_boot(scene, node, "two");
    memset(scene->view.services, 0, 3 * sizeof(scene->view.services[0]));
    scene_step(scene);
    for (service_id service = A; service <= C; service++) {
        assert_true(scene_has_change(scene, service, SERVICE_RECOVERY, REASON_LEASE_HAS_ENDED));
        assert_int_equal(scene->state.services[service].state, SERVICE_STARTED);
    }
    free(scene);
}

static void a_node_that_was_gone_comes_back(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    scene->state.nodes[GAMMA].state = NODE_GONE;
    scene_step(scene);
    assert_int_equal(scene->state.nodes[GAMMA].state, NODE_ONLINE);
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_joins_and_everything_runs),
        cmocka_unit_test(a_view_without_quorum_decides_nothing),
        cmocka_unit_test(silence_alone_moves_nothing),
        cmocka_unit_test(a_service_outlives_its_node),
        cmocka_unit_test(one_that_was_not_armed_is_not_said_to_have_been_reset),
        cmocka_unit_test(a_node_back_in_time_moves_nothing),
        cmocka_unit_test(a_word_is_proof_at_once),
        cmocka_unit_test(nobody_who_is_here_is_sworn_off),
        cmocka_unit_test(a_word_stands_for_the_watchdog_that_was_let_go),
        cmocka_unit_test(a_word_is_void_once_its_node_is_heard),
        cmocka_unit_test(a_word_about_one_boot_says_nothing_of_the_next),
        cmocka_unit_test(a_new_boot_proves_that_the_old_one_is_gone),
        cmocka_unit_test(a_boot_heard_early_is_still_found_out),
        cmocka_unit_test(the_boot_that_was_fenced_must_reset),
        cmocka_unit_test(a_fenced_boot_that_has_not_reported_does_not_count),
        cmocka_unit_test(a_fenced_boot_that_proves_it_runs_nothing_counts),
        cmocka_unit_test(one_that_left_in_good_order_is_said_so),
        cmocka_unit_test(one_that_was_never_heard_is_said_so),
        cmocka_unit_test(a_second_death_during_a_recovery_is_handled_at_once),
        cmocka_unit_test(a_cluster_that_boots_anew_starts_what_it_had),
        cmocka_unit_test(a_node_that_was_gone_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
