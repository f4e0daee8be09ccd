/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Walking over the tokens of a text: the next one that counts, and the parts of
 * statements that all grammar rules are made of. What is not as expected is reported
 * once, and false is returned.
 */
#pragma once

#include "dsl/syntax.h"

struct cursor {
    struct diagnostics *diagnostics;
    struct tokens tokens;
    int at;       /* the next token: significant, a newline, or the end */
    int previous; /* the last significant one that was taken; -1 at the start */
    bool is_in_tiers;
    const struct syntax *statement; /* whose usage the hints quote */
    int n_extra_open;               /* "{" that were too many, while their "}" may come */
    int cut_at;                     /* the ";" before which a statement was found unfinished */
    const char *usage;              /* how it is written, where that is known better; NULL */
};

enum token_kind cursor_kind(const struct cursor *cursor);
const char *cursor_text(const struct cursor *cursor);
bool cursor_is_word(const struct cursor *cursor, const char *word);
struct location cursor_place(const struct cursor *cursor);
/* A newline, ";", "}" or the end of the text: the statement is over. */
bool cursor_is_over(const struct cursor *cursor);

/* Goes over blanks and comments to what counts; with newlines where a line goes on. */
void cursor_settle(struct cursor *cursor);
void cursor_settle_over_lines(struct cursor *cursor);
/* Takes the next token, gives its position. A comma takes the end of its line along. */
int cursor_take(struct cursor *cursor);
bool cursor_take_word(struct cursor *cursor, const char *word);

struct syntax *cursor_add(struct cursor *cursor, struct syntax *into, enum syntax_kind kind);
void cursor_finish(const struct cursor *cursor, struct syntax *node);

/* The lexer has reported something in the rest of this statement: one slip, one message. */
bool cursor_is_spoilt(const struct cursor *cursor);
/* What follows on the line is the rest of a statement that a ";" cut in two, told of already. */
bool cursor_is_cut(const struct cursor *cursor);
/* How the statement that is read is written; NULL: it is none. */
const char *cursor_usage(const struct cursor *cursor);
/* Reports that something else was expected here; always false. */
bool cursor_expected(struct cursor *cursor, const char *what);

bool cursor_need(struct cursor *cursor, enum token_kind kind, const char *what);
bool cursor_need_word(struct cursor *cursor, const char *word);
bool cursor_read(struct cursor *cursor, struct syntax *into, enum syntax_kind kind,
                 const char *what);
bool cursor_read_string(struct cursor *cursor, struct syntax *into);
/* "together", "on", ...: no service can be called so, for those have a colon in their names. */
bool cursor_is_word_of_rules(const struct cursor *cursor);
/* One of "a|b|c". */
bool cursor_read_choice(struct cursor *cursor, struct syntax *into, const char *choices);
/* Whether a name follows the comma or word just taken; reported at that one if not. */
bool cursor_has_name(struct cursor *cursor, const char *what);
/* NAME { "," NAME }; where tiers are read, a "then" behind a comma is not a name. */
bool cursor_read_names(struct cursor *cursor, struct syntax *into, const char *what);
