/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the language server is made of: open texts, the names in them. Internal to this room. */
#pragma once

#include <jansson.h>

#include "dsl/lsp.h"
#include "dsl/resolve.h"
#include "ha/base/err.h"

/* Who is named where. */
enum name_role { NAME_NODE, NAME_LET, NAME_SERVICE, NAME_RULE };

struct mention {
    enum name_role role;
    bool is_definition;
    const char *word; /* as written: a name, a range or a pattern */
    const struct syntax *name;
    const struct syntax *statement; /* the policy's statement it stands in */
};

struct mentions {
    struct mention *list;
    int n_list;
    int size;
};

struct document {
    struct document *next;
    char *uri;
    char *text;
    size_t length;
    json_int_t version;
    bool is_published; /* what is wrong with this text has been said */
    bool is_utf8;      /* columns are bytes, not units of UTF-16 */
    bool is_drill;     /* a rehearsal in a file of its own, not a policy */
    const struct catalog *catalog;
    struct arena *arena; /* everything below; NULL until somebody asks */
    struct resolution *resolution;
    struct diagnostics *diagnostics;
    const struct tree *tree; /* NULL if the text is too long */
    struct mentions mentions;
    bool has_mentions;
    int *lines; /* where each begins */
    int n_lines;
};

struct lsp {
    lsp_send_fn *send;
    void *context;
    json_t *waiting;
    struct document *documents;
    const struct catalog *catalog; /* NULL: nothing is known of agents */
    bool is_initialized;
    bool is_utf8;
    bool is_shut_down;
    bool is_over;
};

/* lsp_document.c */
struct document *document_find(const struct lsp *lsp, const json_t *params);
bool document_open(struct lsp *lsp, const json_t *params);
bool document_change(struct lsp *lsp, const json_t *params);
void document_close(struct lsp *lsp, const char *uri);
/* Reads and checks the text, if that was not done since it changed. */
void document_read(struct document *document);
json_t *document_position(const struct document *document, int offset);
json_t *document_range(const struct document *document, int from, int to);
json_t *document_edit(const struct document *document, int from, int to, const char *text);
/* The place of {"line","character"}, bent into the text. */
int document_offset(const struct document *document, const json_t *position);

/* lsp_names.c. Of the text as it was read; counted once. */
const struct mentions *mentions_of(struct document *document);
/* The mention at that place; NULL if there is none. */
const struct mention *mentions_at(const struct document *document, const struct mentions *mentions,
                                  int offset);
/* A name written out, so neither a range nor a pattern. */
bool mention_is_plain(const struct mention *mention);
/* Whether it means that thing of that role, by name, by range or by pattern. */
bool mention_means(const struct mention *mention, enum name_role role, const char *name);

/* lsp_agents.c: what agents say, where a text speaks of them. */
/* The place that something is to be completed at, in the text up to there. */
struct completion {
    const struct tree *tree;
    const struct syntax *statement; /* that the text breaks off in or behind; may be NULL */
    const char *expected;           /* what the grammar wants there; may be NULL */
    int offset;
};
/* false: this is no place for it. */
bool lsp_agent_complete(struct document *document, json_t *items,
                        const struct completion *completion);
/* NULL: there is nothing about an agent there. */
json_t *lsp_agent_hover(const struct document *document, int offset);
/* lsp_hover.c: words about that node of the tree. */
json_t *lsp_markdown(const struct document *document, const struct syntax *at, const char *text);

/* The requests: NULL is an answer, too; with err filled it is a refusal. */
typedef json_t *lsp_answer_fn(struct document *document, const json_t *params, struct err *err);
lsp_answer_fn lsp_completion, lsp_hover, lsp_definition, lsp_references, lsp_prepare_rename,
    lsp_rename, lsp_formatting, lsp_code_action;
