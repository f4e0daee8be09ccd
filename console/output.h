/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One result, many renderers: rows as they come, then either what was done or
 * why not. output_text.c is for people, output_json.c for programs.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "console/verb.h"

struct output;

/* Why a verb came to nothing. */
struct failure {
    const char *words;
    const char *hint;          /* NULL: nothing to add */
    int code;                  /* what the program exits with */
    const json_t *diagnostics; /* NULL: none */
    bool is_unknown;           /* it may have happened all the same */
};

struct output_maker {
    void (*row)(struct output *output, const json_t *row);
    void (*done)(struct output *output, const json_t *done);
    void (*error)(struct output *output, const struct failure *failure);
};

extern const struct output_maker output_text;
extern const struct output_maker output_json;

struct output {
    const struct output_maker *maker;
    const struct verb *verb; /* NULL: the failure came before any verb */
    const json_t *request;   /* NULL likewise; its options say how much to show */
    FILE *out;
    FILE *err;      /* where people expect errors; output_json keeps to out */
    int64_t now_ms; /* that "2h ago" counts from; 0: the wall clock */
    int columns;    /* of the terminal; 0: it goes into a file or another program */
    bool in_colour;
    bool errors_in_colour;
    json_t *rows; /* those of a table or a story, until all are known */
    int n_rows;
};

void output_init(struct output *output, const struct output_maker *maker, FILE *out, FILE *err);
void output_fini(struct output *output);

static inline void output_row(struct output *output, const json_t *row)
{
    output->maker->row(output, row);
    output->n_rows++;
}

static inline void output_done(struct output *output, const json_t *done)
{
    output->maker->done(output, done);
}

/* Returns the failure's code, so that "return output_error(...)" ends a verb. */
int output_error(struct output *output, int code, const char *words, const char *hint);
int output_failure(struct output *output, const struct failure *failure);
