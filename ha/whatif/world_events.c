/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can happen to an imaginary cluster, by hand or drawn from its seed; see world_events.h. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "ha/base/text.h"
#include "ha/whatif/world.h"

/* Services that cannot start or stop for a while, in a hundred. */
#define FAULT_PERCENT 30
/* An agent that is restarted in good order is back that soon. */
#define AGENT_RESTART_MS 2000

struct instant world_soon(struct world *world, struct duration span)
{
    if (world->habits.is_random)
        span.ms = random_below(&world->random, (int)span.ms + 1);
    return instant_after(world->now, span);
}

void world_break(struct world *world, const char *words, service_id service, node_id node)
{
    if (world->broken[0])
        return;
    world->promise = words;
    snprintf(world->broken, sizeof(world->broken), "at %lld ms: %s (service %s, node %s)",
             (long long)world->now.ms, words,
             service == SERVICE_NONE ? "-" : world->policy->services[service].name,
             node == NODE_NONE ? "-" : world->policy->nodes[node].name);
}

node_set world_running(const struct world *world, service_id service)
{
    node_set nodes = 0;

    for (node_id node = 0; node < world->policy->n_nodes; node++) {
        if (world->nodes[node].is_running[service])
            nodes |= node_bit(node);
    }
    return nodes;
}

node_set world_serving(const struct world *world, service_id service)
{
    node_set nodes = world_running(world, service);

    NODE_SET_EACH(node, nodes)
    {
        if (world->nodes[node].is_half_started[service])
            nodes &= ~node_bit(node);
    }
    return nodes;
}

/* ---- machines and agents ------------------------------------------------------------------- */

void world_boot_id(const struct world *world, node_id id, char *text, size_t size)
{
    snprintf(text, size, "boot-%d-%d", id, world->nodes[id].boot);
}

void world_begin_agent(struct world *world, node_id id)
{
    struct world_node *node = &world->nodes[id];
    char boot_id[BOOT_ID_MAX];

    node->has_agent = true;
    node->is_player_due = true;
    if (!node->has_left)
        node->leaving = LEAVING_NOT;
    node->wake_at = INSTANT_NEVER;
    lrm_init(&node->lrm, id, world->policy->n_services);
    world_boot_id(world, id, boot_id, sizeof(boot_id));
    lrm_set_boot(&node->lrm, boot_id);
    for (service_id service = 0; service < world->policy->n_services; service++) {
        if (node->is_running[service])
            lrm_adopt(&node->lrm, service, 0);
    }
}

/* An agent that dies takes its jobs with it; what it started goes on running. */
static void end_agent(struct world *world, struct world_node *node)
{
    for (service_id service = 0; service < world->policy->n_services; service++) {
        bool is_starting =
            node->jobs[service].is_active && node->jobs[service].job.kind == JOB_START;

        /* A start goes on without its agent; one that is to fail leaves nothing behind. */
        if (!world->habits.is_random && node->is_half_started[service]) {
            node->is_half_started[service] = false;
            node->is_running[service] =
                is_starting && !world_will_fail(world, FAULT_START, node->lrm.self, service);
        }
    }
    node->has_agent = node->is_stalled = node->has_woken = false;
    if (!node->has_left)
        node->leaving = LEAVING_NOT;
    node->sent.is_there = node->told.is_there = false;
    memset(node->jobs, 0, sizeof(node->jobs));
}

void world_power_off(struct world *world, node_id id, struct instant back_at)
{
    struct world_node *node = &world->nodes[id];

    end_agent(world, node);
    node->has_power = false;
    node->is_armed = false;
    node->on_at = back_at;
    node->agent_at = INSTANT_NEVER;
    memset(node->is_running, 0, sizeof(node->is_running));
}

void world_power_on(struct world *world, node_id id)
{
    struct world_node *node = &world->nodes[id];

    node->is_cut = false;
    if (node->has_power)
        return;
    node->has_power = true;
    node->has_left = false;
    node->leaving = LEAVING_NOT;
    node->has_failing_store = false;
    node->boot++;
    ha_state_init(&node->seen, world->policy->n_nodes, world->policy->n_services);
    world_begin_agent(world, id);
}

void world_boot(struct world *world, node_id id)
{
    struct world_node *node = &world->nodes[id];

    node->is_cut = false;
    if (!node->has_power)
        node->on_at = world_soon(world, world->habits.boot);
}

void world_cut(struct world *world, node_set nodes, bool is_cut)
{
    NODE_SET_EACH(id, nodes)
    {
        world->nodes[id].is_cut = is_cut;
        world->nodes[id].side = 0;
    }
}

void world_part(struct world *world, node_set nodes, int side)
{
    NODE_SET_EACH(id, nodes)
    {
        world->nodes[id].side = side;
    }
}

void world_kill_agent(struct world *world, node_id id, struct instant back_at)
{
    struct world_node *node = &world->nodes[id];

    if (!node->has_agent)
        return;
    end_agent(world, node);
    node->agent_at = back_at;
}

void world_restart_agent(struct world *world, node_id id)
{
    struct instant back_at = instant_after(world->now, duration_ms(AGENT_RESTART_MS));

    if (world->nodes[id].has_agent)
        world_kill_agent(world, id, back_at);
    else if (world->nodes[id].has_power)
        world->nodes[id].agent_at = back_at;
}

void world_leave(struct world *world, node_id id, enum leaving how)
{
    struct world_node *node = &world->nodes[id];

    if (!node->has_agent || !lrm_leave(&node->lrm, how))
        return;
    node->leaving = how;
    node->is_player_due = true;
    world->is_manager_due = true;
}

void world_stall(struct world *world, node_id id, bool is_stalled)
{
    struct world_node *node = &world->nodes[id];

    if (!node->has_agent || node->is_stalled == is_stalled)
        return;
    node->is_stalled = is_stalled;
    node->has_woken = !is_stalled;
}

void world_set_store(struct world *world, node_id id, bool works)
{
    struct world_node *node = &world->nodes[id];

    node->has_failing_store = !works;
    /* Until it can write again nobody knows what it makes of what is agreed. */
    node->sent.is_there = node->told.is_there = false;
    node->is_report_due = node->is_player_due = true;
    node->report_at = node->state_at = world->now;
    world->is_manager_due = true;
}

/* ---- services ------------------------------------------------------------------------------ */

void world_crash_service(struct world *world, service_id service)
{
    for (node_id node = 0; node < world->policy->n_nodes; node++) {
        /* While it starts or stops there is nothing to crash yet or any more. */
        if (!world->nodes[node].jobs[service].is_active)
            world->nodes[node].is_running[service] = false;
    }
}

void world_kill_service(struct world *world, service_id service)
{
    world_crash_service(world, service);
    for (node_id node = 0; node < world->policy->n_nodes; node++) {
        const struct world_job *at = &world->nodes[node].jobs[service];

        if (at->is_active && at->job.kind == JOB_MONITOR)
            world->nodes[node].is_running[service] = false;
    }
}

void world_fail(struct world *world, enum world_fault fault, service_id service,
                struct world_failing failing)
{
    world->failing[fault][service] = failing;
}

bool world_will_fail(const struct world *world, enum world_fault fault, node_id node,
                     service_id service)
{
    const struct world_failing *failing = &world->failing[fault][service];

    return node_in(failing->on, node) && failing->left != 0;
}

bool world_try_fails(struct world *world, enum world_fault fault, node_id node,
                     const struct job *job)
{
    struct world_failing *failing = &world->failing[fault][job->service];
    bool is_same_try = fault == FAULT_MOVE && failing->cause == job->cause && job->cause;

    if (!node_in(failing->on, node))
        return false;
    if (is_same_try)
        return failing->did_fail;
    failing->cause = job->cause;
    failing->did_fail = failing->left != 0;
    if (failing->left > 0)
        failing->left--;
    else if (failing->left == 0)
        failing->left = failing->times;
    return failing->did_fail;
}

void world_place(struct world *world, service_id service, node_id node)
{
    if (world->agreed.services[service].state == SERVICE_ABSENT)
        world->agreed.services[service].node = node;
}

/*
 * Who moves a thing by hand waits until what was asked for is done, and looks whether everybody
 * has heard that it may be moved.
 */
static bool all_leave_it_alone(const struct world *world, service_id service)
{
    for (node_id id = 0; id < world->policy->n_nodes; id++) {
        const struct ha_state *seen = &world->nodes[id].seen;

        if (world->nodes[id].has_agent && seen->services[service].state != SERVICE_ABSENT &&
            !(seen->arming.ignores && seen->arming.state > DISARMING))
            return false;
    }
    return true;
}

/* The agents' probes find out at once: here it is gone, there it has come. */
bool world_carry(struct world *world, service_id service, node_id to)
{
    bool is_running = world_running(world, service) != 0;

    bool is_absent = world->agreed.services[service].state == SERVICE_ABSENT;

    /* Whoever moves what is managed works against the cluster; it would not stay so. */
    if (world->has_proposal || world->n_commands > 0 || !node_in(world->ring, to) ||
        !all_leave_it_alone(world, service))
        return false;
    if (!is_absent && !(world->agreed.arming.ignores && world->agreed.arming.state > DISARMING))
        return false;
    for (node_id id = 0; id < world->policy->n_nodes; id++) {
        struct world_node *node = &world->nodes[id];

        node->is_running[service] = is_running && id == to;
        node->is_half_started[service] = false;
        node->jobs[service].is_active = false;
        node->lrm.services[service] = (struct lrm_service){.phase = LRM_IDLE};
        if (node->is_running[service] && node->has_agent)
            lrm_adopt(&node->lrm, service, 0);
        node->is_player_due = node->is_report_due = true;
        node->report_at = world->now;
        node->sent.is_there = node->told.is_there = false;
    }
    world->is_manager_due = true;
    if (is_absent)
        world->agreed.services[service].node = to;
    return true;
}

void world_measure(struct world *world, service_id service, int cpus_milli, int64_t memory)
{
    world->used_cpus_milli[service] = cpus_milli;
    world->used_memory[service] = memory;
    world->is_manager_due = true;
}

void world_command(struct world *world, enum command_kind kind, service_id service, node_id node)
{
    /* Nobody in a story asks for so much; were it dropped, the story would not notice. */
    assert(world->n_commands < COMMANDS_MAX);
    world->commands[world->n_commands++] = (struct command){
        .id = ++world->last_command,
        .kind = kind,
        .service = service,
        .node = node,
    };
    world->is_manager_due = true;
}

void world_command_for(struct world *world, enum command_kind kind, node_id node,
                       struct duration lasts)
{
    int n_before = world->n_commands;

    world_command(world, kind, SERVICE_NONE, node);
    if (world->n_commands > n_before)
        world->commands[n_before].lasts = lasts;
}

/* ---- drawn from the seed ------------------------------------------------------------------- */

void world_make_unkind(struct world *world, uint64_t seed)
{
    static const int lags_ms[] = {10, 300, 1500, 1500};

    world->random.state = seed;
    world->habits = world_unkind;
    world->habits.lag.ms = lags_ms[random_below(&world->random, 4)];
    world->habits.loss = random_below(&world->random, 40);
    world->habits.amnesia = random_chance(&world->random, 75) ? 100 : 20;
}

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

static void fail_or_not(struct world *world, enum world_fault fault, node_id node,
                        service_id service)
{
    struct world_failing *failing = &world->failing[fault][service];

    failing->left = -1;
    failing->on &= ~node_bit(node);
    if (random_chance(&world->random, FAULT_PERCENT))
        failing->on |= node_bit(node);
}

static void disturb_service(struct world *world, node_id node, service_id service)
{
    switch (random_below(&world->random, 3)) {
    case 0: fail_or_not(world, FAULT_START, node, service); break;
    case 1: fail_or_not(world, FAULT_STOP, node, service); break;
    case 2: world_kill_service(world, service); break;
    }
}

static void ask_something(struct world *world, node_id node, service_id service)
{
    switch (random_below(&world->random, 9)) {
    case 0: world_command(world, COMMAND_MIGRATE, service, node); break;
    case 1: world_command(world, COMMAND_RELOCATE, service, node); break;
    case 2: world_command(world, COMMAND_MAINTENANCE_ON, SERVICE_NONE, node); break;
    case 3: world_command(world, COMMAND_MAINTENANCE_OFF, SERVICE_NONE, node); break;
    case 4: world_command(world, COMMAND_CLEAR, service, NODE_NONE); break;
    case 5: world_command(world, COMMAND_STOP, service, NODE_NONE); break;
    case 6: world_command(world, COMMAND_DISARM_FREEZE, SERVICE_NONE, NODE_NONE); break;
    case 7: world_command(world, COMMAND_DISARM_IGNORE, SERVICE_NONE, NODE_NONE); break;
    case 8: world_command(world, COMMAND_ARM, SERVICE_NONE, NODE_NONE); break;
    }
    /* Nothing happens in a cluster that is set aside. */
    if (random_chance(&world->random, 50))
        world_command(world, COMMAND_ARM, SERVICE_NONE, NODE_NONE);
}

static enum leaving any_way_to_leave(struct world *world)
{
    return (enum leaving)(LEAVING_RESTART + random_below(&world->random, 3));
}

void world_disturb(struct world *world)
{
    node_id node = any_node(world);
    service_id service = any_service(world);

    switch (random_below(&world->random, 9)) {
    case 0: world_power_off(world, node, within(world, 30000)); break;
    case 1: world_kill_agent(world, node, within(world, 12000)); break;
    case 2: world->nodes[node].is_cut = true; break;
    case 3: world->nodes[node].is_cut = false; break;
    case 4: world_power_on(world, node); break;
    case 5: disturb_service(world, node, service); break;
    case 6: ask_something(world, node, service); break;
    case 7: world_leave(world, node, any_way_to_leave(world)); break;
    case 8: break;
    }
}

void world_heal(struct world *world)
{
    world_command(world, COMMAND_ARM, SERVICE_NONE, NODE_NONE);
    memset(world->failing, 0, sizeof(world->failing));
    memset(world->slow, 0, sizeof(world->slow));
    for (node_id node = 0; node < world->policy->n_nodes; node++) {
        struct world_node *at = &world->nodes[node];

        /* Who is about to go would go after all was mended. */
        if (at->has_power && at->leaving != LEAVING_NOT)
            world_power_off(world, node, world->now);
        world_power_on(world, node);
        world_stall(world, node, false);
        if (at->has_failing_store)
            world_set_store(world, node, true);
        at->side = 0;
        at->agent_at = world->now;
        world_command(world, COMMAND_MAINTENANCE_OFF, SERVICE_NONE, node);
    }
    for (service_id service = 0; service < world->policy->n_services; service++)
        world_command(world, COMMAND_CLEAR, service, NODE_NONE);
}
