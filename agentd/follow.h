/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who asked for something and waits for its end: this node watches the agreed state for it, tells
 * each step, and says how it ended. It needs no leader, so no change of leader ends it.
 */
#pragma once

#include <jansson.h>

#include "ha/base/id.h"
#include "ha/base/instant.h"
#include "ha/base/limits.h"

struct agent;
struct session;

/* How long --wait without a time waits: a slow stop, a slow start, and some more. */
#define FOLLOW_MS (5 * 60000)

enum goal_kind {
    GOAL_NONE,
    GOAL_STARTED,   /* it runs */
    GOAL_STOPPED,   /* it runs nowhere */
    GOAL_RESTARTED, /* it runs anew */
    GOAL_SETTLED,   /* one of both */
    GOAL_MOVED,     /* it runs on the node, or has its home there */
    GOAL_EMPTY,     /* the node is in maintenance and has no services */
    GOAL_ONLINE,
    GOAL_DISARMED,
    GOAL_ARMED,
};

struct goal {
    enum goal_kind kind;
    char service[SERVICE_NAME_MAX]; /* "" if it is about none */
    char node[NODE_NAME_MAX];
    struct duration patience;
};

/* The command was accepted in the patch that was just applied; it may be reached already. */
void follow_begin(struct agent *agent, struct session *session, int64_t reply_to,
                  const struct goal *goal);
/* A patch was applied, with these events: steps are told, and ends. */
void follow_committed(struct agent *agent, const json_t *rows);
/* Tells those whose patience is over; returns when to look again. */
struct instant follow_expire(struct agent *agent, struct instant now);
void follow_forget(struct agent *agent, const struct session *session);
int follow_count(const struct agent *agent);
/* Nobody is left. */
void follow_end(struct agent *agent);
