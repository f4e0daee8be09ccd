/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON lines over the agent's socket, with bounded waits; see client.h. */
#include "console/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "ha/base/arena.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

struct client {
    int fd;
    int silence_ms; /* the longest wait for the agent to take or begin something */
    json_int_t last_id;
    char *bytes;
    size_t size;    /* of the buffer */
    size_t length;  /* bytes in it */
    size_t scanned; /* of these have no line end */
    char node[NODE_NAME_MAX];
    char cluster[NODE_NAME_MAX];
    char version[32];
    bool is_greeted;
};

static volatile sig_atomic_t never;
static volatile sig_atomic_t *interrupted = &never;

void client_interrupt_by(volatile sig_atomic_t *flag)
{
    interrupted = flag ? flag : &never;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until the socket is ready or the deadline; CLIENT_MESSAGE means ready. */
static enum client_event wait_for(const struct client *client, short events, int64_t deadline_ms,
                                  struct err *err)
{
    for (;;) {
        struct pollfd poller = {.fd = client->fd, .events = events};
        int64_t left = deadline_ms == INT64_MAX ? 0 : deadline_ms - now_ms();
        struct timespec span;
        sigset_t mask;
        int ready;

        if (*interrupted)
            return CLIENT_INTERRUPTED;
        if (left < 0)
            left = 0;
        span = (struct timespec){.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
        sigprocmask(SIG_SETMASK, NULL, &mask);
        sigdelset(&mask, SIGINT);
        sigdelset(&mask, SIGTERM);
        sigdelset(&mask, SIGHUP);
        ready = ppoll(&poller, 1, deadline_ms == INT64_MAX ? NULL : &span, &mask);
        if (ready > 0)
            return CLIENT_MESSAGE;
        if (ready == 0)
            return CLIENT_NOTHING;
        if (errno != EINTR) {
            err_set(err, "cannot wait for the agent: %m");
            return CLIENT_LOST;
        }
    }
}

/* A whole line at the front of the buffer as a value; NULL if it makes no sense. */
static json_t *take_line(struct client *client, size_t length, struct err *err)
{
    json_t *message = json_read(client->bytes, length, err);

    client->length -= length + 1;
    memmove(client->bytes, client->bytes + length + 1, client->length);
    client->scanned = 0;
    if (message && !json_is_object(message)) {
        json_decref(message);
        err_set(err, "not an object");
        message = NULL;
    }
    if (!message)
        err_in(err, "the agent's answer makes no sense (is the other end tenutod?)");
    return message;
}

static bool read_more(struct client *client, struct err *err)
{
    ssize_t count;

    if (client->size - client->length < 4096) {
        if (client->size > CONTROL_LINE_MAX)
            return err_set(err, "the agent sent a line of over %d bytes", CONTROL_LINE_MAX);
        client->size = client->size ? client->size * 2 : 16384;
        client->bytes = xrealloc(client->bytes, client->size);
    }
    count = recv(client->fd, client->bytes + client->length, client->size - client->length,
                 MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (count < 0)
        return err_set(err, "the connection to the agent broke: %m");
    if (count == 0)
        return err_set(err, "the agent closed the connection before it had answered");
    client->length += (size_t)count;
    return true;
}

enum client_event client_next(struct client *client, int timeout_ms, json_t **message,
                              struct err *err)
{
    int64_t deadline_ms = timeout_ms < 0 ? INT64_MAX : now_ms() + timeout_ms;

    for (;;) {
        char *end = client->length > client->scanned ? memchr(client->bytes + client->scanned, '\n',
                                                              client->length - client->scanned)
                                                     : NULL;
        enum client_event event;

        if (end) {
            *message = take_line(client, (size_t)(end - client->bytes), err);
            return *message ? CLIENT_MESSAGE : CLIENT_LOST;
        }
        client->scanned = client->length;
        event = wait_for(client, POLLIN, deadline_ms, err);
        if (event != CLIENT_MESSAGE)
            return event;
        if (!read_more(client, err))
            return CLIENT_LOST;
    }
}

bool client_send(struct client *client, json_t *request, struct err *err)
{
    int64_t deadline_ms = now_ms() + client->silence_ms;
    char *line;
    size_t length, sent = 0;
    bool is_sent = true;

    json_object_set_new(request, "id", json_integer(++client->last_id));
    line = json_write(request);
    length = strlen(line);
    /* The closing NUL makes room for the line's end. */
    line[length++] = '\n';
    while (is_sent && sent < length) {
        ssize_t count = send(client->fd, line + sent, length - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (count >= 0)
            sent += (size_t)count;
        else if (errno != EAGAIN && errno != EINTR)
            is_sent = err_set(err, "the connection to the agent broke: %m");
        else if (wait_for(client, POLLOUT, deadline_ms, err) != CLIENT_MESSAGE)
            is_sent = err_set(err, "the agent does not take the request");
    }
    free(line);
    return is_sent;
}

/* A full backlog means a busy agent, so we come again for a while. */
static bool connect_within(int fd, const struct sockaddr_un *address, int64_t deadline_ms)
{
    while (connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0) {
        struct timespec pause = {.tv_nsec = 20 * 1000000};

        if ((errno != EAGAIN && errno != EINTR) || now_ms() >= deadline_ms || *interrupted)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

static bool connect_to(struct client *client, const char *path, enum control_exit *code,
                       struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *code = CONTROL_EXIT_UNAVAILABLE;
    if (!text_copy(address.sun_path, sizeof(address.sun_path), path))
        return err_set(err, "the socket's path \"%s\" is longer than a socket's path may be", path);
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->fd < 0)
        return err_set(err, "cannot make a socket: %m");
    if (connect_within(client->fd, &address, now_ms() + client->silence_ms))
        return true;
    if (errno == EACCES || errno == EPERM) {
        *code = CONTROL_EXIT_NO_PERMISSION;
        return err_set(err, "you may not talk to the agent at %s: %m", path);
    }
    return err_set(err,
                   "no agent answers at %s: %m. Is tenutod running on this node? "
                   "\"systemctl status tenuto\" says; --socket names another place",
                   path);
}

bool client_greet(struct client *client, const json_t *hello, struct err *err)
{
    int64_t protocol = json_int(hello, "protocol", 0);

    text_copy(client->node, sizeof(client->node), json_text(hello, "node", "?"));
    text_copy(client->cluster, sizeof(client->cluster), json_text(hello, "cluster", ""));
    text_copy(client->version, sizeof(client->version), json_text(hello, "version", "?"));
    client->is_greeted = protocol == CONTROL_PROTOCOL;
    if (!client->is_greeted)
        err_set(err,
                "the agent speaks protocol %lld and this program %d; "
                "install the same version of both",
                (long long)protocol, CONTROL_PROTOCOL);
    return client->is_greeted;
}

static bool read_greeting(struct client *client, const char *path, struct err *err)
{
    json_t *hello = NULL;
    bool is_right;

    switch (client_next(client, client->silence_ms, &hello, err)) {
    case CLIENT_MESSAGE: break;
    case CLIENT_LOST: return err_in(err, "%s", path);
    case CLIENT_INTERRUPTED: return err_set(err, "interrupted");
    case CLIENT_NOTHING:
        return err_set(err,
                       "the agent at %s took the connection but says nothing; it may be stuck: "
                       "see \"journalctl -u tenuto\"",
                       path);
    }
    is_right = client_greet(client, hello, err);
    json_decref(hello);
    return is_right;
}

struct client *client_begin(const char *path, int silence_ms, enum control_exit *code,
                            struct err *err)
{
    struct client *client = xcalloc(1, sizeof(*client));

    client->fd = -1;
    client->silence_ms = silence_ms;
    if (connect_to(client, path, code, err))
        return client;
    client_close(client);
    return NULL;
}

struct client *client_open(const char *path, int silence_ms, enum control_exit *code,
                           struct err *err)
{
    struct client *client = client_begin(path, silence_ms, code, err);

    if (!client || read_greeting(client, path, err))
        return client;
    client_close(client);
    return NULL;
}

bool client_is_greeted(const struct client *client)
{
    return client->is_greeted;
}

void client_close(struct client *client)
{
    if (!client)
        return;
    if (client->fd >= 0)
        close(client->fd);
    free(client->bytes);
    free(client);
}

int client_fd(const struct client *client)
{
    return client->fd;
}

const char *client_node(const struct client *client)
{
    return client->node;
}

const char *client_cluster(const struct client *client)
{
    return client->cluster;
}

const char *client_agent_version(const struct client *client)
{
    return client->version;
}
