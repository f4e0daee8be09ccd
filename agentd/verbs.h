/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each verb of the control protocol does; one short function a verb, one row of verbs.def. */
#pragma once

#include <jansson.h>

struct agent;
struct session;

void verb_run(struct agent *agent, struct session *session, const json_t *request);
/* {"status":…,"nodes":[…],"services":[…],"events":[…],"now":…}: all that a screen needs. */
json_t *verb_snapshot(struct agent *agent);
/* The rows of one patch for people: what changed, why, by whom; a new array. */
json_t *verb_events_of(const json_t *patch);
/* Decisions that were not made here, or not in this life, for screens. */
void verbs_remember(struct agent *agent, const json_t *patches);
/* The session is gone: what was asked for it is answered to nobody. verbs_end: nobody is left. */
void verbs_end(struct agent *agent);
void verbs_forget(struct agent *agent, const struct session *session);
