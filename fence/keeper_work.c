/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The worker: hears the agent, asks keeper.c, feeds. Nothing here waits for
 * anybody while the watchdog is armed, save for the answer of a supervisor
 * (watchdog_socket.c, bounded), and nothing allocates.
 */
#include "fence/boottime.h"
#include "fence/keeper_process.h"
#include "fence/watchdog.h"
#include "ha/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How long the holder may take for a byte: it does nothing else, so more means it is stopped. */
#define HOLDER_ANSWER_MS 1000
/* Reads of one turn; an agent that says more than this in a turn is heard on in the next. */
#define READS_MAX 32

struct worker {
    struct keeper_base *base;
    struct keeper *keeper;
    const struct watchdog_maker *watchdog;
    int agent_fd;
    int agent_pidfd;
    pid_t agent_pid;
    size_t heard; /* bytes of a line that is not complete */
    char line[KEEPER_LINE_MAX];
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void drop_agent(struct worker *worker)
{
    close_fd(&worker->agent_fd);
    close_fd(&worker->agent_pidfd);
    worker->heard = 0;
    keeper_agent_went(worker->keeper);
}

static void tell(struct worker *worker, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void tell(struct worker *worker, const char *format, ...)
{
    char line[KEEPER_LINE_MAX];
    va_list args;
    int length;

    if (worker->agent_fd < 0)
        return;
    va_start(args, format);
    length = vsnprintf(line, sizeof(line) - 1, format, args);
    va_end(args);
    if (length > (int)sizeof(line) - 2)
        length = (int)sizeof(line) - 2;
    line[length++] = '\n';
    /* An agent that does not read is one that hangs; what it missed it is told when it connects. */
    if (send(worker->agent_fd, line, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL) != length)
        drop_agent(worker);
}

static void tell_state(struct worker *worker)
{
    const struct keeper *keeper = worker->keeper;

    if (keeper->is_condemned)
        tell(worker, "condemned");
    else if (keeper->stage == KEEPER_ARMED)
        tell(worker, "armed %" PRId64 " %s", keeper->watchdog.ms, worker->base->page->device);
    else
        tell(worker, "disarmed");
}

/* Something for the holder to do; false: it did not answer. */
static bool ask_holder(struct worker *worker, char what, int fd)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec part = {.iov_base = &what, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    struct pollfd ready = {.fd = worker->base->peer_fd, .events = POLLIN};
    char answer;

    if (fd >= 0) {
        struct cmsghdr *head = (struct cmsghdr *)(void *)control;

        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        *head = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
        memcpy(CMSG_DATA(head), &fd, sizeof(fd));
    }
    if (sendmsg(worker->base->peer_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
        return false;
    return poll(&ready, 1, HOLDER_ANSWER_MS) == 1 &&
           recv(ready.fd, &answer, 1, MSG_DONTWAIT) == 1 && answer == what;
}

static void condemn(struct worker *worker, const char *why)
{
    int fd;

    keeper_condemn(worker->keeper);
    log_error("this node is condemned: %s", why);
    fd = open(worker->base->condemned_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close_fd(&fd);
    tell(worker, "condemned");
}

/* Stops the device as far as it can be stopped, in both processes. */
static void disarm(struct worker *worker)
{
    struct keeper_base *base = worker->base;
    struct err err;

    worker->keeper->stage = KEEPER_DISARMING;
    if (base->device_fd < 0 || worker->watchdog->disarm(base->device_fd, &err)) {
        base->device_fd = -1;
        ask_holder(worker, KEEPER_SAYS_DROP, -1);
        keeper_disarmed(worker->keeper, false);
        log_info("disarmed");
        return;
    }
    keeper_disarmed(worker->keeper, true);
    log_warning("%s; the keeper goes on feeding %s", err.text, base->page->device);
}

/* After the device was fed by whatever means: the clock decides whether that was still allowed. */
static void check_feed(struct worker *worker)
{
    if (!keeper_fed(worker->keeper, boottime_now()))
        condemn(worker, "a feed came later than the lease allows");
}

/* Opens the device, and makes sure that the holder has it, before it counts as armed. */
static bool open_watchdog(struct worker *worker, struct keeper_arming *arming, const char *device,
                          struct err *err)
{
    struct keeper_base *base = worker->base;

    worker->watchdog = watchdog_maker_of(device);
    if (!worker->watchdog)
        return err_set(err, "a watchdog is \"/dev/watchdogN\" or \"unix:/path\", not \"%s\"",
                       device);
    memcpy(base->page->device, device, strlen(device) + 1);
    worker->keeper->stage = KEEPER_ARMING;
    base->device_fd = worker->watchdog->open(device, &arming->watchdog, err);
    if (base->device_fd < 0) {
        worker->keeper->stage = KEEPER_IDLE;
        return false;
    }
    if (ask_holder(worker, KEEPER_SAYS_HOLD, base->device_fd))
        return true;
    disarm(worker);
    return err_set(err, "the keeper's second process does not answer");
}

static bool arm(struct worker *worker, struct keeper_arming *arming, const char *device,
                struct err *err)
{
    struct keeper_page *page = worker->base->page;
    struct keeper *keeper = worker->keeper;

    if (strlen(device) >= sizeof(page->device))
        return err_set(err, "the watchdog's path is too long");
    if (!keeper_check_arm(keeper, arming, boottime_now(), err))
        return false;
    if (keeper->stage == KEEPER_IDLE) {
        if (!open_watchdog(worker, arming, device, err))
            return false;
    } else {
        if (strcmp(device, page->device) != 0)
            return err_set(err, "the watchdog %s is armed; disarm before another one is used",
                           page->device);
        if (arming->watchdog.ms != keeper->watchdog.ms &&
            !worker->watchdog->retime(worker->base->device_fd, &arming->watchdog, err))
            return false;
    }
    keeper_armed(keeper, arming, boottime_now());
    check_feed(worker);
    log_info("armed %s: watchdog %" PRId64 " ms, lease %" PRId64 " ms", device, keeper->watchdog.ms,
             keeper->lease.ms);
    return true;
}

/* Reads a number and the blank behind it. */
static bool read_ms(char **at, int64_t *ms)
{
    char *end;

    errno = 0;
    *ms = strtoll(*at, &end, 10);
    if (errno != 0 || end == *at || (*end != ' ' && *end != '\0'))
        return false;
    *at = *end ? end + 1 : end;
    return true;
}

static void hear_arm(struct worker *worker, char *words)
{
    struct keeper_arming arming;
    struct err err;

    if (!read_ms(&words, &arming.watchdog.ms) || !read_ms(&words, &arming.lease.ms) ||
        !read_ms(&words, &arming.until.ms) || !*words)
        tell(worker, "error arm needs WATCHDOG_MS LEASE_MS UNTIL_MS DEVICE");
    else if (!arm(worker, &arming, words, &err))
        tell(worker, "refused %s", err.text);
    else
        tell_state(worker);
}

static void hear_feed(struct worker *worker, char *words)
{
    struct instant until;
    struct err err;

    if (!read_ms(&words, &until.ms) || *words)
        tell(worker, "error feed needs UNTIL_MS");
    else if (!keeper_feed_until(worker->keeper, until, boottime_now(), &err))
        tell(worker, "error %s", err.text);
}

static void hear_alive(struct worker *worker, char *words)
{
    if (*words)
        tell(worker, "error alive takes no words");
    else
        keeper_alive(worker->keeper, boottime_now());
}

static void hear_disarm(struct worker *worker, char *words)
{
    if (*words) {
        tell(worker, "error disarm takes no words");
        return;
    }
    if (worker->keeper->stage == KEEPER_ARMED && !worker->keeper->is_condemned)
        disarm(worker);
    tell_state(worker);
}

static void hear_condemn(struct worker *worker, char *words)
{
    if (!*words)
        tell(worker, "error condemn needs a reason");
    else
        condemn(worker, words);
}

static const struct {
    const char *verb;
    void (*hear)(struct worker *worker, char *words);
} verbs[] = {
    {"arm", hear_arm},       {"feed", hear_feed},       {"alive", hear_alive},
    {"disarm", hear_disarm}, {"condemn", hear_condemn},
};

static void hear_line(struct worker *worker, char *line)
{
    size_t length = strcspn(line, " ");
    char *words = line + length + (line[length] == ' ');

    line[length] = '\0';
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(line, verbs[i].verb) == 0) {
            verbs[i].hear(worker, words);
            return;
        }
    }
    tell(worker, "error unknown verb \"%.40s\"", line);
}

static void hear_lines(struct worker *worker)
{
    char *start = worker->line;
    char *end;

    while (worker->agent_fd >= 0 &&
           (end = memchr(start, '\n', worker->heard - (size_t)(start - worker->line)))) {
        *end = '\0';
        hear_line(worker, start);
        start = end + 1;
    }
    if (worker->agent_fd < 0)
        return;
    worker->heard -= (size_t)(start - worker->line);
    memmove(worker->line, start, worker->heard);
    if (worker->heard < sizeof(worker->line))
        return;
    tell(worker, "error a line is at most %d bytes", KEEPER_LINE_MAX - 1);
    drop_agent(worker);
}

static void hear_agent(struct worker *worker)
{
    for (int i = 0; i < READS_MAX && worker->agent_fd >= 0; i++) {
        ssize_t got = recv(worker->agent_fd, worker->line + worker->heard,
                           sizeof(worker->line) - worker->heard, MSG_DONTWAIT);

        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0) {
            log_info("the agent went away%s",
                     worker->keeper->stage == KEEPER_ARMED ? "; the watchdog counts on" : "");
            drop_agent(worker);
            return;
        }
        worker->heard += (size_t)got;
        hear_lines(worker);
    }
}

static void refuse(int fd, const char *words)
{
    if (send(fd, words, strlen(words), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        errno = 0;
    close(fd);
}

static void accept_agent(struct worker *worker)
{
    struct ucred peer = {0};
    socklen_t length = sizeof(peer);
    int fd = accept4(worker->base->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 ||
        (peer.uid != 0 && peer.uid != geteuid())) {
        refuse(fd, "error only the agent of this node may talk to its keeper\n");
        return;
    }
    /* An agent that connects anew has closed its old connection; perhaps we have not seen it. */
    if (worker->agent_fd >= 0)
        hear_agent(worker);
    if (worker->agent_fd >= 0) {
        refuse(fd, "error there is an agent already\n");
        return;
    }
    close_fd(&worker->agent_pidfd);
    worker->agent_fd = fd;
    worker->agent_pid = peer.pid;
    keeper_note_agent(worker->base, peer.pid);
    worker->agent_pidfd = (int)syscall(SYS_pidfd_open, peer.pid, 0);
    keeper_agent_came(worker->keeper, boottime_now());
    tell_state(worker);
}

static void kill_agent(struct worker *worker)
{
    log_error("the agent (pid %d) made no step for %" PRId64 " ms and is killed",
              (int)worker->agent_pid, instant_since(boottime_now(), worker->keeper->alive).ms);
    if (worker->agent_pidfd < 0 ||
        syscall(SYS_pidfd_send_signal, worker->agent_pidfd, SIGKILL, NULL, 0) < 0)
        log_error("cannot kill the agent: %m");
    drop_agent(worker);
}

static void feed(struct worker *worker)
{
    struct err err;

    /* The clock was last read before we heard the agent. */
    if (!keeper_may_feed(worker->keeper, boottime_now()))
        return;
    if (!worker->watchdog->feed(worker->base->device_fd, &err))
        log_error("%s", err.text);
    check_feed(worker);
}

static void carry_out(struct worker *worker, const struct keeper_orders *orders)
{
    if (orders->why)
        condemn(worker, orders->why);
    if (orders->kill_agent)
        kill_agent(worker);
    if (orders->feed)
        feed(worker);
    if (orders->reset && worker->base->device_fd >= 0) {
        log_error("resetting this node");
        worker->watchdog->reset(worker->base->device_fd);
    }
}

/* One that ran when the keeper before us died has to come to us, or it hangs. */
static void expect_agent(struct worker *worker)
{
    worker->agent_pidfd = keeper_recall_agent(worker->base, &worker->agent_pid);
    if (worker->agent_pidfd >= 0)
        keeper_agent_came(worker->keeper, boottime_now());
}

/* What the worker before us left, at whatever step it died. */
static void take_over(struct worker *worker)
{
    struct keeper_base *base = worker->base;
    struct keeper *keeper = worker->keeper;
    struct err err;

    keeper_agent_went(keeper);
    if (base->device_fd < 0) {
        keeper->stage = KEEPER_IDLE;
        return;
    }
    worker->watchdog = watchdog_maker_of(base->page->device);
    if (keeper->stage == KEEPER_ARMING || keeper->stage == KEEPER_DISARMING)
        disarm(worker);
    else if (keeper->stage == KEEPER_IDLE && ask_holder(worker, KEEPER_SAYS_DROP, -1))
        close_fd(&base->device_fd);
    else if (!worker->watchdog->take(base->device_fd, &keeper->watchdog, &err))
        log_error("%s", err.text);
    else
        log_info("a new worker of the keeper carries on with %s", base->page->device);
}

static int wait_ms(struct instant wake)
{
    int64_t left = instant_since(wake, boottime_now()).ms;

    if (wake.ms == INSTANT_NEVER.ms)
        return -1;
    return left < 0 ? 0 : (int)left;
}

void keeper_work(struct keeper_base *base)
{
    struct worker worker = {
        .base = base, .keeper = &base->page->keeper, .agent_fd = -1, .agent_pidfd = -1};
    struct pollfd fds[3] = {0};

    take_over(&worker);
    expect_agent(&worker);
    while (!fds[0].revents) {
        struct instant now = boottime_now();
        struct keeper_orders orders;
        bool was_condemned;

        /* What was heard comes first: an agent is not hung because we were. */
        if (worker.agent_fd >= 0)
            hear_agent(&worker);
        orders = keeper_turn(worker.keeper, now);
        was_condemned = worker.keeper->is_condemned;
        carry_out(&worker, &orders);
        if (worker.keeper->is_condemned && !was_condemned)
            orders.wake = now;
        fds[0] = (struct pollfd){.fd = base->peer_fd, .events = POLLIN};
        fds[1] = (struct pollfd){.fd = base->listen_fd, .events = POLLIN};
        fds[2] = (struct pollfd){.fd = worker.agent_fd, .events = POLLIN};
        if (poll(fds, 3, wait_ms(orders.wake)) < 0)
            fds[0].revents = 0;
        else if (fds[1].revents)
            accept_agent(&worker);
    }
    drop_agent(&worker);
    close_fd(&base->peer_fd);
}
