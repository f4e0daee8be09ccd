/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What starts before what, and stops after it: "start a before b". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/ha/decide/scene.h"

#include "ha/base/arena.h"
#include "ha/base/text.h"
#include "ha/decide/lrm.h"

static const service_id only_b[] = {B};

/* a before b, on three nodes. */
static struct scene *scene_ordered(void)
{
    struct scene *scene = scene_new(3, 2);
    struct rule *rule = scene_rule(scene, RULE_BEFORE, true, 1u << A);

    rule->others = only_b;
    rule->n_others = 1;
    return scene;
}

static void assert_waits_for_a(const struct scene *scene, enum reason_code code)
{
    const struct reason *why = &scene->state.services[B].why;

    assert_string_equal(reason_name(why->code), reason_name(code));
    assert_int_equal(why->with, A);
    assert_int_equal(why->rule, 0);
}

static void fail_for_good(struct scene *scene)
{
    scene->services[A].relocate_max = 0;
    scene_result(scene, A, JOB_FAILED);
    scene_step(scene);
    assert_service(scene, A, SERVICE_ERROR, scene->state.services[A].node);
}

static void it_is_not_started_before_the_other_runs(void **state)
{
    struct scene *scene = scene_ordered();
    char text[REASON_TEXT_MAX];

    (void)state;
    scene_join(scene, 7);
    scene_step(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_service(scene, B, SERVICE_REQUEST_START, NODE_NONE);
    assert_waits_for_a(scene, REASON_WAITS_FOR_FIRST);
    reason_text(&scene->state.services[B].why, &scene->policy, text, sizeof(text));
    assert_string_equal(text, "rule r0 starts ocf:a before it, and ocf:a does not run yet");
    scene_step(scene);
    assert_service(scene, B, SERVICE_REQUEST_START, NODE_NONE);
    scene_result(scene, A, JOB_DONE);
    scene_step(scene);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    free(scene);
}

static void it_is_not_recovered_before_the_other_runs(void **state)
{
    struct scene *scene = scene_ordered();

    (void)state;
    scene_tier(scene_rule(scene, RULE_ON, false, 1u << A | 1u << B), node_bit(ALPHA));
    scene_start(scene);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    scene_prove_off(scene, ALPHA);
    scene_step(scene);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    assert_service(scene, B, SERVICE_RECOVERY, ALPHA);
    assert_waits_for_a(scene, REASON_WAITS_FOR_FIRST);
    scene_result(scene, A, JOB_DONE);
    scene_step(scene);
    assert_int_equal(scene->state.services[B].state, SERVICE_STARTED);
    free(scene);
}

static void a_silent_one_is_not_ready(void **state)
{
    struct scene *scene = scene_ordered();

    (void)state;
    scene_start(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    scene_prove_off(scene, BETA);
    scene_silence(scene, ALPHA);
    scene_step(scene);
    assert_service(scene, B, SERVICE_RECOVERY, BETA);
    assert_waits_for_a(scene, REASON_WAITS_FOR_FIRST);
    free(scene);
}

static void one_that_failed_is_waited_for_until_it_is_not_wanted(void **state)
{
    struct scene *scene = scene_ordered();

    (void)state;
    scene_join(scene, 7);
    scene_step(scene);
    fail_for_good(scene);
    assert_waits_for_a(scene, REASON_WAITS_FOR_FAILED);
    scene_settle(scene);
    assert_service(scene, B, SERVICE_REQUEST_START, NODE_NONE);
    assert_true(scene_command(scene, COMMAND_STOP, A, NODE_NONE));
    assert_int_equal(scene->state.services[B].state, SERVICE_STARTED);
    free(scene);
}

static void one_that_is_not_wanted_binds_nobody(void **state)
{
    static const enum requested_state unwanted[] = {
        REQUESTED_STOPPED,
        REQUESTED_DISABLED,
        REQUESTED_IGNORED,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++) {
        struct scene *scene = scene_ordered();

        scene->services[A].requested = unwanted[i];
        scene_start(scene);
        assert_int_equal(scene->state.services[B].state, SERVICE_STARTED);
        free(scene);
    }
}

static void what_runs_is_left_alone_when_the_other_falls_over(void **state)
{
    struct scene *scene = scene_ordered();

    (void)state;
    scene_start(scene);
    scene->view.services[A].running_on = 0;
    scene_step(scene);
    assert_int_equal(scene->outcome.n_changes, 0);
    fail_for_good(scene);
    scene_settle(scene);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    /* Nor is it stopped when that could not be undone. */
    assert_false(scene_command(scene, COMMAND_RELOCATE, B, GAMMA));
    assert_int_equal(scene->outcome.answers[0].why.code, REASON_REFUSED_ORDER);
    assert_int_equal(scene->outcome.answers[0].why.with, A);
    scene_tier(scene_rule(scene, RULE_ON, false, 1u << B), node_bit(GAMMA));
    scene_settle(scene);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    assert_true(scene_command(scene, COMMAND_CLEAR, A, NODE_NONE));
    scene_settle(scene);
    assert_service(scene, B, SERVICE_STARTED, GAMMA);
    free(scene);
}

static void both_leave_a_node_and_start_in_order(void **state)
{
    struct scene *scene = scene_ordered();

    (void)state;
    scene_tier(scene_rule(scene, RULE_ON, false, 1u << A | 1u << B), node_bit(ALPHA));
    scene_start(scene);
    assert_true(scene_command(scene, COMMAND_MAINTENANCE_ON, SERVICE_NONE, ALPHA));
    assert_service(scene, A, SERVICE_RELOCATE, ALPHA);
    assert_service(scene, B, SERVICE_RELOCATE, ALPHA);
    scene_result(scene, B, JOB_DONE);
    scene_step(scene);
    assert_service(scene, B, SERVICE_RELOCATE, ALPHA);
    assert_waits_for_a(scene, REASON_WAITS_FOR_FIRST);
    scene_result(scene, A, JOB_DONE);
    scene_step(scene);
    assert_int_equal(scene->state.services[A].state, SERVICE_STARTED);
    assert_service(scene, B, SERVICE_RELOCATE, ALPHA);
    scene_result(scene, A, JOB_DONE);
    scene_step(scene);
    assert_int_equal(scene->state.services[B].state, SERVICE_STARTED);
    free(scene);
}

/* ---- stops --------------------------------------------------------------------------------- */

/* Beta's player; a, b and c run there, each started before the next. */
struct stage {
    struct scene *scene;
    struct lrm lrm;
    struct lrm_outcome outcome;
    struct job jobs[SCENE_SERVICES_MAX];
};

static struct stage *stage_new(void)
{
    static const service_id only_c[] = {C};
    struct stage *stage = xcalloc(1, sizeof(*stage));
    struct rule *rule;

    stage->scene = scene_new(3, 3);
    rule = scene_rule(stage->scene, RULE_BEFORE, true, 1u << A);
    rule->others = only_b;
    rule->n_others = 1;
    rule = scene_rule(stage->scene, RULE_BEFORE, true, 1u << B);
    rule->others = only_c;
    rule->n_others = 1;
    lrm_init(&stage->lrm, BETA, 3);
    lrm_set_boot(&stage->lrm, "one");
    text_copy(stage->scene->state.nodes[BETA].boot_id, BOOT_ID_MAX, "one");
    stage->outcome.jobs = stage->jobs;
    stage->outcome.jobs_max = SCENE_SERVICES_MAX;
    for (int i = 0; i < 3; i++) {
        stage->scene->state.nodes[i].state = NODE_ONLINE;
        stage->scene->state.services[i].state = SERVICE_STARTED;
        stage->scene->state.services[i].node = BETA;
        lrm_adopt(&stage->lrm, i, 0);
        stage->lrm.services[i].due = INSTANT_NEVER;
    }
    return stage;
}

static void stage_free(struct stage *stage)
{
    free(stage->scene);
    free(stage);
}

static void stop(struct stage *stage, service_id service)
{
    stage->scene->state.services[service].state = SERVICE_REQUEST_STOP;
    stage->scene->state.services[service].cause++;
}

static void step(struct stage *stage)
{
    lrm_step(&stage->lrm, &stage->scene->policy, &stage->scene->state, true,
             (struct instant){50000}, &stage->outcome);
}

/* That service's stop, and nothing else, is begun; it ends so. */
static void assert_stops(struct stage *stage, service_id service, int exit_code)
{
    struct job_end end = {.exit_code = exit_code};

    assert_int_equal(stage->outcome.n_jobs, 1);
    end.job = stage->jobs[0];
    assert_int_equal(end.job.kind, JOB_STOP);
    assert_int_equal(end.job.service, service);
    lrm_job_ended(&stage->lrm, &stage->scene->policy, &end, (struct instant){50000});
    step(stage);
}

static void a_node_stops_in_reverse(void **state)
{
    struct stage *stage = stage_new();

    (void)state;
    for (service_id service = A; service <= C; service++)
        stop(stage, service);
    step(stage);
    assert_stops(stage, C, 0);
    assert_stops(stage, B, 0);
    assert_stops(stage, A, 0);
    assert_int_equal(stage->outcome.n_jobs, 0);
    stage_free(stage);
}

static void a_node_that_goes_stops_in_reverse(void **state)
{
    struct stage *stage = stage_new();

    (void)state;
    stage->scene->policy.shutdown = SHUTDOWN_FAILOVER;
    lrm_leave(&stage->lrm, LEAVING_POWEROFF);
    step(stage);
    assert_stops(stage, C, 0);
    assert_stops(stage, B, 0);
    assert_stops(stage, A, 0);
    stage_free(stage);
}

static void what_goes_on_running_is_not_waited_for(void **state)
{
    struct stage *stage = stage_new();

    (void)state;
    stop(stage, A);
    step(stage);
    assert_stops(stage, A, 0);
    stage_free(stage);
}

static void what_cannot_be_stopped_is_not_waited_for_for_ever(void **state)
{
    struct stage *stage = stage_new();

    (void)state;
    stop(stage, B);
    stop(stage, C);
    step(stage);
    assert_stops(stage, C, 1);
    assert_stops(stage, C, 1);
    assert_stops(stage, B, 0);
    stage_free(stage);
}

static void what_another_node_stops_is_waited_for(void **state)
{
    struct stage *stage = stage_new();
    struct ha_state *agreed = &stage->scene->state;

    (void)state;
    stage->lrm.services[B] = (struct lrm_service){.phase = LRM_IDLE};
    agreed->services[B].node = GAMMA;
    stop(stage, A);
    stop(stage, B);
    step(stage);
    assert_int_equal(stage->outcome.n_jobs, 0);
    agreed->services[B].state = SERVICE_STOPPED;
    step(stage);
    assert_stops(stage, A, 0);
    stage_free(stage);
}

static void a_node_that_is_away_is_not_waited_for(void **state)
{
    struct stage *stage = stage_new();
    struct ha_state *agreed = &stage->scene->state;

    (void)state;
    stage->lrm.services[B] = (struct lrm_service){.phase = LRM_IDLE};
    agreed->services[B].node = GAMMA;
    agreed->nodes[GAMMA].state = NODE_UNKNOWN;
    stop(stage, A);
    stop(stage, B);
    step(stage);
    assert_stops(stage, A, 0);
    stage_free(stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_not_started_before_the_other_runs),
        cmocka_unit_test(it_is_not_recovered_before_the_other_runs),
        cmocka_unit_test(a_silent_one_is_not_ready),
        cmocka_unit_test(one_that_failed_is_waited_for_until_it_is_not_wanted),
        cmocka_unit_test(one_that_is_not_wanted_binds_nobody),
        cmocka_unit_test(what_runs_is_left_alone_when_the_other_falls_over),
        cmocka_unit_test(both_leave_a_node_and_start_in_order),
        cmocka_unit_test(a_node_stops_in_reverse),
        cmocka_unit_test(a_node_that_goes_stops_in_reverse),
        cmocka_unit_test(what_goes_on_running_is_not_waited_for),
        cmocka_unit_test(what_cannot_be_stopped_is_not_waited_for_for_ever),
        cmocka_unit_test(what_another_node_stops_is_waited_for),
        cmocka_unit_test(a_node_that_is_away_is_not_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
