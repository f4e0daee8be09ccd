/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor's end of the protocol, and one loop that lets client and supervisor live. */
#include "tests/unit/fence/rig.h"

#include "fence/boottime.h"
#include "fence/keeper_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(strlen(path) < sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 4), 0);
    return fd;
}

struct rig *rig_new(void)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    assert_non_null(rig);
    /* Whoever loses its parent here comes to us, so that nothing is left behind. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    snprintf(rig->folder, sizeof(rig->folder), "/tmp/keeper.XXXXXX");
    assert_non_null(mkdtemp(rig->folder));
    snprintf(rig->keeper_path, sizeof(rig->keeper_path), "%s/keeper.sock", rig->folder);
    snprintf(rig->device, sizeof(rig->device), "unix:%s/wd.sock", rig->folder);
    rig->device_fd = -1;
    rig->listen_fd = listen_at(rig->device + strlen("unix:"));
    rig->feeding = feeding_new(rig->keeper_path);
    rig_start_keeper(rig);
    return rig;
}

void rig_start_keeper(struct rig *rig)
{
    int log;

    rig->keeper = fork();
    assert_true(rig->keeper >= 0);
    if (rig->keeper > 0)
        return;
    log = getenv("KEEPER_LOG") ? STDERR_FILENO : open("/dev/null", O_WRONLY);
    dup2(log, STDERR_FILENO);
    close(rig->listen_fd);
    if (rig->device_fd >= 0)
        close(rig->device_fd);
    _exit(keeper_run(rig->keeper_path));
}

pid_t rig_child_of(pid_t parent)
{
    char path[64];
    char line[256] = "";
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
    file = fopen(path, "r");
    if (!file)
        return 0;
    if (!fgets(line, sizeof(line), file))
        line[0] = '\0';
    fclose(file);
    return (pid_t)strtol(line, NULL, 10);
}

static void kill_children(void)
{
    pid_t child;

    while ((child = rig_child_of(getpid())) > 0) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
}

void rig_free(struct rig *rig)
{
    static const char *const files[] = {"keeper.sock", "keeper.sock.lock", "keeper.sock.agent",
                                        "keeper.sock.condemned", "wd.sock"};
    char path[128];

    feeding_free(rig->feeding);
    kill_children();
    close(rig->listen_fd);
    if (rig->device_fd >= 0)
        close(rig->device_fd);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", rig->folder, files[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(rig->folder), 0);
    free(rig);
}

static void answer(struct rig *rig, const char *word, int64_t ms)
{
    char line[64];

    snprintf(line, sizeof(line), ms > 0 ? "%s %lld\n" : "%s\n", word, (long long)ms);
    send(rig->device_fd, line, strlen(line), MSG_NOSIGNAL);
}

static void supervise_line(struct rig *rig, const char *line)
{
    if (strncmp(line, "arm ", 4) == 0) {
        rig->is_armed = true;
        rig->arms++;
        rig->timeout_ms = strtoll(line + 4, NULL, 10);
        answer(rig, "armed", rig->timeout_ms);
    } else if (strncmp(line, "feed ", 5) == 0) {
        rig->feeds++;
        rig->fed_ms = strtoll(line + 5, NULL, 10);
        answer(rig, "fed", 0);
    } else if (strcmp(line, "disarm") == 0) {
        rig->is_armed = false;
        rig->disarms++;
        answer(rig, "disarmed", 0);
    } else if (strcmp(line, "reset") == 0) {
        rig->resets++;
    }
}

static void supervise(struct rig *rig)
{
    char lines[1024];
    char *rest = lines;
    char *line;
    ssize_t got = recv(rig->device_fd, lines, sizeof(lines) - 1, MSG_DONTWAIT);

    if (got < 0)
        return;
    if (got == 0) {
        close(rig->device_fd);
        rig->device_fd = -1;
        return;
    }
    lines[got] = '\0';
    while ((line = strsep(&rest, "\n")))
        supervise_line(rig, line);
}

static void step(struct rig *rig, int64_t ms)
{
    struct pollfd fds[] = {{.fd = rig->listen_fd, .events = POLLIN},
                           {.fd = rig->device_fd, .events = POLLIN},
                           {.fd = feeding_fd(rig->feeding), .events = POLLIN}};

    poll(fds, 3, (int)ms);
    if (fds[0].revents && rig->device_fd < 0) {
        rig->device_fd = accept4(rig->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        answer(rig, rig->is_armed ? "armed" : "disarmed", rig->is_armed ? rig->timeout_ms : 0);
    }
    if (rig->device_fd >= 0)
        supervise(rig);
    if (feeding_poll(rig->feeding, boottime_now()) && feeding_state(rig->feeding) == FEEDING_AWAY)
        rig->losses++;
}

void rig_run(struct rig *rig, int64_t ms)
{
    struct instant end = instant_after(boottime_now(), duration_ms(ms));
    int64_t beat = 0;

    while (instant_before(boottime_now(), end)) {
        int64_t now = boottime_now().ms;

        step(rig, 5);
        if (!rig->is_leased || now < beat)
            continue;
        rig->until_ms = now + rig->lease_ms;
        feeding_feed(rig->feeding, (struct instant){rig->until_ms});
        beat = now + 20;
    }
}

void rig_await(struct rig *rig, enum feeding_state state)
{
    for (int i = 0; i < 150 && feeding_state(rig->feeding) != state; i++)
        rig_run(rig, 20);
    assert_int_equal(feeding_state(rig->feeding), state);
}

void rig_await_loss(struct rig *rig)
{
    rig->losses_awaited++;
    for (int i = 0; i < 150 && rig->losses < rig->losses_awaited; i++)
        rig_run(rig, 20);
    assert_int_equal(rig->losses, rig->losses_awaited);
}

void rig_arm(struct rig *rig, int64_t watchdog_ms, int64_t lease_ms)
{
    rig_await(rig, FEEDING_DISARMED);
    rig->lease_ms = lease_ms;
    rig->is_leased = true;
    rig_run(rig, 30);
    feeding_arm(rig->feeding, rig->device, duration_ms(watchdog_ms), duration_ms(lease_ms));
    rig_await(rig, FEEDING_ARMED);
}
