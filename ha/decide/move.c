/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Moving a service and its group; see move.h. */
#include "ha/decide/move.h"

#include "ha/decide/affinity.h"
#include "ha/decide/order.h"
#include "ha/decide/presence.h"

node_id move_fallback(const struct round *round, service_id service, node_id to)
{
    const struct service *record = &round->state->services[service];
    node_id from = record->node;
    bool is_driven = round->state->nodes[from].state == NODE_MAINTENANCE;
    node_id fallback = is_driven ? from : record->fallback;

    return fallback == to || fallback != from ? NODE_NONE : fallback;
}

struct reason move_reason(const struct round *round, service_id service,
                          const struct placement *place)
{
    const struct service *record = &round->state->services[service];
    node_id from = record->node;
    struct reason why = place->why;

    switch (place->lost[from]) {
    case LOST_UNUSABLE:
        why.code = round->state->nodes[from].leaving != LEAVING_NOT ? REASON_NODE_IS_LEAVING
                                                                    : REASON_NODE_IN_MAINTENANCE;
        break;
    case LOST_FORBIDDEN:
        why.code = REASON_RULE_FORBIDS_NODE;
        why.rule = bonds_of_group(round, service)->group_strict;
        break;
    case LOST_APART:
        affinity_name_neighbour(round, service, from, &why);
        why.code = REASON_LEAVES_NEIGHBOUR;
        break;
    case LOST_TIER:
        why.code = REASON_BETTER_NODE;
        why.rule = bonds_of_group(round, service)->group_tiers;
        break;
    case LOST_TOGETHER:
        affinity_name_partner(round, service, place->node, &why);
        why.code = REASON_JOINS_PARTNER;
        break;
    default: return why;
    }
    why.node = from;
    why.other = place->node;
    return why;
}

bool move_may_be_tried(struct round *round, service_id service)
{
    const struct service *record = &round->state->services[service];

    return !record->stays_put || round_has_passed(round, record->since, duration_ms(MOVE_RETRY_MS));
}

struct verdict move_verdict(const struct round *round, service_id service, node_id target,
                            struct reason why, bool is_live)
{
    struct verdict verdict = verdict_of(round, service);
    bool can_live = round->policy->services[service].migrate == MIGRATE_LIVE;

    verdict.kind = VERDICT_CHANGE;
    verdict.next = is_live && can_live ? SERVICE_MIGRATE : SERVICE_RELOCATE;
    verdict.target = target;
    verdict.why = why;
    verdict.asks = true;
    verdict.is_running = round->state->services[service].state == SERVICE_STARTED;
    verdict.stays_put = false;
    return verdict;
}

static int partners_at_home(const struct round *round, service_id service, node_id node)
{
    int count = 0;

    GROUP_EACH(round, member, service)
    {
        count += member != service && service_home(&round->state->services[member]) == node;
    }
    return count;
}

/*
 * Where more of those are that it must be with, and where it would be placed now; NODE_NONE:
 * nowhere. Those that still move to its target are at home there. It does not go back to where it
 * failed.
 */
static node_id find_partners_elsewhere(struct round *round, service_id service)
{
    const struct service *record = &round->state->services[service];
    bool is_at_home = !round->policy->scheduling.rebalances_on_start;
    struct placement place;

    if (bonds_of_group(round, service)->group == NO_GROUP)
        return NODE_NONE;
    placement_find(round, service, is_at_home ? PREFER_STAYING : PREFER_BEST, record->tried,
                   &place);
    if (place.node == NODE_NONE || place.node == record->target ||
        node_in(record->tried, place.node) ||
        partners_at_home(round, service, place.node) <=
            partners_at_home(round, service, record->target))
        return NODE_NONE;
    return place.node;
}

bool move_still_fits(struct round *round, service_id service, struct reason *why)
{
    const struct service *record = &round->state->services[service];
    node_id target = record->target, elsewhere;

    if (!node_in(bonds_of_group(round, service)->group_allowed, target)) {
        why->code = REASON_TARGET_FORBIDDEN;
        why->rule = affinity_forbids(round, service, target);
    } else if (node_in(affinity_apart(round, service, true), target)) {
        why->code = REASON_TARGET_APART;
        affinity_name_neighbour(round, service, target, why);
    } else {
        elsewhere = find_partners_elsewhere(round, service);
        if (elsewhere == NODE_NONE)
            return true;
        why->code = REASON_TARGET_DESERTED;
        affinity_name_partner(round, service, elsewhere, why);
    }
    why->node = record->node;
    why->other = target;
    return false;
}

/* Where as many of them are as there, the first by name is as good as any. */
bool move_is_awaited(const struct round *round, service_id service)
{
    const struct service *record = &round->state->services[service];
    int here, there;

    if (record->state != SERVICE_RELOCATE || record->is_running ||
        !round->policy->services[service].failback || !node_in(record->tried, record->node) ||
        !node_in(round->usable, record->target))
        return false;
    here = partners_at_home(round, service, record->node);
    there = partners_at_home(round, service, record->target);
    return there > here || (there > 0 && there == here && record->target < record->node);
}

static void move_group(struct round *round, service_id service, node_id target, struct reason why,
                       bool (*goes)(const struct round *, service_id))
{
    GROUP_EACH(round, member, service)
    {
        const struct service *record = &round->state->services[member];
        struct verdict verdict;

        if (member == service || record->state != SERVICE_STARTED || record->node == target ||
            !node_in(round->members, record->node) || !goes(round, member))
            continue;
        why.with = service;
        why.rule = bonds_of_group(round, service)->group_rule;
        verdict = move_verdict(round, member, target, why, true);
        round_change_service(round, member, &verdict);
    }
}

static bool goes_when_asked(const struct round *round, service_id service)
{
    (void)round;
    (void)service;
    return true;
}

void move_partners(struct round *round, service_id service, node_id target, struct reason why)
{
    move_group(round, service, target, why, goes_when_asked);
}

/* Without failback it is not stopped for a try that may fail, unless a try without it would. */
static bool goes_for_a_try(const struct round *round, service_id service)
{
    return round->policy->services[service].failback ||
           !round->state->services[service].is_running || order_leads_its_group(round, service);
}

void move_partners_of_failed(struct round *round, service_id service, node_id target,
                             struct reason why)
{
    move_group(round, service, target, why, goes_for_a_try);
}
