/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One machine of an imaginary cluster: what it runs in truth, its agent, and what both know. */
#pragma once

#include "ha/decide/lrm.h"

/* Of a drill or a swarm; nobody follows the story of more. */
#define WORLD_SERVICES_MAX 1024

/* A job that a node is at. */
struct world_job {
    bool is_active;
    bool is_killed; /* at its end: it takes too long */
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
    bool is_stalled; /* its agent stands still; what it started goes on */
    bool has_woken;  /* and has not yet noticed what happened meanwhile */
    bool is_astray;  /* what it heard last was never agreed by the others */
    bool is_armed;
    bool said_armed; /* in its last beat */
    bool has_told;   /* since it joined the ring in which it was last */
    bool is_history_known;
    bool has_failing_store;
    bool has_left; /* in good order: nothing runs there */
    bool is_report_due;
    bool is_player_due;
    enum leaving leaving;
    int side;                    /* of a partition; those of one side hear each other */
    int boot;                    /* counts them; part of the boot id */
    struct instant on_at;        /* without power: when it comes back; INSTANT_NEVER */
    struct instant agent_at;     /* without agent: when it comes back */
    struct instant last_in_ring; /* its last acknowledged beat */
    struct instant state_at;     /* when it hears of the newest agreed state */
    struct instant report_at;    /* when it sends a report that is due */
    struct instant wake_at;      /* its player's */
    /* From here on only what the policy names is in use. */
    bool is_running[WORLD_SERVICES_MAX];      /* the truth */
    bool is_half_started[WORLD_SERVICES_MAX]; /* its start has not succeeded, or not yet */
    struct world_job jobs[WORLD_SERVICES_MAX];
    struct world_report sent;
    struct world_report told;
    struct lrm lrm;
    struct ha_state seen; /* the agreed state as far as it has heard */
};
