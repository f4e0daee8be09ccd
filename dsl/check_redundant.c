/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Level 3: rules that say nothing. That another rule says the same, and perhaps more; that a wish
 * is a duty already; that all nodes are named.
 */
#include "dsl/check.h"

#include <string.h>

/* A courtesy to the reader must not cost more than the check itself: then some are not seen. */
#define STEPS_MAX 2000000

struct look {
    const struct rule_view *view;
    struct rule_index index; /* of the rules of neighbours and of order */
    int steps_left;
};

static bool is_about_neighbours(const struct rule *rule)
{
    return (rule->kind == RULE_TOGETHER || rule->kind == RULE_APART) && rule->n_services > 1;
}

static bool is_candidate(const struct rule *rule)
{
    return rule->kind == RULE_BEFORE || is_about_neighbours(rule);
}

/* Both lists are sorted. */
static bool is_subset(struct look *look, const service_id *some, int n_some, const service_id *all,
                      int n_all)
{
    int k = 0;

    for (int i = 0; i < n_some; i++) {
        while (k < n_all && all[k] < some[i])
            k++;
        if (k == n_all || all[k] != some[i] || n_some - i > n_all - k)
            break;
        if (i == n_some - 1) {
            look->steps_left -= k;
            return true;
        }
    }
    look->steps_left -= k + 1;
    return n_some == 0;
}

static bool is_within(struct look *look, const struct rule *rule, const struct rule *other)
{
    return rule->kind == other->kind && rule->n_services <= other->n_services &&
           rule->n_others <= other->n_others && (other->is_strict || !rule->is_strict) &&
           is_subset(look, rule->services, rule->n_services, other->services, other->n_services) &&
           is_subset(look, rule->others, rule->n_others, other->others, other->n_others);
}

/* Of two rules that say the same the one that comes later in the text is too many. */
static bool is_said_by(struct look *look, rule_id id, rule_id by)
{
    const struct rule *rule = &look->view->policy->rules[id];
    const struct rule *other = &look->view->policy->rules[by];

    if (id == by || !is_within(look, rule, other))
        return false;
    return rule->n_services < other->n_services || rule->n_others < other->n_others ||
           rule->is_strict != other->is_strict ||
           check_place(look->view, by).offset < check_place(look->view, id).offset;
}

/* Another rule that says all of this one; it must name the service that the fewest name. */
static rule_id find_other(struct look *look, rule_id id)
{
    const struct rule *rule = &look->view->policy->rules[id];
    const int *from = look->index.from;
    service_id rarest = rule->services[0];

    for (int i = 1; i < rule->n_services; i++) {
        service_id service = rule->services[i];

        if (from[service + 1] - from[service] < from[rarest + 1] - from[rarest])
            rarest = service;
    }
    for (int k = from[rarest]; k < from[rarest + 1] && look->steps_left > 0; k++) {
        if (is_said_by(look, id, look->index.rules[k]))
            return look->index.rules[k];
    }
    return RULE_NONE;
}

static void report(const struct rule_view *view, rule_id id, const rule_id *rules, int n_rules)
{
    struct diagnostics *diagnostics = view->resolution->diagnostics;
    struct diagnostic *entry =
        diagnostics_add(diagnostics, DIAGNOSTIC_REDUNDANT_RULE, check_place(view, id),
                        check_names(view, rules, n_rules));

    diagnostics_note(diagnostics, entry, check_place(view, rules[0]), "%s",
                     check_title(view, rules[0]));
    diagnostics_hint(diagnostics, entry, "take the rule out");
}

/* The wish for two to be together who are so by a chain of strict rules. */
static bool check_chain_of_wish(const struct rule_view *view, rule_id id)
{
    const struct rule *rule = &view->policy->rules[id];
    struct chain chain;

    if (rule->kind != RULE_TOGETHER || rule->is_strict || rule->n_services != 2 ||
        view->group[rule->services[0]] != view->group[rule->services[1]] ||
        view->resolution->diagnostics->n_list == DIAGNOSTICS_MAX)
        return false;
    chain = check_chain(view, &view->bonds, rule->services[0], rule->services[1]);
    report(view, id, chain.rules, chain.n_rules);
    return true;
}

/* In a block this is a word against the defaults; in a rule it is nothing. */
static void check_all_nodes(const struct rule_view *view, rule_id id)
{
    const struct rule *rule = &view->policy->rules[id];

    if (rule->kind == RULE_ON && rule->n_tiers == 1 && rule->name[0] && view->policy->n_nodes > 1 &&
        node_set_count(rule->tiers[0]) == view->policy->n_nodes)
        diagnostics_add(view->resolution->diagnostics, DIAGNOSTIC_ALL_NODES, check_place(view, id));
}

void check_redundant(const struct rule_view *view)
{
    struct look look = {.view = view, .steps_left = STEPS_MAX};

    look.index = check_index(view, is_candidate);
    for (rule_id id = 0; id < view->policy->n_rules; id++) {
        const struct rule *rule = &view->policy->rules[id];
        rule_id other;

        check_all_nodes(view, id);
        if (!is_candidate(rule) || rule->n_services == 0 || check_chain_of_wish(view, id))
            continue;
        other = find_other(&look, id);
        if (other != RULE_NONE)
            report(view, id, &other, 1);
    }
}
