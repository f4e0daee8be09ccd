/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who hears whom in an imaginary cluster, and what comes of a proposal: it is agreed, or lost with
 * the ring in which it was made, and then perhaps not by everybody.
 */
#include <string.h>

#include "ha/model/votes.h"
#include "ha/whatif/world.h"
#include "ha/whatif/world_events.h"

static node_set alive_on(const struct world *world, int side)
{
    node_set nodes = 0;

    for (node_id id = 0; id < world->policy->n_nodes; id++) {
        const struct world_node *node = &world->nodes[id];

        if (node->has_agent && !node->is_stalled && !node->is_cut && node->side == side)
            nodes |= node_bit(id);
    }
    return nodes;
}

/*
 * The group that goes on. The witness is reached by all but those that are cut off, and votes for
 * one group. With two-node a lone node goes on only where the other one is dead: of a split, a
 * fence device would decide, and there is none in here.
 */
static node_set find_ring(const struct world *world)
{
    node_set preferred = 0, running = 0;

    for (node_id id = 0; id < world->policy->n_nodes; id++) {
        node_set nodes = alive_on(world, world->nodes[id].side);

        running |= world->nodes[id].has_agent ? node_bit(id) : 0;
        if (nodes && (!preferred || votes_is_preferred(world->policy, nodes, preferred)))
            preferred = nodes;
    }
    for (node_id id = 0; id < world->policy->n_nodes; id++) {
        node_set nodes = alive_on(world, world->nodes[id].side);

        if (votes_suffice(world->policy, nodes, nodes == preferred))
            return nodes;
    }
    return preferred == running && votes_suffice_alone(world->policy, preferred) ? preferred : 0;
}

/*
 * Who leaves a ring may have heard, alone, what the others then forget: they had it in memory only
 * and began anew. It acts on it while its lease lasts, and the state cannot vouch for it.
 */
static void go_astray(struct world *world, node_id id)
{
    struct world_node *node = &world->nodes[id];

    ha_state_copy(&node->seen, &world->proposed);
    node->is_astray = true;
    node->is_history_known = false;
    node->is_player_due = true;
    /* No number is given twice, not even to what never happened. */
    world->agreed.version = world->proposed.version;
}

/* To let go of watchdogs is agreed on disk first, so that nobody forgets it. */
static bool may_be_forgotten(const struct world *world)
{
    const struct ha_state *before = &world->agreed, *now = &world->proposed;

    for (node_id id = 0; id < now->n_nodes; id++) {
        if (before->nodes[id].is_released != now->nodes[id].is_released)
            return false;
    }
    return before->arming.state == now->arming.state;
}

static void lose_proposal(struct world *world, node_set gone)
{
    world->n_decided = 0;
    if (!world->has_proposal)
        return;
    world->has_proposal = false;
    NODE_SET_EACH(id, gone)
    {
        if (world->nodes[id].has_agent && !world->nodes[id].is_stalled && may_be_forgotten(world) &&
            random_chance(&world->random, world->habits.amnesia))
            go_astray(world, id);
    }
}

/* What was not agreed never happened, and everybody has to say again what they run. */
void world_form_ring(struct world *world)
{
    node_set ring = find_ring(world);

    if (ring == world->ring)
        return;
    world->n_rings++;
    world->is_manager_due = true;
    for (node_id id = 0; id < world->policy->n_nodes; id++) {
        struct world_node *node = &world->nodes[id];

        node->sent.is_there = node->told.is_there = false;
        node->is_history_known =
            !random_chance(&world->random, world->habits.amnesia) && !node->is_astray;
        node->is_report_due = node->is_player_due = true;
        node->report_at = world->now;
        node->state_at = world_soon(world, world->habits.lag);
        if (node_in(ring, id))
            node->last_in_ring = world->now;
        /* A member is in sync before it does or says anything. */
        if (node_in(ring & ~world->ring, id)) {
            ha_state_copy(&node->seen, &world->agreed);
            node->has_told = false;
        }
        node->is_astray &= !node_in(ring, id);
    }
    lose_proposal(world, world->ring & ~ring);
    world->ring = ring;
}

/* ---- agreeing ------------------------------------------------------------------------------ */

/* Who has it on disk must be able to go on without the others: another ring has one of them. */
bool world_is_stored(const struct world *world)
{
    node_set stored = 0;

    NODE_SET_EACH(id, world->ring)
    {
        stored |= world->nodes[id].has_failing_store ? 0 : node_bit(id);
    }
    return votes_suffice_alone(world->policy, stored);
}

void world_drop_commands(struct world *world, int n)
{
    world->n_commands -= n;
    world->n_decided = 0;
    memmove(world->commands, world->commands + n,
            (size_t)world->n_commands * sizeof(world->commands[0]));
}

void world_agree(struct world *world)
{
    if (!world->has_proposal || !instant_reached(world->now, world->agreed_at) ||
        !world_is_stored(world))
        return;
    world_check_agreed(world);
    ha_state_copy(&world->agreed, &world->proposed);
    world->has_proposal = false;
    world_drop_commands(world, world->n_decided);
    world->is_manager_due = true;
    NODE_SET_EACH(id, world->ring)
    {
        world->nodes[id].state_at = world_soon(world, world->habits.lag);
    }
}
