/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs programs side by side in a poll loop of its own; see program.h. */
#include "agentd/metadata/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ha/base/arena.h"
#include "ha/base/text.h"

/* What one program is watched by: its end, its output, its complaints. */
#define WATCHES 3
#define CHUNK 65536
/* Of a program that is dead: its children may go on, and are not listened to. */
#define COMPLAINTS_MAX 64

static long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* In the child: nothing of ours but the two pipes; who started it may die first. */
static void become(const struct program *program, const int *pipes)
{
    struct rlimit none = {0, 0};
    int null = open("/dev/null", O_RDONLY);
    sigset_t all;

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    setrlimit(RLIMIT_CORE, &none);
    if (null >= 0 && dup2(null, 0) == 0 && dup2(pipes[1], 1) == 1 && dup2(pipes[3], 2) == 2 &&
        close_range(3, ~0u, 0) == 0 && chdir("/") == 0)
        execve(program->argv[0], (char *const *)program->argv, (char *const *)program->environment);
    _exit(127);
}

static bool fork_it(struct program *program, const int *pipes)
{
    program->pid = fork();
    if (program->pid == 0)
        become(program, pipes);
    if (program->pid < 0)
        return err_set(&program->err, "cannot start another process: %m");
    /* Both sides do it, so that the group is there whoever comes first. */
    setpgid(program->pid, program->pid);
    program->pidfd = pidfd_open(program->pid, 0);
    if (program->pidfd >= 0)
        return true;
    err_set(&program->err, "cannot watch a process: %m");
    kill(-program->pid, SIGKILL);
    waitpid(program->pid, NULL, 0);
    return false;
}

static bool start(struct program *program, const struct program_limits *limits)
{
    int pipes[4] = {-1, -1, -1, -1};
    bool is_started;

    program->due_ms = now_ms() + limits->timeout_ms;
    if (pipe2(pipes, O_CLOEXEC) == 0 && pipe2(pipes + 2, O_CLOEXEC) == 0)
        is_started = fork_it(program, pipes);
    else
        is_started = err_set(&program->err, "cannot make a pipe: %m");
    for (int i = 0; i < 4; i++) {
        if (pipes[i] >= 0 && (i % 2 == 1 || !is_started))
            close(pipes[i]);
    }
    if (!is_started)
        return false;
    program->output_fd = pipes[0];
    program->complaint_fd = pipes[2];
    fcntl(pipes[0], F_SETFL, O_NONBLOCK);
    fcntl(pipes[2], F_SETFL, O_NONBLOCK);
    return true;
}

/* Waits for the process, which is dead or has just been killed. Its group dies with it. */
static void finish(struct program *program)
{
    int status = 0;

    kill(-program->pid, SIGKILL);
    while (waitpid(program->pid, &status, 0) < 0 && errno == EINTR)
        ;
    close(program->pidfd);
    if (program->output_fd >= 0)
        close(program->output_fd);
    if (program->complaint_fd >= 0)
        close(program->complaint_fd);
    program->pid = 0;
    if (program->err.text[0])
        return;
    program->is_done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (WIFSIGNALED(status))
        err_set(&program->err, "it was killed by signal %d", WTERMSIG(status));
    else if (!program->is_done)
        err_set(&program->err, "it failed with exit code %d%s%s", WEXITSTATUS(status),
                program->complaint[0] ? ": " : "", program->complaint);
}

static void stop(struct program *program, const char *format, long long number)
{
    if (!program->err.text[0])
        err_set(&program->err, format, number);
    finish(program);
}

/* Only what can be shown in a message, and only lines that say something. */
static void take_complaint(struct program *program, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\n') {
            program->line[program->n_line] = '\0';
            if (program->line[strspn(program->line, " ")])
                text_copy(program->complaint, sizeof(program->complaint), program->line);
            program->n_line = 0;
        } else if (program->n_line < sizeof(program->line) - 1) {
            program->line[program->n_line++] = bytes[i] >= ' ' && bytes[i] < 0x7f ? bytes[i] : ' ';
        }
    }
}

/* Ends the watching of a pipe at its end. */
static bool take(int *fd, char *bytes, size_t size, size_t *count)
{
    ssize_t n = *fd >= 0 ? read(*fd, bytes, size) : -1;

    *count = n > 0 ? (size_t)n : 0;
    if (n == 0) {
        close(*fd);
        *fd = -1;
    }
    return n > 0;
}

/* false: there is no more to be had now, or more than may come. */
static bool take_output(struct program *program, size_t bytes_max)
{
    bool is_more;
    size_t count;

    if (program->size - program->length < CHUNK) {
        program->size = 2 * program->size + 2 * CHUNK;
        program->output = xrealloc(program->output, program->size);
    }
    is_more = take(&program->output_fd, program->output + program->length, CHUNK - 1, &count);
    program->length += count;
    return is_more && program->length <= bytes_max;
}

static bool take_complaints(struct program *program)
{
    char bytes[4096];
    size_t count;
    bool is_more = take(&program->complaint_fd, bytes, sizeof(bytes), &count);

    take_complaint(program, bytes, count);
    return is_more;
}

/* A process that has ended has printed all it will; its children's words are not waited for. */
static void drain(struct program *program, size_t bytes_max)
{
    int rounds = 0;

    while (take_output(program, bytes_max))
        ;
    while (rounds++ < COMPLAINTS_MAX && take_complaints(program))
        ;
    take_complaint(program, "\n", 1);
}

static void attend(struct program *program, const struct pollfd *watches,
                   const struct program_limits *limits)
{
    if (watches[1].revents)
        take_output(program, limits->bytes_max);
    if (watches[2].revents)
        take_complaints(program);
    if (watches[0].revents)
        drain(program, limits->bytes_max);
    if (program->length > limits->bytes_max)
        stop(program, "it printed more than %lld bytes", (long long)limits->bytes_max);
    else if (watches[0].revents)
        finish(program);
    else if (now_ms() >= program->due_ms)
        stop(program, "it did not answer within %llds", limits->timeout_ms / 1000);
}

/* Those that run, until one of them has something to say or is late. */
static void wait_for_some(struct program **running, int n_running,
                          const struct program_limits *limits, struct pollfd *watches)
{
    long long due = running[0]->due_ms, now = now_ms();

    for (int i = 0; i < n_running; i++) {
        const struct program *program = running[i];
        struct pollfd *watch = &watches[i * WATCHES];

        due = program->due_ms < due ? program->due_ms : due;
        watch[0] = (struct pollfd){.fd = program->pidfd, .events = POLLIN};
        watch[1] = (struct pollfd){.fd = program->output_fd, .events = POLLIN};
        watch[2] = (struct pollfd){.fd = program->complaint_fd, .events = POLLIN};
    }
    poll(watches, (nfds_t)(n_running * WATCHES), due > now ? (int)(due - now) : 0);
    for (int i = 0; i < n_running; i++)
        attend(running[i], &watches[i * WATCHES], limits);
}

/* Takes those out that have ended. */
static int keep_running(struct program **running, int n_running)
{
    int kept = 0;

    for (int i = 0; i < n_running; i++) {
        if (running[i]->pid > 0)
            running[kept++] = running[i];
    }
    return kept;
}

void programs_run(struct program *programs, int n_programs, const struct program_limits *limits)
{
    size_t at_once = (size_t)limits->at_once;
    struct program **running = xcalloc(at_once, sizeof(*running));
    struct pollfd *watches = xcalloc(at_once * WATCHES, sizeof(*watches));
    long long end = now_ms() + limits->patience_ms;
    int n_running = 0, next = 0;

    while (n_running > 0 || next < n_programs) {
        for (; n_running < limits->at_once && next < n_programs; next++) {
            if (now_ms() >= end)
                err_set(&programs[next].err, "there was no time left to ask it");
            else if (start(&programs[next], limits))
                running[n_running++] = &programs[next];
        }
        if (n_running > 0)
            wait_for_some(running, n_running, limits, watches);
        n_running = keep_running(running, n_running);
    }
    for (int i = 0; i < n_programs; i++) {
        if (programs[i].output)
            programs[i].output[programs[i].length] = '\0';
    }
    free(watches);
    free(running);
}
