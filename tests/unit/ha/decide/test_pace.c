/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pauses between restarts, workers of a node, and whose turn comes first. */
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

#define FINE 0
#define FAILS 1
#define GONE 7

/* One node, beta, that is to run everything, and its player. */
struct stage {
    struct scene *scene;
    struct lrm lrm;
    struct lrm_outcome outcome;
    struct job jobs[SCENE_SERVICES_MAX];
    struct instant now;
};

static struct stage *stage_new(int n_services)
{
    struct stage *stage = xcalloc(1, sizeof(*stage));

    stage->scene = scene_new(3, n_services);
    for (int i = 0; i < n_services; i++) {
        stage->scene->services[i].restart_after = duration_ms(2000);
        stage->scene->services[i].restart_max = 20;
        stage->scene->state.services[i].state = SERVICE_STARTED;
        stage->scene->state.services[i].node = BETA;
        stage->scene->state.services[i].cause = 1;
    }
    lrm_init(&stage->lrm, BETA, n_services);
    lrm_set_boot(&stage->lrm, "one");
    text_copy(stage->scene->state.nodes[BETA].boot_id, BOOT_ID_MAX, "one");
    stage->scene->state.nodes[BETA].state = NODE_ONLINE;
    stage->outcome.jobs = stage->jobs;
    stage->outcome.jobs_max = SCENE_SERVICES_MAX;
    stage->now.ms = 50000;
    return stage;
}

static void stage_free(struct stage *stage)
{
    free(stage->scene);
    free(stage);
}

static void step(struct stage *stage)
{
    lrm_step(&stage->lrm, &stage->scene->policy, &stage->scene->state, true, stage->now,
             &stage->outcome);
}

static void end(struct stage *stage, struct job job, int exit_code)
{
    struct job_end ended = {.job = job, .exit_code = exit_code};

    text_copy(ended.words, sizeof(ended.words), exit_code ? "no such device" : "");
    lrm_job_ended(&stage->lrm, &stage->scene->policy, &ended, stage->now);
    step(stage);
}

static void end_as(struct stage *stage, enum job_kind kind, int exit_code)
{
    assert_int_equal(stage->outcome.n_jobs, 1);
    assert_int_equal(stage->jobs[0].kind, kind);
    end(stage, stage->jobs[0], exit_code);
}

/* A monitor is due and finds nothing: what is begun after that. */
static void falls_over(struct stage *stage)
{
    stage->now = instant_after(stage->now, duration_ms(10000));
    step(stage);
    end_as(stage, JOB_MONITOR, GONE);
}

static void is_started_again(struct stage *stage)
{
    end_as(stage, JOB_START, FINE);
    end_as(stage, JOB_MONITOR, FINE);
    assert_int_equal(stage->outcome.n_jobs, 0);
}

/* Nothing is begun before so much time has passed, and then it is. */
static void waits(struct stage *stage, int64_t ms)
{
    struct report_row row;

    assert_int_equal(stage->outcome.n_jobs, 0);
    assert_int_equal(instant_since(stage->outcome.wake_at, stage->now).ms, ms);
    assert_true(lrm_report(&stage->lrm, A, &row));
    assert_int_equal(row.pause.ms, ms);
    stage->now.ms += ms - 1;
    step(stage);
    assert_int_equal(stage->outcome.n_jobs, 0);
    stage->now.ms += 1;
    step(stage);
    assert_true(lrm_report(&stage->lrm, A, &row));
    assert_int_equal(row.pause.ms, 0);
}

static void the_first_restart_is_at_once_and_pauses_double(void **state)
{
    static const int64_t pauses[] = {2000, 4000, 8000, 16000, 32000, 60000, 60000};
    struct stage *stage = stage_new(1);

    (void)state;
    step(stage);
    is_started_again(stage);
    falls_over(stage);
    is_started_again(stage);
    for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        falls_over(stage);
        waits(stage, pauses[i]);
        is_started_again(stage);
    }
    stage_free(stage);
}

static void a_start_that_fails_is_tried_at_once_and_then_after_pauses(void **state)
{
    struct stage *stage = stage_new(1);

    (void)state;
    stage->scene->services[A].restart_after = duration_ms(5000);
    step(stage);
    for (int64_t pause = 0; pause <= 10000; pause = pause ? 2 * pause : 5000) {
        end_as(stage, JOB_START, FAILS);
        end_as(stage, JOB_STOP, FINE);
        if (pause)
            waits(stage, pause);
    }
    assert_int_equal(stage->outcome.n_jobs, 1);
    stage_free(stage);
}

static void what_ran_well_for_long_starts_afresh(void **state)
{
    struct stage *stage = stage_new(1);

    (void)state;
    step(stage);
    is_started_again(stage);
    for (int i = 0; i < 3; i++) {
        falls_over(stage);
        if (i > 0) {
            stage->now = instant_after(stage->now, duration_ms(RESTART_PAUSE_MAX_MS));
            step(stage);
        }
        is_started_again(stage);
    }
    for (int64_t ms = 0; ms < RESTART_FRESH_MS; ms += 10000) {
        stage->now = instant_after(stage->now, duration_ms(10000));
        step(stage);
        end_as(stage, JOB_MONITOR, FINE);
    }
    falls_over(stage);
    is_started_again(stage);
    falls_over(stage);
    waits(stage, 2000);
    stage_free(stage);
}

static void one_that_was_stopped_between_is_not_made_to_wait(void **state)
{
    struct stage *stage = stage_new(1);

    (void)state;
    step(stage);
    is_started_again(stage);
    falls_over(stage);
    is_started_again(stage);
    falls_over(stage);
    stage->scene->state.services[A].state = SERVICE_STOPPED;
    step(stage);
    stage->scene->state.services[A].state = SERVICE_STARTED;
    stage->scene->state.services[A].cause++;
    step(stage);
    is_started_again(stage);
    stage_free(stage);
}

static void asking_for_another_try_here_does_not_shorten_the_pause(void **state)
{
    struct stage *stage = stage_new(1);

    (void)state;
    stage->scene->services[A].restart_max = 1;
    step(stage);
    for (int i = 0; i < 2; i++) {
        end_as(stage, JOB_START, FAILS);
        end_as(stage, JOB_STOP, FINE);
    }
    assert_int_equal(stage->outcome.n_jobs, 0);
    stage->scene->state.services[A].cause++;
    step(stage);
    waits(stage, 2000);
    assert_int_equal(stage->outcome.n_jobs, 1);
    stage_free(stage);
}

static void no_more_jobs_than_workers_and_stops_come_first(void **state)
{
    struct stage *stage = stage_new(5);

    (void)state;
    stage->scene->policy.scheduling.workers = 2;
    lrm_adopt(&stage->lrm, E, 1);
    stage->scene->state.services[E].state = SERVICE_REQUEST_STOP;
    step(stage);
    assert_int_equal(stage->outcome.n_jobs, 2);
    assert_int_equal(stage->jobs[0].kind, JOB_STOP);
    assert_int_equal(stage->jobs[0].service, E);
    assert_int_equal(stage->jobs[1].kind, JOB_START);
    assert_int_equal(stage->jobs[1].service, A);
    step(stage);
    assert_int_equal(stage->outcome.n_jobs, 0);
    /* A worker is free: the next start, and the look at A takes none. */
    end(stage, (struct job){.kind = JOB_START, .service = A, .cause = 1}, FINE);
    assert_int_equal(stage->outcome.n_jobs, 2);
    assert_int_equal(stage->jobs[0].kind, JOB_MONITOR);
    assert_int_equal(stage->jobs[1].kind, JOB_START);
    assert_int_equal(stage->jobs[1].service, B);
    stage_free(stage);
}

static void workers_serve_by_priority(void **state)
{
    static const service_id in_order[] = {C, A, B};
    struct stage *stage = stage_new(3);

    (void)state;
    stage->scene->policy.scheduling.workers = 1;
    stage->scene->policy.in_order = in_order;
    for (int i = 0; i < 3; i++) {
        step(stage);
        assert_int_equal(stage->outcome.n_jobs, 1);
        assert_int_equal(stage->jobs[0].service, in_order[i]);
        /* Its monitor never ends, and costs nobody a worker. */
        lrm_job_ended(&stage->lrm, &stage->scene->policy, &(struct job_end){.job = stage->jobs[0]},
                      stage->now);
        stage->lrm.services[in_order[i]].due = INSTANT_NEVER;
    }
    stage_free(stage);
}

static void the_last_place_goes_to_the_highest_priority(void **state)
{
    static const service_id in_order[] = {B, C, A};
    struct scene *scene = scene_new(1, 3);

    (void)state;
    scene_rule(scene, RULE_APART, true, 1u << A | 1u << B | 1u << C);
    scene->policy.in_order = in_order;
    scene_join(scene, node_bit(ALPHA));
    scene_settle(scene);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    assert_service(scene, A, SERVICE_REQUEST_START, NODE_NONE);
    assert_service(scene, C, SERVICE_REQUEST_START, NODE_NONE);
    free(scene);
}

/* The place of a service among those that this step started. */
static int turn_of(const struct scene *scene, service_id service)
{
    int turn = 0;

    for (int i = 0; i < scene->outcome.n_changes; i++) {
        const struct change *change = &scene->changes[i];

        if (change->to != SERVICE_STARTED || change->service == SERVICE_NONE)
            continue;
        if (change->service == service)
            return turn;
        turn++;
    }
    return -1;
}

static void a_dead_nodes_services_are_recovered_by_priority(void **state)
{
    static const service_id in_order[] = {C, A, B};
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_tier(scene_rule(scene, RULE_ON, false, 1u << A | 1u << B | 1u << C), node_bit(ALPHA));
    scene->policy.in_order = in_order;
    scene_start(scene);
    scene_prove_off(scene, ALPHA);
    scene_step(scene);
    for (int i = 0; i < 3; i++)
        assert_int_equal(turn_of(scene, in_order[i]), i);
    free(scene);
}

static void a_pause_is_told_and_so_is_its_end(void **state)
{
    struct scene *scene = scene_new(3, 1);
    char text[REASON_TEXT_MAX];

    (void)state;
    scene_start(scene);
    scene->view.services[A].running_on = 0;
    scene->view.services[A].pause = duration_ms(8000);
    text_copy(scene->view.services[A].words, REASON_WORDS_MAX, "no such device");
    scene_step(scene);
    assert_waits(scene, A, REASON_RESTARTS_LATER, ALPHA);
    reason_text(&scene->state.services[A].why, &scene->policy, text, sizeof(text));
    assert_string_equal(text, "alpha cannot keep it running: no such device; it is tried there"
                              " again after 8 s");
    scene->view.services[A].pause = duration_ms(0);
    scene_step(scene);
    assert_waits(scene, A, REASON_RESTARTS_LATER, ALPHA);
    scene->view.services[A].running_on = node_bit(ALPHA);
    scene_step(scene);
    assert_waits(scene, A, REASON_RUNS_NOW, ALPHA);
    assert_int_equal(scene->outcome.n_changes, 0);
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_restart_is_at_once_and_pauses_double),
        cmocka_unit_test(a_start_that_fails_is_tried_at_once_and_then_after_pauses),
        cmocka_unit_test(what_ran_well_for_long_starts_afresh),
        cmocka_unit_test(one_that_was_stopped_between_is_not_made_to_wait),
        cmocka_unit_test(asking_for_another_try_here_does_not_shorten_the_pause),
        cmocka_unit_test(no_more_jobs_than_workers_and_stops_come_first),
        cmocka_unit_test(workers_serve_by_priority),
        cmocka_unit_test(the_last_place_goes_to_the_highest_priority),
        cmocka_unit_test(a_dead_nodes_services_are_recovered_by_priority),
        cmocka_unit_test(a_pause_is_told_and_so_is_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
