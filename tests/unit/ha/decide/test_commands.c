/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people ask for: obeyed with a reason, or refused with one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/ha/decide/scene.h"

static void a_move_is_obeyed_and_comes_to_its_end(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    assert_true(scene_command(scene, COMMAND_MIGRATE, A, GAMMA));
    assert_int_equal(scene_answer(scene), REASON_ACCEPTED);
    /* What cannot move live is stopped here and started there. */
    assert_true(scene_has_change(scene, A, SERVICE_RELOCATE, REASON_ASKED_TO_MOVE));
    assert_true(scene_command(scene, COMMAND_MIGRATE, A, GAMMA));
    assert_int_equal(scene_answer(scene), REASON_ALREADY_MOVING);
    assert_int_equal(scene->outcome.n_changes, 0);
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, GAMMA);
    assert_true(scene_command(scene, COMMAND_MIGRATE, A, GAMMA));
    assert_int_equal(scene_answer(scene), REASON_ALREADY_THERE);
    free(scene);
}

static void what_can_move_live_does_so_when_asked_to(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene->services[A].migrate = MIGRATE_LIVE;
    scene_start(scene);
    assert_true(scene_command(scene, COMMAND_MIGRATE, A, GAMMA));
    assert_int_equal(scene->state.services[A].state, SERVICE_MIGRATE);
    free(scene);
}

/* Half way, both may have it: the death of the one is no word about the other. */
static void a_live_move_remembers_its_target_when_the_source_dies(void **state)
{
    struct scene *scene = scene_new(5, 1);

    (void)state;
    scene->services[A].migrate = MIGRATE_LIVE;
    scene_start(scene);
    assert_true(scene_command(scene, COMMAND_MIGRATE, A, GAMMA));
    scene_prove_off(scene, ALPHA);
    scene_silence(scene, GAMMA);
    scene->view.nodes[GAMMA].is_history_known = true;
    scene_step(scene);
    assert_int_equal(scene->state.services[A].state, SERVICE_RECOVERY);
    assert_waits(scene, A, REASON_WAITS_FOR_PROOF, GAMMA);
    free(scene);
}

static void a_group_moves_as_one(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_rule(scene, RULE_TOGETHER, true, 1u << A | 1u << B);
    scene_rule(scene, RULE_TOGETHER, true, 1u << B | 1u << C);
    scene_start(scene);
    assert_service(scene, C, SERVICE_STARTED, ALPHA);
    assert_true(scene_command(scene, COMMAND_RELOCATE, A, BETA));
    assert_true(scene_has_change(scene, A, SERVICE_RELOCATE, REASON_ASKED_TO_MOVE));
    assert_true(scene_has_change(scene, B, SERVICE_RELOCATE, REASON_ASKED_WITH_PARTNER));
    assert_true(scene_has_change(scene, C, SERVICE_RELOCATE, REASON_ASKED_WITH_PARTNER));
    scene_settle(scene);
    for (service_id service = A; service <= C; service++)
        assert_service(scene, service, SERVICE_STARTED, BETA);
    free(scene);
}

static void a_refusal_names_whom_and_which_line(void **state)
{
    struct scene *scene = scene_new(3, 3);
    struct rule *forbids = scene_rule(scene, RULE_ON, true, 1u << C);
    const struct reason *why = &scene->outcome.answers[0].why;
    char text[REASON_TEXT_MAX];

    (void)state;
    scene_rule(scene, RULE_TOGETHER, true, 1u << A | 1u << B);
    scene_tier(forbids, node_bit(ALPHA));
    scene_start(scene);
    assert_false(scene_command(scene, COMMAND_MIGRATE, C, BETA));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_BY_RULE);
    assert_int_equal(why->line, forbids->line);
    /* The one that is asked for could move; who must be with it cannot. */
    scene->services[B].migrate = MIGRATE_NEVER;
    scene->services[B].migrate_line = 77;
    assert_false(scene_command(scene, COMMAND_MIGRATE, A, BETA));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_NEVER_MOVES);
    assert_int_equal(why->line, 77);
    reason_text(why, &scene->policy, text, sizeof(text));
    assert_string_equal(text, "the policy says that ocf:b never moves");
    free(scene);
}

static void what_cannot_be_done_is_refused_with_the_reason(void **state)
{
    struct scene *scene = scene_new(3, 2);

    (void)state;
    scene_start(scene);
    assert_false(scene_command(scene, COMMAND_MIGRATE, SERVICE_NONE, GAMMA));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_NO_SUCH);
    assert_false(scene_command(scene, COMMAND_MIGRATE, A, NODE_NONE));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_NO_SUCH);
    scene_silence(scene, GAMMA);
    assert_false(scene_command(scene, COMMAND_MIGRATE, A, GAMMA));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_NOT_ONLINE);
    assert_false(scene_command(scene, COMMAND_MIGRATE, A, BETA));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_UNSAFE);
    scene_join(scene, node_bit(GAMMA));
    scene->services[A].migrate = MIGRATE_NEVER;
    assert_false(scene_command(scene, COMMAND_MIGRATE, A, BETA));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_NEVER_MOVES);
    scene_silence(scene, BETA);
    assert_false(scene_command(scene, COMMAND_MIGRATE, B, GAMMA));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_SOURCE_AWAY);
    assert_int_equal(scene->outcome.answers[0].why.node, BETA);
    free(scene);
}

static void a_stopped_service_moves_to_another_home_without_running(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    scene->services[A].requested = REQUESTED_STOPPED;
    scene_settle(scene);
    assert_true(scene_command(scene, COMMAND_MIGRATE, A, BETA));
    /* Its node hands it over, though nothing runs; without its node only the record changes. */
    assert_true(scene_has_change(scene, A, SERVICE_RELOCATE, REASON_STOPPED_MOVES));
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STOPPED, BETA);
    assert_true(scene_command(scene, COMMAND_MIGRATE, A, BETA));
    assert_int_equal(scene_answer(scene), REASON_ALREADY_THERE);
    scene_silence(scene, BETA);
    assert_true(scene_command(scene, COMMAND_MIGRATE, A, GAMMA));
    assert_service(scene, A, SERVICE_STOPPED, GAMMA);
    scene_join(scene, node_bit(BETA));
    scene->services[A].requested = REQUESTED_STARTED;
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, GAMMA);
    free(scene);
}

static void a_service_in_error_is_not_moved(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    scene->state.services[A].state = SERVICE_ERROR;
    assert_false(scene_command(scene, COMMAND_MIGRATE, A, BETA));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_STATE);
    assert_string_equal(scene->outcome.answers[0].why.words, "error");
    free(scene);
}

static void a_node_in_maintenance_is_said_to_be_so(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    assert_true(scene_command(scene, COMMAND_MAINTENANCE_ON, SERVICE_NONE, GAMMA));
    assert_false(scene_command(scene, COMMAND_MIGRATE, A, GAMMA));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_MAINTENANCE);
    scene->view.nodes[BETA].leaving = LEAVING_POWEROFF;
    scene_step(scene);
    assert_false(scene_command(scene, COMMAND_RELOCATE, A, BETA));
    assert_int_equal(scene_answer(scene), REASON_LEAVING);
    scene_silence(scene, GAMMA);
    assert_false(scene_command(scene, COMMAND_MIGRATE, A, GAMMA));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_NOT_ONLINE);
    free(scene);
}

static void what_is_stopped_by_hand_stays_stopped_until_cleared(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    assert_false(scene_command(scene, COMMAND_STOP, SERVICE_NONE, NODE_NONE));
    assert_true(scene_command(scene, COMMAND_STOP, A, NODE_NONE));
    assert_true(scene_has_change(scene, A, SERVICE_REQUEST_STOP, REASON_HELD));
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STOPPED, ALPHA);
    assert_true(scene_command(scene, COMMAND_STOP, A, NODE_NONE));
    assert_int_equal(scene_answer(scene), REASON_ALREADY_STOPPED);
    assert_true(scene_command(scene, COMMAND_CLEAR, A, NODE_NONE));
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    free(scene);
}

static void the_policy_has_the_last_word_over_a_stop_by_hand(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    scene_command(scene, COMMAND_STOP, A, NODE_NONE);
    scene->services[A].requested = REQUESTED_STOPPED;
    scene_settle(scene);
    scene->services[A].requested = REQUESTED_STARTED;
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    free(scene);
}

static void what_the_rules_forbid_is_refused_by_name(void **state)
{
    struct scene *scene = scene_new(3, 4);
    struct rule *rule = scene_rule(scene, RULE_ON, true, 1u << A);

    (void)state;
    scene_tier(rule, node_bit(ALPHA) | node_bit(BETA));
    scene_rule(scene, RULE_APART, true, 1u << B | 1u << C);
    rule = scene_rule(scene, RULE_ON, false, 1u << D);
    scene_tier(rule, node_bit(GAMMA));
    scene_start(scene);
    assert_false(scene_command(scene, COMMAND_MIGRATE, A, GAMMA));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_BY_RULE);
    assert_int_equal(scene->outcome.answers[0].why.rule, 0);
    assert_false(scene_command(scene, COMMAND_MIGRATE, B, scene->state.services[C].node));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_APART);
    assert_int_equal(scene->outcome.answers[0].why.with, C);
    assert_false(scene_command(scene, COMMAND_MIGRATE, D, ALPHA));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_FAILBACK);
    assert_int_equal(scene->outcome.answers[0].why.node, GAMMA);
    scene->services[D].failback = false;
    assert_true(scene_command(scene, COMMAND_MIGRATE, D, ALPHA));
    scene_settle(scene);
    assert_service(scene, D, SERVICE_STARTED, ALPHA);
    free(scene);
}

static void maintenance_empties_a_node_and_its_end_fills_it_again(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_start(scene);
    assert_true(scene_command(scene, COMMAND_MAINTENANCE_ON, SERVICE_NONE, BETA));
    assert_true(scene_has_node_change(scene, BETA, NODE_MAINTENANCE, REASON_MAINTENANCE_WANTED));
    assert_true(scene_has_change(scene, B, SERVICE_RELOCATE, REASON_NODE_IN_MAINTENANCE));
    assert_true(scene_command(scene, COMMAND_MAINTENANCE_ON, SERVICE_NONE, BETA));
    assert_int_equal(scene_answer(scene), REASON_ALREADY_SO);
    scene_settle(scene);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    assert_true(scene_command(scene, COMMAND_MAINTENANCE_OFF, SERVICE_NONE, BETA));
    assert_true(scene_has_node_change(scene, BETA, NODE_ONLINE, REASON_MAINTENANCE_OVER));
    assert_true(scene_has_change(scene, B, SERVICE_RELOCATE, REASON_FALLS_BACK));
    scene_settle(scene);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    assert_int_equal(scene->state.services[B].fallback, NODE_NONE);
    free(scene);
}

static void a_move_by_hand_is_not_undone_by_the_end_of_maintenance(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_start(scene);
    scene_command(scene, COMMAND_MAINTENANCE_ON, SERVICE_NONE, BETA);
    scene_settle(scene);
    assert_true(scene_command(scene, COMMAND_RELOCATE, B, GAMMA));
    scene_settle(scene);
    scene_command(scene, COMMAND_MAINTENANCE_OFF, SERVICE_NONE, BETA);
    scene_settle(scene);
    assert_service(scene, B, SERVICE_STARTED, GAMMA);
    free(scene);
}

static void maintenance_outlives_the_boot_of_its_node(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_start(scene);
    scene_command(scene, COMMAND_MAINTENANCE_ON, SERVICE_NONE, GAMMA);
    scene_silence(scene, GAMMA);
    scene_step(scene);
    /* Nothing was on it, so there is nothing to find out about it. */
    assert_int_equal(scene->state.nodes[GAMMA].state, NODE_MAINTENANCE);
    assert_int_equal(scene->state.nodes[GAMMA].why.code, REASON_NODE_LEFT_IN_MAINTENANCE);
    assert_false(scene_command(scene, COMMAND_MAINTENANCE_ON, SERVICE_NONE, NODE_NONE));
    scene_join_boot(scene, GAMMA, "two");
    scene_step(scene);
    assert_int_equal(scene->state.nodes[GAMMA].state, NODE_MAINTENANCE);
    scene_silence(scene, BETA);
    scene_step(scene);
    assert_false(scene_command(scene, COMMAND_MAINTENANCE_ON, SERVICE_NONE, BETA));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_NOT_ONLINE);
    free(scene);
}

static void clearing_an_error_tries_again_everywhere(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene->services[A].relocate_max = 0;
    scene_start(scene);
    assert_false(scene_command(scene, COMMAND_CLEAR, A, NODE_NONE));
    assert_int_equal(scene_answer(scene), REASON_NOT_IN_ERROR);
    scene_result(scene, A, JOB_FAILED);
    scene_step(scene);
    assert_service(scene, A, SERVICE_ERROR, ALPHA);
    scene->words = "jin";
    assert_true(scene_command(scene, COMMAND_CLEAR, A, NODE_NONE));
    assert_true(scene_has_change(scene, A, SERVICE_STOPPED, REASON_CLEARED));
    assert_string_equal(scene->outcome.answers[0].why.words, "jin");
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_int_equal(scene->state.services[A].tried, 0);
    assert_false(scene_command(scene, COMMAND_CLEAR, SERVICE_NONE, NODE_NONE));
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_move_is_obeyed_and_comes_to_its_end),
        cmocka_unit_test(what_can_move_live_does_so_when_asked_to),
        cmocka_unit_test(a_live_move_remembers_its_target_when_the_source_dies),
        cmocka_unit_test(a_group_moves_as_one),
        cmocka_unit_test(what_cannot_be_done_is_refused_with_the_reason),
        cmocka_unit_test(a_refusal_names_whom_and_which_line),
        cmocka_unit_test(a_stopped_service_moves_to_another_home_without_running),
        cmocka_unit_test(a_service_in_error_is_not_moved),
        cmocka_unit_test(a_node_in_maintenance_is_said_to_be_so),
        cmocka_unit_test(what_is_stopped_by_hand_stays_stopped_until_cleared),
        cmocka_unit_test(the_policy_has_the_last_word_over_a_stop_by_hand),
        cmocka_unit_test(what_the_rules_forbid_is_refused_by_name),
        cmocka_unit_test(maintenance_empties_a_node_and_its_end_fills_it_again),
        cmocka_unit_test(a_move_by_hand_is_not_undone_by_the_end_of_maintenance),
        cmocka_unit_test(maintenance_outlives_the_boot_of_its_node),
        cmocka_unit_test(clearing_an_error_tries_again_everywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
