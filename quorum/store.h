/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What this node remembers, in sqlite3 (WAL, synchronous=FULL): records, the
 * head, every patch as history. A thread of its own writes, so that no disk
 * stands between the ring and the beat; it wakes the loop through an eventfd.
 * A write that fails ends the agent: what is on disk is then not known.
 */
#pragma once

#include <jansson.h>

#include "ha/base/err.h"
#include "quorum/member.h"

struct store;

#define STORE_PATH_MAX 512

/*
 * Before it is opened. One that is damaged is moved to aside (else: ""), and words say what is
 * wrong with it; an empty one takes its place, which the member fills from the others and which
 * counts for nothing before that. false: it cannot be used at all, damaged or not.
 */
bool store_mend(const char *path, char aside[STORE_PATH_MAX], struct err *words, struct err *err);

/* Opens or makes the database. NULL and err: not a database, no room, a newer major format. */
struct store *store_open(const char *path, struct err *err);
/* Writes what is queued, then closes. */
void store_close(struct store *store);

/* What was there when it was opened; records is a new reference. */
bool store_read(struct store *store, json_t **records, struct ledger_head *head, struct err *err);

/*
 * Queued, in order; at once back. patch NULL: records replaces everything
 * (copied before return); a patch without "set" and "delete" moves the head only. A patch is not
 * copied: nobody may change it from here on.
 */
void store_write(struct store *store, const json_t *patch, const json_t *records,
                 const struct ledger_head *head);
/* Readable when store_written or store_failed has news. */
int store_fd(const struct store *store);
/* How many writes since it was opened are on disk; clears the eventfd. */
uint64_t store_written(struct store *store);
bool store_failed(struct store *store, struct err *err);

/*
 * History, newest last: at most limit patches with version > after, that have a
 * change about subject (a service or node name; NULL: all), the oldest left out
 * where all are more than HISTORY_BYTES_MAX. A JSON array of patches, each with
 * "version"; a new reference. One whose row cannot be read says so: {"version","damaged":true}.
 */
json_t *store_history(struct store *store, uint64_t after, const char *subject, int limit,
                      struct err *err);
/*
 * Policy texts by version: {"version","author","stamp","text"}; 0 is the newest. NULL if there is
 * none.
 */
json_t *store_policy(struct store *store, uint64_t version, struct err *err);
/*
 * Patches that were in force here and that the others went on without; the newest BRANCHES_KEPT_MAX
 * such branches are kept. stamp: when that was noticed.
 */
void store_keep_branch(struct store *store, const json_t *patches, int64_t stamp);
/* [{"first","last","stamp","policies":[{"version","author","stamp","text"}]}], the newest first. */
json_t *store_branches(struct store *store, struct err *err);
/* One of them, from its patches. */
json_t *store_branch_of(const json_t *patches, int64_t stamp);
/*
 * Rows of requests {"id","at",...,"end":{"rank","at",...}}: what is known of one under its id
 * already is kept, its end is replaced by one of a higher rank. A row without "at" is an end alone,
 * and counts if the request is known. Written within a moment, not at once: nobody waits for it.
 */
void store_take_requests(struct store *store, const json_t *rows);
/* For tests: waits until what is queued is on disk, or has failed. */
void store_settle(struct store *store);
/* For a joiner: queues the past that MEMBER_RESET brought. */
bool store_take_history(struct store *store, const json_t *patches, struct err *err);
/* For a joiner: queues an older version of the policy, as a question for it was answered there. */
void store_take_policy(struct store *store, const json_t *policy);
