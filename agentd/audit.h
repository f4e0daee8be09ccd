/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who asked for what, from where, and what became of it: a row for each request that changes
 * something or asks to, on every node. A request that goes to the leader carries its row, so that
 * every member writes it where it is delivered, and the patch that answers it its end: whoever dies
 * meanwhile, the others have both. One that was refused on its way is told by its node. What was
 * missed is made good after each change of view (audit_share.c).
 *
 * A row: {"id","at","node","uid","user","pid","program","login","from","terminal","by","ssh",
 *         "verb","args","options","unkept","minor",
 *         "end":{"rank","ok","code","words","stamp"}}
 * uid, pid and login are the kernel's word, from and terminal logind's; by and ssh are what the
 * client says of itself. An end of rank 2 is the cluster's, one of rank 1 that of the node asked.
 * Texts of policies are left out, and whatever else is not named in audit.c.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "ha/base/id.h"
#include "ha/base/instant.h"

struct agent;
struct audit;
struct session;

struct audit *audit_new(void);
void audit_free(struct audit *audit);
/* The newest rows of the life before, for screens. */
void audit_recall(struct agent *agent);

/* A request comes in that is kept; verb: its name. Then it is done, or refused, or goes on. */
void audit_begin(struct agent *agent, struct session *session, const json_t *request,
                 const char *verb);
/* Its verb has returned: one that goes on is known to all from now on. */
void audit_begun(struct agent *agent, const struct session *session, int64_t reply_to);
/* It goes to the leader in this body: under the id of its row, which goes with it. */
void audit_sent(struct agent *agent, const struct session *session, int64_t reply_to, json_t *body);
/* The last line that its client gets: a "done", or an "error". */
void audit_answered(struct agent *agent, const struct session *session, int64_t reply_to,
                    const json_t *line);
/* The client has gone. */
void audit_forget(struct agent *agent, const struct session *session);

/* Any message of a member, in order. */
void audit_message(struct agent *agent, node_id from, const json_t *message);
void audit_committed(struct agent *agent, const json_t *patch);
/* Patches that came by transfer. */
void audit_caught_up(struct agent *agent, const json_t *patches);
/* Who is here has changed: what somebody missed is looked for, soon. */
void audit_changed(struct agent *agent);
struct instant audit_turn(struct agent *agent, struct instant now);

/* A row as an event for people; NULL: it cannot be read. */
json_t *audit_event(const json_t *row);
