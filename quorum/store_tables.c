/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQL, and nothing but: one short function a statement; see store_tables.h. */
#include "quorum/store_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ha/base/json.h"
#include "ha/base/limits.h"
#include "quorum/store_branches.h"
#include "quorum/store_requests.h"
#include "quorum/store_sql.h"
#include "quorum/store_sums.h"

#define FORMAT 1
/* "TENU", so that somebody else's database is not taken for ours. */
#define APPLICATION 0x54454e55
#define KEY_POLICY "policy"
/* Old history goes in portions, not with every patch. */
#define PRUNE_EVERY 256

static const char schema[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE records(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE history(version INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, stamp INTEGER,"
    " patch TEXT NOT NULL);"
    "CREATE TABLE subjects(subject TEXT NOT NULL, version INTEGER NOT NULL,"
    " PRIMARY KEY(subject, version)) WITHOUT ROWID;"
    "CREATE INDEX subjects_by_version ON subjects(version);"
    "CREATE TABLE policies(version INTEGER PRIMARY KEY, author TEXT, stamp INTEGER,"
    " text TEXT NOT NULL);"
    "PRAGMA application_id = 1413828181; PRAGMA user_version = 1;";

/* Tables of their own, made when missing: an older release still writes the ones above. */
static const char schema_of_messages[] =
    "CREATE TABLE IF NOT EXISTS messages(version INTEGER PRIMARY KEY, message TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS outcomes(version INTEGER PRIMARY KEY, code TEXT NOT NULL,"
    " words TEXT NOT NULL)";

bool sql_fail(sqlite3 *db, const char *what, struct err *err)
{
    return err_set(err, "the store: %s: %s", what, sqlite3_errmsg(db));
}

bool sql_run(sqlite3 *db, const char *sql, struct err *err)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK || sql_fail(db, "writing", err);
}

/* What was asked before is understood already: a connection knows its own statements. */
sqlite3_stmt *sql_prepare(sqlite3 *db, const char *sql, struct err *err)
{
    sqlite3_stmt *statement = NULL;

    while ((statement = sqlite3_next_stmt(db, statement)) != NULL) {
        if (!sqlite3_stmt_busy(statement) && strcmp(sqlite3_sql(statement), sql) == 0)
            return statement;
    }
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
        sql_fail(db, "asking", err);
    return statement;
}

/* Runs to the end and keeps the statement for the next time, without what was bound to it. */
bool sql_finish(sqlite3 *db, sqlite3_stmt *statement, struct err *err)
{
    int result = statement ? sqlite3_step(statement) : SQLITE_ERROR;
    bool is_good;

    while (result == SQLITE_ROW)
        result = sqlite3_step(statement);
    is_good = result == SQLITE_DONE || sql_fail(db, "writing", err);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return is_good;
}

static bool run_again(sqlite3 *db, const char *sql, struct err *err)
{
    sqlite3_stmt *statement = sql_prepare(db, sql, err);

    return statement && sql_finish(db, statement, err);
}

void tables_close(sqlite3 *db)
{
    sqlite3_stmt *statement;

    while (db && (statement = sqlite3_next_stmt(db, NULL)) != NULL)
        sqlite3_finalize(statement);
    sqlite3_close(db);
}

static bool finish_text(sqlite3 *db, const char *sql, const char *first, const char *second,
                        struct err *err)
{
    sqlite3_stmt *statement = sql_prepare(db, sql, err);

    if (statement && first)
        sqlite3_bind_text(statement, 1, first, -1, SQLITE_STATIC);
    if (statement && second)
        sqlite3_bind_text(statement, 2, second, -1, SQLITE_STATIC);
    return statement && sql_finish(db, statement, err);
}

bool sql_finish_words(sqlite3 *db, const char *sql, int64_t first, int64_t second, struct err *err)
{
    sqlite3_stmt *statement = sql_prepare(db, sql, err);

    if (statement)
        sqlite3_bind_int64(statement, 1, first);
    if (statement && sqlite3_bind_parameter_count(statement) > 1)
        sqlite3_bind_int64(statement, 2, second);
    return statement && sql_finish(db, statement, err);
}

static bool ask_number(sqlite3 *db, const char *sql, int64_t *number, struct err *err)
{
    sqlite3_stmt *statement = sql_prepare(db, sql, err);
    bool is_there = statement && sqlite3_step(statement) == SQLITE_ROW;

    if (is_there)
        *number = sqlite3_column_int64(statement, 0);
    else if (statement)
        sql_fail(db, "reading", err);
    sqlite3_finalize(statement);
    return is_there;
}

/* ---- opening --------------------------------------------------------------------------------- */

static bool check_format(sqlite3 *db, const char *path, struct err *err)
{
    int64_t format = 0, application = 0, tables = 0;

    if (!ask_number(db, "PRAGMA user_version", &format, err) ||
        !ask_number(db, "PRAGMA application_id", &application, err) ||
        !ask_number(db, "SELECT count(*) FROM sqlite_master", &tables, err))
        return err_in(err, "%s", path);
    if (tables == 0)
        return sql_run(db, "BEGIN IMMEDIATE", err) && sql_run(db, schema, err) &&
               sql_run(db, "COMMIT", err);
    if (application != APPLICATION)
        return err_set(err, "%s is not a database of tenuto; move it away or name another", path);
    if (format > FORMAT)
        return err_set(err,
                       "it was written by a newer release (format %lld, and this one knows up to "
                       "%d) and is left as it is: install the newer release again. To go back, "
                       "the other nodes must run: move the file away, and this node gets "
                       "everything from them",
                       (long long)format, FORMAT);
    return true;
}

/* What the file itself is to blame for: a name that turned is a table that is not there. */
static bool is_damage(int code)
{
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR;
}

sqlite3 *tables_try(const char *path, bool *is_damaged, struct err *err)
{
    sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;

    if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK)
        err_set(err, "cannot open %s: %s", path, db ? sqlite3_errmsg(db) : "no memory");
    else if (sqlite3_busy_timeout(db, 5000) == SQLITE_OK &&
             sql_run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;", err) &&
             check_format(db, path, err) && sql_run(db, schema_of_messages, err) &&
             branches_table(db, err) && sql_run(db, requests_schema, err) &&
             sql_run(db, sums_schema, err))
        return db;
    else
        err_in(err, "%s", path);
    *is_damaged = db && is_damage(sqlite3_errcode(db));
    tables_close(db);
    return NULL;
}

sqlite3 *tables_open(const char *path, struct err *err)
{
    bool is_damaged;

    return tables_try(path, &is_damaged, err);
}

/* ---- reading what may be damaged ------------------------------------------------------------- */

/* A column as text; NULL: it is none (bytes that are no UTF-8, or zeros in the middle). */
json_t *sql_text_of(sqlite3_stmt *row, int column)
{
    bool is_text = sqlite3_column_type(row, column) == SQLITE_TEXT;
    const char *text = is_text ? (const char *)sqlite3_column_text(row, column) : NULL;
    size_t length = text ? (size_t)sqlite3_column_bytes(row, column) : 0;

    return text && strlen(text) == length ? json_stringn(text, length) : NULL;
}

/* For those columns without which a row is still of use. */
json_t *sql_text_or(sqlite3_stmt *row, int column, const char *fallback)
{
    json_t *text = sql_text_of(row, column);

    return text ? text : json_string(fallback);
}

static bool damaged(const char *what, struct err *err)
{
    return err_set(err,
                   "the store is damaged: %.80s cannot be read. Stop tenutod, move the file away "
                   "and start it again: this node gets everything from the others",
                   what);
}

static bool take_meta(sqlite3_stmt *row, struct ledger_head *head, int64_t *sum)
{
    autojson *name = sql_text_of(row, 0);
    const char *key = json_string_value(name);
    int64_t value = sqlite3_column_int64(row, 1);

    if (!key || sqlite3_column_type(row, 1) != SQLITE_INTEGER)
        return false;
    if (strcmp(key, "epoch") == 0)
        head->epoch.seq = (uint64_t)value;
    else if (strcmp(key, "epoch_node") == 0)
        head->epoch.node = (uint32_t)value;
    else if (strcmp(key, "promised") == 0)
        head->promised.seq = (uint64_t)value;
    else if (strcmp(key, "promised_node") == 0)
        head->promised.node = (uint32_t)value;
    else if (strcmp(key, "version") == 0)
        head->version = (uint64_t)value;
    else if (strcmp(key, "hash") == 0)
        head->hash = (uint64_t)value;
    else if (strcmp(key, "lost") == 0)
        head->is_lost = value != 0;
    else if (strcmp(key, "sum") == 0)
        *sum = value;
    return true;
}

static bool read_head(sqlite3 *db, struct ledger_head *head, struct err *err)
{
    sqlite3_stmt *statement = sql_prepare(db, "SELECT key, value FROM meta", err);
    bool is_whole = true;
    int64_t sum = -1; /* none: an older release wrote it */
    int result = SQLITE_ERROR;

    while (statement && is_whole && (result = sqlite3_step(statement)) == SQLITE_ROW)
        is_whole = take_meta(statement, head, &sum);
    sqlite3_finalize(statement);
    if (is_whole && result != SQLITE_DONE)
        return sql_fail(db, "reading", err);
    return (is_whole && (sum < 0 || sum == (int64_t)sum_of_head(head))) ||
           damaged("how new its records are", err);
}

/* A record that was left out would be one that was lost: all of them, or none. */
static bool read_record(sqlite3_stmt *row, json_t *records, struct err *err)
{
    autojson *name = sql_text_of(row, 0);
    const char *key = json_string_value(name);
    json_t *value = sql_text_of(row, 1);
    char what[SERVICE_NAME_MAX + 32];

    if (key && value && sum_is_right(row, 2, key, json_string_value(value)))
        return json_object_set_new(records, key, value) == 0;
    json_decref(value);
    snprintf(what, sizeof(what), "the record %s", key ? key : "with a name that is no text");
    return damaged(what, err);
}

bool tables_read(sqlite3 *db, json_t **records, struct ledger_head *head, struct err *err)
{
    sqlite3_stmt *statement;
    int result = SQLITE_ERROR;

    *records = json_object();
    memset(head, 0, sizeof(*head));
    if (!read_head(db, head, err))
        return false;
    statement = sql_prepare(
        db, "SELECT key, value, sum FROM records LEFT JOIN records_sums USING(key)", err);
    while (statement && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        if (!read_record(statement, *records, err)) {
            sqlite3_finalize(statement);
            return false;
        }
    }
    sqlite3_finalize(statement);
    if (!statement || result != SQLITE_DONE)
        return sql_fail(db, "reading", err);
    if (!sums_are_all_used(db, err))
        return damaged("one of its records", err);
    return json_object_size(*records) == 0 || head->version > 0 ||
           damaged("how new its records are", err);
}

bool tables_check(sqlite3 *db, bool *is_damaged, struct err *err)
{
    autojson *records = NULL;
    struct ledger_head head;
    sqlite3_stmt *statement;
    bool is_good = tables_read(db, &records, &head, err);

    /* What was found here, and not by sqlite, left it content. */
    *is_damaged = !is_good && (sqlite3_errcode(db) == SQLITE_OK || is_damage(sqlite3_errcode(db)));
    if (!is_good || !(statement = sql_prepare(db, "PRAGMA integrity_check(1)", err)))
        return false;
    is_good = sqlite3_step(statement) == SQLITE_ROW &&
              strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
    if (!is_good)
        err_set(err, "the store is damaged: %.200s",
                sqlite3_column_count(statement) ? (const char *)sqlite3_column_text(statement, 0)
                                                : sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    *is_damaged = !is_good;
    return is_good;
}

/* ---- writing --------------------------------------------------------------------------------- */

bool tables_begin(sqlite3 *db, struct err *err)
{
    return run_again(db, "BEGIN IMMEDIATE", err);
}

bool tables_commit(sqlite3 *db, struct err *err)
{
    return run_again(db, "COMMIT", err);
}

void tables_rollback(sqlite3 *db)
{
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
}

static bool set_records(sqlite3 *db, const json_t *set, struct err *err)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)set, key, value)
    {
        if (!finish_text(db, "INSERT OR REPLACE INTO records VALUES(?,?)", key,
                         json_string_value(value), err) ||
            !sums_keep_record(db, key, json_string_value(value), err))
            return false;
    }
    return true;
}

bool tables_replace(sqlite3 *db, const json_t *records, struct err *err)
{
    const char *text = json_text(records, KEY_POLICY, NULL);
    autojson *policy = text ? json_read(text, strlen(text), NULL) : NULL;

    /* The newest of ours may be one that never was in force; the others tell the one that was. */
    static const char forget_newest[] =
        "DELETE FROM policies WHERE version = (SELECT max(version) FROM policies)";
    /* Policies later than the one in force were pushed where nobody else heard of it. */
    return sql_run(db, forget_newest, err) && sql_run(db, "DELETE FROM records", err) &&
           set_records(db, records, err) && (!text || policies_keep(db, policy, err)) &&
           sql_finish_words(db, "DELETE FROM policies WHERE version > ?",
                            json_int(policy, "version", 0), 0, err);
}

static bool keep_subjects(sqlite3 *db, const json_t *patch, struct err *err)
{
    static const char sql[] = "INSERT OR IGNORE INTO subjects VALUES(?2, ?1)";
    json_int_t version = json_int(patch, "version", 0);
    json_t *change, *value;
    size_t at;

    json_array_foreach(json_object_get(patch, "changes"), at, change)
    {
        const char *key;

        json_object_foreach(change, key, value)
        {
            sqlite3_stmt *statement;

            if ((strcmp(key, "service") != 0 && strcmp(key, "node") != 0) || !json_is_string(value))
                continue;
            statement = sql_prepare(db, sql, err);
            if (!statement)
                return false;
            sqlite3_bind_int64(statement, 1, version);
            sqlite3_bind_text(statement, 2, json_string_value(value), -1, SQLITE_STATIC);
            if (!sql_finish(db, statement, err))
                return false;
        }
    }
    return true;
}

static bool forget_until(sqlite3 *db, int64_t version, struct err *err)
{
    return sql_finish_words(db, "DELETE FROM subjects WHERE version <= ?", version, 0, err) &&
           sql_finish_words(db, "DELETE FROM history WHERE version <= ?", version, 0, err);
}

bool tables_keep(sqlite3 *db, const json_t *patch, struct err *err)
{
    const char *policy = json_text(json_object_get(patch, "set"), KEY_POLICY, NULL);
    int64_t version = json_int(patch, "version", 0);
    char *text = json_write(patch);
    sqlite3_stmt *statement =
        sql_prepare(db, "INSERT OR REPLACE INTO history VALUES(?,?,?,?)", err);
    bool is_good = statement != NULL;

    if (is_good) {
        sqlite3_bind_int64(statement, 1, version);
        sqlite3_bind_int64(statement, 2, json_int(patch, "epoch", 0));
        sqlite3_bind_int64(statement, 3, json_int(patch, "stamp", 0));
        sqlite3_bind_text(statement, 4, text, -1, SQLITE_STATIC);
        is_good = sql_finish(db, statement, err) && sums_keep_patch(db, version, text, err) &&
                  sql_finish_words(db, "DELETE FROM subjects WHERE version = ?", version, 0, err) &&
                  keep_subjects(db, patch, err) && policies_keep_outcomes(db, patch, err) &&
                  (!policy || policies_keep_newest(db, policy, err)) &&
                  (version % PRUNE_EVERY != 0 || forget_until(db, version - EVENTS_KEPT_MAX, err));
    }
    free(text);
    return is_good;
}

bool tables_patch(sqlite3 *db, const json_t *patch, struct err *err)
{
    json_t *delete = json_object_get(patch, "delete"), *value;
    size_t at;

    if (json_object_size(patch) == 0)
        return true; /* the head moves to a new epoch, nothing else */
    json_array_foreach(delete, at, value)
    {
        if (!finish_text(db, "DELETE FROM records WHERE key = ?", json_string_value(value), NULL,
                         err))
            return false;
    }
    return set_records(db, json_object_get(patch, "set"), err) && tables_keep(db, patch, err);
}

/* The sum comes behind the version: a version that is written takes the sum of another away. */
bool tables_set_head(sqlite3 *db, const struct ledger_head *head, struct err *err)
{
    static const char sql[] =
        "INSERT OR REPLACE INTO meta VALUES('epoch',?1),('epoch_node',?2),('version',?3),"
        "('hash',?4),('promised',?5),('promised_node',?6),('lost',?7),('sum',?8)";
    const int64_t values[] = {(int64_t)head->epoch.seq,
                              head->epoch.node,
                              (int64_t)head->version,
                              (int64_t)head->hash,
                              (int64_t)head->promised.seq,
                              head->promised.node,
                              head->is_lost,
                              sum_of_head(head)};
    sqlite3_stmt *statement = sql_prepare(db, sql, err);

    for (int i = 0; statement && i < (int)(sizeof(values) / sizeof(values[0])); i++)
        sqlite3_bind_int64(statement, i + 1, values[i]);
    return statement && sql_finish(db, statement, err);
}

bool tables_forget_after(sqlite3 *db, uint64_t version, struct err *err)
{
    return sql_finish_words(db, "DELETE FROM history WHERE version > ?", (int64_t)version, 0,
                            err) &&
           sql_finish_words(db, "DELETE FROM subjects WHERE version > ?", (int64_t)version, 0, err);
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* What stands for a patch that cannot be read: its place, and what is wrong. */
static json_t *unreadable(int64_t version, int64_t stamp)
{
    return json_pack("{s:I, s:b, s:I, s:[{s:s, s:{s:o}}]}", "version", (json_int_t)version,
                     "damaged", 1, "stamp", (json_int_t)stamp, "changes", "to", "unreadable", "why",
                     "text",
                     json_sprintf("version %lld is damaged in the store of this node; the others "
                                  "still have it",
                                  (long long)version));
}

static json_t *patch_of(sqlite3_stmt *row)
{
    int64_t version = sqlite3_column_int64(row, 1);
    autojson *text = sql_text_of(row, 0);
    json_t *patch =
        text ? json_read(json_string_value(text), json_string_length(text), NULL) : NULL;

    if (json_is_object(patch) && json_int(patch, "version", -1) == version &&
        sum_is_right(row, 3, "", json_string_value(text)))
        return patch;
    json_decref(patch);
    return unreadable(version, sqlite3_column_int64(row, 2));
}

json_t *tables_past(sqlite3 *db, const struct past *past, struct err *err)
{
    static const char sql[] =
        "SELECT patch, version, stamp, sum FROM history LEFT JOIN history_sums USING(version) "
        "WHERE version > ?1 AND (?2 IS NULL OR version IN"
        " (SELECT version FROM subjects WHERE subject = ?2)) AND (?4 = 0 OR stamp >= ?4)"
        " AND (?5 = 0 OR stamp < ?5) ORDER BY version DESC LIMIT ?3";
    sqlite3_stmt *statement = sql_prepare(db, sql, err);
    json_t *list = json_array();
    size_t n_bytes = 0;
    int result = SQLITE_ERROR;

    if (statement) {
        sqlite3_bind_int64(statement, 1, (int64_t)past->after);
        if (past->subject)
            sqlite3_bind_text(statement, 2, past->subject, -1, SQLITE_STATIC);
        sqlite3_bind_int(statement, 3, past->limit);
        sqlite3_bind_int64(statement, 4, past->from_ms);
        sqlite3_bind_int64(statement, 5, past->until_ms);
    }
    while (statement && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        n_bytes += (size_t)sqlite3_column_bytes(statement, 0);
        if (n_bytes > HISTORY_BYTES_MAX && json_array_size(list) > 0) {
            result = SQLITE_DONE;
            break;
        }
        json_array_insert_new(list, 0, patch_of(statement));
    }
    sqlite3_finalize(statement);
    if (result == SQLITE_DONE)
        return list;
    json_decref(list);
    sql_fail(db, "reading the history", err);
    return NULL;
}

json_t *tables_history(sqlite3 *db, uint64_t after, const char *subject, int limit, struct err *err)
{
    return tables_past(db, &(struct past){.after = after, .subject = subject, .limit = limit}, err);
}
