/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How an imaginary cluster begins, and what becomes of it under another policy:
 * services are known by their names; what left the policy is gone from the world,
 * as the agents' hands see to it.
 */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "ha/whatif/world.h"

static void init_node(struct world *world, node_id id)
{
    struct world_node *node = &world->nodes[id];

    memset(node, 0, offsetof(struct world_node, is_running));
    memset(node->is_running, 0, sizeof(node->is_running));
    memset(node->is_half_started, 0, sizeof(node->is_half_started));
    memset(node->jobs, 0, sizeof(node->jobs));
    node->sent.is_there = node->told.is_there = false;
    node->on_at = node->agent_at = node->wake_at = INSTANT_NEVER;
    lrm_init(&node->lrm, id, world->policy->n_services);
    ha_state_init(&node->seen, world->policy->n_nodes, world->policy->n_services);
}

void world_init(struct world *world, const struct policy *policy, const struct world_habits *habits,
                uint64_t seed)
{
    assert(policy->n_services <= WORLD_SERVICES_MAX);
    memset(world, 0, offsetof(struct world, changes));
    world->random.state = seed;
    world->habits = *habits;
    world->policy = policy;
    world->now.ms = WORLD_BEGIN_MS;
    world->manager_at = INSTANT_NEVER;
    ha_state_init(&world->agreed, policy->n_nodes, policy->n_services);
    for (node_id id = 0; id < policy->n_nodes; id++)
        init_node(world, id);
}

/* Both tables are sorted by name, so no row is written over before it was read. */
static void move_rows(const struct world *world, void *rows, size_t size, int n_before)
{
    char *at = rows;
    const service_id *to = world->moved_to;
    service_id fresh = 0;

    for (service_id old = 0; old < n_before; old++) {
        if (to[old] != SERVICE_NONE && to[old] < old)
            memcpy(at + (size_t)to[old] * size, at + (size_t)old * size, size);
    }
    for (service_id old = n_before - 1; old >= 0; old--) {
        if (to[old] != SERVICE_NONE && to[old] > old)
            memcpy(at + (size_t)to[old] * size, at + (size_t)old * size, size);
    }
    /* What no old id was moved to is new and starts from nothing. */
    for (service_id old = 0; old <= n_before; old++) {
        service_id next = old < n_before ? to[old] : world->policy->n_services;

        if (next == SERVICE_NONE)
            continue;
        if (next > fresh)
            memset(at + (size_t)fresh * size, 0, (size_t)(next - fresh) * size);
        fresh = next + 1;
    }
}

static void move_state(const struct world *world, struct ha_state *state, struct ha_state *scratch)
{
    int n_before = state->n_services;

    ha_state_init(scratch, world->policy->n_nodes, world->policy->n_services);
    for (service_id old = 0; old < n_before; old++) {
        if (world->moved_to[old] != SERVICE_NONE)
            scratch->services[world->moved_to[old]] = state->services[old];
    }
    memcpy(scratch->nodes, state->nodes, sizeof(state->nodes));
    scratch->version = state->version;
    scratch->manager = state->manager;
    scratch->arming = state->arming;
    scratch->imbalanced_since = state->imbalanced_since;
    ha_state_copy(state, scratch);
}

static void move_node(struct world *world, node_id id, int n_before)
{
    struct world_node *node = &world->nodes[id];

    move_rows(world, node->is_running, sizeof(node->is_running[0]), n_before);
    move_rows(world, node->is_half_started, sizeof(node->is_half_started[0]), n_before);
    move_rows(world, node->jobs, sizeof(node->jobs[0]), n_before);
    for (service_id service = 0; service < world->policy->n_services; service++)
        node->jobs[service].job.service = service;
    lrm_remap(&node->lrm, world->moved_to, world->policy->n_services);
    move_state(world, &node->seen, &world->proposed);
}

/* What it told under the policy before counts no more: it tells again. */
static void tell_again(struct world *world, struct world_node *node)
{
    node->sent.is_there = node->told.is_there = node->has_told = false;
    node->is_report_due = node->is_player_due = true;
    node->report_at = world->now;
}

void world_set_policy(struct world *world, const struct policy *policy)
{
    const struct policy *before = world->policy;
    bool is_same = before->n_services == policy->n_services;

    assert(policy->n_services <= WORLD_SERVICES_MAX && policy->n_nodes == before->n_nodes);
    for (service_id old = 0; old < before->n_services; old++) {
        world->moved_to[old] = policy_find_service(policy, before->services[old].name);
        is_same = is_same && world->moved_to[old] == old;
    }
    world->policy = policy;
    world->has_proposal = false;
    world->n_decided = 0;
    world->is_manager_due = true;
    for (node_id id = 0; id < policy->n_nodes; id++)
        tell_again(world, &world->nodes[id]);
    if (is_same)
        return;
    for (node_id id = 0; id < policy->n_nodes; id++)
        move_node(world, id, before->n_services);
    move_state(world, &world->agreed, &world->proposed);
    for (int fault = 0; fault < WORLD_FAULTS; fault++)
        move_rows(world, world->failing[fault], sizeof(world->failing[0][0]), before->n_services);
    move_rows(world, world->slow, sizeof(world->slow[0]), before->n_services);
    move_rows(world, world->used_cpus_milli, sizeof(world->used_cpus_milli[0]), before->n_services);
    move_rows(world, world->used_memory, sizeof(world->used_memory[0]), before->n_services);
    for (int i = 0; i < world->n_commands; i++) {
        service_id *service = &world->commands[i].service;

        if (*service != SERVICE_NONE)
            *service = world->moved_to[*service];
    }
}
