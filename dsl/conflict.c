/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules that cannot be kept beside each other; see conflict.h. Who takes part in a conflict
 * is blamed, all sides alike: nobody can tell which of them was meant. Which rules those are is
 * as the managers have it from which such policies are taken over, so that a drill of one shows
 * what it has done so far.
 */
#include "dsl/conflict.h"

#include <string.h>

void conflict_blame(const struct rule_view *view, rule_id rule)
{
    view->resolution->is_in_conflict[rule] = true;
}

void conflict_blame_group(const struct rule_view *view, service_id member, bool with_places)
{
    unsigned char *blame = &view->blame[view->group[member]];

    if (with_places)
        *blame = BLAME_ALL;
    else if (*blame == BLAME_NOTHING)
        *blame = BLAME_BONDS;
}

/* What was said of groups, rule by rule. */
static void blame_rules_of_groups(const struct rule_view *view)
{
    for (rule_id id = 0; id < view->policy->n_rules; id++) {
        const struct rule *rule = &view->policy->rules[id];
        bool is_bond = rule->kind == RULE_TOGETHER && rule->is_strict;
        unsigned char least = is_bond ? BLAME_BONDS : BLAME_ALL;

        for (int i = 0; (is_bond || rule->kind == RULE_ON) && i < rule->n_services; i++) {
            if (view->blame[view->group[rule->services[i]]] >= least)
                conflict_blame(view, id);
        }
    }
}

/* Services that must be apart are too many for the nodes that their rules name, by count. */
static bool is_too_many(const struct rule_view *view, const struct rule *apart)
{
    node_set nodes = 0;
    int n_bound = 0;

    for (int i = 0; i < apart->n_services; i++) {
        nodes |= view->named[apart->services[i]];
        n_bound += view->on[apart->services[i]] != RULE_NONE;
    }
    return node_set_count(nodes) < n_bound;
}

void conflict_blame_places(const struct rule_view *view, rule_id id)
{
    const struct rule *rule = &view->policy->rules[id];

    for (int i = 0; i < rule->n_services; i++) {
        if (view->on[rule->services[i]] != RULE_NONE)
            conflict_blame(view, view->on[rule->services[i]]);
    }
}

void conflict_blame_apart(const struct rule_view *view, rule_id rule)
{
    const struct rule *apart = &view->policy->rules[rule];
    bool is_by_nodes = is_too_many(view, apart);

    /* Too few nodes in another way: it is kept as far as it goes, and one of them waits. */
    if (!is_by_nodes && apart->n_services <= view->policy->n_nodes)
        return;
    conflict_blame(view, rule);
    if (is_by_nodes)
        conflict_blame_places(view, rule);
}

/* Groups of which more than one rule says where they run. */
static void find_split_groups(const struct rule_view *view)
{
    struct arena *arena = view->resolution->arena;
    rule_id *on = arena_alloc(arena, (size_t)view->policy->n_services * sizeof(on[0]));

    /* A group's first member is its lowest id, so it is met before the others. */
    for (service_id id = 0; id < view->policy->n_services; id++) {
        service_id group = view->group[id];
        rule_id own = view->on[id];

        if (group == id)
            on[group] = RULE_NONE;
        if (own != RULE_NONE && on[group] != RULE_NONE && on[group] != own)
            conflict_blame_group(view, group, true);
        on[group] = own == RULE_NONE ? on[group] : own;
    }
}

void conflict_settle(const struct rule_view *view)
{
    const struct policy *policy = view->policy;

    blame_rules_of_groups(view);
    if (!memchr(view->resolution->is_in_conflict, true, (size_t)policy->n_rules))
        return;
    for (rule_id id = 0; id < policy->n_rules; id++) {
        const struct rule *rule = &policy->rules[id];

        if (rule->is_strict && rule->kind == RULE_APART)
            conflict_blame_apart(view, id);
    }
    find_split_groups(view);
    blame_rules_of_groups(view);
}

bool conflict_is_code(enum diagnostic_code code)
{
    return code == DIAGNOSTIC_TOGETHER_APART || code == DIAGNOSTIC_NO_COMMON_NODE ||
           code == DIAGNOSTIC_TOO_MANY_APART || code == DIAGNOSTIC_ON_TWICE ||
           code == DIAGNOSTIC_TIERS_OF_BOUND || code == DIAGNOSTIC_NO_PLACEMENT;
}

const char *conflict_set_aside(struct resolution *r)
{
    struct policy *policy = r->policy;
    const char *names = "";
    int n_kept = 0;

    for (rule_id id = 0; id < policy->n_rules; id++) {
        const struct rule *rule = &policy->rules[id];
        const char *glue = *names ? ", " : "";

        if (!r->is_in_conflict[id])
            r->rules[n_kept++] = *rule;
        else if (rule->name[0])
            names = arena_printf(r->arena, "%s%srule %s", names, glue, rule->name);
        else
            names = arena_printf(r->arena, "%s%s%s on in line %d", names, glue,
                                 rule->is_strict ? "keep" : "try", rule->line);
    }
    policy->n_rules = n_kept;
    return names;
}
