/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Breaks text into lines of so many columns, at blanks where there are some.
 * What a line goes on with stands under its beginning.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct wrap {
    const char *at;
    int columns;
    int indent;   /* of the line that is being broken */
    bool is_open; /* it goes on */
};

/* One line of the screen. */
struct wrapped {
    const char *start;
    size_t length;
    int indent; /* columns to leave free in front of it */
};

struct wrap wrap_begin(const char *text, int columns);
/* The next line; false at the end. */
bool wrap_next(struct wrap *wrap, struct wrapped *line);
/* How many lines there are; no text is no line. */
int wrap_count(const char *text, int columns);
