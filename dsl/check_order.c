/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Level 3: circles of "before". Over a graph whose points are the services and the rules between
 * them (so that a rule over many services costs their sum, not their product) Tarjan's search
 * finds the knots: points that all lie before each other. A knot is told once, by the shortest
 * circle that goes through its first service.
 */
#include "dsl/check.h"

struct walk {
    const struct rule_view *view;
    struct rule_index index;
    int *number; /* by point, services first, then rules: when it was met, from 1; 0: not yet */
    int *low;    /* the lowest number that can be reached over its branches */
    int *next;   /* which way to go from it next */
    int *path;   /* points whose ways are being gone */
    int n_path;
    int *pending; /* points met whose knot is not known yet */
    int n_pending;
    int n_met;
};

/* The next point behind this one, or -1. */
static int next_of(struct walk *walk, int point)
{
    int n_services = walk->view->policy->n_services;
    int way = walk->next[point]++;
    const struct rule *rule;

    if (point < n_services) {
        way += walk->index.from[point];
        return way < walk->index.from[point + 1] ? n_services + walk->index.rules[way] : -1;
    }
    rule = &walk->view->policy->rules[point - n_services];
    return way < rule->n_others ? rule->others[way] : -1;
}

/* The rules of a circle in their order, the one that closes it last. */
static void report_circle(const struct walk *walk, service_id service)
{
    const struct rule_view *view = walk->view;
    struct diagnostics *diagnostics = view->resolution->diagnostics;
    const struct chain chain = check_chain(view, &walk->index, service, service);
    const rule_id *rules = chain.rules;
    int n_rules = chain.n_rules;
    struct diagnostic *entry =
        diagnostics_add(diagnostics, DIAGNOSTIC_BEFORE_CYCLE, check_place(view, rules[n_rules - 1]),
                        view->policy->services[service].name);

    diagnostics_hint(diagnostics, entry, "break the circle: take a service out of %s%s",
                     n_rules > 1 ? "one of " : "", check_names(view, rules, n_rules));
    for (int i = 0; i < n_rules - 1; i++)
        diagnostics_note(diagnostics, entry, check_place(view, rules[i]),
                         "%s is part of the circle", check_title(view, rules[i]));
}

/* A knot is complete: it is what was met since its first point. */
static void end_knot(struct walk *walk, int point)
{
    service_id first = SERVICE_NONE;
    int n_points = 0, top;

    do {
        top = walk->pending[--walk->n_pending];
        n_points++;
        /* Done, so no way that is still gone can lead back to it. */
        walk->low[top] = INT32_MAX;
        if (top < walk->view->policy->n_services && (first == SERVICE_NONE || top < first))
            first = top;
    } while (top != point);
    if (n_points > 1)
        report_circle(walk, first);
}

static void meet(struct walk *walk, int point)
{
    walk->number[point] = walk->low[point] = ++walk->n_met;
    walk->path[walk->n_path++] = point;
    walk->pending[walk->n_pending++] = point;
}

static void lower(struct walk *walk, int point, int reached)
{
    if (reached < walk->low[point])
        walk->low[point] = reached;
}

static void walk_from(struct walk *walk, int start)
{
    meet(walk, start);
    while (walk->n_path > 0) {
        int point = walk->path[walk->n_path - 1];
        int next = next_of(walk, point);
        int low = walk->low[point];

        if (next >= 0 && walk->number[next] == 0) {
            meet(walk, next);
        } else if (next >= 0) {
            lower(walk, point, walk->low[next] == INT32_MAX ? INT32_MAX : walk->number[next]);
        } else {
            walk->n_path--;
            if (low == walk->number[point])
                end_knot(walk, point);
            else
                lower(walk, walk->path[walk->n_path - 1], low);
        }
    }
}

void check_order(const struct rule_view *view)
{
    struct arena *arena = view->resolution->arena;
    size_t n = (size_t)view->policy->n_services + (size_t)view->policy->n_rules;
    struct walk walk = {.view = view, .index = check_index(view, check_is_before)};

    walk.number = arena_alloc(arena, n * sizeof(walk.number[0]));
    walk.low = arena_alloc(arena, n * sizeof(walk.low[0]));
    walk.next = arena_alloc(arena, n * sizeof(walk.next[0]));
    walk.path = arena_alloc(arena, n * sizeof(walk.path[0]));
    walk.pending = arena_alloc(arena, n * sizeof(walk.pending[0]));
    for (service_id id = 0; id < view->policy->n_services; id++) {
        if (walk.number[id] == 0)
            walk_from(&walk, id);
    }
}
