/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A typed line taken apart into words: blanks part them, "..." and '...' hold them together. */
#pragma once

#include <stdbool.h>

#include "ha/base/err.h"

/* More words than any verb takes; a line with more was not meant for us. */
#define LINE_WORDS_MAX 64

struct line {
    char *words[LINE_WORDS_MAX + 1]; /* NULL behind the last one */
    int n_words;
    char *bytes; /* where they live */
};

/* A word that opens with '#' ends the line. false: a quote is not closed, or too many words. */
bool line_split(struct line *line, const char *text, struct err *err);
void line_fini(struct line *line);
