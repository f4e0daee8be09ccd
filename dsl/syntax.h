/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tree: close to the text. A node covers tokens, blanks and comments among them, so
 * the text can be had back from any node byte for byte; only what carries meaning has a
 * node of its own. Statements are rows of phrase.def.
 */
#pragma once

#include <stdbool.h>

#include "dsl/lexer.h"

enum syntax_kind {
    SYNTAX_POLICY,
    SYNTAX_BLOCK,  /* its children are statements */
    SYNTAX_BROKEN, /* a statement that nobody knows */
    SYNTAX_NAMES,  /* NAME, NAME */
    SYNTAX_TIERS,  /* NAMES then NAMES */
    SYNTAX_NAME,   /* one word that names something */
    SYNTAX_WORD,   /* one of the words that a statement offers */
    SYNTAX_VALUE,  /* a word or a string */
    SYNTAX_SECRET, /* secret NAME */
#define PHRASE(blocks, word, id, rule, usage) SYNTAX_##id,
#include "dsl/phrase.def"
#undef PHRASE
    SYNTAX_KINDS
};

/* The blocks, as bits: which of them a statement may stand in. */
enum block_kind {
    IN_POLICY = 1 << 0,
    IN_CLUSTER = 1 << 1,
    IN_NODE = 1 << 2,
    IN_QUORUM = 1 << 3,
    IN_FENCING = 1 << 4,
    IN_DEVICE = 1 << 5,
    IN_SCHEDULING = 1 << 6,
    IN_DEFAULTS = 1 << 7,
    IN_SERVICE = 1 << 8,
    IN_DRILL = 1 << 9,
    IN_ALERT = 1 << 10,
    IN_ACCESS = 1 << 11,
    IN_DRILL_FILE = 1 << 12,
    IN_SETTINGS = IN_DEFAULTS | IN_SERVICE,
};

struct syntax {
    enum syntax_kind kind;
    bool is_broken; /* it has been reported; what it says is not to be relied on */
    int first;      /* its tokens: from first up to, not including, end */
    int end;
    struct syntax *child;
    struct syntax *last; /* the last child */
    struct syntax *next;
};

struct tree {
    struct diagnostics *diagnostics;
    struct tokens tokens;
    struct syntax *policy;
    bool is_sure; /* no top-level statement is broken, so every name is known */
};

/* The first part of that kind; NULL if there is none. */
const struct syntax *syntax_part(const struct syntax *node, enum syntax_kind kind);
/* The statements inside its block; NULL if it has none. */
const struct syntax *syntax_inside(const struct syntax *node);
/* Its tokens as text, of the tree's arena; of a leaf its one word. */
const char *syntax_text(const struct tree *tree, const struct syntax *node);
bool syntax_is_string(const struct tree *tree, const struct syntax *node);
struct location syntax_place(const struct tree *tree, const struct syntax *node);
/* The place of a statement's first word. */
struct location syntax_head_place(const struct tree *tree, const struct syntax *node);
/* The place of some bytes inside a node's first token. */
struct location syntax_place_within(const struct tree *tree, const struct syntax *node, int from,
                                    int length);
int syntax_line(const struct tree *tree, const struct syntax *node);
/* How a statement is written; NULL for what is no statement. */
const char *syntax_usage(enum syntax_kind kind);
/* Its first word: "monitor". */
const char *syntax_word(enum syntax_kind kind);
/* The blocks it may stand in, as bits; 0 for what is no statement. */
unsigned syntax_blocks(enum syntax_kind kind);
/* The statement that begins with the word in those blocks; SYNTAX_BROKEN if there is none. */
enum syntax_kind syntax_find(const char *word, unsigned blocks);
