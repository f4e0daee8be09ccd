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
    enum witness_here witness;
};

struct cluster {
    struct conf_file *file;
    bool is_managed; /* there is a record, so the file is ours */
    enum cluster_phase phase;
    struct corosync_conf active, next;
    char *active_text, *next_text;
    uint32_t next_id;
    int64_t since;                 /* ledger time of the last step */
    char problem[256];             /* why the last change was undone; "" */
    char guest[NODE_NAME_MAX];     /* joins, and has no vote yet; "" */
    int64_t guest_until;           /* ledger time: who is not here by then is taken out again */
    int64_t trial_until;           /* a witness has until then to vote on every node; 0: it does */
    char fell[256];                /* why the last one was taken back; "" */
    struct corosync_device served; /* what corosync-qdevice was started with, if by us */
    bool has_voted;                /* it was seen to run here, in this trial or before */
    struct instant off_at;         /* since when it does not run; NEVER: it does */

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
/* The record with a witness on trial until then, 0: with none; fell: why one was taken back. */
json_t *cluster_record_with_witness(const struct agent *agent, int64_t trial_until,
                                    const char *fell);
const struct conf_said *cluster_said(const struct agent *agent, uint32_t nodeid);

/* cluster_witness.c: the witness that the policy asks for, with the nodes of that list. */
void cluster_device_of_policy(const struct policy *policy, struct corosync_conf *wanted);
/* false: not with these nodes, or not beside the one that votes now. */
bool cluster_accepts_witness(const struct agent *agent, const struct policy *policy,
                             const struct corosync_device *wanted, struct err *err);
/* The trial's end: it votes on every node, or is taken back. true: a patch was proposed. */
bool cluster_try_witness(struct agent *agent, struct instant now);
/* "witness add", "witness remove": a new patch; NULL: *problem is the error to tell. */
json_t *cluster_witness_patch(struct agent *agent, struct instant now, const json_t *push,
                              json_t **problem);
/* Why a pushed policy must not change what it says of the witness; NULL: it does not. */
json_t *cluster_witness_problem(const struct policy *now, const struct policy *pushed);
/* "cluster adopt": the record's text for what corosync runs with; NULL and err. */
json_t *cluster_adopt(struct agent *agent, struct err *err);
/* The list may change: no change is under way, and all who must take part are here. */
bool cluster_may_change(struct agent *agent, struct instant now, struct err *err);
/* A policy whose nodes no corosync.conf could list is refused; only where the file is ours. */
bool cluster_accepts(const struct agent *agent, const struct policy *policy, struct err *err);
/* For "cluster status": version, state, words. */
json_t *cluster_row(const struct agent *agent);
/* The same of the witness: host, algorithm, votes, state, words, what each node says; null. */
json_t *cluster_witness_row(const struct agent *agent);
