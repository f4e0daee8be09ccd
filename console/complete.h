/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What may come next on a line: verbs and options from the verbs' rows, nodes
 * and services from the agent, files from the file system. Knows no readline,
 * so that a test can ask it.
 */
#pragma once

#include <stdbool.h>

/* Names of a kind ("NODE", "SERVICE", "AGENT"), NULL-terminated, on the heap; NULL: none. */
typedef char **complete_names(void *context, const char *kind);

struct completions {
    char **words; /* NULL-terminated, sorted, on the heap; NULL: none */
    bool is_file; /* the names of files fit here */
};

/* before: the line up to the word that is being typed; word: as far as it is typed. */
struct completions complete_word(const char *before, const char *word, complete_names *ask,
                                 void *context);
void completions_fini(struct completions *completions);

/* Asks the agent, with little patience: nobody waits for a Tab. context: the settings. */
char **complete_names_known(void *context, const char *kind);
