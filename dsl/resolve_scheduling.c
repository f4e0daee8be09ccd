/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How services are spread. That nothing measures what services use yet is said, but a policy may
 * be rehearsed with what a drill says of it.
 */
#include <string.h>

#include "dsl/resolve.h"
#include "dsl/values.h"
#include "ha/base/limits.h"

#define MINUTE (60 * 1000)
/* A gain of so much, or nodes so unlike, and no number would stop it any more. */
#define IMBALANCE_MOST 1000

static void read_mode(struct resolution *r, const struct syntax *at)
{
    const char *word = syntax_text(r->tree, at->child);
    struct scheduling *scheduling = &r->policy->scheduling;

    if (strcmp(word, "static") == 0)
        scheduling->mode = SCHEDULING_STATIC;
    else if (strcmp(word, "dynamic") == 0)
        scheduling->mode = SCHEDULING_DYNAMIC;
    if (scheduling->mode == SCHEDULING_DYNAMIC)
        diagnostics_add(r->diagnostics, DIAGNOSTIC_NOT_ACTED_ON, syntax_head_place(r->tree, at),
                        "mode dynamic");
}

/* "on start", or "when imbalance N for DURATION": two settings under one word. */
static void read_rebalance(struct resolution *r, const struct syntax *at,
                           const struct syntax *first[2])
{
    struct bounds bounds = {"the imbalance", 0, IMBALANCE_MOST};
    struct scheduling *scheduling = &r->policy->scheduling;
    const struct syntax *number = syntax_part(at, SYNTAX_VALUE);

    if (!resolve_once(r, &first[number != NULL], at))
        return;
    if (!number) {
        scheduling->rebalances_on_start = true;
        return;
    }
    scheduling->rebalances =
        value_millionths(r->tree, number, bounds, &scheduling->imbalance_millionths) &&
        value_duration(r->tree, number->next, (struct bounds){"the time", 0, 24 * 60 * MINUTE},
                       &scheduling->imbalance_hold);
}

void resolve_scheduling(struct resolution *r, const struct syntax *statement)
{
    struct scheduling *scheduling = &r->policy->scheduling;
    const struct syntax *first[SYNTAX_KINDS] = {0}, *rebalances[2] = {0};

    scheduling->line = syntax_line(r->tree, statement);
    for (const struct syntax *at = syntax_inside(statement); at; at = at->next) {
        if (at->is_broken)
            continue;
        if (at->kind == SYNTAX_REBALANCE) {
            read_rebalance(r, at, rebalances);
            continue;
        }
        if (!resolve_once(r, &first[at->kind], at))
            continue;
        if (at->kind == SYNTAX_MODE) {
            read_mode(r, at);
            continue;
        }
        if (at->kind == SYNTAX_WORKERS)
            value_count(r->tree, at->child, (struct bounds){"workers", 1, WORKERS_MOST},
                        &scheduling->workers);
        else if (at->kind == SYNTAX_IMPROVE)
            value_millionths(r->tree, at->child, (struct bounds){"the gain", 0, 1},
                             &scheduling->improve_millionths);
        else if (strcmp(syntax_text(r->tree, at->child), "topsis") == 0)
            scheduling->method = METHOD_TOPSIS;
    }
}
