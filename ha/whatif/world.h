/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An imaginary cluster: nodes that run services, obey, dawdle and die, with the
 * real manager and the real players in it. Whatever comes first happens next, so
 * time in which nothing happens costs nothing. Messages take time: a decision is
 * made on what was known and holds only if the ring is still the same when it is
 * agreed; a player acts on what it has heard so far. The watchdogs keep the
 * promise that proof of death rests on, and the world checks at every event that
 * nothing else broke it. A drill is exact; a swarm draws from its seed.
 */
#pragma once

#include "ha/base/random.h"
#include "ha/decide/crm.h"
#include "ha/whatif/world_node.h"

/* When a world begins: not at zero, so that no lease seems to run before it. */
#define WORLD_BEGIN_MS 1000000

/* How long things take: exactly so long, or at most when the world is random. */
struct world_habits {
    bool is_random;
    struct duration lag;  /* of a message */
    struct duration job;  /* a start or a stop */
    struct duration fail; /* a start that fails */
    struct duration look; /* a monitor */
    struct duration boot;
    int loss;    /* reports that have to be sent again, in a hundred */
    int amnesia; /* rings that cannot vouch for an absent node, in a hundred */
};

/* What fails, and how often; of one service. */
enum world_fault {
    FAULT_START,
    FAULT_STOP,
    FAULT_MOVE,
    FAULT_MONITOR,
    WORLD_FAULTS,
};

struct world_failing {
    node_set on;
    int left;       /* failures to come; below zero: always */
    int times;      /* as many again after each success; 0: never again */
    int exit_code;  /* what the agent says then; 0: 1, as most do */
    uint64_t cause; /* of the last try; a move is tried once a cause, however often it is stopped */
    bool did_fail;
};

struct world;

/* Starts and stops that take longer there; a job that takes too long is killed. */
struct world_slow {
    node_set on;
    struct duration by;
};

/* Who wants to hear what happens; any of them may be NULL. */
struct world_listener {
    void *context;
    void (*job)(void *context, node_id node, const struct job *job, int exit_code);
    void (*change)(void *context, const struct change *change);
    void (*answer)(void *context, const struct answer *answer);
    void (*machine)(void *context, node_id node, const char *words);
    /* A step of the manager: agreed is what it began with, proposed what came of it. */
    void (*step)(void *context, const struct world *world);
};

struct world {
    struct random random;
    struct world_habits habits;
    struct world_listener listener;
    const struct policy *policy;
    struct instant now;
    node_set ring; /* the quorate group; 0 if there is none */
    int n_rings;
    int proposal_ring; /* in which it was decided */
    bool is_manager_due;
    bool has_proposal;
    struct instant agreed_at;  /* when the proposal will be agreed */
    struct instant manager_at; /* when the manager wants to look again */
    int n_commands;            /* waiting until what they led to is agreed */
    int n_decided;             /* the first of them: the proposal has them */
    uint64_t last_command;
    int n_changes; /* in all */
    int n_fences;
    int n_at_once;             /* events since the clock moved last */
    struct instant changed_at; /* when something was decided last */
    const char *promise;       /* the first that was broken, without names; NULL */
    char broken[160];          /* the first broken promise, or "" */
    struct command commands[COMMANDS_MAX];
    struct world_failing failing[WORLD_FAULTS][WORLD_SERVICES_MAX];
    struct world_slow slow[WORLD_SERVICES_MAX];
    int used_cpus_milli[WORLD_SERVICES_MAX]; /* as measured */
    int64_t used_memory[WORLD_SERVICES_MAX];
    struct change changes[CHANGES_OF(NODES_MAX, WORLD_SERVICES_MAX)];
    struct job begun[WORLD_SERVICES_MAX];
    service_id moved_to[WORLD_SERVICES_MAX]; /* while the policy changes: its new id */
    struct ha_state agreed;
    struct ha_state proposed;
    struct cluster_view view;
    struct outcome outcome;
    struct world_node nodes[];
};

/* Bytes of a world of so many nodes; the caller has them, zeroed once. */
size_t world_size(int n_nodes);
extern const struct world_habits world_exact, world_unkind;
/* All nodes off; a world may be used again. */
void world_init(struct world *world, const struct policy *policy, const struct world_habits *habits,
                uint64_t seed);
/* Another policy over the same nodes; services are known by their names. */
void world_set_policy(struct world *world, const struct policy *policy);
/*
 * What happens at this moment; then the clock moves on to the next event, or to the end
 * if none comes before it. False: the end is reached, or a promise is broken.
 */
bool world_advance(struct world *world, struct instant end);
/* All of a span; false once a promise is broken. */
bool world_run(struct world *world, struct duration span);

#include "ha/whatif/world_events.h"
#include "ha/whatif/world_invariants.h"
