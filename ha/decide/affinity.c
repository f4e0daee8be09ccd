/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rules turned round; see affinity.h. Groups are found by joining sets
 * whose leader is the lowest id. Counts are kept for each rule and node, so
 * that "who else is there" costs as many look-ups as the service has rules.
 */
#include "ha/decide/affinity.h"

#include <assert.h>
#include <string.h>

#include "ha/decide/load.h"

#define NO_MEMBERSHIP (-1)
#define NO_GROUP (-1)

node_set service_uses(const struct service *service)
{
    switch (service->state) {
    case SERVICE_STARTED:
    case SERVICE_REQUEST_STOP:
    case SERVICE_ERROR: return node_bit(service->node);
    case SERVICE_FREEZE: return service->is_running ? node_bit(service->node) : 0;
    case SERVICE_MIGRATE:
    case SERVICE_RELOCATE: return node_bit(service->node) | node_bit(service->target);
    /* Not running, or on a node of which nothing can be running. */
    case SERVICE_REQUEST_START:
    case SERVICE_STOPPED:
    case SERVICE_FENCE:
    case SERVICE_RECOVERY:
    case SERVICE_ABSENT: break;
    }
    return 0;
}

node_id service_home(const struct service *service)
{
    if (service->state == SERVICE_MIGRATE || service->state == SERVICE_RELOCATE)
        return service->target;
    /* What failed for good draws nobody to where it failed; what must be apart still keeps away. */
    if (service->state == SERVICE_ERROR)
        return NODE_NONE;
    return service_uses(service) ? service->node : NODE_NONE;
}

node_id service_awaited_on(const struct round *round, const struct service *service)
{
    bool is_at_home = !round->policy->scheduling.rebalances_on_start;

    return service->state == SERVICE_REQUEST_START && is_at_home ? service->node : NODE_NONE;
}

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

static void add_membership(struct crm_work *work, service_id service, rule_id rule)
{
    assert(work->n_memberships < MEMBERSHIPS_MAX);
    work->memberships[work->n_memberships] = (struct membership){
        .rule = rule,
        .next = work->bonds[service].memberships,
    };
    work->bonds[service].memberships = work->n_memberships++;
}

static void clear_bonds(struct crm_work *work, int n_services, node_set all)
{
    for (service_id service = 0; service < n_services; service++) {
        work->bonds[service] = (struct bonds){
            .leader = service,
            .next = SERVICE_NONE,
            .memberships = NO_MEMBERSHIP,
            .group = NO_GROUP,
            .group_allowed = all,
            .group_strict = RULE_NONE,
            .group_tiers = RULE_NONE,
            .group_rule = RULE_NONE,
        };
    }
}

static void link_groups(struct crm_work *work, int n_services)
{
    /* Backwards, so that each group's list ends up in the order of ids. */
    for (service_id service = n_services - 1; service >= 0; service--) {
        service_id leader = leader_of(work, service);
        struct bonds *first = &work->bonds[leader];

        work->bonds[service].leader = leader;
        if (leader == service)
            continue;
        if (first->group == NO_GROUP) {
            first->group = work->n_groups++;
            memset(work->homes[first->group], 0, sizeof(work->homes[0]));
        }
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
        memset(work->used[id], 0, sizeof(work->used[0]));
        memset(work->awaited[id], 0, sizeof(work->awaited[0]));
        for (int i = 0; i < rule->n_services; i++) {
            if (rule->kind == RULE_TOGETHER && rule->is_strict)
                join_groups(work, rule->services[0], rule->services[i]);
            else
                add_membership(work, rule->services[i], id);
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
        if (rule->kind == RULE_TOGETHER && rule->is_strict && rule->n_services > 0)
            work->bonds[work->bonds[rule->services[0]].leader].group_rule = id;
    }
}

static void count_usage(struct round *round, service_id id, node_id node, int by)
{
    const struct service *service = &round->state->services[id];
    struct usage *usage = &round->work->usage[node];
    struct usage takes;

    if (round->policy->scheduling.mode == SCHEDULING_BASIC)
        return;
    /* What runs is in the measure already. */
    if (round->policy->scheduling.mode == SCHEDULING_DYNAMIC &&
        service->state != SERVICE_REQUEST_START &&
        (service->state != SERVICE_STARTED || service->is_running))
        return;
    takes = load_of_service(round, id, node);
    usage->cpus_milli += by * takes.cpus_milli;
    usage->memory += by * takes.memory;
}

static void count_by(struct round *round, service_id id, int by)
{
    struct crm_work *work = round->work;
    const struct service *service = &round->state->services[id];
    const struct bonds *bonds = &work->bonds[id];
    int32_t group = work->bonds[bonds->leader].group;
    node_id awaited = service_awaited_on(round, service);
    node_id home = awaited == NODE_NONE ? service_home(service) : awaited;

    NODE_SET_EACH(node, service_uses(service) | node_bit(awaited))
    {
        work->load[node] += by;
        work->present[node] += node == awaited ? 0 : by;
        count_usage(round, id, node, by);
        for (int32_t at = bonds->memberships; at >= 0; at = work->memberships[at].next) {
            rule_id rule = work->memberships[at].rule;
            uint16_t *count =
                node == awaited ? &work->awaited[rule][node] : &work->used[rule][node];

            *count = (uint16_t)(*count + by);
        }
    }
    if (group != NO_GROUP && home != NODE_NONE)
        work->homes[group][home] = (uint16_t)(work->homes[group][home] + by);
}

void affinity_forget(struct round *round, service_id service)
{
    count_by(round, service, -1);
}

void affinity_count(struct round *round, service_id service)
{
    count_by(round, service, 1);
}

void affinity_prepare(struct round *round)
{
    struct crm_work *work = round->work;

    work->n_memberships = work->n_groups = 0;
    memset(work->load, 0, sizeof(work->load));
    memset(work->present, 0, sizeof(work->present));
    memset(work->usage, 0, sizeof(work->usage));
    clear_bonds(work, round->policy->n_services, round->all);
    read_neighbour_rules(round);
    link_groups(work, round->policy->n_services);
    read_other_rules(round);
    for (service_id service = 0; service < round->policy->n_services; service++)
        affinity_count(round, service);
}

const struct bonds *affinity_group(const struct round *round, service_id service)
{
    return &round->work->bonds[round->work->bonds[service].leader];
}

bool affinity_is_free(const struct round *round, service_id service)
{
    const struct bonds *bonds = &round->work->bonds[service];

    return bonds->leader == service && bonds->group == NO_GROUP &&
           bonds->memberships == NO_MEMBERSHIP && bonds->group_tiers == RULE_NONE;
}

/* Nodes that services of one rule are counted on, one of them aside. */
static node_set counted_on(const struct round *round, const uint16_t *counts, node_set own)
{
    node_set used = 0;

    for (node_id node = 0; node < round->policy->n_nodes; node++) {
        if (counts[node] > (node_in(own, node) ? 1 : 0))
            used |= node_bit(node);
    }
    return used;
}

static node_set used_by_others(const struct round *round, rule_id rule, service_id but)
{
    return counted_on(round, round->work->used[rule], service_uses(&round->state->services[but]));
}

node_set affinity_awaited(const struct round *round, service_id service)
{
    const struct crm_work *work = round->work;
    node_set awaited = 0;

    GROUP_EACH(round, member, service)
    {
        node_id own = service_awaited_on(round, &round->state->services[member]);
        int32_t at = work->bonds[member].memberships;

        for (; at >= 0; at = work->memberships[at].next) {
            rule_id id = work->memberships[at].rule;

            if (round->policy->rules[id].kind == RULE_APART)
                awaited |= counted_on(round, work->awaited[id], node_bit(own));
        }
    }
    return awaited;
}

node_set affinity_apart(const struct round *round, service_id service, bool is_strict)
{
    const struct crm_work *work = round->work;
    node_set apart = 0;

    GROUP_EACH(round, member, service)
    {
        int32_t at = work->bonds[member].memberships;

        for (; at >= 0; at = work->memberships[at].next) {
            rule_id id = work->memberships[at].rule;
            const struct rule *rule = &round->policy->rules[id];

            if (rule->kind == RULE_APART && rule->is_strict == is_strict)
                apart |= used_by_others(round, id, member);
        }
    }
    return apart;
}

node_set affinity_most_partners(const struct round *round, service_id service, node_set among)
{
    int32_t group = affinity_group(round, service)->group;
    const struct service *record = &round->state->services[service];
    node_set own = node_bit(service_home(record)) | node_bit(service_awaited_on(round, record));
    node_set best = 0;
    int most = 0;

    if (group == NO_GROUP)
        return among;
    NODE_SET_EACH(node, among)
    {
        int count = round->work->homes[group][node] - (node_in(own, node) ? 1 : 0);

        if (count > most) {
            most = count;
            best = 0;
        }
        if (count == most)
            best |= node_bit(node);
    }
    return best;
}

int affinity_partners_on(const struct round *round, service_id service, node_id node)
{
    int32_t group = affinity_group(round, service)->group;
    const struct service *record = &round->state->services[service];
    bool is_own = service_home(record) == node || service_awaited_on(round, record) == node;

    return group == NO_GROUP ? 0 : round->work->homes[group][node] - (is_own ? 1 : 0);
}

/* Services on a node that rules of a kind, which only prefer, name with one of the group. */
static int count_wished(const struct round *round, service_id service, node_id node,
                        enum rule_kind kind)
{
    const struct crm_work *work = round->work;
    int count = 0;

    GROUP_EACH(round, member, service)
    {
        bool is_own = node_in(service_uses(&round->state->services[member]), node);
        int32_t at = work->bonds[member].memberships;

        for (; at >= 0; at = work->memberships[at].next) {
            rule_id id = work->memberships[at].rule;

            if (round->policy->rules[id].kind == kind && !round->policy->rules[id].is_strict)
                count += work->used[id][node] - (is_own ? 1 : 0);
        }
    }
    return count;
}

int affinity_friends_on(const struct round *round, service_id service, node_id node)
{
    return count_wished(round, service, node, RULE_TOGETHER);
}

int affinity_strangers_on(const struct round *round, service_id service, node_id node)
{
    return count_wished(round, service, node, RULE_APART);
}

rule_id affinity_forbids(const struct round *round, service_id service, node_id node)
{
    service_id leader = round->work->bonds[service].leader;

    for (rule_id id = 0; id < round->policy->n_rules; id++) {
        const struct rule *rule = &round->policy->rules[id];
        node_set named = 0;

        if (rule->kind != RULE_ON || !rule->is_strict)
            continue;
        for (int i = 0; i < rule->n_tiers; i++)
            named |= rule->tiers[i];
        for (int i = 0; i < rule->n_services && !node_in(named, node); i++) {
            if (round->work->bonds[rule->services[i]].leader == leader)
                return id;
        }
    }
    return RULE_NONE;
}

/* The first service of a rule that uses the node; false if there is none but "but". */
static bool name_user(const struct round *round, rule_id id, service_id but, node_id node,
                      struct reason *why)
{
    const struct rule *rule = &round->policy->rules[id];

    for (int i = 0; i < rule->n_services; i++) {
        service_id other = rule->services[i];

        if (other != but && node_in(service_uses(&round->state->services[other]), node)) {
            why->rule = id;
            why->line = rule->line;
            why->with = other;
            why->node = node;
            return true;
        }
    }
    return false;
}

static bool name_neighbour(const struct round *round, service_id service, node_id node,
                           bool is_strict, struct reason *why)
{
    const struct crm_work *work = round->work;

    GROUP_EACH(round, member, service)
    {
        int32_t at = work->bonds[member].memberships;

        for (; at >= 0; at = work->memberships[at].next) {
            rule_id id = work->memberships[at].rule;

            const struct rule *rule = &round->policy->rules[id];

            if (rule->kind == RULE_APART && rule->is_strict == is_strict &&
                name_user(round, id, member, node, why))
                return true;
        }
    }
    return false;
}

/* A rule that must hold weighs more than one that only prefers. */
void affinity_name_neighbour(const struct round *round, service_id service, node_id node,
                             struct reason *why)
{
    if (!name_neighbour(round, service, node, true, why))
        name_neighbour(round, service, node, false, why);
}

/* The one of a rule that is to start on the node. */
static bool name_awaited(const struct round *round, rule_id id, service_id but, node_id node,
                         struct reason *why)
{
    const struct rule *rule = &round->policy->rules[id];

    for (int i = 0; i < rule->n_services; i++) {
        service_id other = rule->services[i];

        if (other == but || service_awaited_on(round, &round->state->services[other]) != node)
            continue;
        why->rule = id;
        why->line = rule->line;
        why->with = other;
        why->node = node;
        return true;
    }
    return false;
}

void affinity_name_awaited(const struct round *round, service_id service, node_id node,
                           struct reason *why)
{
    const struct crm_work *work = round->work;

    GROUP_EACH(round, member, service)
    {
        int32_t at = work->bonds[member].memberships;

        for (; at >= 0; at = work->memberships[at].next) {
            rule_id id = work->memberships[at].rule;

            if (round->policy->rules[id].kind == RULE_APART &&
                name_awaited(round, id, member, node, why))
                return;
        }
    }
}

void affinity_name_partner(const struct round *round, service_id service, node_id node,
                           struct reason *why)
{
    const struct crm_work *work = round->work;

    why->rule = affinity_group(round, service)->group_rule;
    GROUP_EACH(round, member, service)
    {
        const struct service *record = &round->state->services[member];

        if (member != service &&
            (service_home(record) == node || service_awaited_on(round, record) == node)) {
            why->with = member;
            why->node = node;
            return;
        }
    }
    for (int32_t at = work->bonds[service].memberships; at >= 0; at = work->memberships[at].next) {
        rule_id id = work->memberships[at].rule;

        if (round->policy->rules[id].kind == RULE_TOGETHER &&
            name_user(round, id, service, node, why))
            return;
    }
}
