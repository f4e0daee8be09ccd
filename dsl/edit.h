/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One statement of a policy is changed and every other byte of the text is left alone: what
 * the verbs "ha add", "rules set" and their like do. Text in, text out; the statement is laid
 * out as the formatter does it. What would make the policy wrong is refused.
 */
#pragma once

#include "dsl/diagnostic.h"
#include "ha/base/err.h"

enum edit_kind {
    EDIT_SERVICE_ADD,    /* name: SERVICE, SERVICE; words: settings, one behind the other */
    EDIT_SERVICE_SET,    /* the same */
    EDIT_SERVICE_UNSET,  /* words: what settings begin with: "restart", "set" "port" */
    EDIT_SERVICE_REMOVE, /* takes it out of the rules too */
    EDIT_RULE_ADD,       /* name: the rule's; words: its sentence */
    EDIT_RULE_SET,
    EDIT_RULE_REMOVE,
    EDIT_RULE_ENABLE,
    EDIT_RULE_DISABLE,
    EDIT_NODE_ADD, /* name: NODE; words: settings */
    EDIT_NODE_SET,
    EDIT_NODE_UNSET,
    EDIT_NODE_REMOVE, /* rules that name it are not touched: then it is refused */
    EDIT_WITNESS_ADD, /* words: HOST [ffsplit|lms] */
    EDIT_WITNESS_REMOVE,
    EDITS
};

struct edit_request {
    enum edit_kind kind;
    const char *name; /* NULL where the kind has none */
    const char *const *words;
    int n_words;
    const struct catalog *catalog; /* of the agents here; NULL: they are not asked */
};

#define EDIT_SAID_MAX 64

struct edit_result {
    char *text;
    const char *difference;          /* "@ 12", "- old line", "+ new line"; "" if nothing changes */
    const char *said[EDIT_SAID_MAX]; /* what was done, a sentence each */
    int n_said;
    /* Of the new text: what it is refused for, or warnings that the old text did not have. */
    struct diagnostics *diagnostics; /* NULL where there is no new text */
};

/*
 * false: err says why, and the text stays as it is; if there are diagnostics, they are why.
 * Everything lives in the arena; file is for messages.
 */
bool edit_run(struct arena *arena, const char *file, const char *text, size_t length,
              const struct edit_request *request, struct edit_result *result, struct err *err);
