/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the operator wants, resolved and plain: the value that dsl/ compiles a
 * text into and that every decision reads. Immutable once made. Nodes and
 * services are sorted by name; their ids are their positions. Strings and
 * tables belong to the arena the policy was compiled in.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ha/base/id.h"
#include "ha/base/instant.h"
#include "ha/base/limits.h"
#include "ha/model/scheduling.h"

/* The chain of times: fencing.md, "Two inequalities". All in force on every node alike. */
struct timing {
    struct duration token;       /* corosync's token, before the coefficient */
    struct duration coefficient; /* what corosync adds to it for each node above two */
    struct duration watchdog;    /* W; 0: watchdog none */
    struct duration beat;        /* B: W/10, at most 500 ms */
    struct duration lease;       /* L: 4 B */
    struct duration allowance;   /* e: 1 % of L + W, plus 250 ms */
    struct duration witness;     /* H: 0 without a witness */
};

struct node_policy {
    char name[NODE_NAME_MAX];
    const char *addresses[LINKS_MAX];
    int n_addresses;
    int votes;
    int cpus_milli; /* thousandths of a processor; 0: not said */
    int64_t memory; /* bytes; 0: not said */
    int line;       /* of its statement in the policy text, from 1 */
};

enum requested_state {
    REQUESTED_STARTED,
    REQUESTED_STOPPED,
    REQUESTED_DISABLED,
    REQUESTED_IGNORED,
};

enum migrate_how {
    MIGRATE_RESTART, /* stop here, start there */
    MIGRATE_LIVE,
    MIGRATE_NEVER,
};

/* One "set NAME value": a parameter for the agent; the core never looks inside. */
struct setting {
    const char *name;
    const char *value;
};

struct service_policy {
    char name[SERVICE_NAME_MAX]; /* "ocf:web" */
    const char *type;            /* "ocf" */
    const char *agent;           /* "heartbeat:IPaddr2"; NULL where the type needs none */
    const char *address;         /* of type ip; else NULL */
    const struct setting *settings;
    int n_settings;
    enum requested_state requested;
    enum migrate_how migrate;
    int restart_max;  /* more tries on the same node after a failure */
    int relocate_max; /* other nodes tried after that */
    bool failback;
    struct duration monitor_every;
    struct duration monitor_timeout;
    struct duration start_timeout;
    struct duration stop_timeout;
    struct duration migrate_timeout;
    struct duration recover_within; /* 0: no objective */
    int cpus_milli;
    int64_t memory;
    int line;
    int state_line, relocate_line, failback_line, migrate_line; /* of these settings; 0: not said */
};

enum rule_kind {
    RULE_ON,       /* services on tiers of nodes */
    RULE_TOGETHER, /* on one node */
    RULE_APART,    /* never two on one node */
    RULE_BEFORE,   /* services start before others */
};

struct rule {
    char name[RULE_NAME_MAX]; /* "" for keep/try on inside a service or defaults block */
    enum rule_kind kind;
    bool is_strict; /* keep, not try */
    const service_id *services;
    int n_services;
    const service_id *others; /* RULE_BEFORE: what starts afterwards */
    int n_others;
    node_set tiers[RULE_TIERS_MAX]; /* RULE_ON: best first */
    int n_tiers;
    int line;
};

enum shutdown_policy {
    SHUTDOWN_CONDITIONAL,
    SHUTDOWN_MIGRATE,
    SHUTDOWN_FAILOVER,
    SHUTDOWN_FREEZE,
};

/* Why a node goes, as its agent says before it does. */
enum leaving {
    LEAVING_NOT,
    LEAVING_RESTART, /* only the agent: its services go on running, watched by nobody */
    LEAVING_REBOOT,
    LEAVING_POWEROFF,
    LEAVINGS
};

struct policy {
    char cluster[NODE_NAME_MAX];
    const char *network; /* lan, virtual, cloud, wan */
    struct timing timing;
    enum shutdown_policy shutdown;
    int shutdown_line; /* 0: not said */
    struct scheduling scheduling;
    struct node_policy nodes[NODES_MAX];
    int n_nodes;
    const struct service_policy *services;
    int n_services;
    const struct rule *rules; /* disabled ones are left out */
    int n_rules;
};

/* NODE_NONE / SERVICE_NONE if there is none of that name. Binary search. */
node_id policy_find_node(const struct policy *policy, const char *name);
service_id policy_find_service(const struct policy *policy, const char *name);

/* The timing of a network ("lan" ...) with its L and e; a token or watchdog of 0: the profile's. */
struct timing timing_of_network(const char *network, struct duration token,
                                struct duration watchdog);
/* corosync's token for so many nodes: token + coefficient x (nodes - 2). */
struct duration timing_token(const struct timing *timing, int nodes);
/* Safety: how long after its last beat a node cannot be running anything: L + W + e + H. */
struct duration timing_recovery_wait(const struct timing *timing);
/* What its shutdown policy means for a node that leaves in that way: never conditional. */
enum shutdown_policy policy_when_leaving(const struct policy *policy, enum leaving leaving);
/* Liveness: L + W must exceed this: 2.2 x token + 3 B + e. */
struct duration timing_liveness_floor(const struct timing *timing, int nodes);
