/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nodes that say goodbye: what each shutdown policy makes of it, for the manager and the player. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ha/base/arena.h"
#include "ha/decide/lrm.h"
#include "tests/unit/ha/decide/scene.h"

/* Two services on alpha, which then says that it goes. */
static struct scene *leaving(enum shutdown_policy policy, enum leaving how)
{
    struct scene *scene = scene_new(3, 2);
    struct rule *rule = scene_rule(scene, RULE_ON, false, 1u << A | 1u << B);

    scene_tier(rule, node_bit(ALPHA));
    scene->policy.shutdown = policy;
    scene_start(scene);
    scene->view.nodes[ALPHA].leaving = how;
    scene_step(scene);
    return scene;
}

static void go(struct scene *scene)
{
    scene_silence(scene, ALPHA);
    scene->view.nodes[ALPHA].is_proven_off = true;
    for (service_id service = 0; service < scene->policy.n_services; service++)
        scene->view.services[service].running_on &= ~node_bit(ALPHA);
    scene_settle(scene);
}

static void wait_ms(struct scene *scene, int64_t ms)
{
    scene->view.now.ms += ms;
    scene->view.stamp.ms += ms;
    scene_settle(scene);
}

static void conditional_means_by_how_it_goes(void **state)
{
    const struct policy policy = {.shutdown = SHUTDOWN_CONDITIONAL};
    const struct policy migrate = {.shutdown = SHUTDOWN_MIGRATE};

    (void)state;
    assert_int_equal(policy_when_leaving(&policy, LEAVING_REBOOT), SHUTDOWN_FREEZE);
    assert_int_equal(policy_when_leaving(&policy, LEAVING_POWEROFF), SHUTDOWN_FAILOVER);
    assert_int_equal(policy_when_leaving(&migrate, LEAVING_REBOOT), SHUTDOWN_MIGRATE);
    assert_int_equal(policy_when_leaving(&migrate, LEAVING_RESTART), SHUTDOWN_FREEZE);
}

static void freeze_keeps_services_where_they_are(void **state)
{
    struct scene *scene = leaving(SHUTDOWN_FREEZE, LEAVING_POWEROFF);

    (void)state;
    assert_true(scene_has_change(scene, A, SERVICE_FREEZE, REASON_FROZEN_FOR_SHUTDOWN));
    go(scene);
    assert_int_equal(scene->state.nodes[ALPHA].state, NODE_FENCE);
    wait_ms(scene, FREEZE_MAX_MS - 1);
    assert_service(scene, A, SERVICE_FREEZE, ALPHA);
    free(scene);
}

static void a_freeze_does_not_last_for_ever(void **state)
{
    struct scene *scene = leaving(SHUTDOWN_FREEZE, LEAVING_REBOOT);

    (void)state;
    go(scene);
    assert_true(scene->outcome.wake_at.ms <= scene->view.now.ms + FREEZE_MAX_MS);
    scene->view.now.ms += FREEZE_MAX_MS;
    scene->view.stamp.ms += FREEZE_MAX_MS;
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_FENCE, REASON_FROZEN_TOO_LONG));
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    free(scene);
}

static void what_was_frozen_starts_where_it_was_after_the_boot(void **state)
{
    struct scene *scene = leaving(SHUTDOWN_CONDITIONAL, LEAVING_REBOOT);

    (void)state;
    go(scene);
    scene_join_boot(scene, ALPHA, "two");
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_int_equal(scene->state.nodes[ALPHA].leaving, LEAVING_NOT);
    free(scene);
}

static void failover_moves_on_when_the_node_has_gone(void **state)
{
    struct scene *scene = leaving(SHUTDOWN_FAILOVER, LEAVING_POWEROFF);

    (void)state;
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    go(scene);
    assert_int_equal(scene->state.nodes[ALPHA].why.code, REASON_NODE_LEFT);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    free(scene);
}

static void failover_gives_a_reboot_a_while(void **state)
{
    struct scene *scene = leaving(SHUTDOWN_FAILOVER, LEAVING_REBOOT);

    (void)state;
    go(scene);
    assert_int_equal(scene->state.nodes[ALPHA].state, NODE_UNKNOWN);
    assert_int_equal(scene->state.nodes[ALPHA].why.code, REASON_NODE_EXPECTED_BACK);
    wait_ms(scene, REBOOT_GRACE_MS - 1);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    wait_ms(scene, 1);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    free(scene);
}

static void one_that_is_back_in_time_keeps_its_services(void **state)
{
    struct scene *scene = leaving(SHUTDOWN_FAILOVER, LEAVING_REBOOT);

    (void)state;
    scene->policy.n_rules = 0;
    go(scene);
    scene_join_boot(scene, ALPHA, "two");
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    free(scene);
}

static void migrate_empties_the_node_and_brings_services_back(void **state)
{
    struct scene *scene = leaving(SHUTDOWN_MIGRATE, LEAVING_REBOOT);

    (void)state;
    assert_true(scene_has_node_change(scene, ALPHA, NODE_MAINTENANCE, REASON_NODE_SHUTS_DOWN));
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    go(scene);
    assert_int_equal(scene->state.nodes[ALPHA].state, NODE_MAINTENANCE);
    scene_join_boot(scene, ALPHA, "two");
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    free(scene);
}

static void a_move_out_of_a_node_to_be_emptied_is_tried_again(void **state)
{
    struct scene *scene = leaving(SHUTDOWN_MIGRATE, LEAVING_REBOOT);

    (void)state;
    scene_result(scene, A, JOB_FAILED);
    scene->view.services[A].running_on = node_bit(ALPHA);
    scene_step(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    scene_step(scene);
    assert_int_equal(scene_changes_of(scene, A), 0);
    assert_int_equal(scene->outcome.wake_at.ms, scene->view.now.ms + MOVE_RETRY_MS);
    wait_ms(scene, MOVE_RETRY_MS);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    free(scene);
}

/* Its services run on, watched by nobody: silence proves nothing until the agent is back. */
static void an_agent_that_restarts_leaves_its_services_running(void **state)
{
    struct scene *scene = leaving(SHUTDOWN_FAILOVER, LEAVING_RESTART);

    (void)state;
    assert_true(scene_has_change(scene, A, SERVICE_FREEZE, REASON_FROZEN_FOR_RESTART));
    go(scene);
    assert_waits(scene, A, REASON_FROZEN_FOR_RESTART, ALPHA);
    assert_true(scene->outcome.wake_at.ms <= scene->view.now.ms + FREEZE_MAX_MS);
    wait_ms(scene, 2 * FREEZE_MAX_MS);
    assert_service(scene, A, SERVICE_FREEZE, ALPHA);
    assert_waits(scene, A, REASON_WAITS_FOR_RETURN, ALPHA);
    scene_join(scene, node_bit(ALPHA));
    scene->view.services[A].running_on = scene->view.services[B].running_on = node_bit(ALPHA);
    scene->view.nodes[ALPHA].is_armed = true;
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_STARTED, REASON_THAWED));
    assert_false(scene->state.nodes[ALPHA].is_released);
    free(scene);
}

/* ---- the player ---------------------------------------------------------------------------- */

static int jobs_of(struct lrm *lrm, struct scene *scene, enum job_kind kind)
{
    struct job jobs[SCENE_SERVICES_MAX];
    struct lrm_outcome outcome = {.jobs = jobs, .jobs_max = SCENE_SERVICES_MAX};
    int count = 0;

    lrm_step(lrm, &scene->policy, &scene->state, true, scene->view.now, &outcome);
    for (int i = 0; i < outcome.n_jobs; i++)
        count += jobs[i].kind == kind;
    return count;
}

static struct lrm *player_of_alpha(struct scene *scene)
{
    struct lrm *lrm = xcalloc(1, sizeof(*lrm));

    lrm_init(lrm, ALPHA, scene->policy.n_services);
    lrm_set_boot(lrm, "one");
    for (service_id service = 0; service < scene->policy.n_services; service++) {
        if (scene->state.services[service].node == ALPHA)
            lrm_adopt(lrm, service, scene->state.services[service].cause);
    }
    return lrm;
}

static void end_jobs(struct lrm *lrm, struct scene *scene, enum job_kind kind)
{
    for (service_id service = 0; service < scene->policy.n_services; service++) {
        struct job_end end = {.job = {.kind = kind, .service = service}};

        lrm_job_ended(lrm, &scene->policy, &end, scene->view.now);
    }
}

static void a_player_that_shuts_down_stops_all_and_then_may_go(void **state)
{
    struct scene *scene = leaving(SHUTDOWN_FAILOVER, LEAVING_POWEROFF);
    struct lrm *lrm = player_of_alpha(scene);

    (void)state;
    lrm_leave(lrm, LEAVING_POWEROFF);
    assert_false(lrm_may_leave(lrm, &scene->policy, &scene->state));
    assert_int_equal(jobs_of(lrm, scene, JOB_STOP), 2);
    end_jobs(lrm, scene, JOB_STOP);
    assert_int_equal(jobs_of(lrm, scene, JOB_START), 0);
    assert_true(lrm_may_leave(lrm, &scene->policy, &scene->state));
    free(lrm);
    free(scene);
}

/* The others may still take its restart, of before, for what it does now. */
static void a_player_that_goes_down_does_not_come_back_to_a_restart(void **state)
{
    struct scene *scene = leaving(SHUTDOWN_FREEZE, LEAVING_RESTART);
    struct lrm *lrm = player_of_alpha(scene);

    (void)state;
    assert_true(lrm_leave(lrm, LEAVING_RESTART));
    assert_true(lrm_leave(lrm, LEAVING_REBOOT));
    assert_false(lrm_leave(lrm, LEAVING_RESTART));
    assert_int_equal(lrm->leaving, LEAVING_REBOOT);
    assert_true(lrm_leave(lrm, LEAVING_POWEROFF));
    assert_true(lrm_leave(lrm, LEAVING_REBOOT));
    free(lrm);
    free(scene);
}

/* Under "shutdown migrate" nobody took it in time: it is stopped all the same. */
static void a_player_stops_what_nobody_took(void **state)
{
    struct scene *scene = scene_new(2, 1);
    static struct lrm lrm;
    struct job job;
    struct lrm_outcome outcome = {.jobs = &job, .jobs_max = 1};

    (void)state;
    scene->policy.shutdown = SHUTDOWN_MIGRATE;
    scene->services[A].migrate = MIGRATE_NEVER;
    scene_start(scene);
    lrm_init(&lrm, ALPHA, 1);
    lrm_set_boot(&lrm, "one");
    lrm_adopt(&lrm, A, scene->state.services[A].cause);
    lrm_leave(&lrm, LEAVING_REBOOT);
    lrm.services[A].due = (struct instant){1000};
    lrm_step(&lrm, &scene->policy, &scene->state, true, (struct instant){1}, &outcome);
    assert_int_equal(outcome.n_jobs, 0);
    assert_false(lrm_may_leave(&lrm, &scene->policy, &scene->state));
    lrm_stop_the_rest(&lrm);
    lrm_step(&lrm, &scene->policy, &scene->state, true, (struct instant){1}, &outcome);
    assert_int_equal(outcome.n_jobs, 1);
    assert_int_equal(job.kind, JOB_STOP);
    assert_false(lrm_may_leave(&lrm, &scene->policy, &scene->state));
    lrm_job_ended(&lrm, &scene->policy, &(struct job_end){.job = job}, (struct instant){2});
    assert_true(lrm_may_leave(&lrm, &scene->policy, &scene->state));
    free(scene);
}

static void a_player_waits_until_its_services_are_frozen(void **state)
{
    struct scene *scene = scene_new(3, 2);
    struct lrm *lrm;

    (void)state;
    scene->policy.shutdown = SHUTDOWN_FREEZE;
    scene_start(scene);
    lrm = player_of_alpha(scene);
    assert_int_equal(jobs_of(lrm, scene, JOB_STOP), 0);
    end_jobs(lrm, scene, JOB_MONITOR);
    lrm_leave(lrm, LEAVING_RESTART);
    assert_false(lrm_may_leave(lrm, &scene->policy, &scene->state));
    scene->view.nodes[ALPHA].leaving = LEAVING_RESTART;
    scene_step(scene);
    assert_true(lrm_may_leave(lrm, &scene->policy, &scene->state));
    assert_int_equal(jobs_of(lrm, scene, JOB_STOP), 0);
    free(lrm);
    free(scene);
}

/* What the state allowed the agent before may be taken back while this one believes it. */
static void a_player_that_restarts_again_waits_until_its_return_is_known(void **state)
{
    struct scene *scene = scene_new(3, 2);
    struct lrm *lrm;

    (void)state;
    scene_start(scene);
    scene->view.nodes[ALPHA].leaving = LEAVING_RESTART;
    scene_step(scene);
    lrm = player_of_alpha(scene);
    assert_int_equal(jobs_of(lrm, scene, JOB_STOP), 0);
    end_jobs(lrm, scene, JOB_MONITOR);
    lrm_leave(lrm, LEAVING_RESTART);
    assert_false(lrm_may_leave(lrm, &scene->policy, &scene->state));
    scene->view.nodes[ALPHA].leaving = LEAVING_NOT;
    scene_step(scene);
    assert_int_equal(jobs_of(lrm, scene, JOB_STOP), 0);
    end_jobs(lrm, scene, JOB_MONITOR);
    assert_false(lrm_may_leave(lrm, &scene->policy, &scene->state));
    scene->view.nodes[ALPHA].leaving = LEAVING_RESTART;
    scene_step(scene);
    assert_true(lrm_may_leave(lrm, &scene->policy, &scene->state));
    free(lrm);
    free(scene);
}

static void a_player_of_a_disarmed_cluster_leaves_everything_alone(void **state)
{
    struct scene *scene = scene_new(3, 2);
    struct lrm *lrm;

    (void)state;
    scene_start(scene);
    lrm = player_of_alpha(scene);
    assert_true(lrm_needs_arming(lrm, &scene->state));
    scene->state.arming.state = RELEASING;
    scene->state.services[A].state = SERVICE_STOPPED;
    assert_int_equal(jobs_of(lrm, scene, JOB_STOP) + jobs_of(lrm, scene, JOB_MONITOR), 0);
    assert_false(lrm_needs_arming(lrm, &scene->state));
    lrm->services[A].has_job = true;
    assert_true(lrm_needs_arming(lrm, &scene->state));
    free(lrm);
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditional_means_by_how_it_goes),
        cmocka_unit_test(freeze_keeps_services_where_they_are),
        cmocka_unit_test(a_freeze_does_not_last_for_ever),
        cmocka_unit_test(what_was_frozen_starts_where_it_was_after_the_boot),
        cmocka_unit_test(failover_moves_on_when_the_node_has_gone),
        cmocka_unit_test(failover_gives_a_reboot_a_while),
        cmocka_unit_test(one_that_is_back_in_time_keeps_its_services),
        cmocka_unit_test(migrate_empties_the_node_and_brings_services_back),
        cmocka_unit_test(a_move_out_of_a_node_to_be_emptied_is_tried_again),
        cmocka_unit_test(an_agent_that_restarts_leaves_its_services_running),
        cmocka_unit_test(a_player_that_shuts_down_stops_all_and_then_may_go),
        cmocka_unit_test(a_player_that_goes_down_does_not_come_back_to_a_restart),
        cmocka_unit_test(a_player_stops_what_nobody_took),
        cmocka_unit_test(a_player_waits_until_its_services_are_frozen),
        cmocka_unit_test(a_player_that_restarts_again_waits_until_its_return_is_known),
        cmocka_unit_test(a_player_of_a_disarmed_cluster_leaves_everything_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
