/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Small worlds, walked exhaustively: two or three nodes, one or two services, and every order of a
 * few events up to a depth. A world is too big to be copied, so a state is the events that led to
 * it, played again in an exact world; states that look alike are walked once. What looks alike
 * leaves out counters and ages of no consequence, so a few states may hide behind others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"
#include "ha/base/text.h"
#include "ha/whatif/world.h"

#define NODES 3
#define DEPTH_MAX 8
/* Each walk ends after so many states, on every machine alike: seconds, all in all. */
#define STATES_MAX 60000
#define SEEN_SLOTS (1 << 18)
/* Between two events when none of them is "wait": a message and a half. */
#define STEP_MS 15

/* One thing that may happen; waiting is one, too. */
struct happening {
    const char *name;
    void (*act)(struct world *world);
};

struct state {
    uint8_t events[DEPTH_MAX];
    int depth;
};

struct walk {
    const char *name;
    int n_nodes;
    bool are_apart;
    const struct happening *happenings;
    int n_happenings;
    int depth;
};

static struct world *world;
static struct state states[STATES_MAX];
static uint64_t seen[SEEN_SLOTS];

/* ---- events --------------------------------------------------------------------------------- */

static void wait_message(struct world *w)
{
    world_run(w, duration_ms(100));
}

static void wait_job(struct world *w)
{
    world_run(w, duration_ms(2500));
}

static void wait_death(struct world *w)
{
    world_run(w, duration_ms(12000));
}

static void cut(struct world *w)
{
    world_cut(w, node_bit(0), !w->nodes[0].is_cut);
}

static void power(struct world *w)
{
    if (w->nodes[0].has_power)
        world_power_off(w, 0, INSTANT_NEVER);
    else
        world_boot(w, 0);
}

static void power_other(struct world *w)
{
    if (w->nodes[1].has_power)
        world_power_off(w, 1, instant_after(w->now, duration_ms(500)));
}

static void stall(struct world *w)
{
    world_stall(w, 0, !w->nodes[0].is_stalled);
}

static void restart_agent(struct world *w)
{
    world_restart_agent(w, 0);
}

static void part(struct world *w)
{
    world_part(w, node_bit(1), !w->nodes[1].side);
}

static void move(struct world *w)
{
    node_id node = w->agreed.services[0].node;

    world_command(w, COMMAND_RELOCATE, 0, node == 0 ? 1 : 0);
}

static void maintain(struct world *w)
{
    bool is_on = w->agreed.nodes[0].wants_maintenance;

    world_command(w, is_on ? COMMAND_MAINTENANCE_OFF : COMMAND_MAINTENANCE_ON, SERVICE_NONE, 0);
}

static void disarm(struct world *w)
{
    bool is_armed = w->agreed.arming.state == ARMED;

    world_command(w, is_armed ? COMMAND_DISARM_FREEZE : COMMAND_ARM, SERVICE_NONE, NODE_NONE);
}

static void fail_start(struct world *w)
{
    world_fail(w, FAULT_START, 0, (struct world_failing){.on = node_bit(0), .left = 2});
    world_crash_service(w, 0);
}

static void reboot(struct world *w)
{
    world_leave(w, 0, LEAVING_REBOOT);
}

static void upgrade(struct world *w)
{
    world_leave(w, 0, LEAVING_RESTART);
}

static const struct happening faults[] = {
    {"wait 0.1 s", wait_message},   {"wait 2.5 s", wait_job},
    {"wait 12 s", wait_death},      {"cut or mend alpha", cut},
    {"power alpha", power},         {"power beta off and on", power_other},
    {"stall or wake alpha", stall}, {"part or join beta", part},
};

static const struct happening requests[] = {
    {"wait 0.1 s", wait_message}, {"wait 2.5 s", wait_job},
    {"wait 12 s", wait_death},    {"cut or mend alpha", cut},
    {"move the first", move},     {"maintenance of alpha", maintain},
    {"disarm or arm", disarm},    {"restart alpha's agent", restart_agent},
};

static const struct happening leavings[] = {
    {"wait 0.1 s", wait_message},  {"wait 2.5 s", wait_job},
    {"wait 12 s", wait_death},     {"reboot alpha", reboot},
    {"upgrade alpha", upgrade},    {"disarm or arm", disarm},
    {"fail on alpha", fail_start}, {"power beta off and on", power_other},
};

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

static const struct walk walks[] = {
    {"faults on two nodes", 2, false, faults, COUNT(faults), 8},
    {"faults on three nodes", 3, false, faults, COUNT(faults), 7},
    {"requests on three nodes", 3, true, requests, COUNT(requests), 7},
    {"goings on three nodes", 3, true, leavings, COUNT(leavings), 7},
};

/* ---- one world ------------------------------------------------------------------------------ */

static const struct policy *policy_of(const struct walk *walk)
{
    static const service_id both[] = {0, 1};
    static const struct rule apart = {
        .name = "apart", .kind = RULE_APART, .is_strict = true, .services = both, .n_services = 2};
    static struct service_policy services[2];
    static struct policy policy;

    policy = (struct policy){
        .n_nodes = walk->n_nodes,
        .timing = timing_of_network("lan", duration_ms(0), duration_ms(5000)),
        .shutdown = SHUTDOWN_CONDITIONAL,
        .services = services,
        .n_services = walk->are_apart ? 2 : 1,
        .rules = &apart,
        .n_rules = walk->are_apart ? 1 : 0,
    };
    for (int i = 0; i < walk->n_nodes; i++)
        snprintf(policy.nodes[i].name, NODE_NAME_MAX, "%s",
                 i == 0   ? "alpha"
                 : i == 1 ? "beta"
                          : "gamma");
    for (int i = 0; i < 2; i++) {
        services[i] = (struct service_policy){
            .type = "ocf",
            .requested = REQUESTED_STARTED,
            .failback = true,
            .restart_max = 1,
            .relocate_max = 1,
            .monitor_every = {10000},
            .start_timeout = {20000},
            .stop_timeout = {20000},
        };
        snprintf(services[i].name, SERVICE_NAME_MAX, "ocf:%c", 'a' + i);
    }
    return &policy;
}

static void begin(const struct walk *walk)
{
    world_init(world, policy_of(walk), &world_exact, 0);
    for (node_id node = 0; node < walk->n_nodes; node++)
        world_power_on(world, node);
    world_run(world, duration_ms(4000));
}

static void add(uint64_t *hash, int64_t number)
{
    *hash = (*hash ^ (uint64_t)number) * 0x100000001b3u;
    *hash ^= *hash >> 29;
}

static void add_service(uint64_t *hash, const struct service *service)
{
    add(hash, (int64_t)service->state * 64 + service->node);
    add(hash, service->target);
    add(hash, service->is_running + 2 * service->stays_put + 4 * service->is_held);
    add(hash, service->tried);
    add(hash, service->n_failed);
}

static void add_state(uint64_t *hash, const struct ha_state *state)
{
    add(hash, (int64_t)state->arming.state * 2 + state->arming.ignores);
    for (node_id node = 0; node < state->n_nodes; node++) {
        add(hash, (int64_t)state->nodes[node].state);
        add(hash, state->nodes[node].wants_maintenance + 2 * state->nodes[node].is_released);
        add(hash, (int64_t)state->nodes[node].leaving);
    }
    for (service_id id = 0; id < state->n_services; id++)
        add_service(hash, &state->services[id]);
}

static void add_node(uint64_t *hash, const struct world_node *node)
{
    int64_t age = instant_since(world->now, node->last_in_ring).ms;

    add(hash, node->has_power + 2 * node->has_agent + 4 * node->is_cut + 8 * node->is_armed +
                  16 * node->said_armed + 32 * node->is_stalled + 64 * node->has_left);
    add(hash, node->side * 16 + (int)node->leaving);
    add(hash, strcmp(node->lrm.boot_id, world->agreed.nodes[node->lrm.self].boot_id));
    add(hash, age < 20000 ? age / 100 : 200);
    for (service_id id = 0; id < world->policy->n_services; id++) {
        const struct world_job *job = &node->jobs[id];

        add(hash, node->is_running[id] + 2 * job->is_active + 4 * (int)job->job.kind);
        add(hash, job->is_active ? instant_since(job->ends_at, world->now).ms / 100 : -1);
        add(hash,
            (int64_t)node->lrm.services[id].phase * 16 + (int64_t)node->lrm.services[id].result);
        add(hash, world->failing[FAULT_START][id].left);
    }
    add_state(hash, &node->seen);
}

static uint64_t look(void)
{
    uint64_t hash = 0xcbf29ce484222325u;

    add_state(&hash, &world->agreed);
    add(&hash, world->ring * 4 + world->has_proposal * 2 + world->is_manager_due);
    add(&hash, world->n_commands);
    for (node_id node = 0; node < world->policy->n_nodes; node++)
        add_node(&hash, &world->nodes[node]);
    return hash ? hash : 1;
}

/* True: it was not seen before. */
static bool is_new(uint64_t hash)
{
    uint64_t at = hash % SEEN_SLOTS;

    while (seen[at] && seen[at] != hash)
        at = (at + 1) % SEEN_SLOTS;
    if (seen[at])
        return false;
    seen[at] = hash;
    return true;
}

/* ---- the walk ------------------------------------------------------------------------------- */

static void play(const struct walk *walk, const struct state *state)
{
    begin(walk);
    for (int i = 0; i < state->depth && !world->broken[0]; i++) {
        walk->happenings[state->events[i]].act(world);
        world_run(world, duration_ms(STEP_MS));
    }
}

static bool complain(const struct walk *walk, const struct state *state, const char *words)
{
    printf("%s: %s, after:", walk->name, words);
    for (int i = 0; i < state->depth; i++)
        printf("%s %s", i ? "," : "", walk->happenings[state->events[i]].name);
    printf("\n");
    return false;
}

/* Whatever led there: mended, it settles. */
static bool settles(const struct walk *walk, const struct state *state)
{
    char words[REASON_TEXT_MAX];
    struct text found;

    for (int i = 0; i < 3; i++) {
        world_heal(world);
        world_run(world, duration_ms(40000));
    }
    for (int i = 0; i < 6 && !world->broken[0]; i++) {
        text_init(&found, words, sizeof(words));
        if (world_is_settled(world, &found))
            return true;
        world_run(world, duration_ms(30000));
    }
    return complain(walk, state, world->broken[0] ? world->broken : words);
}

static bool walk_all(const struct walk *walk)
{
    int n_states = 1, at, n_played = 0;

    memset(seen, 0, sizeof(seen));
    states[0].depth = 0;
    for (at = 0; at < n_states && n_states < STATES_MAX; at++) {
        for (int event = 0; event < walk->n_happenings && states[at].depth < walk->depth; event++) {
            struct state next = states[at];

            next.events[next.depth++] = (uint8_t)event;
            play(walk, &next);
            n_played++;
            if (world->broken[0])
                return complain(walk, &next, world->broken);
            if (!is_new(look()))
                continue;
            if (n_states < STATES_MAX)
                states[n_states++] = next;
            if (!settles(walk, &next))
                return false;
        }
    }
    printf("%s: %d states to depth %d, %d ways tried%s\n", walk->name, n_states,
           states[n_states - 1].depth, n_played,
           n_states == STATES_MAX ? "; the last depth is not complete" : "");
    return true;
}

int main(void)
{
    int passed = 0, failed = 0;

    world = xcalloc(1, world_size(NODES));
    for (int i = 0; i < COUNT(walks); i++) {
        if (walk_all(&walks[i]))
            passed++;
        else
            failed++;
        fflush(stdout);
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}
