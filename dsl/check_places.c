/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Level 3: strict rules that no placement obeys, though each two of them could be. What single
 * rules and groups already say is in check.c and check_apart.c; here all of them count at once.
 */
#include <stdlib.h>

#include "dsl/check.h"
#include "dsl/places.h"

/* Some milliseconds; a policy that people wrote takes a thousandth of it. */
#define STEPS_MAX 2000000
/* Knots that have nothing to do with each other; after so many the first have to be mended. */
#define KNOTS_MAX 8
/* Services and rules that a message names. */
#define SHOWN_MAX 6

static int compare_places(const void *a, const void *b, void *context)
{
    const struct rule_view *view = context;
    int first = check_place(view, *(const rule_id *)a).offset;
    int second = check_place(view, *(const rule_id *)b).offset;

    return first - second;
}

/* It is about a group that has no node in common, which is reported already. */
static bool is_homeless(const struct rule_view *view, const struct rule *rule)
{
    for (int i = 0; i < rule->n_services; i++) {
        if (!view->in_group[view->group[rule->services[i]]])
            return true;
    }
    return false;
}

/* The strict rules about places that no other check has found fault with. */
static int collect(const struct rule_view *view, rule_id *rules)
{
    int n = 0;

    for (rule_id id = 0; id < view->policy->n_rules; id++) {
        const struct rule *rule = &view->policy->rules[id];

        if (rule->is_strict && rule->kind != RULE_BEFORE && !view->is_reported[id] &&
            !is_homeless(view, rule))
            rules[n++] = id;
    }
    return n;
}

/* Those that have to be apart, by the rules given. */
static const char *who(const struct rule_view *view, const rule_id *rules, int n_rules)
{
    struct arena *arena = view->resolution->arena;
    bool *is_named = arena_alloc(arena, (size_t)view->policy->n_services);
    const char *text = "";
    int n_named = 0, n_shown = 0;

    for (int i = 0; i < n_rules; i++) {
        const struct rule *rule = &view->policy->rules[rules[i]];

        for (int k = 0; rule->kind == RULE_APART && k < rule->n_services; k++) {
            n_named += !is_named[rule->services[k]];
            is_named[rule->services[k]] = true;
        }
    }
    for (service_id id = 0; n_shown < n_named && n_shown < SHOWN_MAX; id++) {
        const char *glue = n_shown == 0 ? "" : n_shown + 1 == n_named ? " and " : ", ";

        if (!is_named[id])
            continue;
        text = arena_printf(arena, "%s%s%s", text, glue, view->policy->services[id].name);
        n_shown++;
    }
    return n_shown < n_named ? arena_printf(arena, "%s and %d more", text, n_named - n_shown)
                             : text;
}

static void report(const struct rule_view *view, rule_id *rules, int n_rules)
{
    struct diagnostics *diagnostics = view->resolution->diagnostics;
    struct diagnostic *entry;

    qsort_r(rules, (size_t)n_rules, sizeof(rules[0]), compare_places, (void *)view);
    entry =
        diagnostics_add(diagnostics, DIAGNOSTIC_NO_PLACEMENT, check_place(view, rules[n_rules - 1]),
                        who(view, rules, n_rules), check_names(view, rules, n_rules));
    for (int i = 0; i < n_rules - 1; i++)
        diagnostics_note(diagnostics, entry, check_place(view, rules[i]), "%s",
                         check_title(view, rules[i]));
    diagnostics_hint(diagnostics, entry,
                     "allow one more node, take a service out of one of them, or write \"try\" for "
                     "\"keep\" in the one that may give way");
}

bool check_has_placement(struct resolution *resolution)
{
    const struct policy *policy = resolution->policy;
    struct places_search search = places_search(policy, resolution->arena, STEPS_MAX);
    rule_id *rules = arena_alloc(resolution->arena, (size_t)policy->n_rules * sizeof(rules[0]));
    int n_rules = 0;

    for (rule_id id = 0; id < policy->n_rules; id++) {
        if (policy->rules[id].is_strict && policy->rules[id].kind != RULE_BEFORE)
            rules[n_rules++] = id;
    }
    return places_exist(&search, rules, n_rules, NULL, NULL) == PLACES_EXIST;
}

void check_places(const struct rule_view *view)
{
    struct arena *arena = view->resolution->arena;
    size_t n_rules = (size_t)view->policy->n_rules;
    struct places_search search = places_search(view->policy, arena, STEPS_MAX);
    rule_id *rules = arena_alloc(arena, n_rules * sizeof(rules[0]));
    rule_id *core = arena_alloc(arena, n_rules * sizeof(core[0]));

    for (int knot = 0; knot < KNOTS_MAX; knot++) {
        int n_core;

        if (places_exist(&search, rules, collect(view, rules), core, &n_core) != PLACES_NONE)
            return;
        /* What is told once is not told again in another shape: the whole part is left alone. */
        for (int i = 0; i < n_core; i++)
            view->is_reported[core[i]] = view->policy->rules[core[i]].kind == RULE_APART;
        report(view, core, places_shrink(&search, core, n_core));
    }
}
