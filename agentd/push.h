/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A policy that somebody pushed: the leader proposes what all members take, or says why not. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "ha/base/instant.h"

struct agent;

/* Puts a text into the patch as the next version of the policy; message: what is said of it. The
 * record names the request, if the patch answers one: "push". */
void push_set_policy(struct agent *agent, json_t *patch, const char *text, const char *author,
                     const char *message);
/* true: a push waited and was proposed or refused. Else wake_at is when to look again. */
bool push_decide(struct agent *agent, struct instant now, struct instant *wake_at);
