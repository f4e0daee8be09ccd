/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Why something was decided: a row of reason.def with its arguments. Reasons
 * are values: they travel, replay and can be counted; text is made only where
 * a person reads it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ha/base/id.h"

struct policy;

enum reason_code {
#define REASON(id, text) REASON_##id,
#include "ha/model/reason.def"
#undef REASON
    REASON_CODES
};

/* Words that come from outside, such as an agent's exit reason. */
#define REASON_WORDS_MAX 120

struct reason {
    enum reason_code code;
    node_id node;                 /* {n} */
    node_id other;                /* {m}: a second node */
    service_id with;              /* {s}: another service */
    rule_id rule;                 /* {r}: the rule it comes from, by position in the policy */
    int64_t number;               /* {#}, or {t} as a span of time in ms */
    int32_t line;                 /* of the policy, where one is behind it; else 0 */
    char words[REASON_WORDS_MAX]; /* {w}; {b}: who asked */
};

/* A reason without arguments; the caller sets those that its row names. */
struct reason reason_of(enum reason_code code);
/* One about a node. */
struct reason reason_on(enum reason_code code, node_id node);
/* One sentence without a full stop. policy may be NULL: names show as "?". */
void reason_text(const struct reason *reason, const struct policy *policy, char *text, size_t size);
/* Does its sentence name such a thing: 'r' a rule, 't' a span of time. */
bool reason_names(enum reason_code code, char letter);
/* "NODE_LOST" and back; REASON_CODES if there is no such row. */
const char *reason_name(enum reason_code code);
enum reason_code reason_of_name(const char *name);
