/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Three agents with stores on disk, and between them a group that delivers in one order and may
 * lose what is on its way.
 */
#pragma once

#include "agentd/agent.h"
#include "agentd/audit_internal.h"
#include "agentd/control_server.h"
#include "ha/base/json.h"

#define AGENTS 3
#define TIDE_MS 10
/* Only a machine that is stuck needs as long. */
#define PATIENCE 1000

struct session {
    struct peer peer;
};

struct world {
    char folder[64];
    struct agent agents[AGENTS];
    struct session session;
    json_t *line; /* [from, message] on their way */
    json_t *followed[AGENTS];
    int n_delivered, n_mixed;
    int64_t now;
};

extern struct world world;

int begin(void **state);
int end(void **state);
void begin_agent(int which);
void end_agent(int which);

/* One message to all that are here; one answer of each store. */
bool deliver(void);
bool answer_one(void);
/* Until nothing comes any more. */
void settle(void);
void settle_stores(void);
/* Everybody sees another view, and the time for comparing has come. */
void change(void);
void leave(int which);
void come_back(int which);

/* "ha stop SERVICE" comes in at a node: its number there. */
int64_t ask_at(int which, const char *service);
/* It goes to the leader: its id. */
int64_t send_on(int which, int64_t number);
void answer(int which, int64_t number, int code, const char *words);
/* The patch that decides it takes effect wherever somebody is in sync. */
void decide(int64_t id, bool is_accepted, const char *words);

/* What a node would list, off its disk. */
json_t *rows_of(int which);
/* All come to have the same rows, so many. */
void same_everywhere(size_t count);
/* The one row of that service, as this node lists it. */
json_t *row_of(int which, const char *service);
/* "accepted: it is being done" */
const char *outcome(const json_t *row);
