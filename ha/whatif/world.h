/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An imaginary cluster: nodes that run services, obey, dawdle and die, with the
 * real manager and the real players in it. A seed is a history. Messages take
 * time: a decision is made on what was known and holds only if the ring is still
 * the same when it is agreed; a player acts on what it has heard so far. The
 * watchdogs keep the promise that proof of death rests on, and the world checks
 * after every tick that nothing else broke it.
 */
#pragma once

#include "ha/base/random.h"
#include "ha/decide/crm.h"
#include "ha/decide/lrm.h"

#define WORLD_NODES_MAX 8
#define WORLD_SERVICES_MAX 64
#define WORLD_TICK_MS 100

/* A job that a node is at. */
struct world_job {
    bool is_active;
    struct job job;
    struct instant ends_at;
};

/* What reached the manager of a node, or is on its way there. */
struct world_report {
    bool is_there;
    struct instant arrives_at;
    bool has_row[WORLD_SERVICES_MAX];
    struct report_row rows[WORLD_SERVICES_MAX];
};

struct world_node {
    bool has_power;
    bool has_agent;
    bool is_cut;
    bool is_armed;
    bool is_in_group;
    bool is_history_known;
    int boot;                    /* counts them; part of the boot id */
    struct instant on_at;        /* without power: when it comes back; INSTANT_NEVER */
    struct instant agent_at;     /* without agent: when it comes back */
    struct instant last_in_ring; /* its last acknowledged beat */
    struct instant state_at;     /* when it hears of the newest agreed state */
    struct lrm lrm;
    struct ha_state seen; /* the agreed state as far as it has heard */
    struct world_report sent;
    struct world_report told;
    bool is_running[WORLD_SERVICES_MAX]; /* the truth */
    bool fails_start[WORLD_SERVICES_MAX];
    bool fails_stop[WORLD_SERVICES_MAX];
    struct world_job jobs[WORLD_SERVICES_MAX];
};

struct world {
    struct random random;
    const struct policy *policy;
    struct instant now;
    node_set ring; /* the quorate group; 0 if there is none */
    struct ha_state agreed;
    struct ha_state proposed;
    bool has_proposal;
    struct instant agreed_at; /* when the proposal will be agreed */
    struct cluster_view view;
    struct outcome outcome;
    struct change changes[CHANGES_OF(WORLD_NODES_MAX, WORLD_SERVICES_MAX)];
    struct job begun[WORLD_SERVICES_MAX];
    struct command commands[COMMANDS_MAX];
    int n_commands;
    uint64_t last_command;
    struct world_node nodes[WORLD_NODES_MAX];
    int n_changes; /* in all */
    int n_fences;
    char broken[160]; /* the first broken promise, or "" */
};

/* All nodes off. The world is several MiB: the caller has it, zeroed. */
void world_init(struct world *world, const struct policy *policy, uint64_t seed);
/* Another policy over the same names: only what is wanted of services may differ. */
void world_set_policy(struct world *world, const struct policy *policy);
/* One tick; false once a promise is broken. */
bool world_tick(struct world *world);
bool world_run(struct world *world, struct duration span);

void world_power_on(struct world *world, node_id node);
/* Power is back after a while, or INSTANT_NEVER. */
void world_power_off(struct world *world, node_id node, struct instant back_at);
void world_kill_agent(struct world *world, node_id node, struct instant back_at);
void world_crash_service(struct world *world, service_id service);
void world_command(struct world *world, enum command_kind kind, service_id service, node_id node);
/* Something happens, drawn from the seed. */
void world_disturb(struct world *world);
/* All that was broken is mended, and whoever waits for a person gets one. */
void world_heal(struct world *world);
/* Nodes on which it runs in truth. */
node_set world_running(const struct world *world, service_id service);
