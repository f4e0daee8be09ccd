/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Child processes that behave, misbehave, and never end. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/worker.h"
#include "agentd/worker_output.h"
#include "ha/base/limits.h"
#include "tests/unit/agentd/stage.h"

#define WORKERS 20

struct seen {
    struct stage stage;
    int n_ended;
    int exit_code;
    int signal;
    int exec_error;
    bool is_timed_out;
    char *output;
};

static int set_up(void **state)
{
    struct seen *seen = calloc(1, sizeof(*seen));

    stage_open(&seen->stage);
    *state = seen;
    return 0;
}

static int tear_down(void **state)
{
    struct seen *seen = *state;

    stage_close(&seen->stage);
    free(seen->output);
    free(seen);
    return 0;
}

static void note(void *context, const struct worker_end *end)
{
    struct seen *seen = context;

    seen->n_ended++;
    seen->exit_code = end->exit_code;
    seen->signal = end->signal;
    seen->exec_error = end->exec_error;
    seen->is_timed_out = end->is_timed_out;
    free(seen->output);
    seen->output = strdup(end->output);
}

static struct worker *start(struct seen *seen, const char *const *argv, int timeout_ms)
{
    static const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};
    struct err err = {""};
    struct worker *worker = worker_start(seen->stage.loop, argv, environment,
                                         duration_ms(timeout_ms), note, seen, &err);

    if (!worker)
        fail_msg("%s", err.text);
    return worker;
}

static struct worker *start_shell(struct seen *seen, const char *script, int timeout_ms)
{
    char text[1024];
    const char *argv[] = {"/bin/sh", "-c", text, NULL};

    snprintf(text, sizeof(text), "cd %s; %s", seen->stage.directory, script);
    return start(seen, argv, timeout_ms);
}

static void run_shell(struct seen *seen, const char *script, int timeout_ms)
{
    start_shell(seen, script, timeout_ms);
    assert_true(stage_run(&seen->stage, &seen->n_ended, 1));
    assert_int_equal(seen->n_ended, 1);
}

static void exit_code_and_both_streams_are_told(void **state)
{
    struct seen *seen = *state;

    run_shell(seen, "echo out; echo complaint >&2; exit 255", STAGE_PATIENCE_MS);
    assert_int_equal(seen->exit_code, 255);
    assert_int_equal(seen->signal, 0);
    assert_false(seen->is_timed_out);
    assert_string_equal(seen->output, "out\ncomplaint\n");
}

static void death_by_a_signal_is_told(void **state)
{
    struct seen *seen = *state;

    run_shell(seen, "kill -SEGV $$", STAGE_PATIENCE_MS);
    assert_int_equal(seen->exit_code, -1);
    assert_int_equal(seen->signal, SIGSEGV);
    assert_false(seen->is_timed_out);
}

static void a_time_out_kills_grandchildren_that_ignore_sigterm_too(void **state)
{
    struct seen *seen = *state;
    int child, grandchild;

    run_shell(seen, "trap '' TERM; echo $$ >child; sleep 100 & echo $! >grandchild; wait; wait",
              1000);
    assert_true(seen->is_timed_out);
    assert_int_equal(seen->exit_code, -1);
    child = stage_read_pid(&seen->stage, "child");
    grandchild = stage_read_pid(&seen->stage, "grandchild");
    assert_true(process_is_gone(child));
    assert_true(process_is_gone(grandchild));
}

static void a_daemon_that_holds_the_pipe_holds_up_nobody_and_lives_on(void **state)
{
    struct seen *seen = *state;
    int daemon;

    run_shell(seen, "sleep 100 & echo $! >daemon; echo started; exit 0", STAGE_PATIENCE_MS);
    assert_false(seen->is_timed_out);
    assert_int_equal(seen->exit_code, 0);
    assert_string_equal(seen->output, "started\n");
    daemon = stage_read_pid(&seen->stage, "daemon");
    assert_int_equal(kill(daemon, 0), 0);
    kill(daemon, SIGKILL);
}

static void a_daemon_that_prints_without_end_does_not_keep_the_end_from_us(void **state)
{
    struct seen *seen = *state;
    int daemon;

    run_shell(seen, "yes & echo $! >daemon; sleep 0.1; exit 3", STAGE_PATIENCE_MS);
    assert_int_equal(seen->exit_code, 3);
    daemon = stage_read_pid(&seen->stage, "daemon");
    assert_true(process_is_gone(daemon)); /* by SIGPIPE */
}

static void a_reason_survives_the_megabytes_behind_it(void **state)
{
    struct seen *seen = *state;
    const char *last = "and that was all\n";

    run_shell(seen,
              "echo ocf-exit-reason:first; echo ocf-exit-reason:the disk is full >&2;"
              "yes ocf-exit-reasonable | head -c 3000000; echo; echo and that was all; exit 1",
              STAGE_PATIENCE_MS);
    assert_int_equal(seen->exit_code, 1);
    assert_true(strlen(seen->output) <= AGENT_OUTPUT_MAX + EXIT_REASON_MAX + 1);
    assert_true(strlen(seen->output) > AGENT_OUTPUT_MAX / 2);
    assert_int_equal(strncmp(seen->output, "ocf-exit-reason:the disk is full\n", 33), 0);
    assert_string_equal(seen->output + strlen(seen->output) - strlen(last), last);
}

static void half_a_line_is_not_taken_for_a_reason(void **state)
{
    static char filler[AGENT_OUTPUT_MAX];
    const char *line = "no ocf-exit-reason:made up\n";
    struct worker_output output = {0};
    const char *text;

    (void)state;
    memset(filler, 'x', sizeof(filler));
    worker_output_add(&output, line, strlen(line));
    worker_output_add(&output, filler, sizeof(filler) - strlen(line) + strlen("no ") - 1);
    worker_output_add(&output, "\n", 1);
    text = worker_output_text(&output);
    assert_null(strstr(text, EXIT_REASON_PREFIX));
    assert_int_equal(strlen(text), AGENT_OUTPUT_MAX - strlen(line) + strlen("no "));
    worker_output_fini(&output);
}

static int count_turn(sd_event_source *source, void *userdata)
{
    (void)source;
    ++*(int *)userdata;
    return 0;
}

static void endless_output_keeps_nobody_from_the_loop(void **state)
{
    struct seen *seen = *state;
    int n_turns = 0;

    start_shell(seen, "yes | cat & yes", 400);
    usleep(200000);
    /* The pipe is full; what anybody else asks of the loop comes first. */
    assert_true(sd_event_add_defer(seen->stage.loop, NULL, count_turn, &n_turns) >= 0);
    assert_true(sd_event_run(seen->stage.loop, 0) > 0);
    assert_int_equal(n_turns, 1);
    assert_true(stage_run(&seen->stage, &seen->n_ended, 1));
    assert_true(seen->is_timed_out);
    assert_true(strlen(seen->output) <= AGENT_OUTPUT_MAX);
}

static void a_program_that_cannot_be_executed_says_why(void **state)
{
    struct seen *seen = *state;
    const char *argv[] = {stage_path(&seen->stage, "absent"), NULL};

    start(seen, argv, STAGE_PATIENCE_MS);
    assert_int_equal(seen->n_ended, 0);
    assert_true(stage_run(&seen->stage, &seen->n_ended, 1));
    assert_int_equal(seen->exec_error, ENOENT);
    assert_int_equal(seen->exit_code, -1);
    stage_write(&seen->stage, "locked", "#!/bin/sh\n", 0644);
    argv[0] = stage_path(&seen->stage, "locked");
    start(seen, argv, STAGE_PATIENCE_MS);
    assert_true(stage_run(&seen->stage, &seen->n_ended, 2));
    assert_int_equal(seen->exec_error, EACCES);
}

/* Not everybody may go below the score he was given. */
static bool set_oom_score(const char *score)
{
    FILE *file = fopen("/proc/self/oom_score_adj", "w");

    assert_non_null(file);
    fputs(score, file);
    return fclose(file) == 0;
}

/* 32 and 33 are libc's own, which lets nobody touch them; some parents leave them ignored. */
static bool has_no_signal(const char *status, const char *field)
{
    const char *at = strstr(status, field);

    assert_non_null(at);
    return (strtoull(at + strlen(field), NULL, 16) & ~(3ull << 31)) == 0;
}

static void a_child_begins_with_plain_signals_descriptors_and_session(void **state)
{
    struct seen *seen = *state;
    const char *status[] = {"/bin/cat", "/proc/self/status", "/proc/self/oom_score_adj", NULL};
    const char *files[] = {"/bin/ls", "-l", "/proc/self/fd", NULL};
    sigset_t blocked;
    int leak = dup2(STDERR_FILENO, 77);
    bool may_score;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    signal(SIGPIPE, SIG_IGN);
    may_score = set_oom_score("1");
    start(seen, status, STAGE_PATIENCE_MS);
    set_oom_score("0");
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    assert_true(stage_run(&seen->stage, &seen->n_ended, 1));
    assert_true(has_no_signal(seen->output, "SigBlk:"));
    assert_true(has_no_signal(seen->output, "SigIgn:"));
    if (may_score)
        assert_string_equal(seen->output + strlen(seen->output) - 3, "\n0\n");
    start(seen, files, STAGE_PATIENCE_MS);
    close(leak);
    assert_true(stage_run(&seen->stage, &seen->n_ended, 2));
    assert_non_null(strstr(seen->output, " 0 -> /dev/null"));
    assert_null(strstr(seen->output, " 77 -> "));
    assert_null(strstr(seen->output, " 4 -> "));
}

static void a_child_leads_a_session_of_its_own_and_sees_only_its_environment(void **state)
{
    struct seen *seen = *state;
    const char *session[] = {"/bin/sh", "-c", "cut -d' ' -f 5,6 /proc/$$/stat; echo $$", NULL};
    const char *env[] = {"/usr/bin/env", NULL};
    int group, sid, pid;

    start(seen, session, STAGE_PATIENCE_MS);
    assert_true(stage_run(&seen->stage, &seen->n_ended, 1));
    assert_int_equal(sscanf(seen->output, "%d %d %d", &group, &sid, &pid), 3);
    assert_int_equal(group, pid);
    assert_int_equal(sid, pid);
    start(seen, env, STAGE_PATIENCE_MS);
    assert_true(stage_run(&seen->stage, &seen->n_ended, 2));
    assert_string_equal(seen->output, "PATH=/usr/bin:/bin\n");
}

static void cancelling_kills_and_tells_nobody(void **state)
{
    struct seen *seen = *state;
    struct worker *worker = start_shell(
        seen, "sleep 100 & echo $! >grandchild; echo $$ >child; wait", STAGE_PATIENCE_MS);
    int pid = worker_pid(worker);

    assert_int_equal(stage_read_pid(&seen->stage, "child"), pid);
    worker_cancel(worker);
    stage_run_for(&seen->stage, 100);
    assert_int_equal(seen->n_ended, 0);
    assert_true(process_is_gone(stage_read_pid(&seen->stage, "grandchild")));
    assert_int_equal(kill(pid, 0), -1); /* reaped, not only dead */
}

static void cancelling_without_a_further_turn_of_the_loop_leaks_nothing(void **state)
{
    struct seen *seen = *state;

    worker_cancel(start_shell(seen, "sleep 100", STAGE_PATIENCE_MS));
}

/* Each waits until all are there. */
static void twenty_run_side_by_side(void **state)
{
    struct seen *seen = *state;

    for (int i = 0; i < WORKERS; i++)
        start_shell(seen, STAGE_MEET_ALL, STAGE_PATIENCE_MS);
    assert_true(stage_run(&seen->stage, &seen->n_ended, WORKERS));
    assert_false(seen->is_timed_out);
    assert_int_equal(seen->exit_code, 0);
}

static void one_that_ended_while_we_were_held_up_was_in_time(void **state)
{
    struct seen *seen = *state;

    assert_true(process_is_gone(worker_pid(start_shell(seen, "echo fine; exit 7", 100))));
    usleep(200000);
    assert_true(stage_run(&seen->stage, &seen->n_ended, 1));
    assert_false(seen->is_timed_out);
    assert_int_equal(seen->exit_code, 7);
    assert_string_equal(seen->output, "fine\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(exit_code_and_both_streams_are_told),
        TEST(death_by_a_signal_is_told),
        TEST(a_time_out_kills_grandchildren_that_ignore_sigterm_too),
        TEST(a_daemon_that_holds_the_pipe_holds_up_nobody_and_lives_on),
        TEST(a_daemon_that_prints_without_end_does_not_keep_the_end_from_us),
        TEST(a_reason_survives_the_megabytes_behind_it),
        TEST(half_a_line_is_not_taken_for_a_reason),
        TEST(endless_output_keeps_nobody_from_the_loop),
        TEST(a_program_that_cannot_be_executed_says_why),
        TEST(a_child_begins_with_plain_signals_descriptors_and_session),
        TEST(a_child_leads_a_session_of_its_own_and_sees_only_its_environment),
        TEST(cancelling_kills_and_tells_nobody),
        TEST(cancelling_without_a_further_turn_of_the_loop_leaks_nothing),
        TEST(twenty_run_side_by_side),
        TEST(one_that_ended_while_we_were_held_up_was_in_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
