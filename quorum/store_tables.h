/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables of the store and the statements on them; each caller has its own connection. */
#pragma once

#include <sqlite3.h>

#include "quorum/store.h"

/* Opens, makes the tables of a new database, refuses one of a later format. */
sqlite3 *tables_open(const char *path, struct err *err);
/* With all statements that it knows. */
void tables_close(sqlite3 *db);
/* The same; is_damaged: the file is to blame. */
sqlite3 *tables_try(const char *path, bool *is_damaged, struct err *err);
/* Every page, every index, every record: long before somebody trips over it. */
bool tables_check(sqlite3 *db, bool *is_damaged, struct err *err);
bool tables_read(sqlite3 *db, json_t **records, struct ledger_head *head, struct err *err);
bool tables_begin(sqlite3 *db, struct err *err);
bool tables_commit(sqlite3 *db, struct err *err);
void tables_rollback(sqlite3 *db);
/* Within a transaction. */
bool tables_replace(sqlite3 *db, const json_t *records, struct err *err);
bool tables_patch(sqlite3 *db, const json_t *patch, struct err *err);
bool tables_set_head(sqlite3 *db, const struct ledger_head *head, struct err *err);
bool tables_keep(sqlite3 *db, const json_t *patch, struct err *err);
/* An older version that another member knows, as tables_policy told it there; ours stay. */
bool tables_keep_older_policy(sqlite3 *db, const json_t *policy, struct err *err);
/* Patches above the head never happened: what was written of them goes. */
bool tables_forget_after(sqlite3 *db, uint64_t version, struct err *err);

/* What is asked of the history: versions after that, of this subject (NULL: all), by the stamp. */
struct past {
    uint64_t after;
    const char *subject;
    int limit;
    int64_t from_ms, until_ms; /* 0: no bound */
};

json_t *tables_past(sqlite3 *db, const struct past *past, struct err *err);
json_t *tables_history(sqlite3 *db, uint64_t after, const char *subject, int limit,
                       struct err *err);
json_t *tables_policy(sqlite3 *db, uint64_t version, struct err *err);
/* The newest ones, newest first, without their texts. */
json_t *tables_policies(sqlite3 *db, uint64_t upto, int limit, struct err *err);
