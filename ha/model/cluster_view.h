/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the cluster shows at one moment, as the deciding node sees it: the only
 * input of a decision besides the policy and what was decided before. Levels,
 * not edges: it can be rebuilt from what is known at any time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ha/base/id.h"
#include "ha/base/instant.h"
#include "ha/base/limits.h"
#include "ha/model/ha_state.h"

struct node_view {
    bool is_member;        /* its agent is in the group of this quorate ring and in sync */
    bool has_report;       /* its player has told, in this ring, what it runs; else: anything */
    bool is_proven_off;    /* absent, and nothing it ever started can still be running */
    bool is_history_known; /* absent, but the state has all it was told to run; else: anything */
    bool is_armed;         /* its newest beat said so: whatever it runs ends with its lease */
    enum leaving leaving;  /* as its agent said last; it stays so while it is away */
    int used_cpus_milli;   /* as measured on it, all in all; 0 if nobody measures */
    int64_t used_memory;   /* bytes */
    bool is_unarmed;       /* its newest beat said that nothing there needs a watchdog */
    char boot_id[BOOT_ID_MAX]; /* of the newest beat; "" if never heard */
    struct instant last_beat;  /* local clock */
    struct instant dead_at;    /* local clock: when it will be proven off, or INSTANT_NEVER */
};

enum job_code {
    JOB_NONE,   /* nothing to report for this cause yet */
    JOB_DONE,   /* it is as asked: running, or stopped */
    JOB_FAILED, /* tried as often as the policy says on this node, and failed */
    JOB_HARD,   /* this node cannot run it at all (not installed, no permission) */
    JOB_FATAL,  /* no node can (wrong parameters) */
};

struct service_view {
    node_set running_on;  /* members whose player says that it runs there, or may run there */
    enum job_code result; /* of the node in charge, for the service's present cause */
    int exit_code;
    struct duration pause;        /* before the node in charge tries it again; 0: in none */
    int used_cpus_milli;          /* as measured; 0 if nobody measures */
    int64_t used_memory;          /* bytes */
    char words[REASON_WORDS_MAX]; /* the agent's exit reason */
};

enum command_kind {
    COMMAND_MIGRATE,
    COMMAND_RELOCATE,
    COMMAND_MAINTENANCE_ON,
    COMMAND_MAINTENANCE_OFF,
    COMMAND_CLEAR, /* out of error: try again; and what was stopped by hand is started again */
    COMMAND_STOP,  /* stop it, and keep it stopped whatever the policy wants, until cleared */
    COMMAND_DISARM_FREEZE,
    COMMAND_DISARM_IGNORE,
    COMMAND_ARM,
    COMMAND_START,   /* what was stopped by hand, or is in error: as the policy wants it */
    COMMAND_RESTART, /* stopped and started, on the same node */
    COMMAND_CONFIRM, /* somebody swears that this node is off */
};

struct command {
    uint64_t id; /* unique in the cluster; the answer carries it */
    enum command_kind kind;
    service_id service;
    node_id node;
    struct duration lasts;        /* maintenance on, disarm: it ends by itself then; 0: never */
    char words[REASON_WORDS_MAX]; /* who asked, and why: "jin (new fan)"; or "" */
};

struct cluster_view {
    struct instant now;   /* local clock, for last_beat and dead_at */
    struct instant stamp; /* ledger time of what is decided now; never runs back */
    bool is_quorate;
    node_id self;
    int n_nodes;
    int n_services;
    int n_commands;
    struct node_view nodes[NODES_MAX];
    struct service_view services[SERVICES_MAX];
    struct command commands[COMMANDS_MAX]; /* waiting, oldest first */
};

void cluster_view_init(struct cluster_view *view, int n_nodes, int n_services);
