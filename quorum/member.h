/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One member's whole part in the agreement: beats and leases, the exchange
 * after each change of ring or group, the replicated records, who leads. Pure:
 * it is fed what the group delivers, and says through member_next what to do.
 * The daemon runs one over corosync; the tests run many over a loopback.
 *
 * Records: key -> JSON text, opaque here. Only the leader changes them, one
 * patch at a time; a patch is applied where it is delivered and takes effect
 * (MEMBER_COMMITTED) when members holding a quorum of votes have acknowledged
 * it in the ring it was sent in, or when the exchange of a later quorate ring
 * finds it in the newest head. How that is safe: quorum/README.md.
 */
#pragma once

#include <jansson.h>

#include "ha/base/err.h"
#include "quorum/group.h"
#include "quorum/lease.h"

/* How far somebody's records are: later epochs win, then later versions. */
struct ledger_head {
    struct ring_id epoch; /* seq rises with every group that gets in sync, within a ring too */
    uint64_t version;
    uint64_t hash;           /* over the chain of patches */
    struct ring_id promised; /* on disk only: no epoch up to this one may begin again */
    bool is_lost;            /* on disk only: what this node knew was damaged and set aside */
};

enum member_event_kind {
    MEMBER_SEND,      /* bytes, length: multicast this */
    MEMBER_CHANGED,   /* ring, quorum, group, leader or sync changed: look at member_status */
    MEMBER_RESET,     /* read all records again (in sync for the first time, or replaced): version;
                         patch: what is known of the past, as a list, or NULL if nothing is new */
    MEMBER_COMMITTED, /* patch took effect: version, patch, from; token if it was our proposal */
    MEMBER_VOIDED,    /* our proposal did not happen and will not: token, words */
    MEMBER_DURABLE,   /* every version up to this one is on disk at a quorum: version */
    MEMBER_MESSAGE,   /* from, patch: what another member (or we) sent with member_tell */
    MEMBER_STORE,     /* hand patch, records and head to store_write as they are: version */
    MEMBER_ROSTER,    /* from here on nodes are positions in this roster */
    MEMBER_CURRENT,   /* what is committed here, version, is as member_read wanted it: token */
};

struct member_event {
    enum member_event_kind kind;
    const void *bytes; /* valid until the next call on this member */
    size_t length;
    uint64_t version;
    uint64_t token;
    node_id from;
    const json_t *patch; /* borrowed, valid until the next call */
    const char *words;
    bool is_in_doubt;        /* VOIDED: it may have happened after all, so long were we away */
    const json_t *records;   /* STORE: all of them if patch is NULL */
    const json_t *branch;    /* and the patches that were in force here and are not in them */
    struct ledger_head head; /* STORE */
    const struct roster *roster;
};

struct member_status {
    struct ring_id ring;
    node_set nodes;   /* corosync nodes of this ring */
    node_set agents;  /* members of the group */
    node_set synced;  /* agents that have the newest records, in this group */
    node_set apart;   /* agents that count votes by another roster than we do */
    node_set foreign; /* agents that speak another major of the ring's protocol */
    uint16_t major[NODES_MAX], minor[NODES_MAX]; /* as told in this view; 0.0: not yet */
    bool is_quorate;    /* votequorum for this ring, and the agents hold a quorum of votes (with a
                           witness: together with it) */
    bool is_by_witness; /* in sync by the word of the witness: all who are absent are off */
    bool is_in_sync;    /* the exchange of this group is done and we have the newest records */
    node_set waits_for_off; /* with a witness: in sync once these are off for sure */
    node_id leader;         /* NODE_NONE unless quorate and in sync */
    bool is_leader;         /* and our own lease ran at the last call that told the time */
    bool has_proposal;      /* a patch of ours is under way */
    struct ledger_head head;
    uint64_t n_writes, n_written; /* to our disk: asked for, and done */
};

struct member_config {
    struct roster roster;
    char boot_id[BOOT_ID_MAX];
    uint64_t incarnation;
    struct lease_timing timing;
    const json_t *records;   /* what the store had: {"key": "text"} */
    struct ledger_head head; /* of these */
    const json_t *history;   /* recent patches, for joiners; may be NULL */
};

struct member;

struct member *member_new(const struct member_config *config, struct instant now);
void member_free(struct member *member);

/* What the group and votequorum deliver. */
void member_ring(struct member *member, struct instant now, struct ring_id ring,
                 const uint32_t *nodeids, int n_nodeids);
void member_group(struct member *member, struct instant now, const struct group_peer *members,
                  int n_members, const struct group_peer *left, int n_left);
void member_quorum(struct member *member, struct instant now, bool is_quorate, struct ring_id ring);
/*
 * A message that cannot be read is passed over with a false and words; of those of another major
 * only the first in a view, since they come with every beat.
 */
bool member_message(struct member *member, struct instant now, struct group_peer from,
                    const void *bytes, size_t length, struct err *err);
/* corosync is gone: no ring, no group, until member_ring is called again, with a new ring. */
void member_lost(struct member *member, struct instant now);
/*
 * corosync has another list of nodes, or other votes. It counts here from the next view on, which
 * this begins; MEMBER_ROSTER says when. One vote more or less at a time, and only after a view
 * settled with the votes before: see PROTOCOL.md.
 */
void member_set_roster(struct member *member, struct instant now, const struct roster *roster);
/* The wall clock less the time told, in ms: which of two finished histories is the later one. */
void member_set_wall(struct member *member, int64_t wall_ms);
/* Time passed; sends beats when due. Returns when to be called next. */
struct instant member_tick(struct member *member, struct instant now);

/* Takes what is to be done, oldest first; false when there is nothing more. */
bool member_next(struct member *member, struct member_event *event);

/*
 * The leader proposes {"set":{key:text},"delete":[key],...}; further members are
 * carried and stored with it, opaque ("changes", "stamp", "by"). fences: nodes
 * it declares proven off; void if one of them has beaten in this group. token
 * comes back with MEMBER_VOIDED, or in the patch as "token" with MEMBER_COMMITTED.
 */
bool member_propose(struct member *member, struct instant now, json_t *patch, node_set fences,
                    uint64_t token, struct err *err);
/*
 * An opaque message to all, in order with everything else, not kept; only while
 * in sync. One that meets a change of ring or group on its way is lost: tell
 * again after MEMBER_CHANGED.
 */
bool member_tell(struct member *member, const json_t *body, struct err *err);
/*
 * For a reader: the number of a question to all, whose answer is MEMBER_CURRENT with that number
 * or a later one. What is committed here then holds all that was acknowledged to anybody before
 * this call. 0: no quorum of agents is here. The answer may never come; ask no longer than that.
 */
uint64_t member_read(struct member *member, struct instant now);
/* The store has done so many of our MEMBER_STORE events (store_written counts them). */
void member_stored(struct member *member, struct instant now, uint64_t n_written);

void member_status(const struct member *member, struct member_status *status);
struct lease *member_lease(struct member *member);
/* {"key": "text"}, borrowed; as committed (before the first MEMBER_RESET: as the store had them) */
const json_t *member_records(const struct member *member);
