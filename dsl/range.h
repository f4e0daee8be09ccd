/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * "vm:db[1..20]": a word that stands for a name with each number between two. The one place
 * that knows how such a word is written.
 */
#pragma once

#include <stdbool.h>

#include "ha/base/arena.h"

struct range {
    const char *word;
    int before; /* bytes up to the bracket */
    const char *after;
    int low;
    int high;
};

/* Whether the word has brackets and so has to be a range. */
bool range_is_meant(const char *word);
/* False if it is none as it has to be: the smaller number first, without leading zeros. */
bool range_read(const char *word, struct range *range);
/* The word with the meant name in place of the one that it holds; NULL: it cannot be. */
const char *range_meant(struct arena *arena, const char *word, const char *name, const char *meant);
const char *range_name(struct arena *arena, const struct range *range, int number);
/* The number that makes the name; -1 if it is none of the range's. */
int range_number(const struct range *range, const char *name);
