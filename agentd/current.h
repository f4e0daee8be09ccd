/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Answers that are current: before what is agreed is shown, a quorum has said that it is still
 * here, so nothing that was acknowledged before the question is missing. Without a quorum, or
 * where it does not answer in time, what this node knows is shown all the same, and why it may be
 * old. Costs a round of small messages.
 */
#pragma once

#include "agentd/call.h"
#include "ha/base/instant.h"

struct current;

/* What is agreed now, as a value; looked at once a quorum is known to be here. */
typedef json_t *current_look(const struct call *call);
/* Takes over what was seen. why_old: NULL if it is current. */
typedef void current_answer(const struct call *call, json_t *seen, const char *why_old);

struct current *current_new(void);
void current_free(struct current *current);
/*
 * answer is called once, now or within a second; never if the session is gone by then. What was
 * seen is on the disks of a quorum by then: nobody sees later that it never was.
 */
void current_ask(const struct call *call, current_look *look, current_answer *answer);
/* The same, once all of it is on this node's disk, too, where the past is read from. */
void current_ask_past(const struct call *call, current_look *look, current_answer *answer);
/* What ends such an answer; NULL says that it is current. */
json_t *current_done(const char *why_old);

/* MEMBER_CURRENT: of this number and those before. */
void current_heard(struct agent *agent, uint64_t number);
/* All records are others now: who has looked at those before looks again. */
void current_again(struct agent *agent);
/* Answers who has waited long enough; returns when to look again. */
struct instant current_turn(struct agent *agent, struct instant now);
void current_forget(struct agent *agent, const struct session *session);
