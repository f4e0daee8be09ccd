/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the manager of an imaginary cluster knows at one moment: rebuilt from what reached it. */
#include <stdio.h>
#include <string.h>

#include "ha/base/text.h"
#include "ha/whatif/world_events.h"

/*
 * What it runs was given to it by what is agreed. Else it heard, alone, what the others forgot, and
 * was gone again before they took up what it told.
 */
static bool is_accounted_for(const struct world *world, node_id id)
{
    const struct world_node *node = &world->nodes[id];

    if (!node->has_told)
        return false;
    for (service_id service = 0; service < world->policy->n_services; service++) {
        if (node->told.has_row[service] && node->told.rows[service].is_running &&
            !node_in(service_given(&world->agreed.services[service]), id))
            return false;
    }
    return true;
}

static void see_node(struct world *world, node_id id)
{
    struct world_node *node = &world->nodes[id];
    struct node_view *view = &world->view.nodes[id];

    view->is_member = node_in(world->ring, id);
    view->has_report = view->is_member && node->told.is_there;
    view->last_beat = node->last_in_ring;
    view->dead_at = instant_after(node->last_in_ring, timing_recovery_wait(&world->policy->timing));
    if (view->is_member)
        view->dead_at = INSTANT_NEVER;
    else if (node->has_left || !node->said_armed)
        view->dead_at = node->last_in_ring;
    view->is_proven_off = !view->is_member && instant_reached(world->now, view->dead_at);
    view->is_history_known = node->is_history_known && is_accounted_for(world, id);
    view->is_armed = node->said_armed;
    view->is_unarmed = node->boot && !node->said_armed;
    view->leaving = node->leaving;
    if (node->boot)
        world_boot_id(world, id, view->boot_id, sizeof(view->boot_id));
    for (service_id service = 0; service < world->policy->n_services; service++) {
        if (view->is_proven_off && node->is_running[service] &&
            !world->agreed.nodes[id].is_released)
            world_break(world, "runs on a node that is proven off", service, id);
    }
}

static void see_rows(struct world *world, node_id id)
{
    const struct world_report *told = &world->nodes[id].told;

    if (!told->is_there)
        return;
    for (service_id service = 0; service < world->policy->n_services; service++) {
        const struct report_row *row = &told->rows[service];
        struct service_view *view = &world->view.services[service];

        if (!told->has_row[service])
            continue;
        if (row->is_running)
            view->running_on |= node_bit(id);
        if (world->agreed.services[service].node == id &&
            world->agreed.services[service].cause == row->cause) {
            view->result = row->result;
            view->exit_code = row->exit_code;
            view->pause = row->pause;
            text_copy(view->words, sizeof(view->words), row->words);
        }
    }
}

void world_see(struct world *world)
{
    cluster_view_init(&world->view, world->policy->n_nodes, world->policy->n_services);
    world->view.now = world->view.stamp = world->now;
    world->view.is_quorate = true;
    world->view.self = node_set_first(world->ring);
    for (node_id id = 0; id < world->policy->n_nodes; id++) {
        see_node(world, id);
        see_rows(world, id);
    }
    for (service_id service = 0; service < world->policy->n_services; service++) {
        world->view.services[service].used_cpus_milli = world->used_cpus_milli[service];
        world->view.services[service].used_memory = world->used_memory[service];
        NODE_SET_EACH(node, world_running(world, service))
        {
            world->view.nodes[node].used_cpus_milli += world->used_cpus_milli[service];
            world->view.nodes[node].used_memory += world->used_memory[service];
        }
    }
    memcpy(world->view.commands, world->commands,
           (size_t)world->n_commands * sizeof(world->commands[0]));
    world->view.n_commands = world->n_commands;
}
