/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Signs that policies do not use, and what whoever wrote one probably wanted: blanks that are
 * none, quotes and dashes of a word processor, what shells and other programs write.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ha/base/arena.h"

/* Where it stands, as far as that tells what was meant. */
enum sign_place {
    SIGN_AT_MARGIN, /* first on its line */
    SIGN_IN_WORD,   /* right behind a letter, or another sign */
    SIGN_ELSEWHERE,
    SIGN_AT_LINE_END,
};

/* Whether a character that is not ASCII is one that no word may have. */
bool sign_is_foreign(uint32_t point);
/* Looks like a blank: the words around it may still be read. */
bool sign_is_blank(uint32_t point);
/* The quote that ends what this one begins; 0: it begins nothing. */
uint32_t sign_closing(uint32_t point);
/* Turns the direction of writing, so that a text is not shown in its own order. */
bool sign_is_turning(uint32_t point);
/* "\"–\" (U+2013)", "a no-break space (U+00A0)", "\"$\"", "the byte 0x07" */
const char *sign_name(struct arena *arena, uint32_t point);
/* What to do about it; NULL: nothing in particular. */
const char *sign_hint(uint32_t point, enum sign_place place);
