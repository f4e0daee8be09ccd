/* SPDX-License-Identifier: GPL-3.0-or-later */
/* After each change of view, until all know the same: what is kept of it, and the ways into it. */
#pragma once

#include "quorum/member.h"

/* Pieces of the records under way at a time: beats go between them. */
#define CHUNKS_UNDER_WAY 2

/* What a member told of itself in the exchange of this view. */
struct told {
    struct ledger_head head;
    struct ring_id promised;
    struct ring_id joined; /* when this agent first was in a ring: seq, and its nodeid */
    bool is_veteran;       /* has been in sync since it started */
    uint16_t major, minor; /* of the protocol that it speaks */
    int64_t wall_ms;
    bool is_armed;
};

/* The way of one view from "who is here" to "all know the same". Starts anew with every view. */
struct sync {
    node_set told;    /* their HELLO of this view was delivered */
    node_set skipped; /* too silent to be waited for, or counting otherwise */
    node_set apart;   /* the latter */
    node_set foreign; /* speaks another major: neither counted nor waited for */
    struct told of[NODES_MAX];
    bool is_hello_sent;
    struct instant skip_at;
    bool is_exchanged, is_asked_again; /* everybody told; and was asked for the next round by us */
    struct ledger_head newest;         /* what they agreed to go on from */
    struct ring_id epoch;              /* in which they do, once it is settled */
    node_id donor;                     /* who sends it to those behind */
    node_set lost;                     /* their store was damaged: see sync_remembers */
    node_set ready;                    /* who has it, on disk; a quorum of them: settled */
    bool is_settled;
    bool is_by_witness;  /* all who are absent are off, and all who are here take part */
    bool is_settle_sent; /* the word for that is on its way */
    struct instant proof_at;
    bool is_interrupted; /* the witness has left us since; another may have had it */
    node_set awake;      /* who was not waited for, and has beaten all the same */
    bool has_come;       /* settled, we are ready, and the user was told */
    node_id leader;
    struct ledger_head stream; /* the newest and all patches of this view: the same for all */
    node_set beaten;           /* whose beats were delivered in this view */
    bool has_content;          /* we have it; else patches wait in the backlog */
    uint64_t content_write;    /* the write that must be on disk before we say so */
    bool is_ready_sent;
    json_t *backlog;
    char *outgoing;
    size_t out_length, out_at;
    int under_way;
    char *incoming;
    size_t in_length, in_at;
    uint64_t applied[NODES_MAX]; /* acknowledged versions */
    uint64_t on_disk[NODES_MAX];
};

/* All in delivery order. */
void sync_begin(struct member *member, struct instant now);
void sync_free(struct sync *sync);
void sync_hello_if_quorate(struct member *member, struct instant now);
bool sync_hello(struct member *member, struct instant now, node_id from, const json_t *body,
                struct err *err);
bool sync_foreign(struct member *member, node_id from, uint16_t major, struct err *err);
bool sync_skip(struct member *member, struct instant now, const json_t *body, struct err *err);
bool sync_chunk(struct member *member, node_id from, const json_t *body, struct err *err);
bool sync_ready(struct member *member, node_id from, const json_t *body, struct err *err);
bool sync_again(struct member *member, struct instant now, const json_t *body, struct err *err);
void sync_send_again(struct member *member);
/* Who is heard no more is asked again, and skipped if it does not tell. */
void sync_ask_silent(struct member *member);
/* The store has come further: perhaps we are ready. */
void sync_written(struct member *member);
/* Whether these, together with the witness, hold a quorum of votes. */
bool sync_is_enough(const struct member *member, node_set nodes);
/*
 * Of these, who can vouch that nothing was forgotten: not whose store was damaged and set aside,
 * until a view has settled without it; or, where the whole list is here, everybody.
 */
node_set sync_remembers(const struct member *member, node_set nodes);
/* A quorum of votes by themselves; in a view by the witness all, since others share no member. */
bool sync_may_decide(const struct member *member, node_set who);
/* All who are here are ready, and are no quorum without the witness. */
bool sync_waits_for_off(const struct member *member);
/* votequorum has taken its word back. */
void sync_interrupt(struct member *member);
bool sync_settle_taken(struct member *member, node_id from);
struct instant sync_tick(struct member *member, struct instant now);
bool sync_is_in_sync(const struct member *member);
/* Something changed that may put us in sync. */
void sync_look(struct member *member);

/* member_newest.c: whose records go on when all have told, who sends them, and in which epoch. */
void newest_choose(struct member *member);
bool newest_is_same(struct ledger_head a, struct ledger_head b);
