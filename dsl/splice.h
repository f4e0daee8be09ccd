/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changes of a text that leave every other byte alone: this many bytes there become these.
 * They are collected first and applied at once, so all places are those of the old text.
 */
#pragma once

#include <stddef.h>

#include "ha/base/arena.h"

struct splice {
    int from;
    int to;
    const char *text;
};

struct splices {
    struct arena *arena;
    const char *text; /* the old one */
    struct splice *list;
    int n_list;
    int size;
};

/* Only what is taken away may overlap; of two insertions at one place the first stays first. */
void splices_add(struct splices *splices, int from, int to, const char *text);
/* The part of the old text from there to there, with the splices inside it applied. */
char *splices_apply(struct splices *splices, int from, int to);
/* What changed, line by line: "@ 12", then "-" lines and "+" lines; length: of the old text. */
char *splices_difference(struct splices *splices, int length);
