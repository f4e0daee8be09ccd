/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Services that left the policy while they ran here. The pause between two tries to stop them
 * runs fifty times faster than in life.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/hands.h"
#include "tests/unit/agentd/stage.h"

#define RECORD "run/ocf%3Aold"

static struct stage stage;
static struct hands *hands;
static struct policy *policy;
static struct service_policy service;
static int n_ended;
static struct job_end last;

/* This stands before the one of libsystemd. */
int sd_event_add_time_relative(sd_event *loop, sd_event_source **source, clockid_t clock,
                               uint64_t usec, uint64_t accuracy, sd_event_time_handler_t handler,
                               void *userdata)
{
    uint64_t now;

    sd_event_now(loop, clock, &now);
    if (usec == ORPHAN_RETRY_MS * 1000u)
        usec /= 10;
    return sd_event_add_time(loop, source, clock, now + usec, accuracy, handler, userdata);
}

static void note(void *context, const char *name, const struct job_end *end)
{
    (void)context;
    assert_string_equal(name, "ocf:old");
    n_ended++;
    last = *end;
}

static void open_hands(void)
{
    struct err err = {""};

    hands = hands_new(stage.loop, &stage.settings, "alpha", note, NULL, &err);
    assert_non_null(hands);
}

static void begin(enum job_kind kind)
{
    struct job job = {
        .kind = kind, .service = 0, .cause = 9, .timeout = duration_ms(STAGE_PATIENCE_MS)};

    hands_run(hands, &service, &job);
}

/* After it, ocf:old runs here with port 80, and the policy knows nothing of it. */
static int set_up(void **state)
{
    static const struct setting settings[] = {{.name = "port", .value = "80"}};

    (void)state;
    stage_open(&stage);
    stage_agent(&stage, "plain",
                "echo $1 $OCF_RESKEY_port >>$TOP/calls\n"
                "test -f $TOP/slow && sleep 0.3\n"
                "test $1 != stop || test ! -f $TOP/stuck");
    policy = calloc(1, sizeof(*policy));
    service = (struct service_policy){.name = "ocf:old",
                                      .type = "ocf",
                                      .agent = "test:plain",
                                      .settings = settings,
                                      .n_settings = 1,
                                      .stop_timeout = {STAGE_PATIENCE_MS}};
    n_ended = 0;
    open_hands();
    begin(JOB_START);
    assert_true(stage_run(&stage, &n_ended, 1));
    n_ended = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hands_free(hands);
    stage_close(&stage);
    free(policy);
    return 0;
}

static void an_orphan_is_stopped_with_its_old_parameters(void **state)
{
    (void)state;
    hands_free(hands);
    open_hands();
    assert_int_equal(hands_stop_orphans(hands, policy, true), 1);
    assert_true(stage_run(&stage, &n_ended, 1));
    assert_int_equal(last.job.kind, JOB_STOP);
    assert_int_equal(last.job.service, SERVICE_NONE);
    assert_int_equal(last.exit_code, 0);
    assert_string_equal(stage_read(&stage, "calls"), "start 80\nstop 80\n");
    assert_int_equal(hands_stop_orphans(hands, policy, true), 0);
    assert_false(stage_has(&stage, RECORD));
}

static void one_that_is_in_the_policy_is_no_orphan(void **state)
{
    (void)state;
    policy->services = &service;
    policy->n_services = 1;
    assert_int_equal(hands_stop_orphans(hands, policy, true), 0);
    stage_run_for(&stage, 100);
    assert_string_equal(stage_read(&stage, "calls"), "start 80\n");
    assert_int_equal(hands_stop_orphans(hands, NULL, false), 1);
}

static void nothing_is_stopped_by_who_may_not_act(void **state)
{
    (void)state;
    assert_int_equal(hands_stop_orphans(hands, policy, false), 1);
    stage_run_for(&stage, 100);
    assert_string_equal(stage_read(&stage, "calls"), "start 80\n");
    assert_int_equal(hands_stop_orphans(hands, policy, true), 1);
    assert_true(stage_run(&stage, &n_ended, 1));
}

static void a_stop_that_fails_is_tried_again(void **state)
{
    (void)state;
    stage_write(&stage, "stuck", "", 0644);
    assert_int_equal(hands_stop_orphans(hands, policy, true), 1);
    assert_true(stage_run(&stage, &n_ended, 1));
    assert_int_equal(last.exit_code, 1);
    /* Asking again does not make it hurry. */
    assert_int_equal(hands_stop_orphans(hands, policy, true), 1);
    stage_run_for(&stage, 80);
    assert_int_equal(n_ended, 1);
    unlink(stage_path(&stage, "stuck"));
    assert_true(stage_run(&stage, &n_ended, 2));
    assert_int_equal(last.exit_code, 0);
    assert_false(hands_has(hands, "ocf:old"));
}

static void a_retry_waits_for_the_right_to_act(void **state)
{
    (void)state;
    stage_write(&stage, "stuck", "", 0644);
    hands_stop_orphans(hands, policy, true);
    assert_true(stage_run(&stage, &n_ended, 1));
    hands_stop_orphans(hands, policy, false);
    stage_run_for(&stage, 1200);
    assert_int_equal(n_ended, 1);
    unlink(stage_path(&stage, "stuck"));
    hands_stop_orphans(hands, policy, true);
    assert_true(stage_run(&stage, &n_ended, 2));
    assert_false(hands_has(hands, "ocf:old"));
}

static void an_orphan_waits_for_the_job_that_is_under_way(void **state)
{
    (void)state;
    stage_write(&stage, "slow", "", 0644);
    begin(JOB_MONITOR);
    assert_int_equal(hands_stop_orphans(hands, policy, true), 1);
    assert_true(stage_run(&stage, &n_ended, 2));
    assert_int_equal(last.job.kind, JOB_STOP);
    assert_string_equal(stage_read(&stage, "calls"), "start 80\nmonitor 80\nstop 80\n");
}

static void one_that_came_back_is_started_after_its_stop(void **state)
{
    static const struct setting settings[] = {{.name = "port", .value = "81"}};

    (void)state;
    stage_write(&stage, "slow", "", 0644);
    hands_stop_orphans(hands, policy, true);
    service.settings = settings;
    policy->services = &service;
    policy->n_services = 1;
    assert_int_equal(hands_stop_orphans(hands, policy, true), 0);
    begin(JOB_START);
    assert_true(stage_run(&stage, &n_ended, 1));
    /* Its stop was told to nobody: the service is lrm's again. */
    assert_int_equal(n_ended, 1);
    assert_int_equal(last.job.kind, JOB_START);
    assert_true(hands_has(hands, "ocf:old"));
    assert_string_equal(stage_read(&stage, "calls"), "start 80\nstop 80\nstart 81\n");
}

static void one_that_nobody_knows_is_left_to_the_operator(void **state)
{
    (void)state;
    hands_free(hands);
    stage_write(&stage, RECORD, "garbage", 0600);
    open_hands();
    for (int i = 0; i < 3; i++)
        assert_int_equal(hands_stop_orphans(hands, policy, true), 1);
    stage_run_for(&stage, 50);
    assert_int_equal(n_ended, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_orphan_is_stopped_with_its_old_parameters),
        TEST(one_that_is_in_the_policy_is_no_orphan),
        TEST(nothing_is_stopped_by_who_may_not_act),
        TEST(a_stop_that_fails_is_tried_again),
        TEST(a_retry_waits_for_the_right_to_act),
        TEST(an_orphan_waits_for_the_job_that_is_under_way),
        TEST(one_that_came_back_is_started_after_its_stop),
        TEST(one_that_nobody_knows_is_left_to_the_operator),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
