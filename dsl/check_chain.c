/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For messages about rules that meet over others: which rules name a service, the shortest way
 * from one service to another through them, and lists of rules as words.
 */
#include <string.h>

#include "dsl/check.h"

/* Rules that a message names; more are counted. */
#define SHOWN_MAX 8

struct location check_place(const struct rule_view *view, rule_id rule)
{
    return syntax_head_place(view->resolution->tree, view->resolution->rule_at[rule]);
}

const char *check_title(const struct rule_view *view, rule_id rule)
{
    const char *name = view->policy->rules[rule].name;

    return name[0] ? arena_printf(view->resolution->arena, "rule %s", name)
                   : "a block's own setting";
}

const char *check_names(const struct rule_view *view, const rule_id *rules, int n_rules)
{
    struct arena *arena = view->resolution->arena;
    const char *text = "";

    for (int i = 0; i < n_rules && i < SHOWN_MAX; i++) {
        const struct rule *rule = &view->policy->rules[rules[i]];
        const char *glue = i == 0 ? "" : i + 1 == n_rules ? " and " : ", ";

        if (rule->name[0])
            text = arena_printf(arena, "%s%srule %s", text, glue, rule->name);
        else
            text = arena_printf(arena, "%s%s%s on in line %d", text, glue,
                                rule->is_strict ? "keep" : "try", rule->line);
    }
    return n_rules > SHOWN_MAX ? arena_printf(arena, "%s and %d more", text, n_rules - SHOWN_MAX)
                               : text;
}

bool check_is_bond(const struct rule *rule)
{
    return rule->kind == RULE_TOGETHER && rule->is_strict;
}

bool check_is_strict_apart(const struct rule *rule)
{
    return rule->kind == RULE_APART && rule->is_strict;
}

bool check_is_before(const struct rule *rule)
{
    return rule->kind == RULE_BEFORE;
}

struct rule_index check_index(const struct rule_view *view, bool (*is_in)(const struct rule *))
{
    const struct policy *policy = view->policy;
    struct arena *arena = view->resolution->arena;
    size_t n = (size_t)policy->n_services;
    struct rule_index index = {.from = arena_alloc(arena, (n + 2) * sizeof(index.from[0]))};

    for (rule_id id = 0; id < policy->n_rules; id++) {
        const struct rule *rule = &policy->rules[id];

        for (int i = 0; is_in(rule) && i < rule->n_services; i++)
            index.from[rule->services[i] + 2]++;
    }
    for (size_t i = 2; i < n + 2; i++)
        index.from[i] += index.from[i - 1];
    index.rules = arena_alloc(arena, (size_t)index.from[n + 1] * sizeof(index.rules[0]));
    for (rule_id id = 0; id < policy->n_rules; id++) {
        const struct rule *rule = &policy->rules[id];

        for (int i = 0; is_in(rule) && i < rule->n_services; i++)
            index.rules[index.from[rule->services[i] + 1]++] = id;
    }
    return index;
}

/* A search in rings around one service; through which rule each service was met first. */
struct ripple {
    const struct policy *policy;
    rule_id *through;   /* by service */
    service_id *parent; /* by service */
    bool *is_used;      /* by rule */
    service_id *queue;
    int n_queue;
};

static void meet(struct ripple *ripple, service_id from, rule_id id)
{
    const struct rule *rule = &ripple->policy->rules[id];
    bool is_order = rule->kind == RULE_BEFORE;
    const service_id *met = is_order ? rule->others : rule->services;
    int n_met = is_order ? rule->n_others : rule->n_services;

    ripple->is_used[id] = true;
    for (int i = 0; i < n_met; i++) {
        if (ripple->through[met[i]] != RULE_NONE)
            continue;
        ripple->through[met[i]] = id;
        ripple->parent[met[i]] = from;
        ripple->queue[ripple->n_queue++] = met[i];
    }
}

/* Back along the way, turned round. */
static struct chain way_to(const struct ripple *ripple, struct arena *arena, service_id from,
                           service_id to)
{
    struct chain chain = {0};
    service_id at = to;

    do {
        chain.n_rules++;
        at = ripple->parent[at];
    } while (at != from);
    chain.rules = arena_alloc(arena, (size_t)chain.n_rules * sizeof(chain.rules[0]));
    at = to;
    for (int i = chain.n_rules - 1; i >= 0; i--) {
        chain.rules[i] = ripple->through[at];
        at = ripple->parent[at];
    }
    return chain;
}

struct chain check_chain(const struct rule_view *view, const struct rule_index *index,
                         service_id from, service_id to)
{
    struct arena *arena = view->resolution->arena;
    size_t n = (size_t)view->policy->n_services;
    struct ripple ripple = {.policy = view->policy};
    service_id at = from;

    ripple.through = arena_alloc(arena, n * sizeof(ripple.through[0]));
    ripple.parent = arena_alloc(arena, n * sizeof(ripple.parent[0]));
    ripple.queue = arena_alloc(arena, n * sizeof(ripple.queue[0]));
    ripple.is_used = arena_alloc(arena, (size_t)view->policy->n_rules);
    memset(ripple.through, -1, n * sizeof(ripple.through[0]));
    for (int next = 0; ripple.through[to] == RULE_NONE; next++) {
        for (int k = index->from[at]; k < index->from[at + 1]; k++) {
            if (!ripple.is_used[index->rules[k]])
                meet(&ripple, at, index->rules[k]);
        }
        if (next == ripple.n_queue)
            return (struct chain){0};
        at = ripple.queue[next];
    }
    return way_to(&ripple, arena, from, to);
}
