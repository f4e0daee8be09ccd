/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Questions about the past, answered by a thread of its own with its own
 * connection to the store's database: a slow or dead disk delays an answer and
 * nobody's beat. The loop asks, is woken through a descriptor, and takes the
 * answers; both from one thread, the loop's.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "ha/base/err.h"
#include "ha/base/limits.h"

struct history;

enum question_kind {
    QUESTION_PATCHES,  /* as store_history: after, subject, limit; by stamp: from_ms, until_ms */
    QUESTION_POLICY,   /* as store_policy: version */
    QUESTION_POLICIES, /* up to version (0: all), without their texts, newest first: limit */
    QUESTION_REQUESTS, /* oldest first, each with its place in time as "when": from_ms, until_ms */
    QUESTION_REQUEST_MARKS, /* requests_marks: from_ms */
    QUESTION_REQUEST_ROWS   /* requests_of_span: from_ms, span, after (an id), limit */
};

struct question {
    enum question_kind kind;
    uint64_t after;
    char subject[SERVICE_NAME_MAX]; /* "": all */
    int limit;
    uint64_t version;
    int64_t from_ms, until_ms; /* 0: no bound */
    int64_t span;
};

/* value: borrowed; NULL: nothing known, and err says why if reading failed. */
typedef void history_answer(void *context, const struct question *question, json_t *value,
                            const struct err *err);

/* path: the store's, opened already by store_open. */
struct history *history_open(const char *path, struct err *err);
void history_close(struct history *history);
/* Readable when there are answers. */
int history_fd(const struct history *history);
/* At once back; answer is called later, from history_answers. */
void history_ask(struct history *history, const struct question *question, history_answer *answer,
                 void *context);
/* One answer a call, so that many of them cannot hold up the loop. */
void history_answers(struct history *history);
