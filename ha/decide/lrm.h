/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The player: one step of a node's hands. From the agreed state it works out
 * what to start, stop, check and retry here, and what to tell the manager.
 * Pure; it remembers in struct lrm. A job is one run of a resource's action.
 */
#pragma once

#include "ha/model/cluster_view.h"
#include "ha/model/ha_state.h"
#include "ha/model/policy.h"
#include "ha/model/report.h"

enum job_kind {
    JOB_START,
    JOB_STOP,
    JOB_MONITOR,
};

enum lrm_phase {
    LRM_IDLE, /* not running here */
    LRM_STARTING,
    LRM_RUNNING,
    LRM_CHECKING, /* running, a monitor is under way */
    LRM_STOPPING,
    LRM_STUCK, /* stopping failed: it may be running, and this node cannot say */
};

struct lrm_service {
    enum lrm_phase phase;
    uint64_t cause;       /* of the state that the report below answers */
    enum job_code result; /* for that cause */
    int exit_code;
    int n_tries;      /* starts that failed for this cause */
    int n_stops;      /* stops that failed since it was last known to run */
    bool has_job;     /* a job is under way */
    bool is_failing;  /* it failed to run; what that means is said once it is known to be stopped */
    bool is_leaving;  /* it is not to run here any more */
    bool has_to_stay; /* yet, because of what has to be stopped before it; see stop_order.h */
    bool was_refused; /* the last start was refused before anything was done */
    bool is_unsure;   /* asked anew after a stop that failed: the look under way tells */
    int n_strikes;    /* failures since it last ran well for long; see pace.h */
    struct instant well_since; /* local clock; it has run without a failure since then */
    struct duration pause;     /* it is in one that long, before it is started again */
    struct instant due;        /* next monitor or retry, local clock */
    char words[REASON_WORDS_MAX];
};

struct lrm {
    node_id self;
    int n_services;
    enum leaving leaving;      /* this node goes, and how */
    bool is_back_known;        /* the state has had us as a node that stays, in this agent's life */
    bool moves_no_more;        /* its time is short: what could not be moved is stopped */
    char boot_id[BOOT_ID_MAX]; /* ours; what the state gave to another boot of us is not for us */
    bool is_report_due;        /* something changed that the manager has not been told */
    struct lrm_service services[SERVICES_MAX];
};

struct job {
    enum job_kind kind;
    service_id service;
    uint64_t cause;
    struct duration timeout;
};

/* How a job ended: an OCF exit code, or -1 for a time-out or a signal. */
struct job_end {
    struct job job;
    int exit_code;
    char words[REASON_WORDS_MAX];
};

struct lrm_outcome {
    struct job *jobs; /* the caller's array of jobs_max, to be run now */
    int n_jobs;
    int jobs_max;
    bool is_report_changed; /* the manager should hear again */
    struct instant wake_at;
};

void lrm_init(struct lrm *lrm, node_id self, int n_services);
/* To be said once after lrm_init, as the beats say it; until then nothing is started. */
void lrm_set_boot(struct lrm *lrm, const char *boot_id);
/*
 * This node is going: what the policy says of that is done from the next step on. False: it goes
 * down already, and does not come back to a mere restart of its agent. What the others know of a
 * restart could then be of an earlier one, and services would run on without a watchdog.
 */
bool lrm_leave(struct lrm *lrm, enum leaving leaving);
/* It waited long enough for others to take its services: what is left here is stopped. */
void lrm_stop_the_rest(struct lrm *lrm);
/* Nothing is left to do here, and the state says nothing else: the agent may go, unarmed. */
bool lrm_may_leave(const struct lrm *lrm, const struct policy *policy,
                   const struct ha_state *agreed);
/* After a restart of the agent: this service was left running by the one before. */
void lrm_adopt(struct lrm *lrm, service_id service, uint64_t cause);
/* Moves what is known to the ids of another policy: map[old] is the new id or SERVICE_NONE. */
void lrm_remap(struct lrm *lrm, const service_id *map, int n_services);
void lrm_job_ended(struct lrm *lrm, const struct policy *policy, const struct job_end *end,
                   struct instant now);
/*
 * Nothing is started unless the agreed state has this node, in this very boot, in
 * the cluster: what it gave to the boot before is already being placed elsewhere.
 * may_act: this node's lease runs and its watchdog is armed; without it no job
 * but a monitor is begun. Jobs under way are never begun twice.
 */
void lrm_step(struct lrm *lrm, const struct policy *policy, const struct ha_state *agreed,
              bool may_act, struct instant now, struct lrm_outcome *outcome);
/* Is or may this service be running here? What the report's "running" says. */
bool lrm_may_be_running(const struct lrm *lrm, service_id service);
/* Is anything left here, or does the agreed state ask this node for it? Then it must be armed. */
bool lrm_needs_arming(const struct lrm *lrm, const struct ha_state *agreed);
/* What the manager hears of one service; false if there is nothing to say (idle, no result). */
bool lrm_report(const struct lrm *lrm, service_id service, struct report_row *row);
