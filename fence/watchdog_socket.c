/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A watchdog outside the kernel, for labs and containers: lines to a supervisor
 * that ends the whole node when it is not fed. We say "arm MS", "feed NOW",
 * "disarm", "reset"; it says "armed MS", "disarmed", "refused WORDS", and how
 * things stand as soon as we connect. Closing the connection feeds nothing.
 */
#include "fence/boottime.h"
#include "fence/watchdog.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A supervisor that needs longer than this to answer a line is not one to stake a node on. */
#define ANSWER_MS 500

static bool say(int fd, const char *line, struct err *err)
{
    size_t length = strlen(line);
    ssize_t sent = send(fd, line, length, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (sent == (ssize_t)length)
        return true;
    return err_set(err, "cannot talk to the supervisor of this node: %m");
}

/* The next line, without its end. Byte by byte: there are few, and none may be read too many. */
static bool hear(int fd, char *line, size_t size, struct err *err)
{
    struct instant due = instant_after(boottime_now(), duration_ms(ANSWER_MS));
    size_t length = 0;

    while (length < size - 1) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int64_t left = instant_since(due, boottime_now()).ms;

        if (left < 0 || poll(&ready, 1, (int)left) == 0)
            return err_set(err, "the supervisor of this node does not answer");
        if (recv(fd, line + length, 1, MSG_DONTWAIT) != 1) {
            if (errno == EINTR || errno == EAGAIN)
                continue;
            return err_set(err, "the supervisor of this node closed the connection");
        }
        if (line[length] == '\n')
            break;
        length++;
    }
    line[length] = '\0';
    return true;
}

/* Old answers to feeds are in front of the one we wait for. */
static bool hear_answer(int fd, char *line, size_t size, struct err *err)
{
    do {
        if (!hear(fd, line, size, err))
            return false;
    } while (strcmp(line, "fed") == 0);
    return true;
}

static bool retime(int fd, struct duration *timeout, struct err *err)
{
    char line[256];

    snprintf(line, sizeof(line), "arm %lld\n", (long long)timeout->ms);
    if (!say(fd, line, err) || !hear_answer(fd, line, sizeof(line), err))
        return false;
    if (strncmp(line, "armed ", 6) != 0)
        return err_set(err, "the supervisor of this node says: %s", line);
    timeout->ms = strtoll(line + 6, NULL, 10);
    return timeout->ms > 0 || err_set(err, "the supervisor of this node gives no timeout");
}

static int open_socket(const char *path, struct duration *timeout, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *file = path + strlen("unix:");
    char greeting[256];
    int fd;

    if (strlen(file) >= sizeof(address.sun_path)) {
        err_set(err, "the watchdog's path %s is longer than a socket's can be", file);
        return -1;
    }
    memcpy(address.sun_path, file, strlen(file) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        err_set(err, "cannot connect to the watchdog %s: %m", path);
        goto failed;
    }
    if (!hear(fd, greeting, sizeof(greeting), err))
        goto failed;
    if (strncmp(greeting, "armed ", 6) != 0 && strcmp(greeting, "disarmed") != 0) {
        err_set(err, "the watchdog %s says: %s", path, greeting);
        goto failed;
    }
    if (retime(fd, timeout, err))
        return fd;
failed:
    if (fd >= 0)
        close(fd);
    return -1;
}

/* The supervisor goes by what it was told last; the keeper remembers it too. */
static bool take(int fd, struct duration *timeout, struct err *err)
{
    return retime(fd, timeout, err);
}

static bool feed(int fd, struct err *err)
{
    char line[64];
    char answers[256];

    /* The instant goes along, so that a supervisor that reads it late waits no longer for that. */
    snprintf(line, sizeof(line), "feed %lld\n", (long long)boottime_now().ms);
    if (!say(fd, line, err))
        return false;
    while (recv(fd, answers, sizeof(answers), MSG_DONTWAIT) == (ssize_t)sizeof(answers))
        continue;
    return true;
}

static bool disarm(int fd, struct err *err)
{
    char line[256];

    if (!say(fd, "disarm\n", err) || !hear_answer(fd, line, sizeof(line), err))
        return false;
    if (strcmp(line, "disarmed") != 0)
        return err_set(err, "the supervisor of this node says: %s", line);
    close(fd);
    return true;
}

static void reset(int fd)
{
    say(fd, "reset\n", NULL);
}

const struct watchdog_maker watchdog_socket = {
    .open = open_socket,
    .take = take,
    .retime = retime,
    .feed = feed,
    .disarm = disarm,
    .reset = reset,
};
