/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One history before it is played: a policy in two generations, and what happens to the
 * cluster. A plain value, so that whoever shrinks it takes pieces away and plays it again.
 * Played and written down as a drill: what is written is what was played.
 */
#pragma once

#include "ha/base/arena.h"
#include "ha/whatif/drill.h"

#define PLAN_NODES_MAX 9
#define PLAN_SERVICES_MAX 10
#define PLAN_RULES_MAX 7
#define PLAN_EVENTS_MAX 120
#define PLAN_TIERS_MAX 3

/* Arming may have to wait for reports, and what failed meanwhile is seen only then. */
#define PLAN_HEALS 3
#define PLAN_HEAL_EVERY_MS 40000
/* Long after the last move has been tried anew; all nodes are there, so nothing is waited for. */
#define PLAN_SETTLE_MS 300000

struct plan_service {
    unsigned generations; /* bit n: in generation n; 0: not at all */
    struct service_policy policy;
};

struct plan_rule {
    unsigned generations;
    enum rule_kind kind;
    bool is_strict;
    uint32_t services; /* bits, by position in the plan */
    uint32_t others;
    node_set tiers[PLAN_TIERS_MAX];
    int n_tiers;
};

struct plan_event {
    bool is_taken;        /* false: shrunk away */
    bool is_impossible;   /* the world said no to it when it was played */
    struct duration gap;  /* after the one before */
    enum drill_verb verb; /* DRILL_CHANGE_POLICY: a state, or without a service a generation */
    node_set nodes;
    int service; /* position, or SERVICE_NONE */
    int number;
    enum world_fault fault;
    int exit_code;         /* of what fails; 0: the usual one */
    struct duration lasts; /* maintenance, disarm: it is asked for so long; 0: for ever */
};

struct plan {
    uint64_t seed;
    bool is_unkind; /* else all takes as long as in any drill */
    int n_nodes;
    enum shutdown_policy shutdown;
    struct scheduling scheduling;
    struct frequency storm, quarantine;
    struct plan_service services[PLAN_SERVICES_MAX];
    struct plan_rule rules[PLAN_RULES_MAX];
    struct plan_event events[PLAN_EVENTS_MAX];
};

extern const char *const plan_nodes[PLAN_NODES_MAX];
extern const char *const plan_services[PLAN_SERVICES_MAX];

/* Everything from the seed. */
void plan_draw(struct plan *plan, uint64_t seed);
/* The events, then all is mended and has to settle. Step n is event (*from)[n], or -1. */
const struct drill *plan_build(const struct plan *plan, struct arena *arena, int **from);
/* NAME.tenuto, NAME-2.tenuto if it is pushed, and NAME.drill, whose first line is the comment. */
bool plan_write(const struct plan *plan, const char *folder, const char *name, const char *comment);
/* Its service is in the policy then, and so on: it means something. */
bool plan_event_counts(const struct plan *plan, const struct plan_event *event, int generation);
