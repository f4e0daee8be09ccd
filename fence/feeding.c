/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The keeper's client: lines out, lines in (fence/README.md has them), nothing
 * queued. What cannot be sent at once is not sent later either, because a feed
 * of a moment ago is worth nothing; the connection is given up instead.
 */
#include "fence/feeding.h"

#include "fence/boottime.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* How long an agent that never named the end of its lease is taken to have one; less than e. */
#define ARM_WITHIN_MS 200
/* Between two attempts to find the keeper. */
#define CONNECT_AGAIN_MS 100

struct feeding {
    struct sockaddr_un address;
    int fd;
    enum feeding_state state;
    enum feeding_state told; /* to the caller of feeding_poll; saying can lose the keeper too */
    struct duration watchdog;
    struct instant until;      /* as told last, whether or not there was a keeper to tell */
    struct instant connect_at; /* not before */
    size_t heard;
    char line[512];
    char problem[512];
    char condemned[256]; /* why, once it was said; a keeper that comes later has to hear it too */
};

struct feeding *feeding_new(const char *path)
{
    struct feeding *feeding = calloc(1, sizeof(*feeding));

    assert(feeding);
    feeding->fd = -1;
    feeding->address.sun_family = AF_UNIX;
    if (strlen(path) < sizeof(feeding->address.sun_path))
        memcpy(feeding->address.sun_path, path, strlen(path) + 1);
    else
        snprintf(feeding->problem, sizeof(feeding->problem),
                 "the path of the keeper's socket is too long: %s", path);
    return feeding;
}

static void lose_keeper(struct feeding *feeding)
{
    if (feeding->fd >= 0)
        close(feeding->fd);
    feeding->fd = -1;
    feeding->heard = 0;
    feeding->state = FEEDING_AWAY;
    feeding->watchdog = duration_ms(0);
}

void feeding_free(struct feeding *feeding)
{
    if (!feeding)
        return;
    lose_keeper(feeding);
    free(feeding);
}

int feeding_fd(const struct feeding *feeding)
{
    return feeding->fd;
}

enum feeding_state feeding_state(const struct feeding *feeding)
{
    return feeding->state;
}

struct duration feeding_watchdog(const struct feeding *feeding)
{
    return feeding->watchdog;
}

const char *feeding_problem(const struct feeding *feeding)
{
    return feeding->problem;
}

static void say(struct feeding *feeding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(struct feeding *feeding, const char *format, ...)
{
    char lines[512];
    va_list args;
    int length;

    if (feeding->fd < 0)
        return;
    va_start(args, format);
    length = vsnprintf(lines, sizeof(lines), format, args);
    va_end(args);
    /* A reason that is too long loses its end, but not the end of its line. */
    if (length >= (int)sizeof(lines)) {
        length = (int)sizeof(lines) - 1;
        lines[length - 1] = '\n';
    }
    if (send(feeding->fd, lines, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL) != length)
        lose_keeper(feeding);
}

void feeding_arm(struct feeding *feeding, const char *device, struct duration watchdog,
                 struct duration lease)
{
    struct instant now = boottime_now();
    struct instant until = feeding->until;

    if (!until.ms)
        until = instant_after(now, duration_ms(ARM_WITHIN_MS));
    say(feeding, "arm %" PRId64 " %" PRId64 " %" PRId64 " %s\n", watchdog.ms, lease.ms, until.ms,
        device);
}

void feeding_disarm(struct feeding *feeding)
{
    say(feeding, "disarm\n");
}

void feeding_feed(struct feeding *feeding, struct instant until)
{
    feeding->until = until;
    if (feeding->state == FEEDING_ARMED && until.ms > 0)
        say(feeding, "alive\nfeed %" PRId64 "\n", until.ms);
    else if (feeding->state != FEEDING_AWAY)
        say(feeding, "alive\n");
}

void feeding_condemn(struct feeding *feeding, const char *why)
{
    if (feeding->condemned[0])
        return;
    snprintf(feeding->condemned, sizeof(feeding->condemned), "%s", why);
    say(feeding, "condemn %s\n", feeding->condemned);
}

static void try_connect(struct feeding *feeding, struct instant now)
{
    if (!instant_reached(now, feeding->connect_at) || !feeding->address.sun_path[0])
        return;
    feeding->connect_at = instant_after(now, duration_ms(CONNECT_AGAIN_MS));
    feeding->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (feeding->fd < 0)
        return;
    if (connect(feeding->fd, (struct sockaddr *)&feeding->address, sizeof(feeding->address)) < 0)
        lose_keeper(feeding);
    else if (feeding->condemned[0])
        say(feeding, "condemn %s\n", feeding->condemned);
}

static void hear_line(struct feeding *feeding, const char *line)
{
    if (strncmp(line, "armed ", 6) == 0) {
        feeding->watchdog = duration_ms(strtoll(line + 6, NULL, 10));
        feeding->state = FEEDING_ARMED;
        feeding->problem[0] = '\0';
    } else if (strcmp(line, "disarmed") == 0) {
        feeding->watchdog = duration_ms(0);
        feeding->state = FEEDING_DISARMED;
    } else if (strcmp(line, "condemned") == 0) {
        feeding->state = FEEDING_CONDEMNED;
    } else if (strncmp(line, "refused ", 8) == 0) {
        snprintf(feeding->problem, sizeof(feeding->problem), "%s", line + 8);
    } else if (strncmp(line, "error ", 6) == 0) {
        snprintf(feeding->problem, sizeof(feeding->problem), "the keeper says: %s", line + 6);
    }
}

/* false: nothing more to read for now, or the keeper is gone. */
static bool hear(struct feeding *feeding)
{
    ssize_t got = recv(feeding->fd, feeding->line + feeding->heard,
                       sizeof(feeding->line) - feeding->heard, MSG_DONTWAIT);
    char *start = feeding->line;
    char *end;

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got <= 0) {
        lose_keeper(feeding);
        return false;
    }
    feeding->heard += (size_t)got;
    while ((end = memchr(start, '\n', feeding->heard - (size_t)(start - feeding->line)))) {
        *end = '\0';
        hear_line(feeding, start);
        start = end + 1;
    }
    feeding->heard -= (size_t)(start - feeding->line);
    memmove(feeding->line, start, feeding->heard);
    if (feeding->heard == sizeof(feeding->line))
        lose_keeper(feeding);
    return feeding->fd >= 0;
}

bool feeding_poll(struct feeding *feeding, struct instant now)
{
    bool has_changed;

    /* That the keeper was lost is told before the next one is looked for. */
    if (feeding->fd < 0 && feeding->told == FEEDING_AWAY)
        try_connect(feeding, now);
    while (feeding->fd >= 0 && hear(feeding))
        continue;
    has_changed = feeding->state != feeding->told;
    feeding->told = feeding->state;
    return has_changed;
}
