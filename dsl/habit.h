/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people write who come from other programs, and what to tell them; see habit.def. */
#pragma once

#include <stdbool.h>

/* Where one of a few words may stand: the bit for it, beside those of enum block_kind. */
#define IN_CHOICE (1U << 31)

/* What to write instead of a word that begins a statement in that block; NULL: nobody knows. */
const char *habit_hint(unsigned block, const char *word);
/* Whether the word is what others call this choice. */
bool habit_means(const char *word, const char *choice);
/* The same for a word that is no name at all: signs of lists, comments of other languages. */
const char *habit_of_signs(const char *word);
/* "s", "sec", "GiB": what may stand behind a number; NULL if it is no unit. Else ours for it. */
const char *habit_unit(const char *word);
