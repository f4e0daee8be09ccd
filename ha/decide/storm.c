/* SPDX-License-Identifier: GPL-3.0-or-later */
/* No more than so many dead nodes within so long; see storm.h. */
#include "ha/decide/storm.h"

#include <limits.h>

/* One that left in good order, or is back, is no sign of a storm. */
static bool is_dead(const struct node *node)
{
    return node->state == NODE_FENCE && node->leaving == LEAVING_NOT;
}

/* Leave is given for one death; the next one asks anew. */
static bool has_leave(const struct node *node)
{
    return node->relieved_at.ms != INSTANT_UNKNOWN.ms &&
           !instant_before(node->relieved_at, node->since);
}

/* Its node being dead, it has to be started elsewhere: then leave is needed. */
static bool is_to_be_recovered(const struct round *round, service_id id)
{
    const struct service *service = &round->state->services[id];

    switch (service->state) {
    case SERVICE_STARTED:
    case SERVICE_REQUEST_STOP:
    case SERVICE_MIGRATE:
    case SERVICE_RELOCATE:
    case SERVICE_FREEZE:
    case SERVICE_FENCE: return service_is_wanted(service, &round->policy->services[id]);
    default: return false;
    }
}

/* Dead nodes that have no leave yet, and have services that need it. */
static node_set find_waiting(const struct round *round)
{
    node_set dead = 0, waiting = 0;

    for (node_id id = 0; id < round->policy->n_nodes; id++) {
        const struct node *node = &round->state->nodes[id];

        dead |= is_dead(node) && !has_leave(node) ? node_bit(id) : 0;
    }
    for (service_id id = 0; id < round->policy->n_services && dead; id++) {
        if (is_to_be_recovered(round, id))
            waiting |= dead & node_bit(round->state->services[id].node);
    }
    return waiting;
}

/* One that was struck and is well again is no part of a storm any more. */
static bool is_well(const struct node *node)
{
    return node->state == NODE_ONLINE && !node->is_quarantined;
}

/* When the first of so many leaves is so old that another may be given; UNKNOWN: at once. */
static struct instant next_leave(const struct round *round, node_id asking)
{
    const struct frequency *storm = &round->policy->storm;
    struct instant first = INSTANT_NEVER;
    int n_recent = 0;

    for (node_id id = 0; id < round->policy->n_nodes; id++) {
        const struct node *node = &round->state->nodes[id];
        struct instant end = instant_after(node->relieved_at, storm->within);

        if (id == asking || is_well(node) || node->relieved_at.ms == INSTANT_UNKNOWN.ms ||
            instant_reached(round->view->stamp, end))
            continue;
        first = instant_earliest(first, end);
        n_recent++;
    }
    return n_recent < storm->times ? INSTANT_UNKNOWN : first;
}

/* Those with the service that is to be recovered before all others. */
static node_set most_urgent(const struct round *round, node_set waiting)
{
    node_set urgent = 0;
    int highest = INT_MIN;

    for (service_id id = 0; id < round->policy->n_services; id++) {
        int priority = round->policy->services[id].priority;

        if (!node_in(waiting, round->state->services[id].node) || priority < highest ||
            !is_to_be_recovered(round, id))
            continue;
        urgent = priority > highest ? 0 : urgent;
        urgent |= node_bit(round->state->services[id].node);
        highest = priority;
    }
    return urgent;
}

/* The one that has waited longest, of those that matter most. */
static node_id first_of(const struct round *round, node_set waiting)
{
    node_set urgent = most_urgent(round, waiting);
    node_id first = node_set_first(urgent);

    NODE_SET_EACH(node, urgent)
    {
        if (instant_before(round->state->nodes[node].since, round->state->nodes[first].since))
            first = node;
    }
    return first;
}

void storm_overrule(struct round *round, node_id node)
{
    round->state->nodes[node].relieved_at = round->view->stamp;
}

void storm_step(struct round *round)
{
    node_set waiting = round->policy->storm.times ? find_waiting(round) : 0;

    while (waiting) {
        node_id node = first_of(round, waiting);
        struct instant next = next_leave(round, node);

        if (next.ms != INSTANT_UNKNOWN.ms) {
            round_has_passed(round, next, duration_ms(0));
            return;
        }
        storm_overrule(round, node);
        waiting &= ~node_bit(node);
    }
}

bool storm_holds(const struct round *round, node_id id, struct reason *why)
{
    const struct node *node = &round->state->nodes[id];

    if (!round->policy->storm.times || !is_dead(node) || has_leave(node))
        return false;
    *why = reason_of(REASON_STORM);
    why->node = id;
    why->number = round->policy->storm.within.ms;
    return true;
}
