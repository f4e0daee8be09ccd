/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Explanations; see why.h. Steps and verdicts come from placement and the rules themselves. */
#include "ha/decide/why.h"

#include "ha/base/text.h"
#include "ha/decide/affinity.h"
#include "ha/decide/load.h"
#include "ha/decide/presence.h"
#include "ha/decide/seats.h"
#include "ha/decide/service_rules.h"
#include "ha/decide/source.h"
#include "ha/model/votes.h"

/* About two nodes. */
static struct reason reason_between(enum reason_code code, node_id node, node_id other)
{
    struct reason why = reason_on(code, node);

    why.other = other;
    return why;
}

/* ---- why not a node ------------------------------------------------------------------------- */

static struct reason why_unusable(const struct round *round, node_id node)
{
    const struct node *record = &round->state->nodes[node];

    if (record->state != NODE_ONLINE && record->why.code != REASON_NONE)
        return record->why;
    return reason_on(node_in(round->members, node) ? REASON_LEAVING : REASON_AWAY, node);
}

static struct reason why_unsafe(struct round *round, service_id id, node_id node)
{
    node_set holders = placement_holders(round, id), others = holders & ~node_bit(node);

    return placement_wait(round, id, others ? others : holders);
}

/* Rules that only prefer: one that would have it elsewhere, or one that would rather not here. */
static struct reason why_less_liked(const struct round *round, service_id id, node_id node,
                                    node_id winner)
{
    struct reason why = reason_on(REASON_NEAR_PARTNER, winner);

    if (node_in(affinity_apart(round, id, false), node)) {
        why = reason_on(REASON_LIKES_APART, node);
        affinity_name_neighbour(round, id, node, &why);
    } else {
        affinity_name_partner(round, id, winner, &why);
    }
    return why;
}

static struct reason why_more_load(const struct round *round, node_id node, node_id winner)
{
    struct reason why = reason_between(REASON_MORE_LOAD, node, winner);
    struct text text;

    if (load_is_weighed(round)) {
        why.code = REASON_MORE_STRAIN;
        return why;
    }
    why.number = round->work->load[node];
    text_init(&text, why.words, sizeof(why.words));
    text_add(&text, "%d", round->work->load[winner]);
    return why;
}

static struct reason why_lost(struct round *round, service_id id, const struct placement *place,
                              node_id node)
{
    const struct bonds *group = bonds_of_group(round, id);
    struct reason why = reason_between(REASON_NONE, node, place->node);

    switch (place->lost[node]) {
    case PLACED_HERE: return place->why;
    case LOST_UNUSABLE: return why_unusable(round, node);
    case LOST_FORBIDDEN:
        why.code = REASON_REFUSED_BY_RULE;
        why.rule = affinity_forbids(round, id, node);
        break;
    case LOST_APART:
        why.code = REASON_REFUSED_APART;
        affinity_name_neighbour(round, id, node, &why);
        break;
    case LOST_UNSAFE: return why_unsafe(round, id, node);
    case LOST_TRIED: why.code = REASON_FAILED_THERE; break;
    case LOST_FAILBACK:
        why.code = REASON_NO_FAILBACK;
        if (!round->policy->services[id].failback && affinity_partners_on(round, id, node) > 0) {
            affinity_name_partner(round, id, node, &why);
            why.code = REASON_NO_FAILBACK_APART;
        }
        why.other = node;
        why.node = place->node;
        return why;
    case LOST_TIER:
        why.code = REASON_LESS_PREFERRED;
        why.rule = group->group_tiers;
        break;
    case LOST_NEEDED:
        why.code = REASON_PLACE_IS_NEEDED;
        seats_name(round, id, node, &why);
        break;
    case LOST_AWAITED:
        why.code = REASON_PLACE_IS_TAKEN;
        affinity_name_awaited(round, id, node, &why);
        break;
    case LOST_TOGETHER:
        why.code = REASON_JOINS_PARTNER;
        affinity_name_partner(round, id, place->node, &why);
        break;
    case LOST_FALLBACK: return reason_on(REASON_FALLS_BACK, place->node);
    case LOST_STAYING: return reason_on(REASON_STAYS, place->node);
    case LOST_LIKING: return why_less_liked(round, id, node, place->node);
    case LOST_LOAD: return why_more_load(round, node, place->node);
    case LOST_NUMBER: why.code = REASON_LATER_BY_NAME; break;
    }
    return why;
}

/* ---- why no place at all --------------------------------------------------------------------- */

/* Its node has as many before it as it has workers, and has not begun with it. */
static bool waits_for_turn(const struct round *round, service_id id)
{
    const struct policy *policy = round->policy;
    node_id node = round->state->services[id].node;
    int n_before = 0;

    for (int place = 0; policy_in_turn(policy, place) != id; place++) {
        const struct service *other = &round->state->services[policy_in_turn(policy, place)];

        n_before += other->state == SERVICE_STARTED && other->node == node && !other->is_running;
    }
    return policy->scheduling.workers && n_before >= policy->scheduling.workers &&
           !node_in(round->view->services[id].running_on, node);
}

/* It runs, starts, or may be running: what keeps it from being given another place. */
static struct reason what_holds_it_there(struct round *round, service_id id)
{
    const struct service *service = &round->state->services[id];
    struct reason why;

    if (!node_in(round->reported, service->node))
        return placement_wait(round, id, node_bit(service->node));
    if (!service->is_running) {
        why = reason_on(waits_for_turn(round, id) ? REASON_WAITS_FOR_TURN : REASON_STARTING,
                        service->node);
        why.number = why.code == REASON_STARTING ? 0 : round->policy->scheduling.workers;
        return why;
    }
    if (service->why.code == REASON_RESTARTS_LATER)
        return service->why;
    if (round->policy->services[id].migrate == MIGRATE_NEVER) {
        why = reason_of(REASON_REFUSED_NEVER_MOVES);
        why.with = id;
        return why;
    }
    return service->stays_put ? service->why : reason_of(REASON_NONE);
}

/* The manager would leave it as it is now, and wrote down for what it waits. */
static bool is_left_waiting(const struct service *service, const struct service *dry)
{
    return dry->state == service->state && dry->cause == service->cause &&
           dry->is_running == service->is_running && dry->why.code != REASON_NONE;
}

/* dry: what the manager would make of it now. */
static struct reason what_holds_it(struct round *round, service_id id, const struct service *dry)
{
    const struct service *service = &round->state->services[id];

    if (round->policy->services[id].requested == REQUESTED_IGNORED)
        return reason_of(REASON_WANTED_IGNORED);
    if (service->state == SERVICE_FREEZE)
        return service->why;
    if (round->state->arming.state != ARMED)
        return reason_of(REASON_REFUSED_DISARMED);
    if (!service_is_wanted(service, &round->policy->services[id]))
        return service_why_not_wanted(round, id);
    switch (service->state) {
    case SERVICE_STARTED:
        return is_left_waiting(service, dry) ? dry->why : what_holds_it_there(round, id);
    case SERVICE_MIGRATE:
    case SERVICE_RELOCATE:
        return is_left_waiting(service, dry) ? dry->why
                                             : reason_on(REASON_ALREADY_MOVING, service->target);
    case SERVICE_REQUEST_STOP:
    case SERVICE_ERROR: return service->why;
    default: return is_left_waiting(service, dry) ? dry->why : reason_of(REASON_NONE);
    }
}

/* One step of the manager on the copy, its old waits forgotten so that it says them anew. */
static struct service try_step(const struct why_world *world, service_id id)
{
    ha_state_copy(world->scratch, world->agreed);
    world->scratch->version = world->agreed->version + 1;
    world->scratch->services[id].why = reason_of(REASON_NONE);
    world->view->n_commands = 0;
    crm_step(world->scratch, world->policy, world->view, world->outcome);
    return world->scratch->services[id];
}

void why_explain(const struct why_world *world, service_id id, struct explanation *why)
{
    struct service dry = try_step(world, id);
    struct round round;

    ha_state_copy(world->scratch, world->agreed);
    round_init(&round, world->scratch, world->policy, world->view, world->outcome);
    round_see_nodes(&round);
    placement_find(&round, id, service_preference(&round, id), world->agreed->services[id].tried,
                   &why->place);
    why->held = what_holds_it(&round, id, &dry);
    why->held.line = source_line(world->policy, id, &why->held);
    for (node_id node = 0; node < world->policy->n_nodes; node++) {
        why->lost[node] = why_lost(&round, id, &why->place, node);
        why->lost[node].line = source_line(world->policy, id, &why->lost[node]);
    }
    /* Where it stays the search names no node: nobody asks then, but here somebody does. */
    if (why->place.node != NODE_NONE && why->place.why.code == REASON_STAYS)
        why->lost[why->place.node].node = why->place.node;
}

/* ---- what would come next -------------------------------------------------------------------- */

/* Would those that are left have a majority of the policy's votes? */
static bool has_quorum_without(const struct why_world *world, node_id lost)
{
    node_set left = 0;

    for (node_id node = 0; node < world->policy->n_nodes; node++) {
        if (node != lost && world->view->nodes[node].is_member)
            left |= node_bit(node);
    }
    return votes_suffice_alone(world->policy, left);
}

static void take_away(const struct why_world *world, node_id lost)
{
    struct node_view *view = &world->view->nodes[lost];

    view->is_member = view->has_report = view->is_armed = false;
    view->is_proven_off = view->is_history_known = true;
    view->dead_at = world->view->now;
    for (service_id id = 0; id < world->policy->n_services; id++)
        world->view->services[id].running_on &= ~node_bit(lost);
    /* Its end of a lease is another one's step: the one that asks has to be left. */
    if (world->view->self == lost)
        world->view->self = NODE_NONE;
}

bool why_after_loss(const struct why_world *world, service_id id, struct prospect *prospect)
{
    const struct service *service = &world->agreed->services[id];
    struct service dry;

    *prospect = (struct prospect){.lost = service_home(service), .node = NODE_NONE};
    if (prospect->lost == NODE_NONE || service->state == SERVICE_FREEZE ||
        service->state == SERVICE_ERROR || !world->view->nodes[prospect->lost].is_member ||
        world->agreed->nodes[prospect->lost].is_released)
        return false;
    if (!has_quorum_without(world, prospect->lost)) {
        prospect->why = reason_on(REASON_QUORUM_WOULD_GO, prospect->lost);
        return true;
    }
    take_away(world, prospect->lost);
    dry = try_step(world, id);
    if (service_home(&dry) != prospect->lost)
        prospect->node = service_home(&dry);
    prospect->why = dry.why;
    return true;
}

enum why_cause why_cause(enum reason_code code)
{
    switch (code) {
    case REASON_ITS_NODE_IS_OFF:
    case REASON_ITS_NODE_REBOOTED:
    case REASON_NODE_IN_MAINTENANCE:
    case REASON_NODE_IS_LEAVING:
    case REASON_FALLS_BACK:
    case REASON_THAWED:
    case REASON_FROZEN_FOR_RESTART:
    case REASON_FROZEN_FOR_SHUTDOWN:
    case REASON_FROZEN_TOO_LONG: return CAUSE_NODE;
    case REASON_TARGET_LOST:
    case REASON_BETTER_NODE: return CAUSE_TARGET;
    case REASON_ADDED:
    case REASON_REMOVED:
    case REASON_WANTED_STARTED:
    case REASON_WANTED_STOPPED:
    case REASON_WANTED_DISABLED:
    case REASON_WANTED_IGNORED:
    case REASON_TARGET_FORBIDDEN:
    case REASON_RULE_FORBIDS_NODE: return CAUSE_POLICY;
    case REASON_JOINS_PARTNER:
    case REASON_LEAVES_NEIGHBOUR:
    case REASON_TARGET_APART:
    case REASON_TARGET_DESERTED:
    case REASON_PARTNER_FAILED:
    case REASON_ASKED_WITH_PARTNER: return CAUSE_PARTNER;
    case REASON_ASKED_TO_MOVE:
    case REASON_ASKED_TO_RESTART:
    case REASON_HELD:
    case REASON_CLEARED:
    case REASON_STOPPED_MOVES: return CAUSE_REQUEST;
    default: return CAUSE_BEFORE;
    }
}
