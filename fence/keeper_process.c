/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Setting up, the holder's life, and how holder and worker replace each other. */
#include "fence/keeper_process.h"

#include "fence/boottime.h"
#include "ha/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Above everything ordinary; corosync, without which there is no lease, runs at the top. */
#define KEEPER_PRIORITY 50
/* A worker that dies at once, again and again, must not take the processor away from the rest. */
#define RESTART_MS 100

static bool may_leave(const struct keeper_page *page)
{
    return page->keeper.stage == KEEPER_IDLE || page->keeper.is_condemned;
}

static void take_descriptor(struct keeper_base *base, struct msghdr *message)
{
    struct cmsghdr *control = CMSG_FIRSTHDR(message);

    if (!control || control->cmsg_type != SCM_RIGHTS)
        return;
    if (base->device_fd >= 0)
        close(base->device_fd);
    memcpy(&base->device_fd, CMSG_DATA(control), sizeof(base->device_fd));
}

/* false: the worker is gone. */
static bool hear_worker(struct keeper_base *base)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    char byte = 0;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    ssize_t got = recvmsg(base->peer_fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    if (got == 0)
        return false;
    if (byte == KEEPER_SAYS_HOLD)
        take_descriptor(base, &message);
    if (byte == KEEPER_SAYS_DROP && base->device_fd >= 0) {
        close(base->device_fd);
        base->device_fd = -1;
    }
    return send(base->peer_fd, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

static void hear_signal(struct keeper_base *base)
{
    struct signalfd_siginfo signal;

    if (read(base->signal_fd, &signal, sizeof(signal)) != sizeof(signal))
        return;
    if (may_leave(base->page)) {
        base->page->is_leaving = true;
        return;
    }
    log_warning("the keeper stays: the watchdog %s is armed and would reset this node; "
                "put the node into maintenance or disarm HA first",
                base->page->device);
}

void keeper_hold(struct keeper_base *base, pid_t worker)
{
    struct pollfd fds[] = {{.fd = base->peer_fd, .events = POLLIN},
                           {.fd = base->signal_fd, .events = POLLIN}};
    bool has_worker = true;

    while (has_worker && !base->page->is_leaving) {
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[0].revents)
            has_worker = hear_worker(base);
        if (fds[1].revents)
            hear_signal(base);
    }
    /* With the socket closed a worker that is left looks at is_leaving and ends too. */
    close(base->peer_fd);
    base->peer_fd = -1;
    while (waitpid(worker, NULL, 0) < 0 && errno == EINTR)
        continue;
}

/* After each fork: memory locks are not inherited. */
static void settle(void)
{
    if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
        log_warning("cannot lock the keeper's memory, so it may be swapped out: %m");
}

static void become_urgent(void)
{
    struct sched_param priority = {.sched_priority = KEEPER_PRIORITY};
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (sched_setscheduler(0, SCHED_RR, &priority) < 0)
        log_warning("cannot get real-time priority, so a busy node may be reset: %m");
    if (fd < 0)
        return;
    if (write(fd, "-1000", 5) < 0)
        log_warning("the keeper can be chosen when memory runs out: %m");
    close(fd);
}

/* A reader of our log that hangs must not hang us. */
static void unblock_log(void)
{
    struct stat kind;

    if (fstat(STDERR_FILENO, &kind) < 0 || !(S_ISFIFO(kind.st_mode) || S_ISSOCK(kind.st_mode)))
        return;
    fcntl(STDERR_FILENO, F_SETFL, fcntl(STDERR_FILENO, F_GETFL) | O_NONBLOCK);
}

static int open_signals(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Where there is a keeper at work already we are the spare: we wait until it is gone altogether. */
static bool become_the_only_one(const char *socket_path, struct err *err)
{
    char path[128];
    int fd;

    snprintf(path, sizeof(path), "%s.lock", socket_path);
    fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, "cannot open %s: %m", path);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    log_info("another keeper is at work; waiting for its end");
    while (flock(fd, LOCK_EX) < 0) {
        if (errno != EINTR)
            return err_set(err, "cannot lock %s: %m", path);
    }
    return true;
}

static bool listen_at(struct keeper_base *base, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, base->socket_path, sizeof(address.sun_path));
    unlink(base->socket_path);
    base->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (base->listen_fd < 0 ||
        bind(base->listen_fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        chmod(base->socket_path, 0600) < 0 || listen(base->listen_fd, 4) < 0)
        return err_set(err, "cannot listen at %s: %m", base->socket_path);
    return true;
}

static bool set_up(struct keeper_base *base, const char *socket_path, struct err *err)
{
    *base = (struct keeper_base){.listen_fd = -1, .device_fd = -1, .peer_fd = -1};
    if (strlen(socket_path) >= sizeof(base->socket_path))
        return err_set(err, "the socket's path %s is too long", socket_path);
    memcpy(base->socket_path, socket_path, strlen(socket_path) + 1);
    snprintf(base->agent_path, sizeof(base->agent_path), "%s.agent", socket_path);
    snprintf(base->condemned_path, sizeof(base->condemned_path), "%s.condemned", socket_path);
    unblock_log();
    /* The signals come last: whoever waits for another keeper may be ended like anybody. */
    if (!become_the_only_one(socket_path, err))
        return false;
    base->signal_fd = open_signals();
    base->page =
        mmap(NULL, sizeof(*base->page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (base->signal_fd < 0 || base->page == MAP_FAILED)
        return err_set(err, "cannot set up the keeper: %m");
    base->page->keeper.is_condemned = access(base->condemned_path, F_OK) == 0;
    if (!listen_at(base, err))
        return false;
    become_urgent();
    settle();
    return true;
}

static void pause_ms(int64_t ms)
{
    if (ms > 0)
        poll(NULL, 0, (int)ms);
}

/*
 * One pass is one pair. In the process that was the holder the next pass starts
 * a worker; in the one that was the worker too, for then it is the holder.
 */
static void live(struct keeper_base *base)
{
    while (!base->page->is_leaving) {
        struct instant started = boottime_now();
        int pair[2];
        pid_t worker;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
            pause_ms(RESTART_MS);
            continue;
        }
        worker = fork();
        base->peer_fd = worker == 0 ? pair[1] : pair[0];
        close(worker == 0 ? pair[0] : pair[1]);
        if (worker == 0) {
            settle();
            keeper_work(base);
        } else if (worker > 0) {
            keeper_hold(base, worker);
            pause_ms(RESTART_MS - instant_since(boottime_now(), started).ms);
        } else {
            close(base->peer_fd);
            pause_ms(RESTART_MS);
        }
    }
}

int keeper_run(const char *socket_path)
{
    struct keeper_base base;
    struct err err;

    if (!set_up(&base, socket_path, &err)) {
        log_error("%s", err.text);
        return EXIT_FAILURE;
    }
    log_info("the keeper listens at %s", socket_path);
    live(&base);
    unlink(base.socket_path);
    return EXIT_SUCCESS;
}
