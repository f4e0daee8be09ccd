/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pushed policies are checked here, by a thread of its own: a large text, or an agent that takes
 * its time to say what it knows, delays an answer and nobody's beat. The loop asks, is woken
 * through a descriptor, and takes the answers; both from one thread, the loop's.
 */
#pragma once

#include <jansson.h>

#include "agentd/examine.h"
#include "agentd/settings.h"
#include "ha/base/err.h"

struct checker;

/* What became of one; whoever takes it owns it. */
struct checked {
    json_t *error;       /* NULL: this node takes it */
    struct arena *arena; /* where the policy and its text are; NULL where it does not */
    struct policy *policy;
    char *text;
};

struct checker *checker_new(const struct settings *settings, struct err *err);
/* Does not wait for a check that is under way: the process is about to end. */
void checker_free(struct checker *checker);
/* Readable when there are answers. */
int checker_fd(const struct checker *checker);
/* At once back; all of it is copied. One after the other, in this order. */
void checker_ask(struct checker *checker, uint64_t number, const struct examination *examination);
/* The next answer; false: none yet. */
bool checker_take(struct checker *checker, uint64_t *number, struct checked *checked);
void checked_fini(struct checked *checked);
