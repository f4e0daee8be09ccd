/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * UTF-8, one code point at a time, and how many columns of a terminal it takes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* How many bytes the code point at text takes; 0 if it is none (or length is 0). */
size_t utf8_read(const char *text, size_t length, uint32_t *point);
/* 0 for what combines with the one before, 2 for what is wide, else 1. */
int utf8_columns(uint32_t point);
