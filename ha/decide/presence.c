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

/* Its node has said that it let go of it; what was asked in this very step has no answer yet. */
static bool has_left(const struct round *round, service_id id)
{
    return is_moving_unseen(round, id) && round->view->services[id].result == JOB_DONE &&
           round->state->services[id].cause != round->state->version;
}

/* Reports of what is ignored are as old as the wish to ignore it: nobody looks after it. */
static node_set reported_on(const struct round *round, service_id id)
{
    bool is_ignored = round->policy->services[id].requested == REQUESTED_IGNORED;

    return is_ignored ? 0 : round->view->services[id].running_on;
}

/* What starts where it is best, wherever it was, takes nothing there; nor does what has left. */
static node_set uses_while_moving(const struct round *round, service_id id)
{
    const struct service *service = &round->state->services[id];
    bool starts_anywhere = round->policy->scheduling.rebalances_on_start;

    if (has_left(round, id) || (starts_anywhere && is_moving_idle(round, id)))
        return node_bit(service->target);
    return service_uses(service);
}

void presence_find(const struct round *round, service_id id, struct presences *found)
{
    const struct service *service = &round->state->services[id];
    node_set running = reported_on(round, id), awaited;

    found->on[PRESENT] = found->on[PASSING] = found->on[AWAITED] = 0;
    switch (service->state) {
    /* Neither coming nor going; what failed for good may still run. */
    case SERVICE_STARTED:
    case SERVICE_FREEZE:
    case SERVICE_ERROR:
        found->on[PRESENT] = service_uses(service);
        found->on[PASSING] = running & ~found->on[PRESENT];
        break;
    case SERVICE_MIGRATE:
    case SERVICE_RELOCATE: found->on[PASSING] = running | uses_while_moving(round, id); break;
    /* At home there: others had better leave it its place. */
    case SERVICE_REQUEST_START:
        awaited = round->policy->scheduling.rebalances_on_start ? 0 : node_bit(service->node);
        found->on[PASSING] = running;
        found->on[AWAITED] = awaited & ~running;
        break;
    case SERVICE_REQUEST_STOP:
    case SERVICE_STOPPED:
    case SERVICE_FENCE:
    case SERVICE_RECOVERY:
    case SERVICE_ABSENT: found->on[PASSING] = running | service_uses(service); break;
    }
}

node_set presence_nodes(const struct round *round, service_id service, enum presence presence)
{
    struct presences found;

    presence_find(round, service, &found);
    return found.on[presence];
}

node_id presence_home(const struct round *round, service_id service)
{
    const struct service *record = &round->state->services[service];
    struct presences found;

    if (record->state != SERVICE_REQUEST_START && record->state != SERVICE_RECOVERY)
        return service_home(record);
    /* What runs before it is decided upon will be taken where it is: nobody else can have it. */
    presence_find(round, service, &found);
    return node_set_first(found.on[AWAITED] ? found.on[AWAITED] : found.on[PASSING]);
}

bool presence_is_to_start(const struct round *round, service_id id)
{
    const struct service *service = &round->state->services[id];

    if (service->state == SERVICE_REQUEST_START)
        return !round->view->services[id].running_on;
    return (service->state == SERVICE_STARTED && !service->is_running) ||
           is_moving_idle(round, id) || has_left(round, id);
}
