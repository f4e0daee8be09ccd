/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * corosync.conf follows the policy. One record says which one is in force, which one comes next
 * and how far it is: offered (every node writes it beside the old one and says whether it could),
 * switching (it takes the old one's place on every node, then corosync reads it). The way goes in
 * the steps of quorum/corosync_conf.h. All of it are levels: whoever leads next goes on from the
 * record and from what the nodes say. See PROTOCOL.md in quorum/, "Votes that change".
 */
#pragma once

#include "agentd/conf_file.h"
#include "ha/base/instant.h"
#include "ha/model/policy.h"

struct agent;

enum cluster_phase {
    PHASE_NONE,
    PHASE_OFFERED,
    PHASE_SWITCHING,
};

/* What a node said last of its file. */
struct conf_said {
    uint32_t nodeid;
    uint64_t accepted; /* the version that it staged */
    uint64_t file;     /* that is in force on its disk */
    uint64_t running;  /* that its corosync runs with */
    uint64_t about;    /* the version that this speaks of: */
    char problem[256]; /* why it could not be staged or put into force; "" */
    bool is_drifted;   /* its file is not what was agreed on */
};

struct cluster {
    struct conf_file *file;
    bool is_managed; /* there is a record, so the file is ours */
    enum cluster_phase phase;
    struct corosync_conf active, next;
    char *active_text, *next_text;
    uint32_t next_id;
    int64_t since;             /* ledger time of the last step */
    char problem[256];         /* why the last change was undone; "" */
    char guest[NODE_NAME_MAX]; /* joins, and has no vote yet; "" */
    int64_t guest_until;       /* ledger time: who is not here by then is taken out again */

    uint64_t running; /* here */
    struct conf_said own, said[NODES_MAX];
    uint64_t tried;         /* the version of the last deed */
    struct instant said_at; /* by us, last; UNKNOWN: in this group not yet */
    struct instant look_at, retry_at, reload_at, lost_at;
    char waits[256]; /* what the leader waits for; "" */
};

struct cluster *cluster_new(struct agent *agent, struct err *err);
void cluster_free(struct cluster *cluster);

/* The record is another, or was read for the first time; NULL: there is none. */
void cluster_take_record(struct agent *agent, const json_t *record);
/* What a node says of its file, or a file that the leader sends to those apart. */
void cluster_message(struct agent *agent, node_id from, const json_t *message);
/* Somebody came or went: tell again. */
void cluster_say_again(struct agent *agent);
/* corosync has read its file. */
void cluster_reloaded(struct agent *agent);
/* This node's part: stage, switch, look for drift, tell. Returns when to look again. */
struct instant cluster_turn(struct agent *agent, struct instant now);
/* The leader's part; true: a patch was proposed. */
bool cluster_decide(struct agent *agent, struct instant now);
/* When to look at it again, though nothing happens: NEVER if no change is under way. */
struct instant cluster_wake(const struct agent *agent, struct instant now);

/*
 * The record with a guest, "": with none. Who joins and is not heard of again, whoever was killed
 * on the way, must not be waited for for ever.
 */
json_t *cluster_record_with_guest(const struct agent *agent, const char *guest);
/* "cluster adopt": the record's text for what corosync runs with; NULL and err. */
json_t *cluster_adopt(struct agent *agent, struct err *err);
/* The list may change: no change is under way, and all who must take part are here. */
bool cluster_may_change(struct agent *agent, struct instant now, struct err *err);
/* A policy whose nodes no corosync.conf could list is refused; only where the file is ours. */
bool cluster_accepts(const struct agent *agent, const struct policy *policy, struct err *err);
/* For "cluster status": version, state, words. */
json_t *cluster_row(const struct agent *agent);
