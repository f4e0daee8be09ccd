/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Text to tokens. Every byte belongs to exactly one token, blanks, comments and
 * bytes that make no sense included, so that the tokens in a row are the text.
 */
#pragma once

#include <stdbool.h>

#include "dsl/diagnostic.h"

enum token_kind {
    TOKEN_END, /* behind the last byte; empty */
    TOKEN_NEWLINE,
    TOKEN_BLANK,   /* spaces, tabs, carriage returns, a byte order mark */
    TOKEN_COMMENT, /* from # up to the newline */
    TOKEN_WORD,    /* names, numbers, addresses, vm:db[1..2], vm:* */
    TOKEN_STRING,  /* with its quotes */
    TOKEN_COMMA,
    TOKEN_SEMICOLON,
    TOKEN_COLON,
    TOKEN_EQUALS,
    TOKEN_BAR,
    TOKEN_OPEN,  /* { */
    TOKEN_CLOSE, /* } */
    TOKEN_BAD,   /* reported already */
};

struct token {
    enum token_kind kind;
    int offset;
    int length;
    int line; /* from 1 */
};

struct tokens {
    struct token *list;
    int n_list; /* the TOKEN_END included */
};

/* Reports what is no token as T01xx; works in the diagnostics' arena, on its text. */
struct tokens lexer_run(struct diagnostics *diagnostics);

/* Neither blank, comment nor newline. */
bool token_is_significant(const struct token *token);
bool token_is_word(const struct diagnostics *diagnostics, const struct token *token,
                   const char *word);
struct location token_place(const struct diagnostics *diagnostics, const struct token *token);
