/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every member checks a pushed policy before it comes into force. The push reaches all in one
 * order; each checks it on its own node and tells {"kind":"verdict","id":"7","ok":false,"error":
 * {...}}; the leader proposes the patch once every member in sync has accepted. Verdicts are
 * levels: told again in each new group, so whoever leads next knows what the one before knew.
 */
#pragma once

#include <jansson.h>

#include "ha/base/err.h"
#include "ha/base/id.h"
#include "ha/base/instant.h"

struct agent;
struct policy;
struct session;
struct verdicts;

enum trial_state { TRIAL_AWAITED, TRIAL_ACCEPTED, TRIAL_REFUSED };

/* NULL and err: there is no thread to be had. */
struct verdicts *verdicts_new(struct agent *agent, struct err *err);
void verdicts_free(struct verdicts *verdicts);

/* A client's push: sent to all once this node has checked it; keeps a reference of the body. */
void verdict_begin(struct agent *agent, struct session *session, int64_t reply_to, json_t *body);
/* The session has gone: what was not sent yet is not. */
void verdict_forget(struct agent *agent, const struct session *session);
/* A push, or a member's word on one, came in, in order. */
void verdict_pushed(struct agent *agent, const json_t *push);
void verdict_message(struct agent *agent, node_id from, const json_t *message);
/* Who is here has changed: all is told again, and counts only then. */
void verdict_ring_changed(struct agent *agent);
/* Takes what was checked, tells it, forgets what was decided. */
void verdict_turn(struct agent *agent, struct instant now);

/*
 * For the leader: ACCEPTED with the policy, borrowed; REFUSED with a new reference of what the
 * client is told; AWAITED with when to look again though nothing comes.
 */
struct verdict_answer {
    const struct policy *policy;
    json_t *error;
    struct instant wake_at;
};
enum trial_state verdict_on(const struct agent *agent, struct instant now, const char *id,
                            struct verdict_answer *answer);
/* The patch of a push took effect: what was compiled for its check is what knowledge takes. */
void verdict_committed(struct agent *agent, const json_t *patch);
