/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The control socket: sessions, their lines, their credentials, and who
 * watches. What a verb does is in verbs.c; the protocol is in control.h.
 */
#pragma once

#include <jansson.h>

#include "agentd/control.h"
#include "agentd/peer.h"
#include "ha/base/err.h"

struct agent;
struct control;
struct session;

struct control *control_new(struct agent *agent, const char *path, struct err *err);
void control_free(struct control *control);
/* Something that watchers show has changed; they hear of it within 100 ms. */
void control_changed(struct control *control);
/* A patch took effect, or a request ended: those who follow events hear of it. */
void control_event(struct control *control, const json_t *row);

enum control_role session_role(const struct session *session);
const char *session_user(const struct session *session);
const struct peer *session_peer(const struct session *session);
/* row, done and error take the reference of what they are given. */
void session_row(struct session *session, int64_t id, json_t *row);
void session_done(struct session *session, int64_t id, json_t *members);
void session_error(struct session *session, int64_t id, int code, const char *hint,
                   const char *format, ...) __attribute__((format(printf, 5, 6)));
void session_error_with(struct session *session, int64_t id, json_t *error);
/* From now on this session gets snapshots, or the events that pass; filter: event_filter.h. */
void session_watch(struct session *session, int64_t id);
void session_follow(struct session *session, int64_t id, const json_t *filter);
