/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is where, by the rules; see affinity.h. Counts are kept for each rule and
 * node, so that "who else is there" costs as many look-ups as the service has rules.
 */
#include "ha/decide/affinity.h"

#include <string.h>

#include "ha/decide/load.h"
#include "ha/decide/presence.h"

static void count_usage(struct round *round, service_id id, node_id node, int by)
{
    struct usage *usage = &round->work->usage[node];
    struct usage takes;

    if (round->policy->scheduling.mode == SCHEDULING_BASIC)
        return;
    /* What runs is in the measure already. */
    if (round->policy->scheduling.mode == SCHEDULING_DYNAMIC && !presence_is_to_start(round, id))
        return;
    takes = load_of_service(round, id, node);
    usage->cpus_milli += by * takes.cpus_milli;
    usage->memory += by * takes.memory;
}

/* One service on a node, in all the rules of a list. */
static void count_rules(struct crm_work *work, int32_t first, node_id node, enum presence presence,
                        int by)
{
    for (int32_t at = first; at >= 0; at = work->memberships[at].next) {
        uint16_t *count = &work->bound[work->memberships[at].rule].on[presence][node];

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
static void count_named(struct round *round, service_id id, node_id node, enum presence presence,
                        int by)
{
    struct crm_work *work = round->work;
    int32_t at = bonds_of_group(round, id)->group_apart;

    for (; at >= 0; at = work->memberships[at].next) {
        rule_id rule = work->memberships[at].rule;
        uint16_t *count = &work->named[rule].on[presence][node];

        if (names(&round->policy->rules[rule], id))
            *count = (uint16_t)(*count + by);
    }
}

static void count_presence(struct round *round, service_id id, node_set nodes,
                           enum presence presence, int by)
{
    struct crm_work *work = round->work;
    const struct bonds *bonds = &work->bonds[id], *group = bonds_of_group(round, id);

    NODE_SET_EACH(node, nodes)
    {
        work->load[node] += by;
        work->present[node] += presence == AWAITED ? 0 : by;
        count_usage(round, id, node, by);
        count_rules(work, bonds->friends, node, presence, by);
        count_rules(work, group->group_apart, node, presence, by);
        count_named(round, id, node, presence, by);
        if (group->group != NO_GROUP) {
            uint16_t *count = &work->groups[group->group].on[presence][node];

            *count = (uint16_t)(*count + by);
        }
    }
}

static void count_by(struct round *round, service_id id, int by)
{
    int32_t group = bonds_of_group(round, id)->group;
    struct presences found;
    node_id home;

    presence_find(round, id, &found);
    for (enum presence presence = 0; presence < PRESENCES; presence++) {
        if (found.on[presence])
            count_presence(round, id, found.on[presence], presence, by);
    }
    home = group == NO_GROUP ? NODE_NONE : presence_home(round, id);
    if (home == NODE_NONE)
        return;
    round->work->homes[group][home] = (uint16_t)(round->work->homes[group][home] + by);
    round->work->n_homes[group] += by;
    if (round->state->services[id].state != SERVICE_ERROR)
        return;
    round->work->dead[group][home] = (uint16_t)(round->work->dead[group][home] + by);
    round->work->n_dead[group] += by;
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
    memset(work->n_homes, 0, (size_t)work->n_groups * sizeof(work->n_homes[0]));
    memset(work->dead, 0, (size_t)work->n_groups * sizeof(work->dead[0]));
    memset(work->n_dead, 0, (size_t)work->n_groups * sizeof(work->n_dead[0]));
    memset(work->groups, 0, (size_t)work->n_groups * sizeof(work->groups[0]));
    for (rule_id id = 0; id < policy->n_rules; id++) {
        enum rule_kind kind = policy->rules[id].kind;

        if (kind != RULE_TOGETHER && kind != RULE_APART)
            continue;
        memset(&work->bound[id], 0, sizeof(work->bound[0]));
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

/* How many of the service's own group are counted on each node. */
static void count_group(const struct round *round, service_id service, enum presence presence,
                        int own[NODES_MAX])
{
    int32_t group = bonds_of_group(round, service)->group;

    memset(own, 0, NODES_MAX * sizeof(own[0]));
    if (group == NO_GROUP) {
        NODE_SET_EACH(node, presence_nodes(round, service, presence))
        {
            own[node] = 1;
        }
        return;
    }
    for (node_id node = 0; node < round->policy->n_nodes; node++)
        own[node] = round->work->groups[group].on[presence][node];
}

/* The same of those only whom a rule names: rules are short, and groups may be of thousands. */
static void count_named_own(const struct round *round, service_id service, const struct rule *rule,
                            enum presence presence, int own[NODES_MAX])
{
    const struct bonds *bonds = round->work->bonds;

    memset(own, 0, NODES_MAX * sizeof(own[0]));
    for (int i = 0; i < rule->n_services; i++) {
        if (bonds[rule->services[i]].leader != bonds[service].leader)
            continue;
        NODE_SET_EACH(node, presence_nodes(round, rule->services[i], presence))
        {
            own[node]++;
        }
    }
}

/*
 * Whom a rule names is kept apart from those it names too, and from the groups of these; so the
 * others of its group are kept apart from those that are named, and they all follow in the end.
 */
static node_set apart_by(const struct round *round, service_id service, rule_id id,
                         enum presence presence)
{
    const struct crm_work *work = round->work;
    const struct rule *rule = &round->policy->rules[id];
    bool is_named = names(rule, service);
    const struct tally *tally = is_named ? &work->bound[id] : &work->named[id];
    int own[NODES_MAX];

    if (is_named)
        count_group(round, service, presence, own);
    else
        count_named_own(round, service, rule, presence, own);
    return counted_on(round, tally->on[presence], own);
}

node_set affinity_awaited(const struct round *round, service_id service)
{
    const struct crm_work *work = round->work;
    int32_t at = bonds_of_group(round, service)->group_apart;
    node_set awaited = 0;

    for (; at >= 0; at = work->memberships[at].next)
        awaited |= apart_by(round, service, work->memberships[at].rule, AWAITED);
    return awaited;
}

/* Where it runs, or one of its group is settled. */
static node_set own_nodes(const struct round *round, service_id service)
{
    node_set own = round->view->services[service].running_on;
    int here[NODES_MAX];

    count_group(round, service, PRESENT, here);
    for (node_id node = 0; node < round->policy->n_nodes; node++)
        own |= here[node] > 0 ? node_bit(node) : 0;
    return own;
}

/*
 * Who comes, goes or is known only by report keeps others from coming, and drives away nobody who
 * is there: of two that must be apart and are on one node, one goes.
 */
node_set affinity_apart(const struct round *round, service_id service, bool is_strict)
{
    const struct crm_work *work = round->work;
    int32_t at = bonds_of_group(round, service)->group_apart;
    node_set apart = 0, passing = 0;

    for (; at >= 0; at = work->memberships[at].next) {
        rule_id id = work->memberships[at].rule;

        if (round->policy->rules[id].is_strict != is_strict)
            continue;
        apart |= apart_by(round, service, id, PRESENT);
        passing |= apart_by(round, service, id, PASSING);
    }
    return passing ? apart | (passing & ~own_nodes(round, service)) : apart;
}

/* Whom a rule names of the service's own group, on one node. */
static int named_own_on(const struct round *round, service_id service, const struct rule *rule,
                        node_id node)
{
    const struct bonds *bonds = round->work->bonds;
    int count = 0;

    for (int i = 0; i < rule->n_services; i++) {
        service_id other = rule->services[i];

        count += bonds[other].leader == bonds[service].leader &&
                 node_in(presence_nodes(round, other, PRESENT), node);
    }
    return count;
}

bool affinity_drives_away(const struct round *round, service_id service, node_id node)
{
    const struct crm_work *work = round->work;
    const struct bonds *group = bonds_of_group(round, service);
    int own = group->group == NO_GROUP ? 1 : work->groups[group->group].on[PRESENT][node];

    for (int32_t at = group->group_apart; at >= 0; at = work->memberships[at].next) {
        rule_id id = work->memberships[at].rule;
        const struct rule *rule = &round->policy->rules[id];

        /* Of all that the rule binds only its own are there. */
        if (!rule->is_strict || work->bound[id].on[PRESENT][node] == own)
            continue;
        if (names(rule, service) ||
            work->named[id].on[PRESENT][node] > named_own_on(round, service, rule, node))
            return true;
    }
    return false;
}

bool affinity_is_whole(const struct round *round, service_id service, node_id node)
{
    const struct crm_work *work = round->work;
    int32_t group = bonds_of_group(round, service)->group;

    return group == NO_GROUP || work->homes[group][node] - work->dead[group][node] ==
                                    work->n_homes[group] - work->n_dead[group];
}

/*
 * What failed for good counts for those that are beside it, and for those that must go somewhere
 * anyway; but who runs well elsewhere is not stopped to join it.
 */
static int partners_on(const struct round *round, service_id service, node_id node, bool may_stay)
{
    int32_t group = bonds_of_group(round, service)->group;
    const struct service *record = &round->state->services[service];
    bool is_own = presence_home(round, service) == node;
    bool runs_well = may_stay && record->state == SERVICE_STARTED && record->is_running;
    int partners = round->work->homes[group][node] - (is_own ? 1 : 0);

    return partners - (runs_well && !is_own ? round->work->dead[group][node] : 0);
}

node_set affinity_most_partners(const struct round *round, service_id service, node_set among)
{
    int32_t group = bonds_of_group(round, service)->group;
    bool may_stay = node_in(among, presence_home(round, service));
    node_set best = 0;
    int most = 0;

    if (group == NO_GROUP)
        return among;
    NODE_SET_EACH(node, among)
    {
        int count = partners_on(round, service, node, may_stay);

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
    bool may_stay = node_in(round->usable, presence_home(round, service));

    return bonds_of_group(round, service)->group == NO_GROUP
               ? 0
               : partners_on(round, service, node, may_stay);
}

/* Settled or not. */
static node_set there(const struct round *round, service_id service)
{
    return presence_nodes(round, service, PRESENT) | presence_nodes(round, service, PASSING);
}

static int tally_there(const struct tally *tally, node_id node)
{
    return tally->on[PRESENT][node] + tally->on[PASSING][node];
}

int affinity_friends_on(const struct round *round, service_id service, node_id node)
{
    const struct crm_work *work = round->work;
    int count = 0;

    GROUP_EACH(round, member, service)
    {
        int own = node_in(there(round, member), node) ? 1 : 0;

        for (int32_t at = work->bonds[member].friends; at >= 0; at = work->memberships[at].next)
            count += tally_there(&work->bound[work->memberships[at].rule], node) - own;
    }
    return count;
}

int affinity_strangers_on(const struct round *round, service_id service, node_id node)
{
    const struct crm_work *work = round->work;
    int32_t at = bonds_of_group(round, service)->group_apart;
    int own[NODES_MAX], passing[NODES_MAX], count = 0;

    for (; at >= 0; at = work->memberships[at].next) {
        rule_id id = work->memberships[at].rule;
        const struct rule *rule = &round->policy->rules[id];

        if (rule->is_strict)
            continue;
        count_named_own(round, service, rule, PRESENT, own);
        count_named_own(round, service, rule, PASSING, passing);
        count += tally_there(&work->named[id], node) - own[node] - passing[node];
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

/* The first of one group that is on the node in that way. */
static bool name_one(const struct round *round, service_id of, enum presence presence,
                     struct reason *why)
{
    GROUP_EACH(round, other, of)
    {
        if (node_in(presence_nodes(round, other, presence), why->node)) {
            why->with = other;
            return true;
        }
    }
    return false;
}

/* Of those that an apart rule keeps from a service's group; the rule is filled in with them. */
static bool name_apart(const struct round *round, rule_id id, service_id service,
                       enum presence presence, struct reason *why)
{
    const struct rule *rule = &round->policy->rules[id];
    const struct bonds *bonds = round->work->bonds;

    for (int i = 0; i < rule->n_services; i++) {
        if (bonds[rule->services[i]].leader != bonds[service].leader &&
            name_one(round, rule->services[i], presence, why)) {
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
            (name_apart(round, id, service, PRESENT, why) ||
             name_apart(round, id, service, PASSING, why)))
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
        if (name_apart(round, work->memberships[at].rule, service, AWAITED, &found)) {
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
        if (member != service && presence_home(round, member) == node) {
            why->with = member;
            why->node = node;
            return;
        }
    }
    for (int32_t at = work->bonds[service].friends; at >= 0; at = work->memberships[at].next) {
        const struct rule *rule = &round->policy->rules[work->memberships[at].rule];

        for (int i = 0; i < rule->n_services; i++) {
            if (rule->services[i] == service || !node_in(there(round, rule->services[i]), node))
                continue;
            why->rule = work->memberships[at].rule;
            why->with = rule->services[i];
            why->node = node;
            return;
        }
    }
}
