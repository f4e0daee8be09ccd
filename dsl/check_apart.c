/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Level 3: what is kept apart. Against what is kept together, and against the nodes there
 * are: services that must all be on different nodes need a matching of services to nodes
 * (Hall's theorem); where there is none, the services that are too many are counted.
 */
#include <string.h>

#include "dsl/check.h"
#include "dsl/conflict.h"

static const char *name_of(const struct rule_view *view, service_id service)
{
    return view->policy->services[service].name;
}

static void report_together(const struct rule_view *view, rule_id apart, service_id a, service_id b)
{
    struct diagnostics *diagnostics = view->resolution->diagnostics;
    bool is_strict = view->policy->rules[apart].is_strict;
    struct location at = check_place(view, apart);
    struct diagnostic *entry =
        is_strict ? diagnostics_add(diagnostics, DIAGNOSTIC_TOGETHER_APART, at, name_of(view, a),
                                    name_of(view, b))
                  : diagnostics_add(diagnostics, DIAGNOSTIC_WISH_IN_VAIN, at, name_of(view, a),
                                    name_of(view, b), "together");

    if (is_strict)
        diagnostics_hint(diagnostics, entry,
                         "take one of them out of a rule; or write \"try\" for \"keep\" in the "
                         "one that may give way");
    diagnostics_note(diagnostics, entry, check_place(view, view->together[a]),
                     "%s binds %s to its group", check_title(view, view->together[a]),
                     name_of(view, a));
    if (view->together[a] != view->together[b])
        diagnostics_note(diagnostics, entry, check_place(view, view->together[b]),
                         "%s binds %s to the same group", check_title(view, view->together[b]),
                         name_of(view, b));
}

/* Two of one group in a rule that wants them apart; seen[group] is who was met first. */
static bool check_groups(const struct rule_view *view, rule_id id, service_id *seen)
{
    const struct rule *rule = &view->policy->rules[id];
    bool is_right = true;

    for (int i = 0; i < rule->n_services && is_right; i++) {
        service_id group = view->group[rule->services[i]];

        if (seen[group] != SERVICE_NONE) {
            report_together(view, id, seen[group], rule->services[i]);
            if (rule->is_strict) {
                conflict_blame(view, id);
                conflict_blame_group(view, rule->services[i], false);
            }
            is_right = false;
        }
        seen[group] = rule->services[i];
    }
    for (int i = 0; i < rule->n_services; i++)
        seen[view->group[rule->services[i]]] = SERVICE_NONE;
    return is_right;
}

/* A matching in the making: which of the rule's services has a node, by node. */
struct matching {
    const struct rule_view *view;
    const struct rule *rule;
    int holder[NODES_MAX]; /* a position in rule->services; -1: free */
    node_set tried;        /* in the search for one service */
    unsigned met;          /* services met in that search, as bits */
};

static node_set nodes_of(const struct matching *m, int position)
{
    service_id group = m->view->group[m->rule->services[position]];
    node_set all = m->view->policy->n_nodes == NODES_MAX
                       ? ~(node_set)0
                       : ((node_set)1 << m->view->policy->n_nodes) - 1;

    return m->view->in_group[group] & all;
}

/* Finds the service a node, asking those that hold one to move; at most NODES_MAX deep. */
static bool find_node(struct matching *m, int position)
{
    m->met |= 1u << position;
    NODE_SET_EACH(node, nodes_of(m, position))
    {
        if (node_in(m->tried, node))
            continue;
        m->tried |= node_bit(node);
        if (m->holder[node] < 0 || find_node(m, m->holder[node])) {
            m->holder[node] = position;
            return true;
        }
    }
    return false;
}

static void report_too_many(const struct rule_view *view, rule_id id, int services, int nodes,
                            const char *which)
{
    conflict_blame_apart(view, id);
    diagnostics_add(view->resolution->diagnostics, DIAGNOSTIC_TOO_MANY_APART, check_place(view, id),
                    services, nodes, which);
}

static void check_matching(const struct rule_view *view, rule_id id)
{
    struct matching m = {.view = view, .rule = &view->policy->rules[id]};

    if (m.rule->n_services > view->policy->n_nodes) {
        report_too_many(view, id, m.rule->n_services, view->policy->n_nodes,
                        view->policy->n_nodes == 1 ? "node" : "nodes");
        return;
    }
    memset(m.holder, -1, sizeof(m.holder));
    for (int i = 0; i < m.rule->n_services; i++) {
        m.tried = 0;
        m.met = 0;
        if (find_node(&m, i))
            continue;
        report_too_many(view, id, __builtin_popcount(m.met), node_set_count(m.tried),
                        node_set_count(m.tried) == 1 ? "node, the only one they may run on"
                                                     : "nodes, the only ones they may run on");
        return;
    }
}

/* By service: the strict apart rules that name it, one behind the other. */
struct apart_index {
    int *from; /* where its rules begin; those of service n end where n + 1 begins */
    rule_id *rules;
};

static struct apart_index index_apart(const struct rule_view *view)
{
    const struct policy *policy = view->policy;
    struct arena *arena = view->resolution->arena;
    struct apart_index index = {0};
    int n_services = policy->n_services;

    index.from = arena_alloc(arena, ((size_t)n_services + 2) * sizeof(index.from[0]));
    for (rule_id id = 0; id < policy->n_rules; id++) {
        for (int i = 0; i < policy->rules[id].n_services; i++) {
            if (policy->rules[id].kind == RULE_APART && policy->rules[id].is_strict)
                index.from[policy->rules[id].services[i] + 2]++;
        }
    }
    for (int i = 2; i < n_services + 2; i++)
        index.from[i] += index.from[i - 1];
    index.rules = arena_alloc(arena, (size_t)index.from[n_services + 1] * sizeof(index.rules[0]));
    for (rule_id id = 0; id < policy->n_rules; id++) {
        for (int i = 0; i < policy->rules[id].n_services; i++) {
            if (policy->rules[id].kind == RULE_APART && policy->rules[id].is_strict)
                index.rules[index.from[policy->rules[id].services[i] + 1]++] = id;
        }
    }
    return index;
}

/* The wish to have two together that a strict rule keeps apart. */
static void check_wish(const struct rule_view *view, rule_id id, const struct apart_index *index,
                       service_id *seen)
{
    const struct rule *rule = &view->policy->rules[id];
    struct diagnostics *diagnostics = view->resolution->diagnostics;
    bool is_reported = false;

    for (int i = 0; i < rule->n_services; i++) {
        service_id service = rule->services[i];

        for (int k = index->from[service]; k < index->from[service + 1]; k++) {
            rule_id apart = index->rules[k];

            if (seen[apart] != SERVICE_NONE && !is_reported) {
                struct diagnostic *entry =
                    diagnostics_add(diagnostics, DIAGNOSTIC_WISH_IN_VAIN, check_place(view, id),
                                    name_of(view, seen[apart]), name_of(view, service), "apart");

                diagnostics_note(diagnostics, entry, check_place(view, apart), "%s",
                                 check_title(view, apart));
                is_reported = true;
            }
            seen[apart] = service;
        }
    }
    for (int i = 0; i < rule->n_services; i++) {
        for (int k = index->from[rule->services[i]]; k < index->from[rule->services[i] + 1]; k++)
            seen[index->rules[k]] = SERVICE_NONE;
    }
}

static service_id *new_table(const struct rule_view *view, int n)
{
    service_id *table = arena_alloc(view->resolution->arena, (size_t)n * sizeof(table[0]));

    for (int i = 0; i < n; i++)
        table[i] = SERVICE_NONE;
    return table;
}

void check_apart(const struct rule_view *view)
{
    const struct policy *policy = view->policy;
    struct apart_index index = index_apart(view);
    service_id *by_group = new_table(view, policy->n_services);
    service_id *by_rule = new_table(view, policy->n_rules);

    for (rule_id id = 0; id < policy->n_rules; id++) {
        const struct rule *rule = &policy->rules[id];

        if (rule->kind == RULE_APART && check_groups(view, id, by_group) && rule->is_strict)
            check_matching(view, id);
        if (rule->kind == RULE_TOGETHER && !rule->is_strict)
            check_wish(view, id, &index, by_rule);
    }
}
