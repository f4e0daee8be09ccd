/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Checksums of rows, and the triggers that keep them true under older releases; store_sums.h. */
#include "quorum/store_sums.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "quorum/store_sql.h"
#include "quorum/wire.h"

#define TABLE(table, key, kind)                                                                    \
    "CREATE TABLE IF NOT EXISTS " table "_sums(" key " " kind ", sum INTEGER NOT NULL);"           \
    "CREATE TRIGGER IF NOT EXISTS " table "_written AFTER INSERT ON " table                        \
    " BEGIN DELETE FROM " table "_sums WHERE " key " = new." key "; END;"                          \
    "CREATE TRIGGER IF NOT EXISTS " table "_deleted AFTER DELETE ON " table                        \
    " BEGIN DELETE FROM " table "_sums WHERE " key " = old." key "; END;"

/* One transaction, and so one sync of the disk; where all is there, none. */
const char sums_schema[] = "BEGIN;" TABLE("records", "key", "TEXT PRIMARY KEY")
    TABLE("history", "version", "INTEGER PRIMARY KEY")
        TABLE("policies", "version", "INTEGER PRIMARY KEY")
    /* The head's own is a row of its table. */
    "CREATE TRIGGER IF NOT EXISTS meta_written AFTER INSERT ON meta WHEN new.key = 'version'"
    " BEGIN DELETE FROM meta WHERE key = 'sum'; END; COMMIT;";

uint32_t sum_of(const char *name, const char *text)
{
    uint32_t sum = wire_crc32c(text, strlen(text));

    return sum ^ (wire_crc32c(name, strlen(name)) * 2654435761u);
}

static bool keep(sqlite3 *db, sqlite3_stmt *statement, uint32_t sum, struct err *err)
{
    sqlite3_bind_int64(statement, 2, sum);
    return sql_finish(db, statement, err);
}

bool sums_keep_record(sqlite3 *db, const char *key, const char *text, struct err *err)
{
    sqlite3_stmt *statement =
        sql_prepare(db, "INSERT OR REPLACE INTO records_sums VALUES(?,?)", err);

    if (!statement)
        return false;
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    return keep(db, statement, sum_of(key, text), err);
}

bool sums_keep_patch(sqlite3 *db, int64_t version, const char *text, struct err *err)
{
    sqlite3_stmt *statement =
        sql_prepare(db, "INSERT OR REPLACE INTO history_sums VALUES(?,?)", err);

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, version);
    return keep(db, statement, sum_of("", text), err);
}

bool sums_keep_policy(sqlite3 *db, int64_t version, const char *author, const char *text,
                      struct err *err)
{
    sqlite3_stmt *statement =
        sql_prepare(db, "INSERT OR REPLACE INTO policies_sums VALUES(?,?)", err);

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, version);
    return keep(db, statement, sum_of(author, text), err);
}

bool sum_is_right(sqlite3_stmt *row, int column, const char *name, const char *text)
{
    return sqlite3_column_type(row, column) == SQLITE_NULL ||
           sqlite3_column_int64(row, column) == (int64_t)sum_of(name, text);
}

uint32_t sum_of_head(const struct ledger_head *head)
{
    char text[192];

    snprintf(text, sizeof(text),
             "%" PRIu64 " %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu32 " %d",
             head->epoch.seq, head->epoch.node, head->version, head->hash, head->promised.seq,
             head->promised.node, head->is_lost);
    return sum_of("head", text);
}

bool sums_are_all_used(sqlite3 *db, struct err *err)
{
    sqlite3_stmt *statement = sql_prepare(
        db, "SELECT 1 FROM records_sums WHERE key NOT IN (SELECT key FROM records) LIMIT 1", err);
    int result = statement ? sqlite3_step(statement) : SQLITE_ERROR;

    sqlite3_finalize(statement);
    if (result == SQLITE_ROW)
        return err_set(err, "a record is missing");
    return result == SQLITE_DONE || sql_fail(db, "reading", err);
}
