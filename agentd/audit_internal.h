/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What audit.c (rows) and audit_share.c (what somebody missed) share. */
#pragma once

#include "agentd/audit.h"

/* A request of one of our clients that has no answer yet. */
struct asked {
    struct asked *next;
    const struct session *session;
    int64_t reply_to;
    json_t *row;
    bool is_sent;  /* to the leader, or told to all */
    bool is_ended; /* the cluster has said how */
};

struct audit {
    struct asked *asked;
    json_t *open; /* rows that all know and whose end has not come; the oldest first */

    /* Requests that are refused here are kept at this pace. */
    struct instant filled_at;
    int64_t credit_ms;
    int n_unkept;

    /* The comparison of this view. */
    uint64_t view; /* counts; answers for an older one are dropped */
    struct instant compare_at;
    json_t *theirs; /* the leader's marks, while ours are read */
    json_t *spans;  /* still to be told to all, the first one from this id on */
    int64_t since, after;
    bool is_reading, is_telling;
};

/* Whether it may be kept and told on: from another node anything may come. */
bool audit_row_is_good(const json_t *row);
/* To whoever looks: screens, and those who follow. */
void audit_show(struct agent *agent, const json_t *row, bool is_news);

/* audit_share.c */
bool audit_tell(struct agent *agent, const json_t *row);
void audit_share_message(struct agent *agent, node_id from, const json_t *message);
