/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether an imaginary cluster has come to rest. Monitors go on for ever and count for nothing,
 * but what they have yet to find does.
 */
#include "ha/whatif/world_events.h"

static bool has_job(const struct world *world, const struct world_node *node)
{
    for (service_id service = 0; service < world->policy->n_services; service++) {
        if (node->jobs[service].is_active && node->jobs[service].job.kind != JOB_MONITOR)
            return true;
    }
    return false;
}

/* Off, or without its agent, and it stays so. */
static bool is_away_for_good(const struct world *world, const struct world_node *node,
                             bool is_member)
{
    bool is_reset_due =
        node->has_power && node->is_armed && !is_member && world->policy->timing.watchdog.ms > 0;

    if (!node->has_power)
        return node->on_at.ms == INSTANT_NEVER.ms;
    return !is_reset_due && (node->has_agent || node->agent_at.ms == INSTANT_NEVER.ms);
}

static bool is_node_calm(const struct world *world, node_id id)
{
    const struct world_node *node = &world->nodes[id];
    bool is_member = node_in(world->ring, id);

    if (!is_away_for_good(world, node, is_member))
        return false;
    if (!node->has_agent)
        return true;
    if (node->is_player_due || node->leaving != LEAVING_NOT || has_job(world, node))
        return false;
    return !is_member || (!node->sent.is_there && !node->is_report_due &&
                          node->seen.version >= world->agreed.version);
}

/* As its record says, and a monitor will find nothing else. */
static bool is_service_calm(const struct world *world, service_id id)
{
    const struct service *service = &world->agreed.services[id];
    const struct world_failing *failing = &world->failing[FAULT_MONITOR][id];

    switch (service->state) {
    case SERVICE_REQUEST_STOP:
    case SERVICE_MIGRATE:
    case SERVICE_RELOCATE: return false;
    case SERVICE_STARTED:
        if (!node_in(world->ring, service->node))
            return true;
        return service->is_running && world_running(world, id) == node_bit(service->node) &&
               (!failing->left || !node_in(failing->on, service->node));
    default: return true;
    }
}

static bool is_manager_calm(const struct world *world)
{
    if (!world->ring || (world->has_proposal && !world_is_stored(world)))
        return true;
    return !world->has_proposal && !world->is_manager_due &&
           world->manager_at.ms == INSTANT_NEVER.ms;
}

bool world_is_calm(const struct world *world)
{
    if (!is_manager_calm(world))
        return false;
    for (node_id node = 0; node < world->policy->n_nodes; node++) {
        if (!is_node_calm(world, node))
            return false;
    }
    for (service_id service = 0; service < world->policy->n_services; service++) {
        if (world->ring && !is_service_calm(world, service))
            return false;
    }
    return true;
}
