/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Child processes; see worker.h. fork and not vfork: with vfork this process would wait until the
 * program's file is read, and a disk that hangs would hang the agent. That the program could not
 * be executed therefore comes back through a pipe, and is read when the child has gone.
 */
#include "agentd/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agentd/worker_output.h"
#include "ha/base/arena.h"
#include "ha/base/limits.h"
#include "ha/base/log.h"

/* Ends come before requests of people; output comes last, so that a child that prints without
 * end finds its pipe full instead of keeping the loop from anything else. */
#define PRIORITY_END (-50)
#define PRIORITY_OUTPUT 50
#define READ_BYTES 8192
/* The child's own output when it has gone: what a pipe holds. More comes from somebody else. */
#define PIPE_BYTES 65536

struct worker {
    pid_t pid;
    int pidfd;  /* owned by exit_source */
    int output; /* reading ends */
    int status;
    sd_event_source *exit_source;
    sd_event_source *output_source;
    sd_event_source *time_source;
    struct worker_output text;
    int64_t began_ms;
    bool is_timed_out;
    void (*done)(void *context, const struct worker_end *end); /* NULL: nobody waits any more */
    void *context;
};

/* What the child needs, made ready before the fork. */
struct child {
    const char *const *argv;
    const char *const *environment;
    int output; /* writing ends */
    int status;
};

static int64_t clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Down to child_run this is the child: only calls are safe that neither allocate nor lock. */
static bool child_descriptors(struct child *child)
{
    int null;

    child->status = fcntl(child->status, F_DUPFD_CLOEXEC, 10);
    child->output = fcntl(child->output, F_DUPFD_CLOEXEC, 10);
    if (child->status < 0 || child->output < 0)
        return false;
    null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0)
        return false;
    if (dup2(child->output, STDOUT_FILENO) < 0 || dup2(child->output, STDERR_FILENO) < 0)
        return false;
    if (dup3(child->status, 3, O_CLOEXEC) < 0)
        return false;
    child->status = 3;
    return close_range(4, ~0u, 0) == 0;
}

/* The agent is dear to the kernel, its children are like anybody's. */
static void child_oom_score(void)
{
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (file < 0)
        return;
    /* A process that may not lower it keeps what it has. */
    if (write(file, "0", 1) < 0)
        errno = 0;
    close(file);
}

static void child_signals(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        sigaction(number, &plain, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void child_run(struct child *child)
{
    struct sched_param plain = {0};

    setsid();
    sched_setscheduler(0, SCHED_OTHER, &plain);
    setpriority(PRIO_PROCESS, 0, 0);
    umask(022);
    child_oom_score();
    if (chdir("/") == 0 && child_descriptors(child)) {
        child_signals();
        execve(child->argv[0], (char *const *)child->argv, (char *const *)child->environment);
    }
    if (write(child->status, &errno, sizeof(errno)) < 0)
        _exit(126);
    _exit(127);
}

static pid_t fork_child(struct child *child)
{
    sigset_t all, before;
    pid_t pid;

    /* No handler of ours may run in the child. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid == 0)
        child_run(child);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}

static void close_output(struct worker *worker)
{
    worker->output_source = sd_event_source_disable_unref(worker->output_source);
    if (worker->output >= 0)
        close(worker->output);
    worker->output = -1;
}

static void free_worker(void *userdata)
{
    struct worker *worker = userdata;

    close_output(worker);
    if (worker->status >= 0)
        close(worker->status);
    sd_event_source_disable_unref(worker->time_source);
    worker_output_fini(&worker->text);
    free(worker);
}

/* The memory goes with the last source, which may be the one that is calling us. */
static void drop_worker(struct worker *worker)
{
    if (!sd_event_source_get_floating(worker->exit_source)) {
        sd_event_source_disable_unref(worker->exit_source);
        return;
    }
    sd_event_source_set_enabled(worker->exit_source, SD_EVENT_OFF);
    /* The loop had the only reference; this gives it up. */
    sd_event_source_set_floating(worker->exit_source, false);
}

/* Nobody waits for it any more: from here the loop owns it, until the process can be reaped. */
static void detach_worker(struct worker *worker)
{
    worker->done = NULL;
    close_output(worker);
    worker->time_source = sd_event_source_disable_unref(worker->time_source);
    if (!sd_event_source_get_floating(worker->exit_source)) {
        sd_event_source_set_floating(worker->exit_source, true);
        sd_event_source_unref(worker->exit_source);
    }
}

/* Also by pidfd: right after the fork the child may not lead its group yet. */
static void kill_group(const struct worker *worker)
{
    kill(-worker->pid, SIGKILL);
    pidfd_send_signal(worker->pidfd, SIGKILL, NULL, 0);
}

static ssize_t read_output(struct worker *worker)
{
    char bytes[READ_BYTES];
    ssize_t count = read(worker->output, bytes, sizeof(bytes));

    if (count > 0)
        worker_output_add(&worker->text, bytes, (size_t)count);
    return count;
}

static int on_output(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    struct worker *worker = userdata;
    ssize_t count = read_output(worker);

    (void)source, (void)fd, (void)events;
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
        close_output(worker);
    return 0;
}

/* What the process printed before it went is in the pipe; a daemon of its may go on printing. */
static void drain_output(struct worker *worker)
{
    ssize_t count = 1;

    for (size_t total = 0; worker->output >= 0 && count > 0 && total < PIPE_BYTES;) {
        count = read_output(worker);
        total += count > 0 ? (size_t)count : 0;
    }
}

static void finish(struct worker *worker, struct worker_end *end)
{
    if (worker->done) {
        drain_output(worker);
        end->is_timed_out = worker->is_timed_out;
        if (end->is_timed_out || end->exec_error)
            end->exit_code = -1;
        end->output = worker_output_text(&worker->text);
        end->took = duration_ms(clock_ms() - worker->began_ms);
        worker->done(worker->context, end);
    }
}

/* True if the process has gone; end tells how. */
static bool reap(struct worker *worker, struct worker_end *end)
{
    siginfo_t info = {0};

    *end = (struct worker_end){.exit_code = -1};
    if (waitid(P_PIDFD, (id_t)worker->pidfd, &info, WEXITED | WNOHANG) != 0)
        return errno != EINTR;
    if (info.si_pid == 0)
        return false;
    if (info.si_code == CLD_EXITED)
        end->exit_code = info.si_status;
    else
        end->signal = info.si_status;
    if (read(worker->status, &end->exec_error, sizeof(end->exec_error)) < 0)
        end->exec_error = 0;
    return true;
}

static int on_exit_of_child(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    struct worker *worker = userdata;
    struct worker_end end;

    (void)source, (void)fd, (void)events;
    if (!reap(worker, &end))
        return 0;
    finish(worker, &end);
    drop_worker(worker);
    return 0;
}

/* Killed, and still there. The one who waits is told; the zombie is collected whenever it dies. */
static int on_undying(sd_event_source *source, uint64_t now, void *userdata)
{
    struct worker *worker = userdata;
    struct worker_end end = {.exit_code = -1};

    (void)source, (void)now;
    log_error("process %d was killed and is still there after %d ms: it hangs in the kernel, "
              "perhaps on a disk or mount that does not answer",
              (int)worker->pid, WORKER_KILL_GRACE_MS);
    finish(worker, &end);
    detach_worker(worker);
    return 0;
}

static int set_timer(struct worker *worker, int64_t ms, sd_event_time_handler_t handler)
{
    uint64_t usec = ms > 0 ? (uint64_t)ms * 1000 : 0;
    sd_event *loop = sd_event_source_get_event(worker->exit_source);
    int result;

    worker->time_source = sd_event_source_disable_unref(worker->time_source);
    result = sd_event_add_time_relative(loop, &worker->time_source, CLOCK_MONOTONIC, usec, 1000,
                                        handler, worker);
    if (result >= 0)
        sd_event_source_set_priority(worker->time_source, PRIORITY_END);
    return result;
}

static int on_time_up(sd_event_source *source, uint64_t now, void *userdata)
{
    struct worker *worker = userdata;
    struct worker_end end;

    (void)source, (void)now;
    /* If we ourselves were held up, the child may have ended in time. */
    if (reap(worker, &end)) {
        finish(worker, &end);
        drop_worker(worker);
        return 0;
    }
    worker->is_timed_out = true;
    kill_group(worker);
    set_timer(worker, WORKER_KILL_GRACE_MS, on_undying);
    return 0;
}

/* sd-event's way: negative is an errno. */
static int watch_child(struct worker *worker, sd_event *loop, struct duration timeout)
{
    int result = sd_event_add_io(loop, &worker->exit_source, worker->pidfd, EPOLLIN,
                                 on_exit_of_child, worker);

    if (result < 0) {
        close(worker->pidfd);
        return result;
    }
    sd_event_source_set_io_fd_own(worker->exit_source, true);
    sd_event_source_set_destroy_callback(worker->exit_source, free_worker);
    sd_event_source_set_priority(worker->exit_source, PRIORITY_END);
    result =
        sd_event_add_io(loop, &worker->output_source, worker->output, EPOLLIN, on_output, worker);
    if (result < 0)
        return result;
    sd_event_source_set_priority(worker->output_source, PRIORITY_OUTPUT);
    return set_timer(worker, timeout.ms, on_time_up);
}

static void close_pair(const int pair[2])
{
    close(pair[0]);
    close(pair[1]);
}

/* The two pipes and the child at their far ends. */
static bool make_child(struct worker *worker, struct child *child, struct err *err)
{
    int output[2], status[2];

    if (pipe2(output, O_CLOEXEC) != 0)
        return err_set(err, "cannot make a pipe for %s: %m", child->argv[0]);
    if (pipe2(status, O_CLOEXEC) != 0) {
        err_set(err, "cannot make a pipe for %s: %m", child->argv[0]);
        close_pair(output);
        return false;
    }
    fcntl(output[0], F_SETFL, O_NONBLOCK);
    fcntl(status[0], F_SETFL, O_NONBLOCK);
    child->output = output[1];
    child->status = status[1];
    worker->pid = fork_child(child);
    if (worker->pid < 0) {
        err_set(err, "cannot start a process for %s: %m", child->argv[0]);
        close_pair(output);
        close_pair(status);
        return false;
    }
    close(output[1]);
    close(status[1]);
    worker->output = output[0];
    worker->status = status[0];
    return true;
}

struct worker *worker_start(sd_event *loop, const char *const *argv, const char *const *environment,
                            struct duration timeout,
                            void (*done)(void *context, const struct worker_end *end),
                            void *context, struct err *err)
{
    struct child child = {.argv = argv, .environment = environment};
    struct worker *worker = xcalloc(1, sizeof(*worker));
    int result;

    worker->output = worker->status = -1;
    worker->done = done;
    worker->context = context;
    worker->began_ms = clock_ms();
    if (!make_child(worker, &child, err)) {
        free_worker(worker);
        return NULL;
    }
    worker->pidfd = pidfd_open(worker->pid, 0);
    result = worker->pidfd < 0 ? -errno : watch_child(worker, loop, timeout);
    if (result >= 0)
        return worker;
    /* Not watched, so not allowed to run. */
    kill(-worker->pid, SIGKILL);
    kill(worker->pid, SIGKILL);
    waitpid(worker->pid, NULL, 0);
    if (worker->exit_source)
        drop_worker(worker);
    else
        free_worker(worker);
    errno = -result;
    err_set(err, "cannot watch the process of %s: %m", argv[0]);
    return NULL;
}

int worker_pid(const struct worker *worker)
{
    return (int)worker->pid;
}

void worker_cancel(struct worker *worker)
{
    kill_group(worker);
    detach_worker(worker);
}
