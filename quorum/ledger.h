/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One member's copy of the records: what is committed, and behind it the
 * patches that are applied here but not yet agreed (nobody may act on those).
 * The tip is the newest of all; head speaks of the tip. Plain bookkeeping: who
 * may append and when a patch is committed is decided in member_*.c.
 */
#pragma once

#include "ha/base/json.h"
#include "quorum/member.h"

struct ledger;

/* Takes what the store had: records at head, and recent patches (both may be NULL). */
struct ledger *ledger_new(const json_t *records, const struct ledger_head *head,
                          const json_t *history);
void ledger_free(struct ledger *ledger);

struct ledger_head ledger_head(const struct ledger *ledger);
/* The version up to which the records are committed here. */
uint64_t ledger_committed(const struct ledger *ledger);
const json_t *ledger_records(const struct ledger *ledger);
/* The records with the pending patches applied: what a store keeps. A new reference. */
json_t *ledger_tip_records(const struct ledger *ledger);
json_t *ledger_history(const struct ledger *ledger);
/* The same without what is pending. */
json_t *ledger_past(const struct ledger *ledger);
/* Of another ledger's past what is not in this one; NULL: nothing, as far as both know. */
json_t *ledger_lost(const struct ledger *ledger, const json_t *past);

void ledger_set_epoch(struct ledger *ledger, struct ring_id epoch);
/* A chain that goes on with a patch: its hash before and after, and the length of the patch. */
struct ledger_link {
    uint64_t before, after;
    size_t bytes;
};

struct ledger_link ledger_link(uint64_t before, const json_t *patch);
uint64_t ledger_hash_next(uint64_t hash, const json_t *patch);
/* The patch becomes the tip, with its version written into it. Not committed yet. known: its link,
 * if that was worked out already; or NULL. */
void ledger_append(struct ledger *ledger, json_t *patch, const struct ledger_link *known);
/* Commits the oldest pending patch and returns it (borrowed, kept in the history). */
const json_t *ledger_commit(struct ledger *ledger);
/* A patch of the recent past by version, pending ones too; NULL: not kept. */
const json_t *ledger_find(const struct ledger *ledger, uint64_t version);
/* The oldest version whose patch is still kept; 0: none. */
uint64_t ledger_oldest(const struct ledger *ledger);

/* Everything as text for a member behind. The caller frees. */
char *ledger_write(const struct ledger *ledger);
/* And back; false: it is not what was agreed on (wanted), or not whole, and nothing has changed. */
bool ledger_read(struct ledger *ledger, const char *text, size_t length,
                 const struct ledger_head *wanted, struct err *err);

/* {"set":{key:text},"delete":[key]}: whether a patch has the shape that it must have. */
bool ledger_patch_is_valid(const json_t *patch, struct err *err);
void ledger_patch_apply(json_t *records, const json_t *patch);
