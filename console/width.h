/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How many columns a text takes on a screen: Korean and other wide characters
 * take two. The text is UTF-8; whatever is not, and whatever would steer a
 * terminal (control characters, overrides of the direction), counts and shows
 * as one replacement character, so that words from outside cannot do mischief.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define WIDTH_REPLACEMENT 0xFFFDu
/* Sentences are broken here: a small terminal, less the frame of the console's pane. */
#define LINE_COLUMNS 76

/* The next code point to show; *at moves on and stays at the closing NUL. */
uint32_t width_next(const char **at);
/* Columns of one code point from width_next: 0 (combining), 1 or 2. */
int width_of_code(uint32_t code);
int width_of(const char *text);
/* How many bytes of text fit into so many columns; *used is how many they take. */
size_t width_fit(const char *text, int columns, int *used);
/* Encodes one code point; returns how many bytes (1 to 4) it put into bytes. */
size_t width_encode(uint32_t code, char bytes[4]);

/* Whether this process speaks UTF-8 (the locale says so). */
int width_is_utf8(void);

/* Writes the text as it may be shown, then blanks up to so many columns (negative: before it). */
void width_write(FILE *out, const char *text, int columns);

/* Writes words up to so many columns, and on in the next line under their beginning at indent. */
void width_wrap(FILE *out, const char *words, int indent, int columns);
