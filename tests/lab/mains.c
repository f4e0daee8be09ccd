/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a machine room has and a node cannot touch: the power switch, the
 * watchdog hardware and the network switch. Two processes: a guard that ends
 * the lab and removes its folder, and below it, first process of namespaces of
 * its own ("outside"), the mains. The nodes are its children in namespaces of
 * theirs, so whichever way one of the two ends, the kernel ends all the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Their addresses end in 1 to 32; .254 is outside, the rest is for the tests' services. */
#define LAB_NODES_MAX 32
/* From a reset to the node's first process, in place of firmware and kernel. */
#define BOOT_MS 1000
/* A machine room waits behind nobody, corosync neither: it is what ends the lab. */
#define MAINS_PRIORITY 99

struct node {
    const char *name;
    int number;
    pid_t pid;       /* of its first process; 0: it is off */
    int process;     /* the same as a descriptor */
    bool is_buried;  /* its first process is gone and so are all the others */
    int64_t boot_at; /* 0: not to be switched on */
    /* its watchdog */
    int listen_fd;
    int wd_fd;
    bool is_armed;
    int64_t timeout;
    int64_t fed;
    size_t heard;
    char line[256];
};

static const char *lab;    /* the folder */
static const char *bin;    /* where our programs are */
static const char *source; /* tests/lab */
static struct node nodes[LAB_NODES_MAX];
static int node_count;
static sigset_t signals;

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "lab-mains: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One line in $LAB/events: the observer's record of what the machine room did, and when. */
static void record(const char *what, const char *name)
{
    char path[256];
    char line[256];
    int length = snprintf(line, sizeof(line), "%lld %s %s\n", (long long)now_ms(), what, name);
    int fd;

    snprintf(path, sizeof(path), "%s/events", lab);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, line, (size_t)length) != length)
        perror("lab-mains: events");
    if (fd >= 0)
        close(fd);
}

static int run_switch(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The network switch is a script beside us. */
static int run_switch(const char *format, ...)
{
    char command[1024];
    int length = snprintf(command, sizeof(command), "'%s/switch' ", source);
    va_list args;

    va_start(args, format);
    vsnprintf(command + length, sizeof(command) - (size_t)length, format, args);
    va_end(args);
    return system(command);
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        fail(path);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 8) < 0)
        fail(path);
    return fd;
}

/* ---- power ------------------------------------------------------------------------ */

static _Noreturn void become_node(const struct node *node, int go)
{
    char program[512];
    char number[16];
    char byte;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigprocmask(SIG_UNBLOCK, &signals, NULL);
    if (read(go, &byte, 1) != 1)
        exit(EXIT_FAILURE);
    snprintf(program, sizeof(program), "%s/lab-init", bin);
    snprintf(number, sizeof(number), "%d", node->number);
    execl(program, "lab-init", node->name, number, lab, bin, source, (char *)NULL);
    fail(program);
}

static void power_on(struct node *node)
{
    const long flags =
        CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | SIGCHLD;
    int go[2];

    node->boot_at = 0;
    if (node->pid)
        return;
    node->is_buried = false;
    if (pipe2(go, O_CLOEXEC) < 0)
        fail("pipe");
    fflush(NULL);
    node->pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, 0);
    if (node->pid < 0)
        fail("cannot make a node's namespaces");
    if (node->pid == 0)
        become_node(node, go[0]);
    node->process = (int)syscall(SYS_pidfd_open, node->pid, 0);
    record("on", node->name);
    if (run_switch("plug %d %d", node->number, node->pid) != 0)
        fprintf(stderr, "lab-mains: cannot plug %s into the network\n", node->name);
    if (write(go[1], "g", 1) != 1)
        perror("lab-mains: a node that does not wait");
    close(go[0]);
    close(go[1]);
}

static void hang_up_watchdog(struct node *node)
{
    if (node->wd_fd >= 0)
        close(node->wd_fd);
    node->wd_fd = -1;
    node->heard = 0;
}

/*
 * What "lab exec" ran on a node and whose nsenter was killed is a child of ours now, and until we
 * bury it the node's first process cannot end.
 */
static pid_t bury(int options)
{
    pid_t pid = waitpid(-1, NULL, options);

    for (int i = 0; i < node_count; i++) {
        if (pid > 0 && nodes[i].pid == pid)
            nodes[i].is_buried = true;
    }
    return pid;
}

/*
 * With its first process the kernel kills all the others of the node, and only
 * when the last one is gone can we wait for it: "off" means that nothing runs.
 */
static void power_off(struct node *node)
{
    node->boot_at = 0;
    if (!node->pid)
        return;
    if (!node->is_buried)
        kill(node->pid, SIGKILL);
    while (!node->is_buried) {
        if (bury(0) < 0 && errno != EINTR)
            break;
    }
    close(node->process);
    node->pid = 0;
    node->process = -1;
    node->is_armed = false;
    hang_up_watchdog(node);
    record("off", node->name);
    run_switch("unplug %d", node->number);
}

static void power_cycle(struct node *node, const char *why)
{
    record(why, node->name);
    power_off(node);
    node->boot_at = now_ms() + BOOT_MS;
}

/* ---- the watchdog hardware --------------------------------------------------------- */

static void tell_watchdog(struct node *node, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void tell_watchdog(struct node *node, const char *format, ...)
{
    char line[128];
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (send(node->wd_fd, line, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL) != length)
        hang_up_watchdog(node);
}

static void tell_watchdog_state(struct node *node)
{
    if (node->is_armed)
        tell_watchdog(node, "armed %lld\n", (long long)node->timeout);
    else
        tell_watchdog(node, "disarmed\n");
}

static void watchdog_arm(struct node *node, const char *words)
{
    long long timeout = strtoll(words, NULL, 10);

    if (timeout < 100 || timeout > 600000) {
        tell_watchdog(node, "refused a timeout is between 100 ms and 10 min\n");
        return;
    }
    if (!node->is_armed) {
        node->fed = now_ms();
        record("armed", node->name);
    }
    node->is_armed = true;
    node->timeout = timeout;
    tell_watchdog_state(node);
}

static void watchdog_line(struct node *node, const char *line)
{
    if (strncmp(line, "arm ", 4) == 0) {
        watchdog_arm(node, line + 4);
    } else if (strncmp(line, "feed", 4) == 0) {
        long long said = line[4] == ' ' ? strtoll(line + 5, NULL, 10) : now_ms();

        /* Counted from when it was said, so that our own lateness gives nobody time. */
        if (said > node->fed && said <= now_ms())
            node->fed = said;
        tell_watchdog(node, "fed\n");
    } else if (strcmp(line, "disarm") == 0) {
        if (node->is_armed)
            record("disarmed", node->name);
        node->is_armed = false;
        tell_watchdog_state(node);
    } else if (strcmp(line, "reset") == 0) {
        power_cycle(node, "reset");
    } else {
        tell_watchdog(node, "refused arm MS, feed [NOW], disarm or reset\n");
    }
}

static void watchdog_hear(struct node *node)
{
    ssize_t got =
        recv(node->wd_fd, node->line + node->heard, sizeof(node->line) - node->heard, MSG_DONTWAIT);
    char *end;

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    /* Closing neither feeds nor stops it. */
    if (got <= 0) {
        hang_up_watchdog(node);
        return;
    }
    node->heard += (size_t)got;
    while (node->wd_fd >= 0 && (end = memchr(node->line, '\n', node->heard))) {
        *end = '\0';
        watchdog_line(node, node->line);
        if (node->wd_fd < 0)
            return;
        node->heard -= (size_t)(end + 1 - node->line);
        memmove(node->line, end + 1, node->heard);
    }
    if (node->heard == sizeof(node->line))
        hang_up_watchdog(node);
}

/* Like a device: one at a time. */
static void watchdog_accept(struct node *node)
{
    static const char busy[] = "busy\n";
    int fd = accept4(node->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    /* Whoever had it may be gone without our having looked. */
    if (node->wd_fd >= 0)
        watchdog_hear(node);
    if (node->wd_fd >= 0) {
        send(fd, busy, strlen(busy), MSG_NOSIGNAL | MSG_DONTWAIT);
        close(fd);
        return;
    }
    node->wd_fd = fd;
    tell_watchdog_state(node);
}

/* ---- commands ---------------------------------------------------------------------- */

static struct node *find_node(const char *name)
{
    for (int i = 0; i < node_count; i++) {
        if (name && strcmp(nodes[i].name, name) == 0)
            return &nodes[i];
    }
    return NULL;
}

static void say_status(int fd)
{
    for (int i = 0; i < node_count; i++) {
        const struct node *node = &nodes[i];

        dprintf(fd, "%-10s %-4s watchdog ", node->name, node->pid ? "on" : "off");
        if (node->is_armed)
            dprintf(fd, "%lld ms, fed %lld ms ago\n", (long long)node->timeout,
                    (long long)(now_ms() - node->fed));
        else
            dprintf(fd, "disarmed\n");
    }
}

static bool carry_out(const char *verb, struct node *node, const char *words)
{
    if (strcmp(verb, "on") == 0) {
        power_on(node);
    } else if (strcmp(verb, "off") == 0) {
        record("cut-power", node->name);
        power_off(node);
    } else if (strcmp(verb, "reset") == 0) {
        power_cycle(node, "reset-button");
    } else if (strcmp(verb, "cut") == 0 || strcmp(verb, "mend") == 0) {
        record(verb, node->name);
        return run_switch("%s %d %s", verb, node->number, words) == 0;
    } else {
        return false;
    }
    return true;
}

/* "cut beta link 1 out": the words behind the node go to the switch, so they are checked. */
static bool are_plain(const char *words)
{
    return strspn(words, "abcdefghijklmnopqrstuvwxyz0123456789 ") == strlen(words);
}

static void obey(int fd, char *line)
{
    char *rest = line;
    const char *verb = strsep(&rest, " ");
    struct node *node = find_node(strsep(&rest, " "));

    if (strcmp(verb, "status") == 0)
        say_status(fd);
    else if (!node)
        dprintf(fd, "error: no such node\n");
    else if (strcmp(verb, "pid") == 0)
        dprintf(fd, "%d\n", (int)node->pid);
    else if (!are_plain(rest ? rest : "") || !carry_out(verb, node, rest ? rest : ""))
        dprintf(fd, "error: on, off, reset, pid NODE; cut, mend NODE [link 0|1] [in|out]\n");
    else
        dprintf(fd, "ok\n");
}

static void serve(int listen_fd)
{
    struct timeval patience = {.tv_sec = 1};
    char line[256] = "";
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (recv(fd, line, sizeof(line) - 1, 0) > 0 && strchr(line, '\n')) {
        *strchr(line, '\n') = '\0';
        obey(fd, line);
    }
    close(fd);
}

/* The client's end, for scripts. */
static int say(const char *socket_path, const char *words)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char answer[4096];
    size_t length = 0;
    ssize_t got;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        fail(socket_path);
    dprintf(fd, "%s\n", words);
    while (length < sizeof(answer) - 1 &&
           (got = recv(fd, answer + length, sizeof(answer) - 1 - length, 0)) > 0)
        length += (size_t)got;
    answer[length] = '\0';
    fputs(answer, strncmp(answer, "error", 5) == 0 ? stderr : stdout);
    return length == 0 || strncmp(answer, "error", 5) == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ---- the loop ---------------------------------------------------------------------- */

static int64_t check_node(struct node *node)
{
    int64_t now = now_ms();

    if (node->pid && node->is_armed && now >= node->fed + node->timeout)
        power_cycle(node, "watchdog");
    if (node->boot_at && now >= node->boot_at)
        power_on(node);
    if (node->boot_at)
        return node->boot_at;
    return node->pid && node->is_armed ? node->fed + node->timeout : INT64_MAX;
}

static void poll_once(int commands)
{
    struct pollfd fds[1 + 3 * LAB_NODES_MAX] = {{.fd = commands, .events = POLLIN}};
    int64_t wake = INT64_MAX;
    int64_t left;

    for (int i = 0; i < node_count; i++) {
        int64_t due = check_node(&nodes[i]);

        wake = due < wake ? due : wake;
    }
    for (int i = 0; i < node_count; i++) {
        fds[1 + 3 * i] = (struct pollfd){.fd = nodes[i].listen_fd, .events = POLLIN};
        fds[2 + 3 * i] = (struct pollfd){.fd = nodes[i].wd_fd, .events = POLLIN};
        fds[3 + 3 * i] = (struct pollfd){.fd = nodes[i].process, .events = POLLIN};
    }
    while (bury(WNOHANG) > 0)
        continue;
    left = wake - now_ms();
    if (poll(fds, (nfds_t)(1 + 3 * node_count),
             wake == INT64_MAX ? -1 : (int)(left < 0 ? 0 : left)) <= 0)
        return;
    for (int i = 0; i < node_count; i++) {
        if (fds[2 + 3 * i].revents)
            watchdog_hear(&nodes[i]);
        if (fds[1 + 3 * i].revents)
            watchdog_accept(&nodes[i]);
        /* A first process that ends by itself is a kernel that crashed. */
        if (fds[3 + 3 * i].revents && nodes[i].pid)
            power_cycle(&nodes[i], "crashed");
    }
    if (fds[0].revents)
        serve(commands);
}

static void go_first(void)
{
    struct sched_param priority = {.sched_priority = MAINS_PRIORITY};

    if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &priority) < 0)
        perror("lab-mains: no real-time priority, so resets may come late");
}

static _Noreturn void be_mains(void)
{
    char path[256];
    int commands;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("proc", "/proc", "proc", 0, NULL) < 0 || mount("sysfs", "/sys", "sysfs", 0, NULL) < 0)
        fail("cannot set up the outside");
    if (run_switch("create") != 0)
        fail("cannot make the network");
    go_first();
    for (int i = 0; i < node_count; i++) {
        snprintf(path, sizeof(path), "%s/wd-%s.sock", lab, nodes[i].name);
        nodes[i].listen_fd = listen_at(path);
    }
    snprintf(path, sizeof(path), "%s/mains.sock", lab);
    commands = listen_at(path);
    for (;;)
        poll_once(commands);
}

/* ---- the guard --------------------------------------------------------------------- */

static void write_pid(const char *name, pid_t pid)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", lab, name);
    file = fopen(path, "we");
    if (!file || fprintf(file, "%d\n", (int)pid) < 0 || fclose(file) != 0)
        fail(path);
}

/* Ends the lab when it is told to, when the mains are gone, or when the process it is for is. */
static int be_guard(pid_t mains, pid_t beneficiary)
{
    struct pollfd fds[3] = {
        {.fd = (int)syscall(SYS_pidfd_open, mains, 0), .events = POLLIN},
        {.fd = signalfd(-1, &signals, SFD_CLOEXEC), .events = POLLIN},
        {.fd = beneficiary ? (int)syscall(SYS_pidfd_open, beneficiary, 0) : -1, .events = POLLIN}};

    go_first();
    if (!beneficiary || fds[2].fd >= 0) {
        while (poll(fds, 3, -1) <= 0)
            continue;
    }
    kill(mains, SIGKILL);
    waitpid(mains, NULL, 0);
    execlp("rm", "rm", "-rf", "--one-file-system", lab, (char *)NULL);
    fail("rm");
}

static pid_t start_mains(void)
{
    const long flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | SIGCHLD;
    pid_t mains;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    write_pid("guard.pid", getpid());
    mains = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, 0);
    if (mains < 0)
        fail("cannot make the outside's namespaces (root?)");
    if (mains == 0)
        be_mains();
    write_pid("mains.pid", mains);
    return mains;
}

int main(int argc, char **argv)
{
    pid_t beneficiary;

    if (argc == 4 && strcmp(argv[1], "--say") == 0)
        return say(argv[2], argv[3]);
    if (argc < 6 || argc - 5 > LAB_NODES_MAX) {
        fputs("usage: lab-mains LAB BIN SOURCE PID|0 NODE... | --say SOCKET COMMAND\n", stderr);
        return EXIT_FAILURE;
    }
    lab = argv[1];
    bin = argv[2];
    source = argv[3];
    beneficiary = (pid_t)strtol(argv[4], NULL, 10);
    for (int i = 5; i < argc; i++)
        nodes[node_count++] = (struct node){
            .name = argv[i], .number = i - 4, .process = -1, .wd_fd = -1, .listen_fd = -1};
    return be_guard(start_mains(), beneficiary);
}
