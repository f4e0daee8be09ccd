/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A child that SIGKILL does not end, as one that hangs in the kernel: here the signals get lost,
 * and the time that a worker waits for its end runs fifty times faster.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/worker.h"
#include "ha/base/limits.h"
#include "tests/unit/agentd/stage.h"

static int n_lost;
static int n_ended;
static bool was_timed_out;

/* These stand before the ones of libc and libsystemd. */
int kill(pid_t pid, int number)
{
    (void)pid, (void)number;
    n_lost++;
    return 0;
}

int pidfd_send_signal(int pidfd, int number, siginfo_t *info, unsigned flags)
{
    (void)pidfd, (void)number, (void)info, (void)flags;
    n_lost++;
    return 0;
}

int sd_event_add_time_relative(sd_event *loop, sd_event_source **source, clockid_t clock,
                               uint64_t usec, uint64_t accuracy, sd_event_time_handler_t handler,
                               void *userdata)
{
    uint64_t now;

    sd_event_now(loop, clock, &now);
    if (usec == WORKER_KILL_GRACE_MS * 1000u)
        usec /= 50;
    return sd_event_add_time(loop, source, clock, now + usec, accuracy, handler, userdata);
}

static void note(void *context, const struct worker_end *end)
{
    (void)context;
    n_ended++;
    was_timed_out = end->is_timed_out && end->exit_code == -1;
}

static void the_end_is_told_without_it_and_it_is_reaped_when_it_dies(void **state)
{
    static const char *const argv[] = {"/bin/sleep", "100", NULL};
    static const char *const environment[] = {NULL};
    struct err err = {""};
    struct worker *worker;
    struct stage stage;
    int pid;

    (void)state;
    stage_open(&stage);
    worker = worker_start(stage.loop, argv, environment, duration_ms(100), note, NULL, &err);
    assert_non_null(worker);
    pid = worker_pid(worker);
    assert_true(stage_run(&stage, &n_ended, 1));
    assert_true(was_timed_out);
    assert_true(n_lost >= 2);
    assert_int_equal(syscall(SYS_kill, pid, SIGKILL), 0);
    stage_run_for(&stage, 100);
    assert_int_equal(n_ended, 1);
    assert_int_equal(syscall(SYS_kill, pid, 0), -1);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_is_told_without_it_and_it_is_reaped_when_it_dies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
