/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the loopback is made of: logs of rings, nodes, and what their agents have not taken yet. */
#pragma once

#include "tests/fakes/loopback.h"

#define LOOPBACK_NODES 8
/* An agent that died stays in the group until its leave is delivered, and the next may be there. */
#define LOOPBACK_PEERS 16
#define QUORUM_DELAY_MS 60

enum entry_kind { ENTRY_MESSAGE, ENTRY_JOIN, ENTRY_LEAVE };

struct entry {
    enum entry_kind kind;
    struct group_peer from;
    node_set reach;
    void *bytes;
    size_t length;
};

struct log {
    struct entry *entries;
    size_t n, size;
};

struct ring {
    struct ring_id id;
    node_set members;
    struct log log;
    size_t n_filled; /* entries that have reached all */
};

enum call_kind { CALL_MEMBERS, CALL_RING, CALL_MESSAGE };

/* What an agent has not taken yet. */
struct call {
    enum call_kind kind;
    struct group_peer members[LOOPBACK_PEERS], joined[LOOPBACK_PEERS], left[LOOPBACK_PEERS];
    int n_members, n_joined, n_left;
    struct ring_id ring;
    node_set nodes;
    struct group_peer from;
    void *bytes;
    size_t length;
};

struct inbox {
    struct call *calls;
    size_t at, n, size;
};

/* The witness came or went, and when votequorum hears of it. */
struct vote_change {
    int64_t due;
    bool has;
};

#define VOTE_CHANGES 64

struct node {
    bool is_on, is_frozen;
    bool has_vote, counts_vote; /* in truth, and as its votequorum has it */
    struct vote_change changes[VOTE_CHANGES];
    int n_changes;
    bool has_lost;     /* its quorum, and the agent does not know */
    bool told_quorate; /* the agent, last, of this ring */
    struct ring_id told_ring;
    int component;
    uint64_t seq; /* the highest ring it ever was in: corosync keeps it on disk */
    struct ring *ring;
    size_t position;
    struct log outgoing;
    struct group_peer list[LOOPBACK_PEERS]; /* the group as this node has delivered it */
    int n_list;

    bool is_attached, is_stalled;
    uint32_t pid;
    struct loopback_events events;
    void *context;
    struct inbox inbox;
    int64_t quorum_due; /* 0: nothing to tell */
};

struct loopback {
    int n_nodes;
    int token_ms;
    uint64_t state;
    int64_t now;
    struct node nodes[LOOPBACK_NODES];
    struct ring **rings;
    size_t n_rings;
    int witness_votes, witness_lag, witness_at;
    node_set desired[LOOPBACK_NODES]; /* by component */
    int64_t form_at[LOOPBACK_NODES];
};

/* loopback_witness.c */
bool loopback_is_quorate(const struct loopback *loopback, const struct node *node);
void loopback_run_witness(struct loopback *loopback);

/* loopback_queue.c */
void *loopback_copy(const void *bytes, size_t length);
void loopback_log_clear(struct log *log);
struct entry *loopback_log_add(struct log *log, const struct entry *entry);
void loopback_inbox_clear(struct inbox *inbox);
struct call *loopback_inbox_add(struct node *node, enum call_kind kind);
