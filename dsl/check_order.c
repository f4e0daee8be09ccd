/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Level 3: cycles of "before". A walk over a graph whose points are the services and the
 * rules between them (so that a rule over many services costs their sum, not their
 * product), with a stack of its own.
 */
#include "dsl/check.h"

enum colour { COLOUR_NEW, COLOUR_OPEN, COLOUR_DONE };

struct walk {
    const struct rule_view *view;
    int *from;           /* by service: where its rules begin in rules */
    rule_id *rules;      /* the "before" rules that a service is in front of */
    unsigned char *seen; /* by point: services first, then rules */
    int *stack;          /* points that are open */
    int *next;           /* by point: which way to go from it next */
    int depth;
};

static bool is_before(const struct rule *rule)
{
    return rule->kind == RULE_BEFORE;
}

static void index_rules(struct walk *walk)
{
    const struct policy *policy = walk->view->policy;
    struct arena *arena = walk->view->resolution->arena;
    size_t n = (size_t)policy->n_services + (size_t)policy->n_rules;

    walk->from = arena_alloc(arena, ((size_t)policy->n_services + 2) * sizeof(walk->from[0]));
    walk->seen = arena_alloc(arena, n);
    walk->stack = arena_alloc(arena, n * sizeof(walk->stack[0]));
    walk->next = arena_alloc(arena, n * sizeof(walk->next[0]));
    for (rule_id id = 0; id < policy->n_rules; id++) {
        for (int i = 0; is_before(&policy->rules[id]) && i < policy->rules[id].n_services; i++)
            walk->from[policy->rules[id].services[i] + 2]++;
    }
    for (int i = 2; i < policy->n_services + 2; i++)
        walk->from[i] += walk->from[i - 1];
    walk->rules =
        arena_alloc(arena, (size_t)walk->from[policy->n_services + 1] * sizeof(walk->rules[0]));
    for (rule_id id = 0; id < policy->n_rules; id++) {
        for (int i = 0; is_before(&policy->rules[id]) && i < policy->rules[id].n_services; i++)
            walk->rules[walk->from[policy->rules[id].services[i] + 1]++] = id;
    }
}

/* The next point behind this one, or -1. */
static int next_of(struct walk *walk, int point)
{
    int n_services = walk->view->policy->n_services;
    int way = walk->next[point]++;

    if (point < n_services) {
        way += walk->from[point];
        return way < walk->from[point + 1] ? n_services + walk->rules[way] : -1;
    }
    point -= n_services;
    return way < walk->view->policy->rules[point].n_others
               ? walk->view->policy->rules[point].others[way]
               : -1;
}

/* The walk came back to an open point: what lies above it on the stack is the circle. */
static void report_circle(const struct walk *walk, int open)
{
    const struct rule_view *view = walk->view;
    struct diagnostics *diagnostics = view->resolution->diagnostics;
    int n_services = view->policy->n_services;
    int top = walk->stack[walk->depth - 1];
    /* Of the two points that close the circle one is a service and the other a rule. */
    service_id service = open < n_services ? open : top;
    rule_id closing = (open < n_services ? top : open) - n_services;
    struct diagnostic *entry =
        diagnostics_add(diagnostics, DIAGNOSTIC_BEFORE_CYCLE, check_place(view, closing),
                        view->policy->services[service].name);

    diagnostics_hint(diagnostics, entry,
                     "break the circle: take a service out of one of its rules");
    for (int at = walk->depth - 2; at >= 0 && walk->stack[at + 1] != open; at--) {
        rule_id rule = walk->stack[at] - n_services;

        if (rule >= 0 && rule != closing)
            diagnostics_note(diagnostics, entry, check_place(view, rule),
                             "%s is part of the circle", check_title(view, rule));
    }
}

static void walk_from(struct walk *walk, int start)
{
    walk->depth = 0;
    walk->stack[walk->depth++] = start;
    walk->seen[start] = COLOUR_OPEN;
    while (walk->depth > 0) {
        int point = walk->stack[walk->depth - 1];
        int next = next_of(walk, point);

        if (next < 0) {
            walk->seen[point] = COLOUR_DONE;
            walk->depth--;
        } else if (walk->seen[next] == COLOUR_NEW) {
            walk->seen[next] = COLOUR_OPEN;
            walk->stack[walk->depth++] = next;
        } else if (walk->seen[next] == COLOUR_OPEN) {
            report_circle(walk, next);
            /* One message is enough: the other ways from here are not looked at. */
            walk->next[point] = INT32_MAX / 2;
        }
    }
}

void check_order(const struct rule_view *view)
{
    struct walk walk = {.view = view};

    index_rules(&walk);
    for (service_id id = 0; id < view->policy->n_services; id++) {
        if (walk.seen[id] == COLOUR_NEW)
            walk_from(&walk, id);
    }
}
