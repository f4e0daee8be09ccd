/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A CRC-32C beside each row of records, history and policies, in tables of their own: a byte that
 * turned within a text is seen, which sqlite does not see. An older release knows no sums; triggers
 * take the sum of a row that it writes, so such a row counts as whole and no stale sum is left.
 */
#pragma once

#include <sqlite3.h>

#include "quorum/ledger.h"

/* Made when missing. */
extern const char sums_schema[];

uint32_t sum_of(const char *name, const char *text);
/* Within a transaction, after the row itself was written. */
bool sums_keep_record(sqlite3 *db, const char *key, const char *text, struct err *err);
bool sums_keep_patch(sqlite3 *db, int64_t version, const char *text, struct err *err);
bool sums_keep_policy(sqlite3 *db, int64_t version, const char *author, const char *text,
                      struct err *err);
/* Whether a row's sum, in that column, is right; none is. */
bool sum_is_right(sqlite3_stmt *row, int column, const char *name, const char *text);
uint32_t sum_of_head(const struct ledger_head *head);
/* A record has vanished, or its name has turned. */
bool sums_are_all_used(sqlite3 *db, struct err *err);
