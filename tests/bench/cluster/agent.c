/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A node's agent over its control socket, which is reached through a process of the node. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agentd/control.h"
#include "tests/bench/cluster/cluster.h"

#define PATIENCE_MS 10000

struct agent {
    int fd;
    char *bytes;
    size_t length, room, taken; /* the first ones were handed out already */
};

struct agent *agent_open(pid_t node)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct agent *agent = calloc(1, sizeof(*agent));

    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/%d/root%s", (int)node,
             CONTROL_SOCKET);
    agent->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (agent->fd < 0 || connect(agent->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        die("%s: %s", address.sun_path, strerror(errno));
    /* Its greeting. */
    agent_wait_line(agent);
    return agent;
}

void agent_close(struct agent *agent)
{
    close(agent->fd);
    free(agent->bytes);
    free(agent);
}

int agent_fd(const struct agent *agent)
{
    return agent->fd;
}

void agent_say(struct agent *agent, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(agent->fd, text, length, MSG_NOSIGNAL);

        if (sent < 0 && errno != EINTR)
            die("an agent hung up");
        text += sent > 0 ? sent : 0;
        length -= sent > 0 ? (size_t)sent : 0;
    }
}

static const char *take_line(struct agent *agent)
{
    char *begin = agent->bytes + agent->taken;
    char *end =
        agent->length > agent->taken ? memchr(begin, '\n', agent->length - agent->taken) : NULL;

    if (!end)
        return NULL;
    *end = '\0';
    agent->taken = (size_t)(end + 1 - agent->bytes);
    return begin;
}

const char *agent_line(struct agent *agent)
{
    const char *line = take_line(agent);
    ssize_t got;

    if (line)
        return line;
    memmove(agent->bytes, agent->bytes + agent->taken, agent->length - agent->taken);
    agent->length -= agent->taken;
    agent->taken = 0;
    if (agent->room < agent->length + 65536) {
        agent->room = agent->length + 131072;
        agent->bytes = realloc(agent->bytes, agent->room);
    }
    got = recv(agent->fd, agent->bytes + agent->length, agent->room - agent->length, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        die("an agent hung up");
    agent->length += got > 0 ? (size_t)got : 0;
    return take_line(agent);
}

const char *agent_wait_line(struct agent *agent)
{
    int64_t until = clock_us() + PATIENCE_MS * 1000;
    const char *line;

    while (!(line = agent_line(agent))) {
        struct pollfd poller = {.fd = agent->fd, .events = POLLIN};

        if (clock_us() > until)
            die("an agent is silent for %d s", PATIENCE_MS / 1000);
        poll(&poller, 1, 100);
    }
    return line;
}
