/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is where, by the rules; see affinity.h. Counts are kept for each rule and
 * node, so that "who else is there" costs as many look-ups as the service has rules.
 */
#include "ha/decide/affinity.h"

#include <string.h>

#include "ha/decide/load.h"

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

/* It is on its way to where it is to start, and has not run since it was last decided upon. */
static bool is_moving_idle(const struct round *round, service_id id)
{
    const struct service *service = &round->state->services[id];
    bool is_moving = service->state == SERVICE_RELOCATE || service->state == SERVICE_MIGRATE;

    return is_moving && !round->view->services[id].running_on;
}

/* What starts where it is best, wherever it was, takes nothing there. */
static node_set uses_of(const struct round *round, service_id id)
{
    if (round->policy->scheduling.rebalances_on_start && is_moving_idle(round, id))
        return node_bit(round->state->services[id].target);
    return service_uses(&round->state->services[id]);
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

/* Waiting to start, and at home there: others had better leave it its place. */
static node_id awaited_on(const struct round *round, const struct service *service)
{
    bool is_at_home = !round->policy->scheduling.rebalances_on_start;

    return service->state == SERVICE_REQUEST_START && is_at_home ? service->node : NODE_NONE;
}

node_id affinity_home(const struct round *round, service_id service)
{
    const struct service *record = &round->state->services[service];
    node_id awaited = awaited_on(round, record);

    return awaited == NODE_NONE ? service_home(record) : awaited;
}

/* It takes nothing yet, but will: it waits, starts, or is handed over without running. */
static bool is_to_start(const struct round *round, service_id id)
{
    const struct service *service = &round->state->services[id];

    return service->state == SERVICE_REQUEST_START ||
           (service->state == SERVICE_STARTED && !service->is_running) || is_moving_idle(round, id);
}

static void count_usage(struct round *round, service_id id, node_id node, int by)
{
    struct usage *usage = &round->work->usage[node];
    struct usage takes;

    if (round->policy->scheduling.mode == SCHEDULING_BASIC)
        return;
    /* What runs is in the measure already. */
    if (round->policy->scheduling.mode == SCHEDULING_DYNAMIC && !is_to_start(round, id))
        return;
    takes = load_of_service(round, id, node);
    usage->cpus_milli += by * takes.cpus_milli;
    usage->memory += by * takes.memory;
}

/* One service on a node, in all the rules of a list. */
static void count_rules(struct crm_work *work, int32_t first, node_id node, bool is_awaited, int by)
{
    for (int32_t at = first; at >= 0; at = work->memberships[at].next) {
        rule_id rule = work->memberships[at].rule;
        uint16_t *count = is_awaited ? &work->awaited[rule][node] : &work->used[rule][node];

        *count = (uint16_t)(*count + by);
    }
}

static bool names(const struct rule *rule, service_id service)
{
    int low = 0, high = rule->n_services;

    while (low < high) {
        int middle = low + (high - low) / 2;

        if (rule->services[middle] < service)
            low = middle + 1;
        else
            high = middle;
    }
    return low < rule->n_services && rule->services[low] == service;
}

/* The same in those apart rules that name it, and not only another of its group. */
static void count_named(struct round *round, service_id id, node_id node, bool is_awaited, int by)
{
    struct crm_work *work = round->work;
    int32_t at = bonds_of_group(round, id)->group_apart;

    for (; at >= 0; at = work->memberships[at].next) {
        rule_id rule = work->memberships[at].rule;
        struct named *named = &work->named[rule];
        uint16_t *count = is_awaited ? &named->awaited[node] : &named->used[node];

        if (names(&round->policy->rules[rule], id))
            *count = (uint16_t)(*count + by);
    }
}

static void count_in_group(struct round *round, service_id id, int32_t group, int by)
{
    struct named *counts = &round->work->groups[group];
    node_id awaited = awaited_on(round, &round->state->services[id]);

    NODE_SET_EACH(node, uses_of(round, id))
    {
        counts->used[node] = (uint16_t)(counts->used[node] + by);
    }
    if (awaited != NODE_NONE)
        counts->awaited[awaited] = (uint16_t)(counts->awaited[awaited] + by);
}

static void count_by(struct round *round, service_id id, int by)
{
    struct crm_work *work = round->work;
    const struct service *service = &round->state->services[id];
    const struct bonds *bonds = &work->bonds[id];
    int32_t group = work->bonds[bonds->leader].group;
    node_id awaited = awaited_on(round, service);
    node_id home = affinity_home(round, id);

    NODE_SET_EACH(node, uses_of(round, id) | node_bit(awaited))
    {
        work->load[node] += by;
        work->present[node] += node == awaited ? 0 : by;
        count_usage(round, id, node, by);
        count_rules(work, bonds->friends, node, node == awaited, by);
        count_rules(work, work->bonds[bonds->leader].group_apart, node, node == awaited, by);
        count_named(round, id, node, node == awaited, by);
    }
    if (group == NO_GROUP)
        return;
    count_in_group(round, id, group, by);
    if (home != NODE_NONE)
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

/* Only what is in use: all of it is more than a MiB. */
static void clear_counts(const struct policy *policy, struct crm_work *work)
{
    memset(work->load, 0, sizeof(work->load));
    memset(work->present, 0, sizeof(work->present));
    memset(work->usage, 0, sizeof(work->usage));
    memset(work->homes, 0, (size_t)work->n_groups * sizeof(work->homes[0]));
    memset(work->groups, 0, (size_t)work->n_groups * sizeof(work->groups[0]));
    for (rule_id id = 0; id < policy->n_rules; id++) {
        enum rule_kind kind = policy->rules[id].kind;

        if (kind != RULE_TOGETHER && kind != RULE_APART)
            continue;
        memset(work->used[id], 0, sizeof(work->used[0]));
        memset(work->awaited[id], 0, sizeof(work->awaited[0]));
        memset(&work->named[id], 0, sizeof(work->named[0]));
    }
}

void affinity_prepare(struct round *round)
{
    bonds_prepare(round);
    clear_counts(round->policy, round->work);
    for (service_id service = 0; service < round->policy->n_services; service++)
        affinity_count(round, service);
}

/* Nodes that others than a service's own group are counted on. */
static node_set counted_on(const struct round *round, const uint16_t *counts, const int *own)
{
    node_set used = 0;

    for (node_id node = 0; node < round->policy->n_nodes; node++) {
        if (counts[node] > own[node])
            used |= node_bit(node);
    }
    return used;
}

/* Where one service is counted: there it is, or there it waits to start. */
static node_set counted_at(const struct round *round, service_id service, bool is_awaited)
{
    if (is_awaited)
        return node_bit(awaited_on(round, &round->state->services[service]));
    return uses_of(round, service);
}

/* How many of the service's own group are counted on each node. */
static void count_group(const struct round *round, service_id service, bool is_awaited,
                        int own[NODES_MAX])
{
    int32_t group = bonds_of_group(round, service)->group;
    const struct named *counts = &round->work->groups[group == NO_GROUP ? 0 : group];

    memset(own, 0, NODES_MAX * sizeof(own[0]));
    if (group == NO_GROUP) {
        NODE_SET_EACH(node, counted_at(round, service, is_awaited))
        {
            own[node] = 1;
        }
        return;
    }
    for (node_id node = 0; node < round->policy->n_nodes; node++)
        own[node] = is_awaited ? counts->awaited[node] : counts->used[node];
}

/* The same of those only whom a rule names: rules are short, and groups may be of thousands. */
static void count_named_own(const struct round *round, service_id service, const struct rule *rule,
                            bool is_awaited, int own[NODES_MAX])
{
    const struct bonds *bonds = round->work->bonds;

    memset(own, 0, NODES_MAX * sizeof(own[0]));
    for (int i = 0; i < rule->n_services; i++) {
        if (bonds[rule->services[i]].leader != bonds[service].leader)
            continue;
        NODE_SET_EACH(node, counted_at(round, rule->services[i], is_awaited))
        {
            own[node]++;
        }
    }
}

/*
 * Whom a rule names is kept apart from those it names too, and from the groups of these; so the
 * others of its group are kept apart from those that are named, and they all follow in the end.
 */
static node_set apart_by(const struct round *round, service_id service, rule_id id, bool is_awaited)
{
    const struct crm_work *work = round->work;
    const struct rule *rule = &round->policy->rules[id];
    bool is_named = names(rule, service);
    const uint16_t *all = is_awaited ? work->awaited[id] : work->used[id];
    const uint16_t *some = is_awaited ? work->named[id].awaited : work->named[id].used;
    int own[NODES_MAX];

    if (is_named)
        count_group(round, service, is_awaited, own);
    else
        count_named_own(round, service, rule, is_awaited, own);
    return counted_on(round, is_named ? all : some, own);
}

node_set affinity_awaited(const struct round *round, service_id service)
{
    const struct crm_work *work = round->work;
    int32_t at = bonds_of_group(round, service)->group_apart;
    node_set awaited = 0;

    for (; at >= 0; at = work->memberships[at].next)
        awaited |= apart_by(round, service, work->memberships[at].rule, true);
    return awaited;
}

node_set affinity_apart(const struct round *round, service_id service, bool is_strict)
{
    const struct crm_work *work = round->work;
    int32_t at = bonds_of_group(round, service)->group_apart;
    node_set apart = 0;

    for (; at >= 0; at = work->memberships[at].next) {
        rule_id id = work->memberships[at].rule;

        if (round->policy->rules[id].is_strict == is_strict)
            apart |= apart_by(round, service, id, false);
    }
    return apart;
}

node_set affinity_most_partners(const struct round *round, service_id service, node_set among)
{
    int32_t group = bonds_of_group(round, service)->group;
    node_set own = node_bit(affinity_home(round, service));
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
    int32_t group = bonds_of_group(round, service)->group;
    bool is_own = affinity_home(round, service) == node;

    return group == NO_GROUP ? 0 : round->work->homes[group][node] - (is_own ? 1 : 0);
}

int affinity_friends_on(const struct round *round, service_id service, node_id node)
{
    const struct crm_work *work = round->work;
    int count = 0;

    GROUP_EACH(round, member, service)
    {
        bool is_own = node_in(uses_of(round, member), node);

        for (int32_t at = work->bonds[member].friends; at >= 0; at = work->memberships[at].next)
            count += work->used[work->memberships[at].rule][node] - (is_own ? 1 : 0);
    }
    return count;
}

int affinity_strangers_on(const struct round *round, service_id service, node_id node)
{
    const struct crm_work *work = round->work;
    int32_t at = bonds_of_group(round, service)->group_apart;
    int own[NODES_MAX], count = 0;

    for (; at >= 0; at = work->memberships[at].next) {
        rule_id id = work->memberships[at].rule;
        const struct rule *rule = &round->policy->rules[id];

        if (rule->is_strict)
            continue;
        count_named_own(round, service, rule, false, own);
        count += work->named[id].used[node] - own[node];
    }
    return count;
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

static bool is_on(const struct round *round, service_id service, node_id node, bool is_awaited)
{
    const struct service *record = &round->state->services[service];

    return is_awaited ? awaited_on(round, record) == node : node_in(uses_of(round, service), node);
}

/* The first of one group that is, or is awaited, on the node. */
static bool name_one(const struct round *round, service_id of, bool is_awaited, struct reason *why)
{
    GROUP_EACH(round, other, of)
    {
        if (is_on(round, other, why->node, is_awaited)) {
            why->with = other;
            return true;
        }
    }
    return false;
}

/* Of those that an apart rule keeps from a service's group; the rule is filled in with them. */
static bool name_apart(const struct round *round, rule_id id, service_id service, bool is_awaited,
                       struct reason *why)
{
    const struct rule *rule = &round->policy->rules[id];
    const struct bonds *bonds = round->work->bonds;

    for (int i = 0; i < rule->n_services; i++) {
        if (bonds[rule->services[i]].leader != bonds[service].leader &&
            name_one(round, rule->services[i], is_awaited, why)) {
            why->rule = id;
            return true;
        }
    }
    return false;
}

static bool name_neighbour(const struct round *round, service_id service, bool is_strict,
                           struct reason *why)
{
    const struct crm_work *work = round->work;
    int32_t at = bonds_of_group(round, service)->group_apart;

    for (; at >= 0; at = work->memberships[at].next) {
        rule_id id = work->memberships[at].rule;

        if (round->policy->rules[id].is_strict == is_strict &&
            name_apart(round, id, service, false, why))
            return true;
    }
    return false;
}

/* A rule that must hold weighs more than one that only prefers. */
void affinity_name_neighbour(const struct round *round, service_id service, node_id node,
                             struct reason *why)
{
    struct reason found = *why;

    found.node = node;
    if (name_neighbour(round, service, true, &found) ||
        name_neighbour(round, service, false, &found))
        *why = found;
}

void affinity_name_awaited(const struct round *round, service_id service, node_id node,
                           struct reason *why)
{
    const struct crm_work *work = round->work;
    int32_t at = bonds_of_group(round, service)->group_apart;
    struct reason found = *why;

    found.node = node;
    for (; at >= 0; at = work->memberships[at].next) {
        if (name_apart(round, work->memberships[at].rule, service, true, &found)) {
            *why = found;
            return;
        }
    }
}

void affinity_name_partner(const struct round *round, service_id service, node_id node,
                           struct reason *why)
{
    const struct crm_work *work = round->work;

    why->rule = bonds_of_group(round, service)->group_rule;
    GROUP_EACH(round, member, service)
    {
        if (member != service && affinity_home(round, member) == node) {
            why->with = member;
            why->node = node;
            return;
        }
    }
    for (int32_t at = work->bonds[service].friends; at >= 0; at = work->memberships[at].next) {
        const struct rule *rule = &round->policy->rules[work->memberships[at].rule];

        for (int i = 0; i < rule->n_services; i++) {
            if (rule->services[i] == service || !is_on(round, rule->services[i], node, false))
                continue;
            why->rule = work->memberships[at].rule;
            why->with = rule->services[i];
            why->node = node;
            return;
        }
    }
}
