/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The player: what it starts, stops, checks and retries, and what it says of it. */
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

/* One node, beta, with its player, and the state as it has heard it. */
struct stage {
    struct scene *scene;
    struct lrm lrm;
    struct lrm_outcome outcome;
    struct job jobs[SCENE_SERVICES_MAX];
    struct instant now;
    bool may_act;
};

static struct stage *stage_new(void)
{
    struct stage *stage = xcalloc(1, sizeof(*stage));

    stage->scene = scene_new(3, 4);
    lrm_init(&stage->lrm, BETA, 4);
    lrm_set_boot(&stage->lrm, "one");
    text_copy(stage->scene->state.nodes[BETA].boot_id, BOOT_ID_MAX, "one");
    stage->scene->state.nodes[BETA].state = NODE_ONLINE;
    stage->outcome.jobs = stage->jobs;
    stage->outcome.jobs_max = SCENE_SERVICES_MAX;
    stage->now.ms = 50000;
    stage->may_act = true;
    return stage;
}

static void stage_free(struct stage *stage)
{
    free(stage->scene);
    free(stage);
}

static void step(struct stage *stage)
{
    lrm_step(&stage->lrm, &stage->scene->policy, &stage->scene->state, stage->may_act, stage->now,
             &stage->outcome);
}

/* The manager asks something new of A, and the player hears it. */
static void ask(struct stage *stage, enum service_state state, node_id node)
{
    struct service *service = &stage->scene->state.services[A];

    service->state = state;
    service->node = node;
    service->cause++;
    step(stage);
}

/* The job under way ends like that, and the player goes on. */
static void end(struct stage *stage, int exit_code)
{
    struct job_end ended = {.job = stage->jobs[0], .exit_code = exit_code};

    text_copy(ended.words, sizeof(ended.words), exit_code ? "no such device" : "");
    lrm_job_ended(&stage->lrm, &stage->scene->policy, &ended, stage->now);
    step(stage);
}

static void assert_job(const struct stage *stage, enum job_kind kind)
{
    assert_int_equal(stage->outcome.n_jobs, 1);
    assert_int_equal(stage->jobs[0].kind, kind);
    assert_int_equal(stage->jobs[0].service, A);
}

static void assert_says(const struct stage *stage, bool is_running, enum job_code result)
{
    struct report_row row;

    assert_true(lrm_report(&stage->lrm, A, &row));
    assert_int_equal(row.service, A);
    assert_int_equal(row.is_running, is_running);
    assert_int_equal(row.result, result);
    assert_int_equal(row.cause, stage->scene->state.services[A].cause);
}

/* Started and checked. */
static struct stage *stage_running(void)
{
    struct stage *stage = stage_new();

    ask(stage, SERVICE_STARTED, BETA);
    assert_job(stage, JOB_START);
    end(stage, 0);
    assert_job(stage, JOB_MONITOR);
    end(stage, 0);
    assert_int_equal(stage->outcome.n_jobs, 0);
    return stage;
}

static void started_means_started_and_seen_to_run(void **state)
{
    struct stage *stage = stage_new();

    (void)state;
    ask(stage, SERVICE_STARTED, BETA);
    assert_job(stage, JOB_START);
    assert_int_equal(stage->jobs[0].timeout.ms, 20000);
    /* From the moment it is begun it may be running. */
    assert_says(stage, true, JOB_NONE);
    assert_true(stage->outcome.is_report_changed);
    step(stage);
    assert_int_equal(stage->outcome.n_jobs, 0);
    assert_false(stage->outcome.is_report_changed);
    end(stage, 0);
    assert_job(stage, JOB_MONITOR);
    assert_says(stage, true, JOB_NONE);
    end(stage, 0);
    assert_says(stage, true, JOB_DONE);
    assert_int_equal(stage->outcome.wake_at.ms, stage->now.ms + 10000);
    stage->now.ms += 10000;
    step(stage);
    assert_job(stage, JOB_MONITOR);
    stage_free(stage);
}

static void nothing_is_begun_without_leave_but_a_monitor(void **state)
{
    struct stage *stage = stage_running();

    (void)state;
    stage->may_act = false;
    ask(stage, SERVICE_STARTED, BETA);
    assert_job(stage, JOB_MONITOR);
    end(stage, 7);
    assert_int_equal(stage->outcome.n_jobs, 0);
    stage->may_act = true;
    step(stage);
    assert_job(stage, JOB_START);
    end(stage, 0);
    end(stage, 0);
    stage->may_act = false;
    ask(stage, SERVICE_REQUEST_STOP, BETA);
    assert_int_equal(stage->outcome.n_jobs, 0);
    assert_says(stage, true, JOB_NONE);
    stage_free(stage);
}

static void what_another_boot_was_given_is_not_started(void **state)
{
    struct stage *stage = stage_new();

    (void)state;
    lrm_set_boot(&stage->lrm, "two");
    ask(stage, SERVICE_STARTED, BETA);
    assert_int_equal(stage->outcome.n_jobs, 0);
    text_copy(stage->scene->state.nodes[BETA].boot_id, BOOT_ID_MAX, "two");
    stage->scene->state.nodes[BETA].state = NODE_FENCE;
    step(stage);
    assert_int_equal(stage->outcome.n_jobs, 0);
    stage->scene->state.nodes[BETA].state = NODE_ONLINE;
    step(stage);
    assert_job(stage, JOB_START);
    stage_free(stage);
}

static void a_failed_start_is_cleaned_up_and_tried_again(void **state)
{
    struct stage *stage = stage_new();

    (void)state;
    ask(stage, SERVICE_STARTED, BETA);
    end(stage, 1);
    assert_job(stage, JOB_STOP);
    assert_says(stage, true, JOB_NONE);
    end(stage, 0);
    assert_job(stage, JOB_START);
    end(stage, -1);
    end(stage, 0);
    assert_int_equal(stage->outcome.n_jobs, 0);
    assert_says(stage, false, JOB_FAILED);
    /* It is up to the manager now. */
    stage->now.ms += 100000;
    step(stage);
    assert_int_equal(stage->outcome.n_jobs, 0);
    ask(stage, SERVICE_STARTED, BETA);
    assert_job(stage, JOB_START);
    stage_free(stage);
}

static void exit_codes_mean_what_ocf_says(void **state)
{
    static const struct {
        int exit_code;
        enum job_code result;
    } rows[] = {{2, JOB_HARD}, {3, JOB_HARD}, {4, JOB_HARD}, {5, JOB_HARD}, {6, JOB_FATAL}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct stage *stage = stage_new();
        struct report_row row;

        ask(stage, SERVICE_STARTED, BETA);
        end(stage, rows[i].exit_code);
        assert_job(stage, JOB_STOP);
        /* An agent that is not installed cannot stop either, and has started nothing. */
        end(stage, rows[i].exit_code);
        assert_says(stage, false, rows[i].result);
        assert_true(lrm_report(&stage->lrm, A, &row));
        assert_int_equal(row.exit_code, rows[i].exit_code);
        assert_string_equal(row.words, "no such device");
        stage_free(stage);
    }
}

static void one_that_fell_over_is_started_again_here(void **state)
{
    struct stage *stage = stage_running();

    (void)state;
    stage->now.ms += 10000;
    step(stage);
    end(stage, 7);
    assert_job(stage, JOB_START);
    end(stage, 0);
    end(stage, 0);
    assert_says(stage, true, JOB_DONE);
    /* A success wipes the slate: the next fall is a first one again. */
    stage->now.ms += 10000;
    step(stage);
    end(stage, 1);
    assert_job(stage, JOB_STOP);
    end(stage, 0);
    assert_job(stage, JOB_START);
    stage_free(stage);
}

static void who_fell_over_without_a_word_was_found_so(void **state)
{
    struct stage *stage = stage_running();
    struct job_end ended;

    (void)state;
    stage->now.ms += 10000;
    step(stage);
    ended = (struct job_end){.job = stage->jobs[0], .exit_code = 7};
    assert_job(stage, JOB_MONITOR);
    lrm_job_ended(&stage->lrm, &stage->scene->policy, &ended, stage->now);
    assert_string_equal(stage->lrm.services[A].words, "it was found not running");
    stage_free(stage);
}

static void one_that_falls_over_too_often_is_reported(void **state)
{
    struct stage *stage = stage_running();

    (void)state;
    stage->scene->services[A].restart_max = 0;
    stage->now.ms += 10000;
    step(stage);
    end(stage, 7);
    assert_int_equal(stage->outcome.n_jobs, 0);
    assert_says(stage, false, JOB_FAILED);
    assert_true(stage->outcome.is_report_changed);
    stage_free(stage);
}

static void stopping_is_done_when_it_is_stopped(void **state)
{
    static const enum service_state states[] = {SERVICE_REQUEST_STOP, SERVICE_STOPPED,
                                                SERVICE_RELOCATE, SERVICE_MIGRATE};

    (void)state;
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        struct stage *stage = stage_running();

        ask(stage, states[i], BETA);
        assert_job(stage, JOB_STOP);
        assert_says(stage, true, JOB_NONE);
        end(stage, 0);
        assert_says(stage, false, JOB_DONE);
        ask(stage, states[i], BETA);
        assert_int_equal(stage->outcome.n_jobs, 0);
        assert_says(stage, false, JOB_DONE);
        stage_free(stage);
    }
}

static void a_stop_that_fails_twice_is_stuck_and_may_be_running(void **state)
{
    struct stage *stage = stage_running();

    (void)state;
    ask(stage, SERVICE_RELOCATE, BETA);
    end(stage, 1);
    assert_job(stage, JOB_STOP);
    end(stage, -1);
    assert_int_equal(stage->outcome.n_jobs, 0);
    assert_says(stage, true, JOB_FAILED);
    assert_true(lrm_may_be_running(&stage->lrm, A));
    /* Told to go on running it, it looks first. */
    ask(stage, SERVICE_STARTED, BETA);
    assert_job(stage, JOB_MONITOR);
    end(stage, 0);
    assert_says(stage, true, JOB_DONE);
    stage_free(stage);
}

/* With no try left: that it is found stopped must not use up the one that was asked for. */
static void a_stuck_one_that_had_stopped_after_all_is_started(void **state)
{
    struct stage *stage = stage_running();

    (void)state;
    stage->scene->services[A].restart_max = 0;
    ask(stage, SERVICE_RELOCATE, BETA);
    end(stage, 1);
    end(stage, -1);
    ask(stage, SERVICE_STARTED, BETA);
    assert_job(stage, JOB_MONITOR);
    end(stage, 7);
    assert_says(stage, true, JOB_NONE);
    assert_job(stage, JOB_START);
    end(stage, 0);
    end(stage, 0);
    assert_says(stage, true, JOB_DONE);
    stage_free(stage);
}

static void a_stuck_one_that_must_go_is_stopped_again_and_again(void **state)
{
    struct stage *stage = stage_running();

    (void)state;
    ask(stage, SERVICE_STOPPED, BETA);
    end(stage, 1);
    end(stage, 1);
    assert_int_equal(stage->outcome.n_jobs, 0);
    stage->now = stage->outcome.wake_at;
    step(stage);
    assert_job(stage, JOB_STOP);
    end(stage, 0);
    assert_says(stage, false, JOB_DONE);
    stage_free(stage);
}

static void what_was_left_running_is_checked_rather_than_started(void **state)
{
    struct stage *stage = stage_new();

    (void)state;
    lrm_adopt(&stage->lrm, A, 0);
    assert_true(lrm_may_be_running(&stage->lrm, A));
    ask(stage, SERVICE_STARTED, BETA);
    assert_job(stage, JOB_MONITOR);
    end(stage, 0);
    assert_says(stage, true, JOB_DONE);
    stage_free(stage);
}

static void what_the_state_gives_to_another_is_stopped_here(void **state)
{
    struct stage *stage = stage_new();
    struct report_row row;

    (void)state;
    lrm_adopt(&stage->lrm, A, 0);
    ask(stage, SERVICE_STARTED, GAMMA);
    assert_job(stage, JOB_STOP);
    end(stage, 0);
    assert_int_equal(stage->outcome.n_jobs, 0);
    assert_false(lrm_report(&stage->lrm, A, &row));
    stage_free(stage);
}

static void what_is_ignored_is_left_alone(void **state)
{
    struct stage *stage = stage_running();

    (void)state;
    stage->scene->state.services[A].state = SERVICE_ABSENT;
    stage->now.ms += 100000;
    step(stage);
    assert_int_equal(stage->outcome.n_jobs, 0);
    assert_true(lrm_may_be_running(&stage->lrm, A));
    stage_free(stage);
}

static void a_result_belongs_to_what_was_asked(void **state)
{
    struct stage *stage = stage_new();

    (void)state;
    ask(stage, SERVICE_STARTED, BETA);
    /* While it starts, the manager wants it away: a failed start is no failed stop. */
    ask(stage, SERVICE_RELOCATE, BETA);
    assert_int_equal(stage->outcome.n_jobs, 0);
    end(stage, 1);
    assert_job(stage, JOB_STOP);
    end(stage, 0);
    assert_says(stage, false, JOB_DONE);
    stage_free(stage);
}

static void a_node_must_be_armed_while_anything_may_run_here(void **state)
{
    struct stage *stage = stage_new();
    const struct ha_state *agreed = &stage->scene->state;

    (void)state;
    assert_false(lrm_needs_arming(&stage->lrm, agreed));
    stage->scene->state.services[A].state = SERVICE_RELOCATE;
    stage->scene->state.services[A].node = ALPHA;
    stage->scene->state.services[A].target = BETA;
    assert_true(lrm_needs_arming(&stage->lrm, agreed));
    stage->scene->state.services[A].target = GAMMA;
    assert_false(lrm_needs_arming(&stage->lrm, agreed));
    lrm_adopt(&stage->lrm, A, 0);
    assert_true(lrm_needs_arming(&stage->lrm, agreed));
    stage_free(stage);
}

static void memory_follows_services_to_their_new_ids(void **state)
{
    struct stage *stage = stage_new();
    /* B goes; one comes before C, two behind D. */
    const service_id map[] = {0, SERVICE_NONE, 2, 4};

    (void)state;
    for (service_id service = A; service <= D; service++)
        lrm_adopt(&stage->lrm, service, (uint64_t)service + 100);
    lrm_remap(&stage->lrm, map, 7);
    assert_int_equal(stage->lrm.services[0].cause, 100);
    assert_int_equal(stage->lrm.services[2].cause, 102);
    assert_int_equal(stage->lrm.services[4].cause, 103);
    for (service_id fresh = 1; fresh < 7; fresh++) {
        if (fresh != 2 && fresh != 4)
            assert_false(lrm_may_be_running(&stage->lrm, fresh));
    }
    stage_free(stage);
}

static void more_jobs_than_fit_are_begun_in_the_next_step(void **state)
{
    struct stage *stage = stage_new();

    (void)state;
    stage->outcome.jobs_max = 1;
    for (service_id service = A; service <= D; service++) {
        stage->scene->state.services[service].state = SERVICE_STARTED;
        stage->scene->state.services[service].node = BETA;
        stage->scene->state.services[service].cause = 1;
    }
    for (service_id service = A; service <= D; service++) {
        step(stage);
        assert_int_equal(stage->outcome.n_jobs, 1);
        assert_int_equal(stage->jobs[0].service, service);
    }
    step(stage);
    assert_int_equal(stage->outcome.n_jobs, 0);
    stage_free(stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(started_means_started_and_seen_to_run),
        cmocka_unit_test(nothing_is_begun_without_leave_but_a_monitor),
        cmocka_unit_test(what_another_boot_was_given_is_not_started),
        cmocka_unit_test(a_failed_start_is_cleaned_up_and_tried_again),
        cmocka_unit_test(exit_codes_mean_what_ocf_says),
        cmocka_unit_test(one_that_fell_over_is_started_again_here),
        cmocka_unit_test(who_fell_over_without_a_word_was_found_so),
        cmocka_unit_test(one_that_falls_over_too_often_is_reported),
        cmocka_unit_test(stopping_is_done_when_it_is_stopped),
        cmocka_unit_test(a_stop_that_fails_twice_is_stuck_and_may_be_running),
        cmocka_unit_test(a_stuck_one_that_had_stopped_after_all_is_started),
        cmocka_unit_test(a_stuck_one_that_must_go_is_stopped_again_and_again),
        cmocka_unit_test(what_was_left_running_is_checked_rather_than_started),
        cmocka_unit_test(what_the_state_gives_to_another_is_stopped_here),
        cmocka_unit_test(what_is_ignored_is_left_alone),
        cmocka_unit_test(a_result_belongs_to_what_was_asked),
        cmocka_unit_test(a_node_must_be_armed_while_anything_may_run_here),
        cmocka_unit_test(memory_follows_services_to_their_new_ids),
        cmocka_unit_test(more_jobs_than_fit_are_begun_in_the_next_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
