/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is shown: the last picture, where the cursor is, what is typed. A value
 * without terminal, socket or clock; update.h changes it, pages draw it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "console/screen/picture.h"
#include "ha/base/limits.h"

/* A verb line, or what is looked for. */
#define INPUT_MAX 512

enum pane {
    PANE_NODES,
    PANE_SERVICES,
    PANE_BOTTOM, /* the timeline, or what a verb said */
    PANES,
};

enum input {
    INPUT_NONE,
    INPUT_FILTER,
    INPUT_PROMPT,
};

/* What a verb said, in the bottom pane. */
struct result {
    char *title; /* the verb line; NULL: none is open */
    char *text;
    bool is_running;
    int code;
};

struct model {
    int rows;
    int columns;
    bool is_ascii;
    int64_t now_ms; /* wall clock of this console */

    struct picture *picture; /* NULL: none came so far */
    int64_t picture_at_ms;   /* when it came, by our own clock */
    bool is_away;            /* the agent */
    int64_t away_since_ms;
    char away_words[512];

    enum pane focus;
    int node;                       /* under the cursor */
    char service[SERVICE_NAME_MAX]; /* under the cursor, by name: rows come and go */
    int selected;                   /* where that is among the visible ones */
    int *visible;                   /* services that pass the filter */
    int n_visible;
    int tops[PANES]; /* first line shown; of the timeline: lines scrolled back from its end */
    char filter[INPUT_MAX];

    enum input input;
    char typed[INPUT_MAX];
    char choices[INPUT_MAX]; /* words that may come next, when there are several */
    bool is_help_open;
    int help_top;
    struct result result;
};

struct model *model_new(int rows, int columns, bool is_ascii);
void model_free(struct model *model);

/* The service under the cursor; NULL if there is none. */
const struct picture_service *model_service(const struct model *model);
/* Finds out anew which services pass the filter and where the selected one went. */
void model_sift(struct model *model);
/* Puts the cursor on a visible service by its position. */
void model_select(struct model *model, int position);
/* The agent's wall clock, as far as we know it; while it is away, when it went. */
int64_t model_clock(const struct model *model);
