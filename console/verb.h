/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verbs as a table, made from agentd/verbs.def: finding one by its words,
 * reading its arguments, and what was probably meant when there is none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "agentd/control.h"
#include "ha/base/err.h"

enum verb_id {
#define VERB(id, ...) VERB_##id,
#include "agentd/verbs.def"
#undef VERB
    VERBS
};

enum verb_where {
    VERB_IS_LOCAL,
    VERB_IS_AGENT,
};

struct verb {
    enum verb_id id;
    const char *name; /* one or two words */
    const char
        *arguments; /* "SERVICE NODE", "[--since WHEN] [--follow]", "[for TIME]", "FILE..." */
    enum verb_where where;
    enum control_role role;
    const char *columns; /* "HEAD:member word,..." or "" */
    const char *help;    /* "": not for people */
};

extern const struct verb verb_table[VERBS];

/* One argument of a verb's row. */
struct verb_argument {
    char kind[64];   /* NODE, FILE, on|off, ...; "" for an option without a value */
    char option[16]; /* "--since", "for"; "" for a plain argument */
    bool is_optional;
    bool repeats;
    bool value_is_optional; /* "--wait" or "--wait=TIME" */
};

/* Reads the next argument from the row; false at its end. */
bool verb_next_argument(const char **at, struct verb_argument *argument);
/* The option of that name, with or without the dashes; false if the verb has none. */
bool verb_find_option(const struct verb *verb, const char *option, struct verb_argument *argument);
/* The plain argument at that position; false if there are not so many. */
bool verb_find_argument(const struct verb *verb, int position, struct verb_argument *argument);
/* Whether a word is one of "on|off"; any word is one of NODE. */
bool verb_argument_allows(const struct verb_argument *argument, const char *word);

/*
 * The verb that the words open with, and how many words it took; NULL and err
 * says what was probably meant.
 */
const struct verb *verb_find(int n_words, char *const *words, int *taken, struct err *err);

/* The row of a verb for people: "ha migrate SERVICE NODE". */
void verb_usage(FILE *out, const struct verb *verb);
/* Whether it is the verb of that name or one of that group; NULL names all that are for people. */
bool verb_is_named(const struct verb *verb, const char *word);
/* All verbs, or those that the word names, with their help; false if there are none. */
bool verb_help(FILE *out, const char *word);
