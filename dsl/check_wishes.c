/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Level 3: wishes ("try") that strict rules never grant. Each is asked of groups: what is kept
 * together has its neighbours and its nodes in common.
 */
#include "dsl/check.h"

#include <string.h>

/* Different sets of nodes that are remembered while the services of one wish are looked at. */
#define SETS_MAX 32

struct wishes {
    const struct rule_view *view;
    int *from; /* by group: the strict apart rules of its members, in rules */
    rule_id *rules;
    service_id *seen; /* by rule: who of this wish was met in it; SERVICE_NONE between two wishes */
};

static const char *name_of(const struct rule_view *view, service_id service)
{
    return view->policy->services[service].name;
}

static node_set nodes_of(const struct rule_view *view, service_id service)
{
    return view->in_group[view->group[service]];
}

static struct diagnostic *report(const struct rule_view *view, rule_id wish, service_id a,
                                 service_id b, const char *how)
{
    return diagnostics_add(view->resolution->diagnostics, DIAGNOSTIC_WISH_IN_VAIN,
                           check_place(view, wish), name_of(view, a), name_of(view, b), how);
}

/* What says where a service's group runs. */
static void note_place(const struct rule_view *view, struct diagnostic *entry, service_id service)
{
    for (service_id id = 0; id < view->policy->n_services; id++) {
        if (view->group[id] != view->group[service] || view->keep_on[id] == RULE_NONE)
            continue;
        diagnostics_note(view->resolution->diagnostics, entry, check_place(view, view->keep_on[id]),
                         "where %s may run", name_of(view, id));
        return;
    }
}

static void index_groups(struct wishes *w)
{
    const struct rule_view *view = w->view;
    struct rule_index index = check_index(view, check_is_strict_apart);
    struct arena *arena = view->resolution->arena;
    size_t n = (size_t)view->policy->n_services;

    w->from = arena_alloc(arena, (n + 2) * sizeof(w->from[0]));
    w->rules = arena_alloc(arena, (size_t)index.from[n] * sizeof(w->rules[0]));
    for (size_t id = 0; id < n; id++)
        w->from[view->group[id] + 2] += index.from[id + 1] - index.from[id];
    for (size_t id = 2; id < n + 2; id++)
        w->from[id] += w->from[id - 1];
    for (size_t id = 0; id < n; id++) {
        for (int k = index.from[id]; k < index.from[id + 1]; k++)
            w->rules[w->from[view->group[id] + 1]++] = index.rules[k];
    }
}

/* Together, and a strict rule keeps two of their groups apart. */
static bool is_apart(struct wishes *w, rule_id id)
{
    const struct rule *rule = &w->view->policy->rules[id];
    bool is_found = false;

    for (int i = 0; i < rule->n_services && !is_found; i++) {
        service_id service = rule->services[i];
        service_id group = w->view->group[service];

        for (int k = w->from[group]; k < w->from[group + 1] && !is_found; k++) {
            service_id *seen = &w->seen[w->rules[k]];

            is_found = *seen != SERVICE_NONE && w->view->group[*seen] != group;
            if (is_found)
                diagnostics_note(
                    w->view->resolution->diagnostics, report(w->view, id, *seen, service, "apart"),
                    check_place(w->view, w->rules[k]), "%s", check_title(w->view, w->rules[k]));
            *seen = service;
        }
    }
    for (int i = 0; i < rule->n_services; i++) {
        service_id group = w->view->group[rule->services[i]];

        for (int k = w->from[group]; k < w->from[group + 1]; k++)
            w->seen[w->rules[k]] = SERVICE_NONE;
    }
    return is_found;
}

/* Together, and two of them have no node in common. */
static void check_nodes_of_friends(const struct rule_view *view, rule_id id)
{
    const struct rule *rule = &view->policy->rules[id];
    service_id first[SETS_MAX];
    int n_first = 0;

    for (int i = 0; i < rule->n_services; i++) {
        service_id service = rule->services[i];
        node_set nodes = nodes_of(view, service);
        bool is_new = true;

        for (int k = 0; k < n_first && nodes; k++) {
            if (!(nodes_of(view, first[k]) & nodes)) {
                struct diagnostic *entry =
                    report(view, id, first[k], service, "on different nodes");

                note_place(view, entry, first[k]);
                note_place(view, entry, service);
                return;
            }
            is_new &= nodes_of(view, first[k]) != nodes;
        }
        if (nodes && is_new && n_first < SETS_MAX)
            first[n_first++] = service;
    }
}

/* Apart, and two of them may only run on one and the same node. */
static void check_nodes_of_strangers(const struct rule_view *view, rule_id id)
{
    const struct rule *rule = &view->policy->rules[id];
    service_id pinned[NODES_MAX];

    memset(pinned, -1, sizeof(pinned));
    for (int i = 0; i < rule->n_services; i++) {
        service_id service = rule->services[i];
        node_set nodes = nodes_of(view, service);
        service_id *other = &pinned[nodes ? node_set_first(nodes) : 0];

        if (node_set_count(nodes) != 1 ||
            (*other != SERVICE_NONE && view->group[*other] == view->group[service]))
            continue;
        if (*other != SERVICE_NONE) {
            struct diagnostic *entry = report(view, id, *other, service, "on one node");

            note_place(view, entry, *other);
            note_place(view, entry, service);
            return;
        }
        *other = service;
    }
}

/* On nodes of which strict rules leave none. */
static void check_places_wished(const struct rule_view *view, rule_id id)
{
    const struct rule *rule = &view->policy->rules[id];
    node_set wished = 0;

    for (int i = 0; i < rule->n_tiers; i++)
        wished |= rule->tiers[i];
    for (int i = 0; i < rule->n_services; i++) {
        service_id service = rule->services[i];
        struct diagnostic *entry;

        if (!nodes_of(view, service) || (nodes_of(view, service) & wished) ||
            view->keep_on[service] != RULE_NONE)
            continue;
        entry = diagnostics_add(view->resolution->diagnostics, DIAGNOSTIC_WISH_ELSEWHERE,
                                check_place(view, id), name_of(view, service));
        note_place(view, entry, service);
        return;
    }
}

void check_wishes(const struct rule_view *view)
{
    const struct policy *policy = view->policy;
    struct arena *arena = view->resolution->arena;
    size_t n_rules = (size_t)policy->n_rules;
    struct wishes wishes = {.view = view};

    index_groups(&wishes);
    wishes.seen = arena_alloc(arena, n_rules * sizeof(wishes.seen[0]));
    memset(wishes.seen, -1, n_rules * sizeof(wishes.seen[0]));
    for (rule_id id = 0; id < policy->n_rules; id++) {
        const struct rule *rule = &policy->rules[id];

        if (rule->is_strict)
            continue;
        if (rule->kind == RULE_TOGETHER && !is_apart(&wishes, id))
            check_nodes_of_friends(view, id);
        else if (rule->kind == RULE_APART)
            check_nodes_of_strangers(view, id);
        else if (rule->kind == RULE_ON)
            check_places_wished(view, id);
    }
}
