/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The agent: one node's part in the cluster, as one value that the files of
 * this room share. agent.c is the loop and the page to read first; knowledge.c
 * holds what is agreed, conduct.c lets the manager decide, play.c lets the
 * player act, requests.c carries what people ask for to the one who decides.
 */
#pragma once

#include <systemd/sd-event.h>

#include "agentd/hands.h"
#include "agentd/knowledge.h"
#include "agentd/settings.h"
#include "fence/feeding.h"
#include "ha/decide/crm.h"
#include "quorum/history.h"
#include "quorum/membership.h"
#include "quorum/store.h"

struct asking;
struct audit;
struct cluster;
struct expecting;
struct control;
struct current;
struct farewell;
struct following;
struct recorder;
struct requests;
struct verdicts;
struct versions;

/* What one node's player said last, in this group. */
struct told {
    bool is_valid;
    bool has_told;        /* at least once since it joined; what it told stays when it goes */
    uint64_t policy;      /* version of the policy that its rows speak of */
    uint64_t version;     /* of the ledger that it knew when it told */
    json_t *rows;         /* array of report rows */
    enum leaving leaving; /* it goes, and how */
    json_t *orphans;      /* names of services that still run there and are in no policy */
};

struct agent {
    struct settings settings;
    char boot_id[BOOT_ID_MAX];
    uint64_t incarnation;
    sd_event *loop;
    sd_event_source *timer;

    struct store *store;
    struct history *history;
    struct asking *asking; /* verbs that wait for an answer about the past */
    json_t *branches;      /* see branches.h */
    struct audit *audit;   /* who asks for what */
    json_t *recent;        /* the newest events: recent.h */
    struct group *group;
    struct membership *membership;
    sd_event_source *group_source, *membership_source, *reload_source;
    struct member *member; /* NULL until corosync was reached for the first time */
    struct roster roster;  /* valid once member is */
    struct feeding *feeding;
    struct hands *hands; /* NULL until our own name is known */
    struct control *control;
    struct recorder *recorder;
    struct requests *requests;
    struct current *current;     /* who waits to read what is current */
    struct versions *versions;   /* older ones of the policy, that this node lacks */
    struct verdicts *verdicts;   /* of pushed policies */
    struct following *following; /* who waits for the end of what was accepted */

    struct expecting *expecting; /* quorum by somebody's word: expected.h */
    struct cluster *cluster;     /* corosync.conf, and how it follows the policy */
    struct knowledge knowledge;
    node_id policy_of[NODES_MAX]; /* roster position -> id in the policy */
    node_id roster_of[NODES_MAX]; /* and back; NODE_NONE */

    struct member_status status; /* as last looked at */
    struct instant changed_at;   /* when somebody came, went or got in sync */
    struct told told[NODES_MAX]; /* by roster position */
    bool must_report;
    uint64_t durable; /* the last version on a quorum's disks */

    enum leaving leaving; /* this node goes; see leaving.h */
    struct farewell *farewell;
    int n_orphans; /* services of no policy that are still here */

    struct cluster_view *view;
    struct ha_state *next;
    struct change *changes;
    struct outcome *outcome;
    struct lrm *lrm;
    struct job *jobs;

    node_set armed_seen;      /* members that were armed when the manager looked last; roster */
    bool must_decide;         /* something the manager has not looked at yet */
    bool must_look_at_push;   /* or what has come is of no interest but to a push that waits */
    struct instant decide_at; /* and when it wants to look again anyway */
    struct instant play_at;
    struct ring_id lost_ring; /* where corosync was lost; never joined again */
    struct instant reopen_at; /* corosync is away: try again then */
    struct instant last_turn; /* of the loop: a large gap means that we were away */
    struct instant
        idle_since;    /* nothing here needs the watchdog since then; NEVER: something does */
    bool is_disarming; /* asked the keeper to; nothing may start until it has */
    struct instant arm_again_at; /* a keeper that refuses is not asked more often */
    struct duration armed_lease; /* L as the keeper was told with the last arming */
    struct instant lease_until;  /* as told to the keeper last */
    char problem[256];           /* why this node takes no part, for status; "" */
};

/* NULL and err: this node cannot take part at all (settings, store). */
struct agent *agent_new(const struct settings *settings, struct err *err);
int agent_run(struct agent *agent);
void agent_free(struct agent *agent);

struct instant agent_now(void);                    /* CLOCK_BOOTTIME */
int64_t agent_wall_ms(void);                       /* for people only */
const char *agent_node(const struct agent *agent); /* our name; "" before corosync was reached */

/* conduct.c: if we lead, decide and propose. play.c: obey, arm, report. Both are levels. */
void conduct(struct agent *agent, struct instant now);
void play(struct agent *agent, struct instant now);
/* Once a turn, before anything else: a node that stood still for too long must end. */
void play_notice_absence(struct agent *agent, struct instant now);
void play_job_ended(void *context, const char *name, const struct job_end *end);
/* What is in the records of /run is handed to the player; after each change of policy. */
void play_adopt(struct agent *agent);
/* corosync was reached, and we know who we are. false: not fit to join. */
bool agent_joined(struct agent *agent, struct err *err);
bool agent_may_act(const struct agent *agent, struct instant now);
/* All that is agreed is on the disks of a quorum: whoever loses power, it is not forgotten. */
static inline bool agent_is_durable(const struct agent *agent)
{
    return agent->durable >= agent->knowledge.agreed->version;
}
