/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rules turned round; see bonds.h. Groups are found by joining sets whose
 * leader is the lowest id.
 */
#include "ha/decide/bonds.h"

#include <assert.h>

static service_id leader_of(struct crm_work *work, service_id service)
{
    while (work->bonds[service].leader != service) {
        /* Halving the path keeps long chains of rules cheap. */
        work->bonds[service].leader = work->bonds[work->bonds[service].leader].leader;
        service = work->bonds[service].leader;
    }
    return service;
}

static void join_groups(struct crm_work *work, service_id a, service_id b)
{
    service_id first = leader_of(work, a), second = leader_of(work, b);

    if (first < second)
        work->bonds[second].leader = first;
    else
        work->bonds[first].leader = second;
}

static void add_membership(struct crm_work *work, int32_t *first, rule_id rule)
{
    assert(work->n_memberships < MEMBERSHIPS_MAX);
    /* Rules come one after the other, so one that names several of a group is the first already. */
    if (*first != NO_MEMBERSHIP && work->memberships[*first].rule == rule)
        return;
    work->memberships[work->n_memberships] = (struct membership){.rule = rule, .next = *first};
    *first = work->n_memberships++;
}

static void clear_bonds(struct crm_work *work, int n_services, node_set all)
{
    for (service_id service = 0; service < n_services; service++) {
        work->bonds[service] = (struct bonds){
            .leader = service,
            .next = SERVICE_NONE,
            .friends = NO_MEMBERSHIP,
            .group_apart = NO_MEMBERSHIP,
            .group = NO_GROUP,
            .group_allowed = all,
            .group_strict = RULE_NONE,
            .group_tiers = RULE_NONE,
            .group_rule = RULE_NONE,
        };
    }
}

static void link_groups(struct crm_work *work, const struct policy *policy)
{
    /* Backwards, so that each group's list ends up in the order of ids. */
    for (service_id service = policy->n_services - 1; service >= 0; service--) {
        service_id leader = leader_of(work, service);
        struct bonds *first = &work->bonds[leader];

        work->bonds[service].leader = leader;
        first->group_stays |= !policy->services[service].failback;
        if (leader == service)
            continue;
        if (first->group == NO_GROUP)
            first->group = work->n_groups++;
        work->bonds[service].next = first->next;
        first->next = service;
    }
}

static void apply_node_rule(struct crm_work *work, const struct rule *rule, rule_id id)
{
    node_set named = 0;

    for (int i = 0; i < rule->n_tiers; i++)
        named |= rule->tiers[i];
    for (int i = 0; i < rule->n_services; i++) {
        struct bonds *group = &work->bonds[work->bonds[rule->services[i]].leader];

        if (group->group_tiers == RULE_NONE)
            group->group_tiers = id;
        if (!rule->is_strict)
            continue;
        if (group->group_allowed & ~named)
            group->group_strict = id;
        group->group_allowed &= named;
    }
}

static void read_neighbour_rules(struct round *round)
{
    struct crm_work *work = round->work;

    for (rule_id id = 0; id < round->policy->n_rules; id++) {
        const struct rule *rule = &round->policy->rules[id];

        if (rule->kind != RULE_TOGETHER && rule->kind != RULE_APART)
            continue;
        for (int i = 0; i < rule->n_services; i++) {
            if (rule->kind == RULE_TOGETHER && rule->is_strict)
                join_groups(work, rule->services[0], rule->services[i]);
            else if (rule->kind == RULE_TOGETHER)
                add_membership(work, &work->bonds[rule->services[i]].friends, id);
        }
    }
}

static void read_other_rules(struct round *round)
{
    struct crm_work *work = round->work;

    for (rule_id id = 0; id < round->policy->n_rules; id++) {
        const struct rule *rule = &round->policy->rules[id];

        if (rule->kind == RULE_ON)
            apply_node_rule(work, rule, id);
        /* Whoever is kept apart from one of a group is kept apart from all of them. */
        for (int i = 0; rule->kind == RULE_APART && i < rule->n_services; i++)
            add_membership(work, &work->bonds[work->bonds[rule->services[i]].leader].group_apart,
                           id);
        if (rule->kind == RULE_TOGETHER && rule->is_strict && rule->n_services > 0)
            work->bonds[work->bonds[rule->services[0]].leader].group_rule = id;
    }
}

void bonds_prepare(struct round *round)
{
    struct crm_work *work = round->work;

    work->n_memberships = work->n_groups = 0;
    clear_bonds(work, round->policy->n_services, round->all);
    read_neighbour_rules(round);
    link_groups(work, round->policy);
    read_other_rules(round);
}

bool bonds_fall_back(const struct round *round, service_id service)
{
    return !bonds_of_group(round, service)->group_stays;
}
