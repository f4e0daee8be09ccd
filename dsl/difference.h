/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one policy says otherwise than another: a difference of trees and of what they mean, not
 * of lines. Layout, comments, the order of statements, and other words for the same thing make no
 * difference. What a defaults or let statement alters elsewhere is one line with a count.
 */
#pragma once

#include <stdbool.h>

#include "ha/base/arena.h"

struct difference_line {
    char sign;             /* '+', '-' or '~' */
    const char *statement; /* "service vm:mail", "defaults vm", "rule spread" */
    const char *setting;   /* "memory"; NULL: the statement as a whole */
    const char *before;    /* what it said; NULL: nothing */
    const char *after;     /* what it says; NULL: nothing */
    const char *because;   /* nobody wrote it: what it follows from; else NULL */
    const char **services; /* those that the line is about, or that a shared one alters */
    int n_services;
    int n_rules;    /* rules that a shared line alters */
    bool is_shared; /* defaults or let: said once, for whoever uses it */
    bool is_idle;   /* nothing in the cluster is altered by it, so far */
};

struct difference {
    struct difference_line *lines; /* in the order in which people write policies */
    int n_lines;
    int n_effects; /* lines that are not idle; 0 if and only if both mean the same */
};

/*
 * before: NULL if there was no policy. False if one of them is no right policy; no message is made
 * of that, for both have been checked before. Everything lives in the arena.
 */
bool difference_find(struct arena *arena, const char *before, const char *after,
                     struct difference *difference);

/* "~ service vm:mail: memory 4G -> 8G" */
const char *difference_words(struct arena *arena, const struct difference_line *line);
