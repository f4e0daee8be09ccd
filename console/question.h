/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions to whoever sits at the terminal, on the way to something that matters. */
#pragma once

#include <stdbool.h>

#include "console/output.h"

/* Whether somebody is there to answer: both ends are a terminal, and it is words that are shown. */
bool question_is_possible(const struct output *output);
/* A whole line, from wherever the input comes; false: there is none any more, or it is longer. */
bool question_read_line(char *line, size_t size);
/*
 * Shows the words and waits for a line that begins with one of the letters. The last letter is
 * what an empty line, the end of the input or Ctrl-C means.
 */
char question_ask(struct output *output, const char *words, const char *letters);
