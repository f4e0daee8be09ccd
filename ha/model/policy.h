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
#include "ha/model/fence_policy.h"
#include "ha/model/people.h"
#include "ha/model/quorum_policy.h"
#include "ha/model/scheduling.h"
#include "ha/model/timing.h"

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
    /* The pause before the second of these tries, doubled before each more; 0: none. */
    struct duration restart_after;
    int priority; /* higher is placed and started earlier */
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
    struct frequency storm;      /* dead nodes whose services are recovered */
    struct frequency quarantine; /* falls of a node that gets no services after that */
    struct node_policy nodes[NODES_MAX];
    int n_nodes;
    const struct service_policy *services;
    int n_services;
    const service_id *in_order; /* by priority, the highest first, then by name; NULL: by name */
    const struct rule *rules;   /* disabled ones are left out */
    int n_rules;
    struct quorum_policy quorum;
    const struct fence_device *devices; /* these three sorted by name, too */
    int n_devices;
    const struct alert_policy *alerts;
    int n_alerts;
    const struct person *people;
    int n_people;
};

/* The service whose turn comes at that place, from 0. */
static inline service_id policy_in_turn(const struct policy *policy, int place)
{
    return policy->in_order ? policy->in_order[place] : (service_id)place;
}

/* NODE_NONE / SERVICE_NONE if there is none of that name. Binary search. */
node_id policy_find_node(const struct policy *policy, const char *name);
service_id policy_find_service(const struct policy *policy, const char *name);

/* What its shutdown policy means for a node that leaves in that way: never conditional. */
enum shutdown_policy policy_when_leaving(const struct policy *policy, enum leaving leaving);
