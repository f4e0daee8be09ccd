/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can happen to an imaginary cluster, by hand or drawn from its seed; see world.h. */
#include <string.h>

#include "ha/whatif/world.h"

/* Services that cannot start or stop for a while, in a hundred. */
#define FAULT_PERCENT 30

static struct instant within(struct world *world, int ms)
{
    return instant_after(world->now, duration_ms(random_below(&world->random, ms)));
}

static node_id any_node(struct world *world)
{
    return (node_id)random_below(&world->random, world->policy->n_nodes);
}

static service_id any_service(struct world *world)
{
    return random_below(&world->random, world->policy->n_services);
}

void world_crash_service(struct world *world, service_id service)
{
    for (node_id node = 0; node < world->policy->n_nodes; node++) {
        /* While it starts or stops there is nothing to crash yet or any more. */
        if (!world->nodes[node].jobs[service].is_active)
            world->nodes[node].is_running[service] = false;
    }
}

void world_command(struct world *world, enum command_kind kind, service_id service, node_id node)
{
    if (world->n_commands == COMMANDS_MAX)
        return;
    world->commands[world->n_commands++] = (struct command){
        .id = ++world->last_command,
        .kind = kind,
        .service = service,
        .node = node,
    };
}

static void disturb_service(struct world *world, node_id node, service_id service)
{
    struct world_node *at = &world->nodes[node];

    switch (random_below(&world->random, 3)) {
    case 0: at->fails_start[service] = random_chance(&world->random, FAULT_PERCENT); break;
    case 1: at->fails_stop[service] = random_chance(&world->random, FAULT_PERCENT); break;
    case 2: world_crash_service(world, service); break;
    }
}

static void ask_something(struct world *world, node_id node, service_id service)
{
    switch (random_below(&world->random, 5)) {
    case 0: world_command(world, COMMAND_MIGRATE, service, node); break;
    case 1: world_command(world, COMMAND_RELOCATE, service, node); break;
    case 2: world_command(world, COMMAND_MAINTENANCE_ON, SERVICE_NONE, node); break;
    case 3: world_command(world, COMMAND_MAINTENANCE_OFF, SERVICE_NONE, node); break;
    case 4: world_command(world, COMMAND_CLEAR, service, NODE_NONE); break;
    }
}

void world_disturb(struct world *world)
{
    node_id node = any_node(world);
    service_id service = any_service(world);

    switch (random_below(&world->random, 8)) {
    case 0: world_power_off(world, node, within(world, 30000)); break;
    case 1: world_kill_agent(world, node, within(world, 12000)); break;
    case 2: world->nodes[node].is_cut = true; break;
    case 3: world->nodes[node].is_cut = false; break;
    case 4: world_power_on(world, node); break;
    case 5: disturb_service(world, node, service); break;
    case 6: ask_something(world, node, service); break;
    case 7: break;
    }
}

void world_heal(struct world *world)
{
    for (node_id node = 0; node < world->policy->n_nodes; node++) {
        struct world_node *at = &world->nodes[node];

        at->is_cut = false;
        memset(at->fails_start, 0, sizeof(at->fails_start));
        memset(at->fails_stop, 0, sizeof(at->fails_stop));
        world_power_on(world, node);
        at->agent_at = world->now;
        world_command(world, COMMAND_MAINTENANCE_OFF, SERVICE_NONE, node);
    }
    for (service_id service = 0; service < world->policy->n_services; service++)
        world_command(world, COMMAND_CLEAR, service, NODE_NONE);
}
