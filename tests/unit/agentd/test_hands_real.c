/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hands: jobs of real agents, their ends in words, and the records that outlive the agent. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/hands.h"
#include "agentd/hands_record.h"
#include "tests/unit/agentd/stage.h"

#define RECORD "run/ocf%3Aweb"

static struct stage stage;
static struct hands *hands;
static int n_ended;
static char last_name[SERVICE_NAME_MAX];
static struct job_end last;

/* Remembers itself in a file and its parameter in another. */
static const char plain_agent[] = "echo $1 $OCF_RESKEY_port >>$TOP/calls\n"
                                  "S=$TOP/$OCF_RESOURCE_INSTANCE.up\n"
                                  "case $1 in\n"
                                  "start) touch $S;;\n"
                                  "stop) rm -f $S;;\n"
                                  "monitor) test -f $S || exit 7;;\n"
                                  "esac\n";

static void note(void *context, const char *name, const struct job_end *end)
{
    (void)context;
    n_ended++;
    snprintf(last_name, sizeof(last_name), "%s", name);
    last = *end;
}

static void open_hands(void)
{
    struct err err = {""};

    hands = hands_new(stage.loop, &stage.settings, "alpha", note, NULL, &err);
    if (!hands)
        fail_msg("%s", err.text);
}

static int set_up(void **state)
{
    (void)state;
    stage_open(&stage);
    stage_agent(&stage, "plain", plain_agent);
    n_ended = 0;
    open_hands();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hands_free(hands);
    stage_close(&stage);
    return 0;
}

static struct service_policy service_of(const char *name, const char *agent)
{
    static const struct setting settings[] = {{.name = "port", .value = "80"}};
    struct service_policy service = {
        .type = "ocf",
        .agent = agent,
        .settings = settings,
        .n_settings = 1,
        .monitor_every = {10000},
        .monitor_timeout = {STAGE_PATIENCE_MS},
        .start_timeout = {STAGE_PATIENCE_MS},
        .stop_timeout = {STAGE_PATIENCE_MS},
    };

    snprintf(service.name, sizeof(service.name), "%s", name);
    return service;
}

static void begin(const struct service_policy *service, enum job_kind kind, int timeout_ms)
{
    struct job job = {.kind = kind, .service = 3, .cause = 42, .timeout = duration_ms(timeout_ms)};

    hands_run(hands, service, &job);
}

static void run(const char *agent, enum job_kind kind)
{
    struct service_policy service = service_of("ocf:web", agent);
    int wanted = n_ended + 1;

    begin(&service, kind, STAGE_PATIENCE_MS);
    assert_int_equal(n_ended, wanted - 1);
    assert_true(stage_run(&stage, &n_ended, wanted));
    assert_string_equal(last_name, "ocf:web");
    assert_int_equal(last.job.kind, kind);
    assert_int_equal(last.job.cause, 42);
    assert_int_equal(last.job.service, 3);
}

static void assert_end(int exit_code, const char *words)
{
    assert_int_equal(last.exit_code, exit_code);
    assert_string_equal(last.words, words);
}

static void a_service_is_started_checked_and_stopped(void **state)
{
    (void)state;
    run("test:plain", JOB_MONITOR);
    assert_end(7, "test:plain says that it is not running");
    assert_false(hands_has(hands, "ocf:web"));
    run("test:plain", JOB_START);
    assert_end(0, "");
    assert_true(hands_has(hands, "ocf:web"));
    run("test:plain", JOB_MONITOR);
    assert_end(0, "");
    run("test:plain", JOB_STOP);
    assert_end(0, "");
    assert_false(hands_has(hands, "ocf:web"));
    assert_false(stage_has(&stage, RECORD));
    assert_string_equal(stage_read(&stage, "calls"), "monitor 80\nstart 80\nmonitor 80\nstop 80\n");
}

static void a_failed_start_says_why_and_may_still_be_running(void **state)
{
    (void)state;
    stage_agent(&stage, "broken", "echo noise\necho ocf-exit-reason:no such disk >&2\nexit 1");
    run("test:broken", JOB_START);
    assert_end(1, "test:broken failed its start (exit code 1): no such disk");
    assert_true(hands_has(hands, "ocf:web"));
    stage_agent(&stage, "mad", "exit 255");
    run("test:mad", JOB_START);
    assert_end(1, "test:mad failed its start (exit code 255) without a word why");
    stage_agent(&stage, "suicide", "kill -9 $$");
    run("test:suicide", JOB_START);
    assert_end(-1, "test:suicide died of SIGKILL during its start");
}

static void one_found_not_running_leaves_no_record(void **state)
{
    (void)state;
    run("test:plain", JOB_START);
    unlink(stage_path(&stage, "ocf_web.up"));
    run("test:plain", JOB_MONITOR);
    assert_end(7, "test:plain says that it is not running");
    assert_false(hands_has(hands, "ocf:web"));
    assert_false(stage_has(&stage, RECORD));
}

static void a_start_that_hangs_is_killed_in_words(void **state)
{
    struct service_policy service = service_of("ocf:web", "test:slow");

    (void)state;
    stage_agent(&stage, "slow", "trap '' TERM\necho $$ >$TOP/pid\nsleep 100");
    begin(&service, JOB_START, 1000);
    assert_true(stage_run(&stage, &n_ended, 1));
    assert_end(-1, "test:slow did not end its start within 1s and was killed");
    assert_true(process_is_gone(stage_read_pid(&stage, "pid")));
    assert_true(hands_has(hands, "ocf:web"));
    assert_null(strstr(stage_read(&stage, RECORD), "\"job\""));
}

static void a_missing_agent_is_named_and_leaves_nothing_to_stop(void **state)
{
    (void)state;
    run("test:foo", JOB_START);
    assert_end(5,
               "agent test:foo is not installed on alpha: install it (package resource-agents?)");
    assert_false(hands_has(hands, "ocf:web"));
    run("test:foo", JOB_STOP);
    assert_int_equal(last.exit_code, 0);
    run("test:foo", JOB_MONITOR);
    assert_int_equal(last.exit_code, 7);
    stage_write(&stage, "resource.d/test/locked", "#!/bin/sh\n", 0644);
    run("test:locked", JOB_START);
    assert_end(5, "agent test:locked is not executable on alpha: chmod +x it");
}

static void an_agent_that_went_away_cannot_claim_a_stop(void **state)
{
    (void)state;
    run("test:plain", JOB_START);
    unlink(stage_path(&stage, "resource.d/test/plain"));
    run("test:plain", JOB_STOP);
    assert_int_equal(last.exit_code, 5);
    assert_true(hands_has(hands, "ocf:web"));
}

static void what_is_no_agent_is_nobodys_fault_here(void **state)
{
    struct service_policy service = service_of("vm:101", NULL);

    (void)state;
    run("plain", JOB_START);
    assert_end(6, "\"plain\" is no OCF agent: write PROVIDER:TYPE, as in heartbeat:IPaddr2");
    service.type = "vm";
    begin(&service, JOB_START, STAGE_PATIENCE_MS);
    assert_true(stage_run(&stage, &n_ended, 2));
    assert_end(6, "this version of tenuto runs no services of type vm");
    assert_false(hands_has(hands, "vm:101"));
}

static void without_a_record_nothing_is_started(void **state)
{
    (void)state;
    assert_int_equal(rename(stage_path(&stage, "run"), stage_path(&stage, "away")), 0);
    run("test:plain", JOB_START);
    assert_int_equal(last.exit_code, 1);
    assert_non_null(strstr(last.words, "not started, for want of a record: cannot write "));
    assert_false(stage_has(&stage, "calls"));
    assert_false(hands_has(hands, "ocf:web"));
}

static void jobs_of_one_service_wait_for_each_other(void **state)
{
    struct service_policy service = service_of("ocf:web", "test:order");

    (void)state;
    stage_agent(&stage, "order", "echo $1 >>$TOP/calls\nsleep 0.1\necho end >>$TOP/calls");
    begin(&service, JOB_START, STAGE_PATIENCE_MS);
    begin(&service, JOB_MONITOR, STAGE_PATIENCE_MS);
    begin(&service, JOB_STOP, STAGE_PATIENCE_MS);
    assert_true(stage_run(&stage, &n_ended, 3));
    assert_string_equal(stage_read(&stage, "calls"), "start\nend\nmonitor\nend\nstop\nend\n");
}

/* Each waits until all are there. */
static void twenty_services_run_side_by_side(void **state)
{
    (void)state;
    stage_agent(&stage, "meet", "cd $TOP; " STAGE_MEET_ALL);
    for (int i = 19; i >= 0; i--) {
        char name[SERVICE_NAME_MAX];
        struct service_policy service;

        snprintf(name, sizeof(name), "ocf:s%d", i);
        service = service_of(name, "test:meet");
        begin(&service, JOB_START, STAGE_PATIENCE_MS);
    }
    assert_true(stage_run(&stage, &n_ended, 20));
    assert_int_equal(last.exit_code, 0);
    for (int i = 0; i < 20; i++) {
        char name[SERVICE_NAME_MAX];

        snprintf(name, sizeof(name), "ocf:s%d", i);
        assert_true(hands_has(hands, name));
    }
}

static void a_flood_and_a_hang_delay_nobody_else(void **state)
{
    struct service_policy flood = service_of("ocf:flood", "test:flood");
    struct service_policy hang = service_of("ocf:hang", "test:hang");

    (void)state;
    stage_agent(&stage, "flood", "yes | cat & yes");
    stage_agent(&stage, "hang", "trap '' TERM\nwhile :; do sleep 10; done");
    begin(&flood, JOB_START, 2000);
    begin(&hang, JOB_START, 2000);
    run("test:plain", JOB_START);
    assert_end(0, "");
    assert_true(stage_run(&stage, &n_ended, 3));
    assert_int_equal(last.exit_code, -1);
}

static void count_names(void *context, const char *name, uint64_t cause)
{
    char *text = context;

    snprintf(text + strlen(text), 256 - strlen(text), "%s %d,", name, (int)cause);
}

static void records_tell_the_next_agent_what_may_run(void **state)
{
    char names[256] = "";

    (void)state;
    run("test:plain", JOB_START);
    hands_free(hands);
    open_hands();
    hands_each(hands, count_names, names);
    assert_string_equal(names, "ocf:web 42,");
    assert_true(hands_has(hands, "ocf:web"));
}

static void stop_uses_the_parameters_of_the_start(void **state)
{
    static const struct setting settings[] = {{.name = "port", .value = "8080"}};
    struct service_policy service = service_of("ocf:web", "test:other");

    (void)state;
    run("test:plain", JOB_START);
    hands_free(hands);
    open_hands();
    service.settings = settings;
    begin(&service, JOB_MONITOR, STAGE_PATIENCE_MS);
    begin(&service, JOB_STOP, STAGE_PATIENCE_MS);
    assert_true(stage_run(&stage, &n_ended, 3));
    assert_string_equal(stage_read(&stage, "calls"), "start 80\nmonitor 80\nstop 80\n");
}

static void a_job_left_under_way_is_killed_by_the_next_agent(void **state)
{
    int agent, leader, helper;

    (void)state;
    stage_agent(&stage, "slow", "sleep 100 & echo $! >$TOP/helper\necho $$ >$TOP/leader\nwait");
    agent = fork();
    if (agent == 0) {
        struct service_policy service = service_of("ocf:web", "test:slow");

        assert_true(sd_event_new(&stage.loop) >= 0);
        open_hands();
        begin(&service, JOB_START, 60000);
        stage_run_for(&stage, 60000);
        _exit(1);
    }
    leader = stage_read_pid(&stage, "leader");
    helper = stage_read_pid(&stage, "helper");
    for (int i = 0; i < STAGE_PATIENCE_MS / 10 && !strstr(stage_read(&stage, RECORD), "\"job\"");
         i++)
        usleep(10000);
    kill(agent, SIGKILL);
    waitpid(agent, NULL, 0);
    assert_int_equal(kill(leader, 0), 0);
    hands_free(hands);
    open_hands();
    assert_true(process_is_gone(leader));
    assert_true(process_is_gone(helper));
    assert_true(hands_has(hands, "ocf:web"));
    assert_null(strstr(stage_read(&stage, RECORD), "\"job\""));
}

static void a_process_that_only_has_the_number_is_left_alone(void **state)
{
    char text[256];
    int stranger = fork();

    (void)state;
    if (stranger == 0) {
        setsid();
        pause();
        _exit(0);
    }
    snprintf(text, sizeof(text),
             "{\"cause\":1,\"job\":{\"kind\":\"start\",\"pid\":%d,\"started\":%llu},"
             "\"name\":\"ocf:web\"}",
             stranger, (unsigned long long)process_started(stranger) + 1);
    stage_write(&stage, RECORD, text, 0600);
    hands_free(hands);
    open_hands();
    assert_true(hands_has(hands, "ocf:web"));
    assert_int_equal(waitpid(stranger, NULL, WNOHANG), 0);
    kill(stranger, SIGKILL);
    waitpid(stranger, NULL, 0);
}

static void garbage_is_put_aside_and_counts_as_perhaps_running(void **state)
{
    static const char *const garbage[] = {
        "",
        "{",
        "[]",
        "{\"name\":\"ocf:other\",\"cause\":1}",
        "{\"name\":\"ocf:web\"}",
        "{\"name\":\"ocf:web\",\"cause\":1,\"definition\":{\"type\":\"ocf\"}}",
        "{\"name\":\"ocf:web\",\"cause\":1,\"job\":{\"kind\":\"start\",\"pid\":-1,\"started\":5}}",
        "{\"name\":\"ocf:web\",\"cause\":1,\"job\":{\"kind\":\"start\",\"pid\":1,\"started\":5}}",
        "{\"name\":\"ocf:web\",\"cause\":1,\"job\":{\"kind\":\"dance\",\"pid\":9,\"started\":5}}"};

    (void)state;
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        unlink(stage_path(&stage, RECORD "~unreadable"));
        stage_write(&stage, RECORD, garbage[i], 0600);
        hands_free(hands);
        open_hands();
        assert_true(hands_has(hands, "ocf:web"));
        assert_string_equal(stage_read(&stage, RECORD "~unreadable"), garbage[i]);
        hands_free(hands);
        open_hands();
        assert_true(hands_has(hands, "ocf:web"));
    }
    run("test:plain", JOB_STOP);
    assert_end(0, "");
    assert_false(hands_has(hands, "ocf:web"));
}

static void a_file_that_is_no_service_is_put_aside(void **state)
{
    char names[256] = "";

    (void)state;
    stage_write(&stage, "run/passwd", "root", 0600);
    stage_write(&stage, "run/ocf%3", "x", 0600);
    hands_free(hands);
    open_hands();
    hands_each(hands, count_names, names);
    assert_string_equal(names, "");
    assert_true(stage_has(&stage, "run/passwd~unreadable"));
    assert_true(stage_has(&stage, "run/ocf%3~unreadable"));
}

static void records_are_for_root_only(void **state)
{
    struct stat status;

    (void)state;
    run("test:plain", JOB_START);
    assert_int_equal(stat(stage_path(&stage, "run"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_int_equal(stat(stage_path(&stage, RECORD), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void a_directory_that_cannot_be_made_is_an_error(void **state)
{
    struct settings settings = stage.settings;
    struct err err = {""};

    (void)state;
    stage_write(&stage, "file", "", 0600);
    snprintf(settings.run, sizeof(settings.run), "%s", stage_path(&stage, "file/run"));
    assert_null(hands_new(stage.loop, &settings, "alpha", note, NULL, &err));
    assert_non_null(strstr(err.text, "cannot make the directory"));
}

static void ending_the_agent_kills_jobs_and_leaves_services(void **state)
{
    struct service_policy service = service_of("ocf:slow", "test:slow");

    (void)state;
    stage_agent(&stage, "daemon", "setsid sleep 100 & echo $! >$TOP/daemon\n");
    stage_agent(&stage, "slow", "echo $$ >$TOP/pid\nsleep 100");
    run("test:daemon", JOB_START);
    begin(&service, JOB_START, 60000);
    stage_read_pid(&stage, "pid");
    hands_free(hands);
    open_hands();
    assert_true(process_is_gone(stage_read_pid(&stage, "pid")));
    assert_int_equal(kill(stage_read_pid(&stage, "daemon"), 0), 0);
    kill(stage_read_pid(&stage, "daemon"), SIGKILL);
    assert_int_equal(n_ended, 1);
    assert_true(hands_has(hands, "ocf:slow"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_service_is_started_checked_and_stopped),
        TEST(a_failed_start_says_why_and_may_still_be_running),
        TEST(one_found_not_running_leaves_no_record),
        TEST(a_start_that_hangs_is_killed_in_words),
        TEST(a_missing_agent_is_named_and_leaves_nothing_to_stop),
        TEST(an_agent_that_went_away_cannot_claim_a_stop),
        TEST(what_is_no_agent_is_nobodys_fault_here),
        TEST(without_a_record_nothing_is_started),
        TEST(jobs_of_one_service_wait_for_each_other),
        TEST(twenty_services_run_side_by_side),
        TEST(a_flood_and_a_hang_delay_nobody_else),
        TEST(records_tell_the_next_agent_what_may_run),
        TEST(stop_uses_the_parameters_of_the_start),
        TEST(a_job_left_under_way_is_killed_by_the_next_agent),
        TEST(a_process_that_only_has_the_number_is_left_alone),
        TEST(garbage_is_put_aside_and_counts_as_perhaps_running),
        TEST(a_file_that_is_no_service_is_put_aside),
        TEST(records_are_for_root_only),
        TEST(a_directory_that_cannot_be_made_is_an_error),
        TEST(ending_the_agent_kills_jobs_and_leaves_services),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
