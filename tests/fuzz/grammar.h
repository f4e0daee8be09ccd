/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Statements written at random as the rows of phrase.def say they are written: a row that the
 * grammar learns is fuzzed without a word about it here.
 */
#pragma once

#include "dsl/page.h"
#include "dsl/syntax.h"
#include "ha/base/random.h"

/* Names that a text has already, so that statements may mean each other. */
struct names_known {
    const char *list[64];
    int n_list;
};

struct grammar {
    struct arena *arena;
    struct random random;
    struct names_known nodes;    /* and lets */
    struct names_known services; /* ranges and patterns too */
    struct names_known others;   /* of rules, settings, devices */
    int depth;                   /* of blocks that are being written */
};

/* Learns the names of a text. */
void grammar_learn(struct grammar *grammar, const struct tree *tree);
/* One statement that may stand in the block (one bit of block_kind), without a newline. */
void grammar_write(struct grammar *grammar, struct page *page, unsigned block);
/* A word such as the usage's "DURATION" stands for. */
const char *grammar_make(struct grammar *grammar, const char *what);
