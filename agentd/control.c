/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sessions: lines in, lines out, never waiting for a slow client; see control_server.h. */
#include "agentd/control_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agentd/agent.h"
#include "agentd/audit.h"
#include "agentd/current.h"
#include "agentd/event_filter.h"
#include "agentd/follow.h"
#include "agentd/leaving.h"
#include "agentd/requests.h"
#include "agentd/verbs.h"
#include "agentd/verdict.h"
#include "ha/base/json.h"
#include "ha/base/log.h"
#include "ha/base/text.h"
#include "ha/base/version.h"

/* A client that does not read is let go when so much waits for it. */
#define OUT_MAX (32u * 1024 * 1024)
/* Watchers hear of changes at most so often. */
#define WATCH_EVERY_MS 100
/* After the agent's own turn, which has priority 0: clients must not keep it from its beats. */
#define PRIORITY_CLIENTS 20

struct buffer {
    char *bytes;
    size_t length, room;
};

struct session {
    struct session *next;
    struct control *control;
    int fd;
    sd_event_source *source, *behind; /* behind: a whole line waits for the next turn */
    struct buffer in, out;
    enum control_role role;
    struct peer peer;
    int64_t watch_id, follow_id; /* 0: does not */
    json_t *filter;              /* what it follows; NULL: all */
    bool is_dead;                /* to be freed when no handler is on the stack */
};

struct control {
    struct agent *agent;
    int fd;
    char path[108];
    sd_event_source *source, *timer, *reaper;
    struct session *sessions;
    int n_sessions;
    bool is_changed;
};

static void buffer_add(struct buffer *buffer, const char *bytes, size_t length)
{
    if (buffer->length + length > buffer->room) {
        buffer->room = (buffer->length + length) * 2;
        buffer->bytes = xrealloc(buffer->bytes, buffer->room);
    }
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
}

static void buffer_drop(struct buffer *buffer, size_t length)
{
    memmove(buffer->bytes, buffer->bytes + length, buffer->length - length);
    buffer->length -= length;
}

static void session_end(struct session *session)
{
    if (session->is_dead)
        return;
    session->is_dead = true;
    session->source = sd_event_source_disable_unref(session->source);
    session->behind = sd_event_source_disable_unref(session->behind);
    sd_event_source_set_enabled(session->control->reaper, SD_EVENT_ONESHOT);
}

/*
 * Nobody waits for it any more. Not from session_end: a session dies while somebody answers it,
 * who holds what would be freed here.
 */
static void session_forget(struct agent *agent, struct session *session)
{
    audit_forget(agent, session);
    requests_forget(agent, session);
    verdict_forget(agent, session);
    verbs_forget(agent, session);
    current_forget(agent, session);
    follow_forget(agent, session);
    leaving_forget(agent, session);
}

/* Between two events nobody holds a session: now the dead can go. */
static int reap(sd_event_source *source, void *context)
{
    struct control *control = context;

    (void)source;
    for (struct session **link = &control->sessions; *link;) {
        struct session *session = *link;

        if (!session->is_dead) {
            link = &session->next;
            continue;
        }
        *link = session->next;
        control->n_sessions--;
        session_forget(control->agent, session);
        close(session->fd);
        free(session->in.bytes);
        free(session->out.bytes);
        json_decref(session->filter);
        free(session);
    }
    return 0;
}

static bool session_is_behind(const struct session *session)
{
    return session->in.length && memchr(session->in.bytes, '\n', session->in.length);
}

/* Who is behind with his own requests is not read from: what he sends waits in his socket. */
static void session_listen(struct session *session)
{
    bool is_behind = session_is_behind(session);

    sd_event_source_set_io_events(session->source,
                                  (is_behind ? 0u : (uint32_t)EPOLLIN) |
                                      (session->out.length ? (uint32_t)EPOLLOUT : 0u));
    sd_event_source_set_enabled(session->behind, is_behind ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static void session_flush(struct session *session)
{
    while (session->out.length) {
        ssize_t sent = send(session->fd, session->out.bytes, session->out.length, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            break;
        if (sent < 0) {
            session_end(session);
            return;
        }
        buffer_drop(&session->out, (size_t)sent);
    }
    session_listen(session);
}

static void session_send(struct session *session, json_t *line)
{
    char *text;

    if (session->is_dead) {
        json_decref(line);
        return;
    }
    text = json_write(line);
    json_decref(line);
    buffer_add(&session->out, text, strlen(text));
    buffer_add(&session->out, "\n", 1);
    free(text);
    if (session->out.length > OUT_MAX) {
        log_warning("a client of %s does not read and is let go", session->peer.user);
        session_end(session);
        return;
    }
    session_flush(session);
}

enum control_role session_role(const struct session *session)
{
    return session->role;
}

const char *session_user(const struct session *session)
{
    return session->peer.user;
}

const struct peer *session_peer(const struct session *session)
{
    return &session->peer;
}

void session_row(struct session *session, int64_t id, json_t *row)
{
    session_send(session, json_pack("{s:I,s:o}", "id", (json_int_t)id, "row", row));
}

void session_done(struct session *session, int64_t id, json_t *members)
{
    json_t *line = members ? members : json_object();

    json_object_set_new(line, "id", json_integer(id));
    json_object_set_new(line, "done", json_true());
    audit_answered(session->control->agent, session, id, line);
    session_send(session, line);
}

void session_error(struct session *session, int64_t id, int code, const char *hint,
                   const char *format, ...)
{
    json_t *line = json_object();
    char words[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    json_object_set_new(line, "error", json_string(words));
    json_object_set_new(line, "code", json_integer(code));
    if (hint)
        json_object_set_new(line, "hint", json_string(hint));
    session_error_with(session, id, line);
}

void session_error_with(struct session *session, int64_t id, json_t *error)
{
    json_t *line = error ? error : json_object();

    json_object_set_new(line, "id", json_integer(id));
    audit_answered(session->control->agent, session, id, line);
    session_send(session, line);
}

void session_watch(struct session *session, int64_t id)
{
    session->watch_id = id;
    session_row(session, id, verb_snapshot(session->control->agent));
}

void session_follow(struct session *session, int64_t id, const json_t *filter)
{
    json_decref(session->filter);
    session->filter = json_deep_copy(filter);
    session->follow_id = id;
}

static void session_cancel(struct session *session, const json_t *request)
{
    int64_t id = json_int(request, "id", 0);
    const char *which = json_string_value(json_array_get(json_object_get(request, "args"), 0));
    int64_t stream = which ? strtoll(which, NULL, 10) : 0;

    if (stream == session->watch_id)
        session->watch_id = 0;
    if (stream == session->follow_id)
        session->follow_id = 0;
    session_done(session, id, NULL);
}

static void session_line(struct session *session, const char *line, size_t length)
{
    struct err err = {{0}};
    autojson *request = json_read(line, length, &err);

    if (!request || !json_is_object(request)) {
        session_error(session, 0, CONTROL_EXIT_USAGE, "one JSON object a line: agentd/control.h",
                      "this line cannot be read: %s", request ? "not an object" : err.text);
        return;
    }
    if (strcmp(json_text(request, "verb", ""), "cancel") == 0)
        session_cancel(session, request);
    else
        verb_run(session->control->agent, session, request);
}

/* One request a turn: a hundred in one packet must not keep the agent from its beats. */
static void session_next(struct session *session)
{
    char *end = session->in.length ? memchr(session->in.bytes, '\n', session->in.length) : NULL;

    if (end) {
        size_t length = (size_t)(end - session->in.bytes);

        if (length)
            session_line(session, session->in.bytes, length);
        buffer_drop(&session->in, length + 1);
    } else if (session->in.length > CONTROL_LINE_MAX) {
        session_error(session, 0, CONTROL_EXIT_USAGE, NULL, "a line is longer than %d bytes",
                      CONTROL_LINE_MAX);
        session_end(session);
    }
    if (!session->is_dead)
        session_listen(session);
}

static int on_behind(sd_event_source *source, void *context)
{
    (void)source;
    session_next(context);
    return 0;
}

static int on_session(sd_event_source *source, int fd, uint32_t events, void *context)
{
    struct session *session = context;
    char bytes[8192];
    ssize_t length;

    (void)source;
    if (events & EPOLLOUT)
        session_flush(session);
    if (session->is_dead || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return 0;
    length = recv(fd, bytes, sizeof(bytes), 0);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (length <= 0) {
        session_end(session);
        return 0;
    }
    buffer_add(&session->in, bytes, (size_t)length);
    session_next(session);
    return 0;
}

static uid_t peer_of(int fd)
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t size = sizeof(peer);

    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
    return peer.uid;
}

static void greet(struct session *session)
{
    static const char *const roles[] = {"viewer", "operator", "admin"};
    const struct agent *agent = session->control->agent;

    session_send(session, json_pack("{s:s,s:i,s:s,s:s,s:s,s:s}", "hello", "tenutod", "protocol",
                                    CONTROL_PROTOCOL, "version", TENUTO_VERSION, "node",
                                    agent_node(agent), "cluster",
                                    agent->knowledge.policy ? agent->knowledge.policy->cluster : "",
                                    "role", roles[session->role]));
}

static int on_listener(sd_event_source *source, int listener, uint32_t events, void *context)
{
    struct control *control = context;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct session *session;

    (void)source;
    (void)events;
    if (fd < 0)
        return 0;
    if (control->n_sessions >=
        CONTROL_CLIENTS_MAX - (peer_of(fd) == 0 ? 0 : CONTROL_CLIENTS_FOR_ROOT)) {
        static const char full[] = "{\"error\":\"too many clients\",\"code\":69,"
                                   "\"hint\":\"close some consoles on this node\"}\n";

        (void)!send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL);
        close(fd);
        return 0;
    }
    session = xcalloc(1, sizeof(*session));
    session->control = control;
    session->fd = fd;
    session->next = control->sessions;
    control->sessions = session;
    control->n_sessions++;
    if (sd_event_add_io(control->agent->loop, &session->source, fd, EPOLLIN, on_session, session) <
            0 ||
        sd_event_add_defer(control->agent->loop, &session->behind, on_behind, session) < 0) {
        session_end(session);
        return 0;
    }
    sd_event_source_set_priority(session->source, PRIORITY_CLIENTS);
    /* A defer source never grows younger: at the same priority it would go before all others. */
    sd_event_source_set_priority(session->behind, PRIORITY_CLIENTS + 1);
    peer_read(fd, &session->peer);
    session->role = session->peer.uid == 0 ? ROLE_ADMIN : ROLE_VIEWER;
    greet(session);
    return 0;
}

static int on_watch_timer(sd_event_source *source, uint64_t usec, void *context)
{
    struct control *control = context;
    json_t *snapshot = NULL;

    (void)source;
    (void)usec;
    control->is_changed = false;
    for (struct session *each = control->sessions; each; each = each->next) {
        if (!each->watch_id || each->is_dead)
            continue;
        if (!snapshot)
            snapshot = verb_snapshot(control->agent);
        session_row(each, each->watch_id, json_incref(snapshot));
    }
    json_decref(snapshot);
    return 0;
}

void control_changed(struct control *control)
{
    if (!control || control->is_changed)
        return;
    control->is_changed = true;
    sd_event_source_set_time_relative(control->timer, WATCH_EVERY_MS * 1000);
    sd_event_source_set_enabled(control->timer, SD_EVENT_ONESHOT);
}

void control_event(struct control *control, const json_t *row)
{
    for (struct session *each = control ? control->sessions : NULL; each; each = each->next) {
        if (each->follow_id && !each->is_dead && event_passes(each->filter, row))
            session_row(each, each->follow_id, json_deep_copy(row));
    }
}

/* A socket that an agent before us left is taken away; one that answers is another agent's. */
static bool socket_is_free(const struct sockaddr_un *address, struct err *err)
{
    struct stat status;
    bool is_taken;
    int fd;

    if (lstat(address->sun_path, &status) < 0)
        return errno == ENOENT || err_set(err, "cannot look at %s: %m", address->sun_path);
    if (!S_ISSOCK(status.st_mode))
        return err_set(err, "%s is there and is no socket", address->sun_path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set(err, "cannot make a socket: %m");
    is_taken = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
    close(fd);
    if (is_taken)
        return err_set(err, "another tenutod already listens on %s", address->sun_path);
    unlink(address->sun_path);
    return true;
}

static bool control_listen(struct control *control, const char *path, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char folder[sizeof(address.sun_path)];
    char *slash;

    if (!text_copy(address.sun_path, sizeof(address.sun_path), path))
        return err_set(err, "the socket path %s is too long", path);
    text_copy(folder, sizeof(folder), path);
    slash = strrchr(folder, '/');
    if (slash && slash != folder) {
        *slash = '\0';
        /* Against our umask; a folder that was there is somebody's, and stays as it is. */
        if (mkdir(folder, 0755) == 0)
            chmod(folder, 0755);
    }
    if (!socket_is_free(&address, err))
        return false;
    control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (control->fd < 0 || bind(control->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        chmod(path, 0666) < 0 || listen(control->fd, 16) < 0)
        return err_set(err, "cannot listen on %s: %m", path);
    text_copy(control->path, sizeof(control->path), path);
    return true;
}

struct control *control_new(struct agent *agent, const char *path, struct err *err)
{
    struct control *control = xcalloc(1, sizeof(*control));

    control->agent = agent;
    control->fd = -1;
    if (!control_listen(control, path, err)) {
        control_free(control);
        return NULL;
    }
    if (sd_event_add_io(agent->loop, &control->source, control->fd, EPOLLIN, on_listener, control) <
            0 ||
        sd_event_add_time_relative(agent->loop, &control->timer, CLOCK_BOOTTIME, 0, 0,
                                   on_watch_timer, control) < 0 ||
        sd_event_add_defer(agent->loop, &control->reaper, reap, control) < 0) {
        err_set(err, "cannot watch %s", path);
        control_free(control);
        return NULL;
    }
    return control;
}

void control_free(struct control *control)
{
    if (!control)
        return;
    for (struct session *each = control->sessions; each; each = each->next)
        session_end(each);
    reap(NULL, control);
    sd_event_source_disable_unref(control->source);
    sd_event_source_disable_unref(control->timer);
    sd_event_source_disable_unref(control->reaper);
    if (control->fd >= 0)
        close(control->fd);
    if (control->path[0])
        unlink(control->path);
    free(control);
}
