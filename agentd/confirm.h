/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A policy pushed with --confirm: the record {"version":8,"back":7,"text":"of 7","until":ms,
 * "author":"jin","nodes":["alpha"],"errors":["ocf:web"]} goes with it in one patch. Whoever leads
 * deletes it when somebody confirms, or puts the text of before into force as a new version.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "ha/base/instant.h"

struct agent;

/*
 * The record, while its policy is the one in force; NULL: nothing waits. A leader of an older
 * release takes pushes without looking at it, and what it says is then of no policy any more.
 */
const json_t *confirm_waiting(const struct agent *agent);
/* Into the patch that sets the pushed policy. */
void confirm_begin(struct agent *agent, json_t *patch, int64_t span_ms, const char *author);
/* Why nothing else can be pushed now, as an answer; NULL: nothing waits. */
json_t *confirm_in_the_way(const struct agent *agent);
/* What "policy confirm" or "policy abort" asks for; NULL and the problem if nothing waits. */
json_t *confirm_end_patch(struct agent *agent, const json_t *push, json_t **problem);
/* true: it has fallen back, or is about to. Else wake_at is when to look again. */
bool confirm_decide(struct agent *agent, struct instant now, struct instant *wake_at);
