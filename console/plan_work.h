/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan from the question to its rows: what plan.c gathers and plan_words.c tells. */
#pragma once

#include "console/plan.h"
#include "dsl/diagnostic.h"
#include "dsl/difference.h"
#include "ha/whatif/plan.h"

/* One of the two policies, and what the language says of it. */
struct plan_side {
    const char *file; /* what it is called: a file, or "version 12" */
    const char *text; /* NULL: there is none */
    size_t length;
    bool is_right;
    struct policy *policy; /* if it is right */
    struct diagnostics *found;
    const char *survival;
};

struct proposal {
    struct arena *arena;
    struct output *output;
    const struct settings *settings;
    struct plan_side before;
    struct plan_side after;
    int64_t version; /* of the policy in force; 0: none, or it was a file's */
    struct difference difference;
    bool is_compared;
    json_t *state; /* the row of "ha state" */
    struct ha_state *agreed;
    struct cluster_view *view;
    struct outcome *outcome;
    struct planning *planning;
    struct plan *plan;
    json_t *removed; /* rows of services that the new policy does not know any more */
};

/* All of it, for people or as rows; PLAN_EXIT_NOTHING or PLAN_EXIT_CHANGES. */
int plan_write(struct proposal *proposal);
