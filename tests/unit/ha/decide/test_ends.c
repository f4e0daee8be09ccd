/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is asked for some time ends by itself; stopping, starting, restarting by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ha/base/json.h"
#include "ha/model/codec.h"
#include "tests/unit/ha/decide/scene.h"

#define HOUR 3600000

static bool ask_node(struct scene *scene, enum command_kind kind, node_id node, int64_t ms)
{
    scene->lasts = duration_ms(ms);
    return scene_command(scene, kind, SERVICE_NONE, node);
}

static struct scene *started(void)
{
    struct scene *scene = scene_new(3, 3);

    scene->view.now.ms = 5000;
    scene->view.stamp.ms = 7000000;
    scene_start(scene);
    return scene;
}

static void maintenance_for_some_time_ends_when_it_is_over(void **state)
{
    struct scene *scene = started();
    const struct reason *why = &scene->state.nodes[ALPHA].why;
    char text[REASON_TEXT_MAX];

    (void)state;
    scene->words = "jin (new fan)";
    assert_true(ask_node(scene, COMMAND_MAINTENANCE_ON, ALPHA, HOUR));
    assert_true(
        scene_has_node_change(scene, ALPHA, NODE_MAINTENANCE, REASON_MAINTENANCE_WANTED_FOR));
    reason_text(why, NULL, text, sizeof(text));
    assert_non_null(strstr(text, "jin (new fan) asked for"));
    assert_non_null(strstr(text, "60 min"));
    scene_settle(scene);
    assert_int_equal(scene->outcome.wake_at.ms, 5000 + HOUR);
    scene_pass(scene, HOUR - 1);
    scene_step(scene);
    assert_int_equal(scene->state.nodes[ALPHA].state, NODE_MAINTENANCE);
    assert_int_equal(scene->outcome.wake_at.ms, 5000 + HOUR);
    scene_pass(scene, 1);
    scene_step(scene);
    assert_true(scene_has_node_change(scene, ALPHA, NODE_ONLINE, REASON_MAINTENANCE_TIME_UP));
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_string_equal(scene->state.nodes[ALPHA].maintenance_words, "");
    free(scene);
}

/* Another manager knows of the end only what the ledger's record says, and has another clock. */
static void the_end_of_maintenance_survives_a_change_of_manager(void **state)
{
    struct scene *scene = started();
    struct node read;
    struct err err;

    (void)state;
    scene->words = "jin";
    ask_node(scene, COMMAND_MAINTENANCE_ON, ALPHA, HOUR);
    scene_settle(scene);
    for (node_id node = ALPHA; node <= GAMMA; node++) {
        autojson *record = codec_node(&scene->state.nodes[node], &scene->policy);

        assert_true(codec_read_node(record, &scene->policy, &read, &err));
        scene->state.nodes[node] = read;
    }
    assert_string_equal(scene->state.nodes[ALPHA].maintenance_words, "jin");
    scene->view.self = BETA;
    scene->view.now.ms = 99000000;
    scene_step(scene);
    assert_int_equal(scene->outcome.wake_at.ms, 99000000 + HOUR);
    scene_pass(scene, HOUR);
    scene_step(scene);
    assert_true(scene_has_node_change(scene, ALPHA, NODE_ONLINE, REASON_MAINTENANCE_TIME_UP));
    free(scene);
}

static void maintenance_ends_though_its_node_is_away(void **state)
{
    struct scene *scene = started();

    (void)state;
    ask_node(scene, COMMAND_MAINTENANCE_ON, ALPHA, HOUR);
    scene_settle(scene);
    scene_silence(scene, ALPHA);
    scene_step(scene);
    scene_pass(scene, HOUR);
    scene_step(scene);
    assert_false(scene->state.nodes[ALPHA].wants_maintenance);
    scene_join_boot(scene, ALPHA, "two");
    scene_settle(scene);
    assert_int_equal(scene->state.nodes[ALPHA].state, NODE_ONLINE);
    free(scene);
}

static void who_asks_again_sets_another_end(void **state)
{
    struct scene *scene = started();

    (void)state;
    ask_node(scene, COMMAND_MAINTENANCE_ON, ALPHA, HOUR);
    scene_settle(scene);
    assert_true(ask_node(scene, COMMAND_MAINTENANCE_ON, ALPHA, 2 * HOUR));
    assert_int_equal(scene_answer(scene), REASON_ENDS_LATER);
    assert_int_equal(scene->state.nodes[ALPHA].why.code, REASON_MAINTENANCE_WANTED_FOR);
    assert_int_equal(scene->state.nodes[ALPHA].why.number, 2 * HOUR);
    scene_pass(scene, HOUR);
    scene_step(scene);
    assert_int_equal(scene->state.nodes[ALPHA].state, NODE_MAINTENANCE);
    assert_true(ask_node(scene, COMMAND_MAINTENANCE_ON, ALPHA, 0));
    assert_int_equal(scene_answer(scene), REASON_ENDS_BY_HAND);
    assert_int_equal(scene->state.nodes[ALPHA].why.code, REASON_MAINTENANCE_WANTED);
    assert_int_equal(scene->state.nodes[ALPHA].why.node, ALPHA);
    scene_pass(scene, 100LL * HOUR);
    scene_step(scene);
    assert_int_equal(scene->state.nodes[ALPHA].state, NODE_MAINTENANCE);
    assert_int_equal(scene->outcome.wake_at.ms, INSTANT_NEVER.ms);
    assert_true(ask_node(scene, COMMAND_MAINTENANCE_ON, ALPHA, 0));
    assert_int_equal(scene_answer(scene), REASON_ALREADY_SO);
    free(scene);
}

static void a_cluster_disarmed_for_some_time_arms_again_by_itself(void **state)
{
    struct scene *scene = started();

    (void)state;
    assert_true(ask_node(scene, COMMAND_DISARM_FREEZE, NODE_NONE, HOUR));
    assert_true(scene_has_arming_change(scene, DISARMING, REASON_DISARM_ASKED_FOR));
    scene_settle(scene);
    assert_int_equal(scene->state.arming.state, DISARMED);
    assert_int_equal(scene->outcome.wake_at.ms, 5000 + HOUR);
    assert_true(ask_node(scene, COMMAND_DISARM_FREEZE, NODE_NONE, 2 * HOUR));
    assert_int_equal(scene_answer(scene), REASON_ENDS_LATER);
    scene_pass(scene, HOUR);
    scene_step(scene);
    assert_int_equal(scene->state.arming.state, DISARMED);
    scene_pass(scene, HOUR);
    scene_step(scene);
    assert_true(scene_has_arming_change(scene, ARMED, REASON_ARM_TIME_UP));
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_int_equal(scene->state.arming.until.ms, 0);
    free(scene);
}

static void the_time_alone_arms_nobody_who_has_not_said_what_it_runs(void **state)
{
    struct scene *scene = started();

    (void)state;
    ask_node(scene, COMMAND_DISARM_IGNORE, NODE_NONE, HOUR);
    scene_settle(scene);
    scene->view.nodes[BETA].has_report = false;
    scene_pass(scene, HOUR);
    scene_step(scene);
    assert_int_equal(scene->state.arming.state, DISARMED);
    scene->view.nodes[BETA].has_report = true;
    scene_step(scene);
    assert_int_equal(scene->state.arming.state, ARMED);
    free(scene);
}

static void what_was_stopped_by_hand_is_started_by_hand(void **state)
{
    struct scene *scene = started();

    (void)state;
    assert_true(scene_command(scene, COMMAND_START, A, NODE_NONE));
    assert_int_equal(scene_answer(scene), REASON_ALREADY_STARTED);
    assert_true(scene_command(scene, COMMAND_STOP, A, NODE_NONE));
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STOPPED, ALPHA);
    assert_false(scene_command(scene, COMMAND_RESTART, A, NODE_NONE));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_RESTART);
    assert_true(scene_command(scene, COMMAND_START, A, NODE_NONE));
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    scene->services[A].requested = REQUESTED_STOPPED;
    scene_settle(scene);
    assert_false(scene_command(scene, COMMAND_START, A, NODE_NONE));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_POLICY_STOPS);
    assert_false(scene_command(scene, COMMAND_START, SERVICE_NONE, NODE_NONE));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_NO_SUCH);
    free(scene);
}

static void a_restart_stops_and_starts_on_the_same_node(void **state)
{
    struct scene *scene = started();

    (void)state;
    scene->words = "jin";
    assert_true(scene_command(scene, COMMAND_RESTART, B, NODE_NONE));
    assert_true(scene_has_change(scene, B, SERVICE_RELOCATE, REASON_ASKED_TO_RESTART));
    assert_string_equal(scene->state.services[B].why.words, "jin");
    assert_service(scene, B, SERVICE_RELOCATE, BETA);
    scene_result(scene, B, JOB_DONE);
    scene_step(scene);
    assert_true(scene_has_change(scene, B, SERVICE_STARTED, REASON_RESTARTS));
    scene_settle(scene);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    assert_true(scene->state.services[B].is_running);
    scene_silence(scene, BETA);
    scene_step(scene);
    assert_false(scene_command(scene, COMMAND_RESTART, B, NODE_NONE));
    assert_int_equal(scene_answer(scene), REASON_REFUSED_NOT_ONLINE);
    free(scene);
}

static void a_restart_whose_stop_fails_says_so_and_leaves_it_there(void **state)
{
    struct scene *scene = started();

    (void)state;
    assert_true(scene_command(scene, COMMAND_RESTART, B, NODE_NONE));
    scene_result(scene, B, JOB_FAILED);
    scene->view.services[B].running_on = node_bit(BETA);
    scene_step(scene);
    assert_true(scene_has_change(scene, B, SERVICE_STARTED, REASON_STOP_FAILED_STAYS));
    assert_service(scene, B, SERVICE_STARTED, BETA);
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maintenance_for_some_time_ends_when_it_is_over),
        cmocka_unit_test(the_end_of_maintenance_survives_a_change_of_manager),
        cmocka_unit_test(maintenance_ends_though_its_node_is_away),
        cmocka_unit_test(who_asks_again_sets_another_end),
        cmocka_unit_test(a_cluster_disarmed_for_some_time_arms_again_by_itself),
        cmocka_unit_test(the_time_alone_arms_nobody_who_has_not_said_what_it_runs),
        cmocka_unit_test(what_was_stopped_by_hand_is_started_by_hand),
        cmocka_unit_test(a_restart_stops_and_starts_on_the_same_node),
        cmocka_unit_test(a_restart_whose_stop_fails_says_so_and_leaves_it_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
