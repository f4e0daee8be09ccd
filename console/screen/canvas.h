/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A screen as cells, without a terminal. Pages draw here; canvas_curses.c puts
 * the cells on a terminal, canvas_text.c prints them for tests. Text is UTF-8;
 * a wide character takes two cells; on an ASCII canvas each sign has a plain
 * stand-in of the same width.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "console/screen/theme.h"

/* A character and what combines with it: an accent, the vowels of decomposed Korean. */
#define CELL_CODES 4

struct cell {
    uint32_t codes[CELL_CODES]; /* codes[0] of 0: the right half of a wide character */
    uint8_t style;              /* enum style, with STYLE_SELECTED */
};

struct canvas {
    int rows;
    int columns;
    bool is_ascii;
    bool is_old; /* all that is drawn is dimmed: the picture is not of now */
    int cursor_row;
    int cursor_column; /* -1: no cursor */
    struct cell *cells;
};

struct canvas *canvas_new(int rows, int columns, bool is_ascii);
void canvas_free(struct canvas *canvas);
void canvas_clear(struct canvas *canvas);

/* Puts text at most so many columns wide; what is cut ends in "…". Returns the columns used. */
int canvas_put(struct canvas *canvas, int row, int column, int width, enum style style,
               const char *text);
int canvas_print(struct canvas *canvas, int row, int column, int width, enum style style,
                 const char *format, ...) __attribute__((format(printf, 6, 7)));
/* The same character from one column up to another one. */
void canvas_fill(struct canvas *canvas, int row, int from, int to, enum style style,
                 const char *sign);
/* Lays STYLE_SELECTED over a row. */
void canvas_select(struct canvas *canvas, int row);

const struct cell *canvas_at(const struct canvas *canvas, int row, int column);

/* The screen as text without blanks at line ends; with styles a letter for each cell. */
void canvas_text_write(FILE *out, const struct canvas *canvas);
void canvas_text_write_styles(FILE *out, const struct canvas *canvas);
