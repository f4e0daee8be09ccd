/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The terminal, through ncurses: the only file that knows it. Whatever ends
 * the process, the terminal is put back as it was.
 */
#pragma once

#include "console/screen/canvas.h"
#include "ha/base/err.h"

bool canvas_curses_open(bool in_colour, struct err *err);
void canvas_curses_close(void);
/* The terminal's size; after a change of it the terminal is taken over anew. */
void canvas_curses_size(int *rows, int *columns);
/* Shows what differs from the last time; anew: everything. */
void canvas_curses_flush(const struct canvas *canvas, bool anew);
/* The next key that was pressed: a code point or an enum press; PRESS_NONE if there is none. */
int canvas_curses_key(void);
