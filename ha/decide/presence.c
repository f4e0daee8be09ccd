/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who counts where; see presence.h. What must be apart keeps others away from wherever it may be,
 * and a record is not all that is known of that: a stop that failed, a node that heard alone that
 * it had to start something, or what ran before it was ours, are in reports only.
 */
#include "ha/decide/presence.h"

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

static bool is_moving_unseen(const struct round *round, service_id id)
{
    const struct service *service = &round->state->services[id];
    bool is_moving = service->state == SERVICE_RELOCATE || service->state == SERVICE_MIGRATE;

    return is_moving && !round->view->services[id].running_on;
}

/* It was not even started where it was; it is on its way to where it is to start. */
static bool is_moving_idle(const struct round *round, service_id id)
{
    return is_moving_unseen(round, id) && !round->state->services[id].is_running;
}

/* Neither coming nor going; what failed for good may still run. */
static bool is_settled(const struct service *service)
{
    switch (service->state) {
    case SERVICE_STARTED:
    case SERVICE_FREEZE:
    case SERVICE_ERROR: return true;
    default: return false;
    }
}

static node_set settled_on(const struct service *service)
{
    return is_settled(service) ? service_uses(service) : 0;
}

/* Its node has said that it let go of it; what was asked in this very step has no answer yet. */
static bool has_left(const struct round *round, service_id id)
{
    return is_moving_unseen(round, id) && round->view->services[id].result == JOB_DONE &&
           round->state->services[id].cause != round->state->version;
}

static node_set passes_on(const struct round *round, service_id id)
{
    const struct service *service = &round->state->services[id];
    node_set uses = service_uses(service), running = round->view->services[id].running_on;

    /* Reports of what is ignored are as old as the wish to ignore it: nobody looks after it. */
    if (round->policy->services[id].requested == REQUESTED_IGNORED)
        running = 0;
    /* What starts where it is best, wherever it was, takes nothing there. */
    if (has_left(round, id) ||
        (round->policy->scheduling.rebalances_on_start && is_moving_idle(round, id)))
        return node_bit(service->target);
    return is_settled(service) ? running & ~uses : running | uses;
}

/* Waiting to start, and at home there: others had better leave it its place. */
static node_id awaited_on(const struct round *round, service_id id)
{
    const struct service *service = &round->state->services[id];
    bool is_at_home = !round->policy->scheduling.rebalances_on_start;

    if (service->state != SERVICE_REQUEST_START || !is_at_home)
        return NODE_NONE;
    return node_in(passes_on(round, id), service->node) ? NODE_NONE : service->node;
}

node_set presence_nodes(const struct round *round, service_id service, enum presence presence)
{
    switch (presence) {
    case PRESENT: return settled_on(&round->state->services[service]);
    case PASSING: return passes_on(round, service);
    case AWAITED: return node_bit(awaited_on(round, service));
    case PRESENCES: break;
    }
    return 0;
}

node_id presence_home(const struct round *round, service_id service)
{
    const struct service *record = &round->state->services[service];
    node_id awaited = awaited_on(round, service);

    if (awaited != NODE_NONE)
        return awaited;
    /* What runs before it is decided upon will be taken where it is: nobody else can have it. */
    if (record->state == SERVICE_REQUEST_START || record->state == SERVICE_RECOVERY)
        return node_set_first(passes_on(round, service));
    return service_home(record);
}

bool presence_is_to_start(const struct round *round, service_id id)
{
    const struct service *service = &round->state->services[id];

    if (service->state == SERVICE_REQUEST_START)
        return !round->view->services[id].running_on;
    return (service->state == SERVICE_STARTED && !service->is_running) ||
           is_moving_idle(round, id) || has_left(round, id);
}
