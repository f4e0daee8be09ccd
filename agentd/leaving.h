/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * This node goes: to boot anew, to stay off, or only its agent to be restarted. It tells the
 * others, so that the policy's "shutdown" decides what becomes of its services; when nothing here
 * needs it any more, or at its deadline, the agent ends. The watchdog is closed on the way only if
 * nothing runs here, or if the state knows that it runs on without one. An agent that ends at its
 * deadline with services still here leaves the watchdog armed: then it is the proof for the others.
 */
#pragma once

#include "ha/base/instant.h"
#include "ha/model/policy.h"

struct agent;
struct session;

/*
 * Asked again it goes in the new way, by the new deadline; but who goes down does not come back to
 * a restart of the agent, and says so. The session hears how it goes on.
 */
void leaving_begin(struct agent *agent, enum leaving how, struct duration within,
                   struct session *session, int64_t reply_to);
/* Nothing runs here that the watchdog has to guard, now that we go. */
bool leaving_is_ready(const struct agent *agent);
/* Ends the loop when it is time; returns when to look again. */
struct instant leaving_turn(struct agent *agent, struct instant now);
void leaving_forget(struct agent *agent, const struct session *session);
void leaving_end(struct agent *agent);
