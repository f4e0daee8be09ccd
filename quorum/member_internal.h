/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the parts of a member share: member.c (what the world delivers, and beats),
 * member_sync.c (the exchange and catching up), member_patch.c (changes).
 */
#pragma once

#include "quorum/ledger.h"
#include "quorum/member.h"
#include "quorum/member_read.h"
#include "quorum/member_sync.h"
#include "quorum/wire.h"

struct queued {
    struct member_event event;
    void *bytes;
    json_t *patch, *records, *branch;
    struct roster *roster;
    char words[REASON_TEXT_MAX];
};

struct proposal {
    bool is_open;
    uint64_t token, version, view;
};

struct write {
    uint64_t number, version;
};

struct member {
    struct roster roster;
    struct roster *coming; /* counts from the next view on; or NULL */
    char boot_id[BOOT_ID_MAX];
    uint64_t incarnation;
    struct lease *lease;
    struct ledger *ledger;
    struct instant now; /* as told last */

    bool has_ring;
    struct ring_id ring;
    uint32_t ring_nodes[2 * NODES_MAX], n_ring_nodes;
    node_set nodes;
    bool has_group; /* and we are in it */
    struct group_peer peers[NODES_MAX];
    int n_peers;
    node_set agents;
    struct ring_id quorum_ring;
    bool quorum_says;
    uint64_t view;  /* names ring, group and round; 0: none */
    uint64_t round; /* of exchanges with the same ring and group */
    struct ring_id joined;
    struct ring_id promised; /* no epoch up to this one may begin again */
    bool is_lost;            /* we may have forgotten what we had acknowledged */

    struct sync sync;
    bool is_veteran;
    bool must_reset; /* the user is to read all records when we are in sync */
    bool has_new_past;
    struct proposal proposal;
    struct reading reading;
    uint64_t durable;
    int64_t wall_ms;
    struct instant next_beat;
    bool has_beaten_armed; /* what our last beat said */

    uint64_t n_writes, n_written;
    struct write *writes; /* not yet done, oldest first */
    size_t n_pending_writes;
    struct queued *queue;
    size_t n_queued, queue_at, queue_size;
    struct queued last; /* lent out by member_next */
};

bool member_is_quorate(const struct member *member);
struct queued *member_emit(struct member *member, enum member_event_kind kind);
void member_send(struct member *member, enum wire_kind kind, json_t *body);
void member_store_patch(struct member *member, const json_t *patch);
/* Takes over branch; may be NULL. */
void member_store_all(struct member *member, json_t *branch);
void member_new_view(struct member *member, struct instant now);
void member_beat_soon(struct member *member);
uint64_t member_group_name(const struct member *member);

/* ---- member_patch.c */
bool patch_taken(struct member *member, node_id from, const json_t *body, struct err *err);
bool patch_acknowledged(struct member *member, node_id from, const json_t *body, struct err *err);
bool patch_stored(struct member *member, node_id from, const json_t *body, struct err *err);
/* Takes in a patch of this view that is next in the chain. known: its link, or NULL. */
void patch_append(struct member *member, json_t *patch, const struct ledger_link *known);
/* Commits what may be committed, and tells durable versions. */
void patch_commit(struct member *member);
/* We are in sync: what of our own is still open never happened, or did long ago. */
void patch_settle_proposal(struct member *member, bool was_replaced);
