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

static bool is_full(const struct rule_view *view)
{
    return view->resolution->diagnostics->n_list == DIAGNOSTICS_MAX;
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
    struct chain chain;

    if (is_full(view))
        return;
    chain = check_chain(view, &view->bonds, a, b);
    if (is_strict)
        diagnostics_hint(diagnostics, entry,
                         "take one of them out of a rule; or write \"try\" for \"keep\" in the "
                         "one that may give way");
    if (chain.n_rules == 1) {
        diagnostics_note(diagnostics, entry, check_place(view, chain.rules[0]),
                         "%s keeps them together", check_title(view, chain.rules[0]));
        return;
    }
    diagnostics_note(diagnostics, entry, check_place(view, chain.rules[0]),
                     "they are kept together by %s; the first of these is here",
                     check_names(view, chain.rules, chain.n_rules));
    diagnostics_note(diagnostics, entry, check_place(view, chain.rules[chain.n_rules - 1]),
                     "and the last is here");
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
                view->is_reported[id] = true;
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

    /* Without any node it is reported already. */
    return m->view->in_group[group] ? m->view->in_group[group] & all : all;
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

/* The first few rules that say where the services of a matching may run, and all their names. */
static void name_sources(const struct matching *m, struct diagnostic *entry)
{
    const struct rule_view *view = m->view;
    struct diagnostics *diagnostics = view->resolution->diagnostics;
    struct arena *arena = view->resolution->arena;
    size_t n = (size_t)view->policy->n_rules;
    bool *is_met = arena_alloc(arena, (size_t)view->policy->n_services);
    bool *is_named = arena_alloc(arena, n);
    rule_id *rules = arena_alloc(arena, n * sizeof(rules[0]));
    int n_rules = 0;

    for (int i = 0; i < m->rule->n_services; i++)
        is_met[view->group[m->rule->services[i]]] = m->met & (1u << i);
    for (service_id id = 0; id < view->policy->n_services; id++) {
        rule_id rule = view->keep_on[id];

        if (!is_met[view->group[id]] || rule == RULE_NONE || is_named[rule])
            continue;
        is_named[rule] = true;
        rules[n_rules++] = rule;
        diagnostics_note(diagnostics, entry, check_place(view, rule), "where %s may run",
                         name_of(view, id));
    }
    if (n_rules > 0)
        diagnostics_hint(
            diagnostics, entry,
            "name more nodes in %s, or write \"try\" for \"keep\" in the rule that may "
            "give way",
            check_names(view, rules, n_rules));
}

static void report_too_few(const struct matching *m, rule_id id)
{
    int services = __builtin_popcount(m->met), nodes = node_set_count(m->tried);
    struct diagnostics *diagnostics = m->view->resolution->diagnostics;
    struct diagnostic *entry = diagnostics_add(
        diagnostics, DIAGNOSTIC_TOO_MANY_APART, check_place(m->view, id), services, nodes,
        nodes == 1 ? "node, the only one they may run on" : "nodes, the only ones they may run on");

    if (!is_full(m->view))
        name_sources(m, entry);
}

static void report_too_many(const struct rule_view *view, rule_id id)
{
    int nodes = view->policy->n_nodes;
    struct diagnostics *diagnostics = view->resolution->diagnostics;
    struct diagnostic *entry =
        diagnostics_add(diagnostics, DIAGNOSTIC_TOO_MANY_APART, check_place(view, id),
                        view->policy->rules[id].n_services, nodes, nodes == 1 ? "node" : "nodes");

    diagnostics_hint(diagnostics, entry,
                     "to spread them as far as there are nodes write \"try\" for \"keep\"");
}

/* False if some of the rule's services have too few nodes. */
static bool check_matching(const struct rule_view *view, rule_id id)
{
    struct matching m = {.view = view, .rule = &view->policy->rules[id]};

    if (m.rule->n_services > view->policy->n_nodes) {
        report_too_many(view, id);
        return false;
    }
    memset(m.holder, -1, sizeof(m.holder));
    for (int i = 0; i < m.rule->n_services; i++) {
        m.tried = 0;
        m.met = 0;
        if (find_node(&m, i))
            continue;
        report_too_few(&m, id);
        return false;
    }
    return true;
}

void check_apart(const struct rule_view *view)
{
    const struct policy *policy = view->policy;
    size_t n = (size_t)policy->n_services;
    service_id *seen = arena_alloc(view->resolution->arena, n * sizeof(seen[0]));

    memset(seen, -1, n * sizeof(seen[0]));
    for (rule_id id = 0; id < policy->n_rules; id++) {
        const struct rule *rule = &policy->rules[id];

        if (rule->kind != RULE_APART || !check_groups(view, id, seen) || !rule->is_strict)
            continue;
        if (!check_matching(view, id)) {
            view->is_reported[id] = true;
            conflict_blame_apart(view, id);
        }
    }
}
