/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What has been decided and must survive: the replicated truth. Kept in the
 * ledger as one record a node and a service, by name; held in memory by the
 * ids of the policy in force. Instants in here are ledger time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ha/base/id.h"
#include "ha/base/instant.h"
#include "ha/base/limits.h"
#include "ha/model/policy.h"
#include "ha/model/reason.h"

enum service_state {
#define STATE(id, name, meaning, next) SERVICE_##id,
#include "ha/model/service_state.def"
#undef STATE
    SERVICE_STATES,
    SERVICE_ABSENT = SERVICE_STATES, /* no record yet */
};

enum node_state {
#define STATE(id, name, meaning, next) NODE_##id,
#include "ha/model/node_state.def"
#undef STATE
    NODE_STATES
};

/* Whether the cluster acts at all. */
enum arming_state {
    ARMED,
    DISARMING, /* what is under way is brought to an end first */
    RELEASING, /* players leave everything alone and let go of their watchdogs */
    DISARMED,  /* all of them have */
    ARMING_STATES
};

struct arming {
    enum arming_state state;
    bool ignores;         /* services may be moved by hand meanwhile; else they are frozen */
    struct instant until; /* armed again by itself then; INSTANT_UNKNOWN: by a person */
};

struct node {
    enum node_state state;
    char boot_id[BOOT_ID_MAX]; /* of the boot that this record speaks of */
    bool wants_maintenance;
    struct instant maintenance_until;         /* it ends by itself; INSTANT_UNKNOWN: by a person */
    char maintenance_words[REASON_WORDS_MAX]; /* who wants it, and why */
    bool is_released; /* it may run services without a watchdog: silence proves nothing */
    enum leaving leaving;
    struct instant since;
    struct reason why;
    struct instant relieved_at;      /* when what it ran was last given leave to be recovered */
    struct instant falls[FALLS_MAX]; /* when it was last lost, the newest first; then UNKNOWN */
    bool is_quarantined;             /* it fell too often, and gets no services for a while */
    bool is_confirmed;               /* off by an operator's word, and not heard since */
};

struct service {
    enum service_state state;
    node_id node;     /* who runs it, or ran it last; NODE_NONE before the first placement */
    node_id target;   /* migrate, relocate: where to */
    node_id fallback; /* where it ran before that node went into maintenance */
    bool is_running;  /* started: its node has reported success for this cause;
                         freeze, migrate, relocate: it was started before, so it may be running */
    node_set tried;   /* nodes where it failed and that have not been rebooted or cleared since */
    int n_failed;     /* failed starts since the last success */
    bool stays_put;   /* its last move failed: the next one is not tried at once */
    bool is_held;     /* somebody stopped it by hand; whatever the policy wants, it stays so */
    uint64_t cause;   /* the ledger version that last asked something of its node */
    struct instant since;
    struct reason why;
};

struct ha_state {
    uint64_t version; /* of the ledger */
    node_id manager;
    struct arming arming;
    struct instant imbalanced_since; /* INSTANT_UNKNOWN: loads are balanced well enough */
    struct node nodes[NODES_MAX];
    struct service services[SERVICES_MAX];
    int n_nodes; /* both as in the policy that the ids belong to */
    int n_services;
};

/* Everything absent and unknown, sized for the policy. */
void ha_state_init(struct ha_state *state, int n_nodes, int n_services);
/* Copies only what is in use. */
void ha_state_copy(struct ha_state *to, const struct ha_state *from);

/* Somebody wants it to run: the policy does, and nobody stopped it by hand. */
bool service_is_wanted(const struct service *service, const struct service_policy *policy);
/* Nodes that may run it by its record. Where it is started once it has left, it is not yet. */
node_set service_given(const struct service *service);

const char *leaving_name(enum leaving leaving);
enum leaving leaving_of_name(const char *name);
const char *arming_state_name(enum arming_state state);
enum arming_state arming_state_of_name(const char *name);
const char *service_state_name(enum service_state state);
const char *node_state_name(enum node_state state);
enum service_state service_state_of_name(const char *name);
enum node_state node_state_of_name(const char *name);
/*
 * What the .def row says; the guard of every decision. SERVICE_ABSENT may
 * become REQUEST_START, REQUEST_STOP or STOPPED; whatever the policy says to ignore becomes
 * SERVICE_ABSENT.
 */
bool service_state_may_follow(enum service_state from, enum service_state to);
bool node_state_may_follow(enum node_state from, enum node_state to);
/* The rows as two Mermaid state diagrams, as ha/STATES.md shows them; the caller's buffer. */
void state_diagram(char *text, size_t size);
