/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Level 3: rules that contradict each other or say nothing. What is kept together is a
 * group, also where several rules overlap; every other question is then asked of groups.
 */
#include "dsl/check.h"

#include <string.h>

#include "dsl/conflict.h"

static const char *name_of(const struct rule_view *view, service_id service)
{
    return view->policy->services[service].name;
}

/* The group's lowest id; the path is halved on the way, so that long chains stay short. */
static service_id find_group(service_id *group, service_id service)
{
    while (group[service] != service) {
        group[service] = group[group[service]];
        service = group[service];
    }
    return service;
}

static void join(struct rule_view *view, service_id a, service_id b)
{
    a = find_group(view->group, a);
    b = find_group(view->group, b);
    if (a < b)
        view->group[b] = a;
    else
        view->group[a] = b;
}

static void report_second_on(const struct rule_view *view, rule_id first, rule_id second,
                             service_id service)
{
    struct diagnostics *diagnostics = view->resolution->diagnostics;
    rule_id later =
        check_place(view, first).offset > check_place(view, second).offset ? first : second;
    rule_id earlier = later == first ? second : first;
    bool is_mixed = view->policy->rules[first].is_strict != view->policy->rules[second].is_strict;
    struct diagnostic *entry = diagnostics_add(
        diagnostics, DIAGNOSTIC_ON_TWICE, check_place(view, later),
        view->policy->rules[later].is_strict ? "keep" : "try", name_of(view, service));

    diagnostics_note(diagnostics, entry, check_place(view, earlier), "the first is %s",
                     check_title(view, earlier));
    if (is_mixed)
        diagnostics_hint(diagnostics, entry, "one rule says both: keep %s on NODE, then NODE",
                         name_of(view, service));
    else
        diagnostics_hint(diagnostics, entry, "say it in one place");
}

static void read_on(struct rule_view *view, rule_id id)
{
    const struct rule *rule = &view->policy->rules[id];
    bool is_reported = false;
    node_set nodes = 0;

    for (int i = 0; i < rule->n_tiers; i++)
        nodes |= rule->tiers[i];
    for (int i = 0; i < rule->n_services; i++) {
        service_id service = rule->services[i];

        if (view->on[service] != RULE_NONE) {
            conflict_blame(view, id);
            conflict_blame(view, view->on[service]);
            view->is_reported[id] = view->is_reported[view->on[service]] = true;
            if (!is_reported)
                report_second_on(view, view->on[service], id, service);
            is_reported = true;
        }
        view->on[service] = id;
        view->named[service] |= nodes;
        view->has_tiers[service] |= rule->n_tiers > 1;
        if (!rule->is_strict)
            continue;
        view->keep_on[service] = id;
        view->allowed[service] &= nodes;
    }
}

static void read_together(struct rule_view *view, rule_id id)
{
    const struct rule *rule = &view->policy->rules[id];

    for (int i = 0; i < rule->n_services; i++) {
        join(view, rule->services[0], rule->services[i]);
        if (view->together[rule->services[i]] == RULE_NONE)
            view->together[rule->services[i]] = id;
    }
}

static void view_init(struct rule_view *view, struct resolution *r)
{
    size_t n = (size_t)r->policy->n_services;

    view->resolution = r;
    view->policy = r->policy;
    view->group = arena_alloc(r->arena, n * sizeof(view->group[0]));
    view->together = arena_alloc(r->arena, n * sizeof(view->together[0]));
    view->on = arena_alloc(r->arena, n * sizeof(view->on[0]));
    view->named = arena_alloc(r->arena, n * sizeof(view->named[0]));
    view->has_tiers = arena_alloc(r->arena, n * sizeof(view->has_tiers[0]));
    view->blame = arena_alloc(r->arena, n * sizeof(view->blame[0]));
    view->keep_on = arena_alloc(r->arena, n * sizeof(view->keep_on[0]));
    view->allowed = arena_alloc(r->arena, n * sizeof(view->allowed[0]));
    view->in_group = arena_alloc(r->arena, n * sizeof(view->in_group[0]));
    view->is_reported = arena_alloc(r->arena, (size_t)r->policy->n_rules);
    for (service_id id = 0; id < r->policy->n_services; id++) {
        view->group[id] = id;
        view->together[id] = view->on[id] = view->keep_on[id] = RULE_NONE;
        view->allowed[id] = view->in_group[id] = ~(node_set)0;
    }
    for (rule_id id = 0; id < r->policy->n_rules; id++) {
        if (r->policy->rules[id].kind == RULE_ON)
            read_on(view, id);
        else if (check_is_bond(&r->policy->rules[id]))
            read_together(view, id);
    }
    for (service_id id = 0; id < r->policy->n_services; id++)
        view->group[id] = find_group(view->group, id);
    view->bonds = check_index(view, check_is_bond);
}

/* The rules that say where the members of a group run, as few as leave them no node in common. */
static int find_clash(const struct rule_view *view, service_id service, service_id *members)
{
    node_set rest[NODES_MAX + 2];
    int n_members = 0, n_kept = 0;
    node_set common = ~(node_set)0;

    /* Each of those that count takes a node away, so there are no more than nodes. */
    for (service_id id = 0; id <= service; id++) {
        if (view->group[id] != view->group[service] || !(common & ~view->allowed[id]))
            continue;
        common &= view->allowed[id];
        members[n_members++] = id;
    }
    rest[n_members] = ~(node_set)0;
    for (int i = n_members - 1; i >= 0; i--)
        rest[i] = rest[i + 1] & view->allowed[members[i]];
    common = ~(node_set)0;
    for (int i = 0; i < n_members; i++) {
        if (!(common & rest[i + 1]))
            continue;
        common &= view->allowed[members[i]];
        members[n_kept++] = members[i];
    }
    return n_kept;
}

/* What binds a member to the first; the rules behind those that are named already. */
static int add_bonds(const struct rule_view *view, service_id first, service_id member,
                     rule_id *rules, int n_rules)
{
    const struct chain chain = check_chain(view, &view->bonds, first, member);

    for (int i = 0; i < chain.n_rules; i++) {
        int k = 0;

        while (k < n_rules && rules[k] != chain.rules[i])
            k++;
        rules[k] = chain.rules[i];
        n_rules += k == n_rules;
    }
    return n_rules;
}

static void report_no_common(const struct rule_view *view, service_id service)
{
    struct diagnostics *diagnostics = view->resolution->diagnostics;
    struct arena *arena = view->resolution->arena;
    service_id members[NODES_MAX + 1];
    int n_members = find_clash(view, service, members), n_rules = 0;
    rule_id *rules = arena_alloc(arena, (size_t)view->policy->n_rules * sizeof(rules[0]));
    const char *names = name_of(view, members[0]);
    struct diagnostic *entry;

    for (int i = 1; i < n_members; i++) {
        names = arena_printf(arena, "%s%s%s", names, i == n_members - 1 ? " and " : ", ",
                             name_of(view, members[i]));
        n_rules = add_bonds(view, members[0], members[i], rules, n_rules);
    }
    entry = diagnostics_add(diagnostics, DIAGNOSTIC_NO_COMMON_NODE,
                            check_place(view, view->together[service]), names);
    for (int i = 0; i < n_members; i++)
        diagnostics_note(diagnostics, entry, check_place(view, view->keep_on[members[i]]),
                         "where %s may run", name_of(view, members[i]));
    diagnostics_hint(diagnostics, entry,
                     "name a node that all of them share, or take one out of %s",
                     check_names(view, rules, n_rules));
}

/* Those kept together need one node that all of them may run on. */
static void check_groups(struct rule_view *view)
{
    for (service_id id = 0; id < view->policy->n_services; id++) {
        node_set *nodes = &view->in_group[view->group[id]];

        /* Who has no node of its own is reported already. */
        if (*nodes && view->allowed[id] && !(*nodes & view->allowed[id])) {
            report_no_common(view, id);
            conflict_blame_group(view, id, true);
        }
        *nodes &= view->allowed[id];
    }
}

static void check_sizes(const struct rule_view *view)
{
    for (rule_id id = 0; id < view->policy->n_rules; id++) {
        const struct rule *rule = &view->policy->rules[id];

        if ((rule->kind == RULE_TOGETHER || rule->kind == RULE_APART) && rule->n_services == 1)
            diagnostics_add(view->resolution->diagnostics, DIAGNOSTIC_LONE_SERVICE,
                            check_place(view, id));
    }
}

static bool is_pin(const struct rule *rule)
{
    return rule->kind == RULE_ON && rule->is_strict && rule->n_tiers == 1 &&
           node_set_count(rule->tiers[0]) == 1;
}

/* The service waits for that node, however many there are. */
static void report_pin(const struct rule_view *view, rule_id id, service_id first, int n_services,
                       node_set node)
{
    const char *who = name_of(view, first);

    if (n_services > 1)
        who =
            arena_printf(view->resolution->arena, "each of %d services (%s, ...)", n_services, who);
    diagnostics_add(view->resolution->diagnostics, DIAGNOSTIC_PINNED, check_place(view, id), who,
                    view->policy->nodes[node_set_first(node)].name);
}

/* Strict rules over a single node. */
static void check_pins(const struct rule_view *view)
{
    for (rule_id id = 0; id < view->policy->n_rules && view->policy->n_nodes > 1; id++) {
        const struct rule *rule = &view->policy->rules[id];

        if (is_pin(rule) && rule->n_services > 0)
            report_pin(view, id, rule->services[0], rule->n_services, rule->tiers[0]);
    }
}

/* Groups that have one node in common though none of their rules is over a single one. */
static void check_common_pins(const struct rule_view *view)
{
    size_t n = (size_t)view->policy->n_services;
    int *n_members = arena_alloc(view->resolution->arena, n * sizeof(n_members[0]));
    bool *is_told = arena_alloc(view->resolution->arena, n);

    for (size_t id = 0; id < n; id++) {
        rule_id own = view->keep_on[id];

        n_members[view->group[id]]++;
        is_told[view->group[id]] |= own != RULE_NONE && is_pin(&view->policy->rules[own]);
    }
    for (service_id id = 0; id < view->policy->n_services && view->policy->n_nodes > 1; id++) {
        if (view->group[id] == id && n_members[id] > 1 && !is_told[id] &&
            node_set_count(view->in_group[id]) == 1)
            report_pin(view, view->together[id], id, n_members[id], view->in_group[id]);
    }
}

/* An order of nodes is one service's wish; a rule of neighbours is one of several at once. */
static void report_tiers(const struct rule_view *view, rule_id id, service_id service)
{
    struct diagnostics *diagnostics = view->resolution->diagnostics;
    bool is_apart = view->policy->rules[id].kind == RULE_APART;
    struct diagnostic *entry =
        diagnostics_add(diagnostics, DIAGNOSTIC_TIERS_OF_BOUND, check_place(view, id),
                        name_of(view, service), is_apart ? "apart from" : "together with");

    diagnostics_note(diagnostics, entry, check_place(view, view->on[service]),
                     "where %s runs is said here", name_of(view, service));
    diagnostics_hint(diagnostics, entry,
                     "name its nodes without \"then\": nobody could foresee which wish gives way");
}

/* Each rule of neighbours that names a service with tiers. */
static void check_tiers(const struct rule_view *view)
{
    for (rule_id id = 0; id < view->policy->n_rules; id++) {
        const struct rule *rule = &view->policy->rules[id];
        bool is_bond =
            (rule->kind == RULE_TOGETHER || rule->kind == RULE_APART) && rule->n_services > 1;

        for (int i = 0; is_bond && rule->is_strict && i < rule->n_services; i++) {
            if (!view->has_tiers[rule->services[i]])
                continue;
            report_tiers(view, id, rule->services[i]);
            conflict_blame(view, id);
            conflict_blame_places(view, id);
            break;
        }
    }
}

/* Who stays where it is does not go to its group; one is named for each rule. */
static void report_anchor(const struct rule_view *view, rule_id id)
{
    const struct rule *rule = &view->policy->rules[id];
    struct diagnostics *diagnostics = view->resolution->diagnostics;

    if (!check_is_bond(rule) || rule->n_services < 2 || view->is_reported[id])
        return;
    for (int i = 0; i < rule->n_services; i++) {
        service_id service = rule->services[i];
        struct diagnostic *entry;

        if (view->policy->services[service].failback)
            continue;
        entry = diagnostics_add(diagnostics, DIAGNOSTIC_STAYS_APART, check_place(view, id),
                                name_of(view, service), name_of(view, rule->services[i == 0]));
        diagnostics_hint(diagnostics, entry, "leave it out of %s, and the group stays together",
                         name_of(view, service));
        return;
    }
}

static void check_anchors(const struct rule_view *view)
{
    for (rule_id id = 0; id < view->policy->n_rules; id++)
        report_anchor(view, id);
}

void check_rules(struct resolution *resolution)
{
    struct rule_view view;

    view_init(&view, resolution);
    check_groups(&view);
    check_sizes(&view);
    check_pins(&view);
    check_common_pins(&view);
    check_tiers(&view);
    check_apart(&view);
    check_order(&view);
    check_places(&view);
    check_wishes(&view);
    check_redundant(&view);
    check_anchors(&view);
    conflict_settle(&view);
}
