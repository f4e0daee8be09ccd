/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What people ask for: a request goes out to all members in order, so that any
 * leader knows it; the answer comes back inside the patch that decides it, or
 * as a message of the leader. A request without an answer in time is told so;
 * none is dropped in silence.
 */
#pragma once

#include <jansson.h>

#include "agentd/control.h"
#include "ha/base/err.h"
#include "ha/base/id.h"
#include "ha/base/instant.h"

struct agent;
struct requests;
struct session;

struct requests *requests_new(void);
void requests_free(struct requests *requests);

/*
 * Sends {"kind":kind, ...body} with an id to everybody and remembers who waits.
 * false: not quorate, not in sync; *code is then the exit code. A command with "patience" (ms) is
 * kept and sent later.
 */
bool requests_send(struct agent *agent, struct session *session, int64_t reply_to, json_t *body,
                   int *code, struct err *err);
/* Whether a push would be sent now; false: *code is the exit code. */
bool requests_can_send(const struct agent *agent, int *code, struct err *err);
/*
 * The command that was just sent is followed to this goal once it is accepted. Who waits is also
 * patient with a cluster that has no leader for a while: its command is not refused but kept.
 */
struct goal;
void requests_set_goal(struct agent *agent, const struct session *session, int64_t reply_to,
                       const struct goal *goal);
/* Another ring: who leads it may not know what is waited for; it is told again. */
void requests_ring_changed(struct agent *agent);
/* Patches that came by transfer: what they answer was decided while we were not there. */
void requests_caught_up(struct agent *agent, const json_t *patches);
/* A message with "kind":"command", "push" or "refused" came in, in order. */
void requests_message(struct agent *agent, node_id from, const json_t *message);
/* A patch took effect, or our proposal did not: answers those who wait. */
void requests_committed(struct agent *agent, const json_t *patch, uint64_t version);
void requests_durable(struct agent *agent, uint64_t version);
/* Tells those who waited too long; returns when to look again. */
struct instant requests_expire(struct agent *agent, struct instant now);
/* The session has gone away; nobody waits for its answers. */
void requests_forget(struct agent *agent, struct session *session);

/* The commands that wait for a decision, into the view; oldest first. */
void requests_into_view(struct agent *agent);
/* It waits for its decision, or somebody here for its answer. */
bool requests_has_push(const struct agent *agent, const char *id);
/* The next push that waits, or NULL; borrowed. The leader says when it was decided. */
const json_t *requests_push(const struct agent *agent);
void requests_push_done(struct agent *agent, const char *id);
/* All was read anew: what waited may have happened; it is told again only if it has not. */
void requests_forget_pushes(struct agent *agent);
