/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions about the past: a verb asks the history's reader, and answers its client later. */
#pragma once

#include "agentd/call.h"
#include "quorum/history.h"

struct asking {
    struct asking *next;
    struct agent *agent;
    struct session *session; /* NULL: it has gone meanwhile */
    int64_t id;
    bool follows;
    void *rest; /* of the verb; rest_free: when the asking ends */
    void (*rest_free)(void *rest);
};

/* NULL: this client waits for an answer already, and was told so. */
struct asking *past_begin(const struct call *call, void *rest, void (*rest_free)(void *rest));
/* answer is called with the asking as its context; it asks again or ends it. */
void past_ask(struct asking *asking, const struct question *question, history_answer *answer);
/* The past could not be read: tells the client, ends it. */
void past_fail(struct asking *asking, const struct err *err);
void past_end(struct asking *asking);
