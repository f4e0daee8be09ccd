/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQL, and nothing but: one short function a statement; see store_tables.h. */
#include "quorum/store_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ha/base/json.h"
#include "ha/base/limits.h"

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

/* A table of its own, made when it is missing: an older release still writes the one above. */
static const char schema_of_messages[] =
    "CREATE TABLE IF NOT EXISTS messages(version INTEGER PRIMARY KEY, message TEXT NOT NULL)";

static bool fail(sqlite3 *db, const char *what, struct err *err)
{
    return err_set(err, "the store: %s: %s", what, sqlite3_errmsg(db));
}

static bool run(sqlite3 *db, const char *sql, struct err *err)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK || fail(db, "writing", err);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql, struct err *err)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        fail(db, "asking", err);
    return statement;
}

/* Runs to the end and lets go; a text of NULL leaves its place alone. */
static bool finish(sqlite3 *db, sqlite3_stmt *statement, struct err *err)
{
    int result = statement ? sqlite3_step(statement) : SQLITE_ERROR;

    while (result == SQLITE_ROW)
        result = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return result == SQLITE_DONE || fail(db, "writing", err);
}

static bool finish_text(sqlite3 *db, const char *sql, const char *first, const char *second,
                        struct err *err)
{
    sqlite3_stmt *statement = prepare(db, sql, err);

    if (statement && first)
        sqlite3_bind_text(statement, 1, first, -1, SQLITE_STATIC);
    if (statement && second)
        sqlite3_bind_text(statement, 2, second, -1, SQLITE_STATIC);
    return statement && finish(db, statement, err);
}

static bool finish_words(sqlite3 *db, const char *sql, int64_t first, int64_t second,
                         struct err *err)
{
    sqlite3_stmt *statement = prepare(db, sql, err);

    if (statement)
        sqlite3_bind_int64(statement, 1, first);
    if (statement && sqlite3_bind_parameter_count(statement) > 1)
        sqlite3_bind_int64(statement, 2, second);
    return statement && finish(db, statement, err);
}

static bool ask_number(sqlite3 *db, const char *sql, int64_t *number, struct err *err)
{
    sqlite3_stmt *statement = prepare(db, sql, err);
    bool is_there = statement && sqlite3_step(statement) == SQLITE_ROW;

    if (is_there)
        *number = sqlite3_column_int64(statement, 0);
    else if (statement)
        fail(db, "reading", err);
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
        return run(db, "BEGIN IMMEDIATE", err) && run(db, schema, err) && run(db, "COMMIT", err);
    if (application != APPLICATION)
        return err_set(err, "%s is not a database of tenuto; move it away or name another", path);
    if (format > FORMAT)
        return err_set(err,
                       "%s has format %lld and this release knows up to %d: install the newer "
                       "release again",
                       path, (long long)format, FORMAT);
    return true;
}

sqlite3 *tables_open(const char *path, struct err *err)
{
    sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;

    if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK)
        err_set(err, "cannot open %s: %s", path, db ? sqlite3_errmsg(db) : "no memory");
    else if (sqlite3_busy_timeout(db, 5000) == SQLITE_OK &&
             run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;", err) &&
             check_format(db, path, err) && run(db, schema_of_messages, err))
        return db;
    else
        err_in(err, "%s", path);
    sqlite3_close(db);
    return NULL;
}

static void take_meta(sqlite3_stmt *row, struct ledger_head *head)
{
    const char *key = (const char *)sqlite3_column_text(row, 0);
    int64_t value = sqlite3_column_int64(row, 1);

    if (strcmp(key, "epoch") == 0)
        head->epoch.seq = (uint64_t)value;
    else if (strcmp(key, "epoch_node") == 0)
        head->epoch.node = (uint32_t)value;
    else if (strcmp(key, "version") == 0)
        head->version = (uint64_t)value;
    else if (strcmp(key, "hash") == 0)
        head->hash = (uint64_t)value;
}

bool tables_read(sqlite3 *db, json_t **records, struct ledger_head *head, struct err *err)
{
    sqlite3_stmt *statement = prepare(db, "SELECT key, value FROM meta", err);
    int result = SQLITE_ERROR;

    *records = json_object();
    memset(head, 0, sizeof(*head));
    while (statement && (result = sqlite3_step(statement)) == SQLITE_ROW)
        take_meta(statement, head);
    sqlite3_finalize(statement);
    statement = result == SQLITE_DONE ? prepare(db, "SELECT key, value FROM records", err) : NULL;
    while (statement && (result = sqlite3_step(statement)) == SQLITE_ROW)
        json_object_set_new(*records, (const char *)sqlite3_column_text(statement, 0),
                            json_string((const char *)sqlite3_column_text(statement, 1)));
    sqlite3_finalize(statement);
    return (statement && result == SQLITE_DONE) || fail(db, "reading", err);
}

/* ---- writing --------------------------------------------------------------------------------- */

bool tables_begin(sqlite3 *db, struct err *err)
{
    return run(db, "BEGIN IMMEDIATE", err);
}

bool tables_commit(sqlite3 *db, struct err *err)
{
    return run(db, "COMMIT", err);
}

void tables_rollback(sqlite3 *db)
{
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
}

/* What was said of it; of one that replaces another of its number, nothing is left over. */
static bool keep_message(sqlite3 *db, const json_t *policy, struct err *err)
{
    static const char sql[] = "INSERT OR REPLACE INTO messages VALUES(?,?)";
    const char *message = json_text(policy, "message", "");
    sqlite3_stmt *statement = prepare(db, sql, err);

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, json_int(policy, "version", 0));
    sqlite3_bind_text(statement, 2, message, -1, SQLITE_STATIC);
    return finish(db, statement, err);
}

/* The policy in force is one record; here each version of it is kept. */
static bool keep_policy(sqlite3 *db, const char *record, struct err *err)
{
    autojson *policy = json_read(record, strlen(record), NULL);
    sqlite3_stmt *statement;

    if (!policy || json_int(policy, "version", 0) <= 0)
        return true;
    statement = prepare(db, "INSERT OR REPLACE INTO policies VALUES(?,?,?,?)", err);
    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, json_int(policy, "version", 0));
    sqlite3_bind_text(statement, 2, json_text(policy, "author", ""), -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, json_int(policy, "stamp", 0));
    sqlite3_bind_text(statement, 4, json_text(policy, "text", ""), -1, SQLITE_STATIC);
    return finish(db, statement, err) && keep_message(db, policy, err);
}

static bool set_records(sqlite3 *db, const json_t *set, struct err *err)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)set, key, value)
    {
        if (!finish_text(db, "INSERT OR REPLACE INTO records VALUES(?,?)", key,
                         json_string_value(value), err))
            return false;
    }
    return true;
}

bool tables_replace(sqlite3 *db, const json_t *records, struct err *err)
{
    const char *text = json_text(records, KEY_POLICY, NULL);
    autojson *policy = text ? json_read(text, strlen(text), NULL) : NULL;

    /* Policies later than the one in force were pushed where nobody else heard of it. */
    return run(db, "DELETE FROM records", err) && set_records(db, records, err) &&
           (!text || keep_policy(db, text, err)) &&
           finish_words(db, "DELETE FROM policies WHERE version > ?",
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
            statement = prepare(db, sql, err);
            if (!statement)
                return false;
            sqlite3_bind_int64(statement, 1, version);
            sqlite3_bind_text(statement, 2, json_string_value(value), -1, SQLITE_STATIC);
            if (!finish(db, statement, err))
                return false;
        }
    }
    return true;
}

static bool forget_until(sqlite3 *db, int64_t version, struct err *err)
{
    return finish_words(db, "DELETE FROM subjects WHERE version <= ?", version, 0, err) &&
           finish_words(db, "DELETE FROM history WHERE version <= ?", version, 0, err);
}

bool tables_keep(sqlite3 *db, const json_t *patch, struct err *err)
{
    const char *policy = json_text(json_object_get(patch, "set"), KEY_POLICY, NULL);
    int64_t version = json_int(patch, "version", 0);
    char *text = json_write(patch);
    sqlite3_stmt *statement = prepare(db, "INSERT OR REPLACE INTO history VALUES(?,?,?,?)", err);
    bool is_good = statement != NULL;

    if (is_good) {
        sqlite3_bind_int64(statement, 1, version);
        sqlite3_bind_int64(statement, 2, json_int(patch, "epoch", 0));
        sqlite3_bind_int64(statement, 3, json_int(patch, "stamp", 0));
        sqlite3_bind_text(statement, 4, text, -1, SQLITE_STATIC);
        is_good = finish(db, statement, err) &&
                  finish_words(db, "DELETE FROM subjects WHERE version = ?", version, 0, err) &&
                  keep_subjects(db, patch, err) && (!policy || keep_policy(db, policy, err)) &&
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

bool tables_set_head(sqlite3 *db, const struct ledger_head *head, struct err *err)
{
    static const char *const keys[] = {"epoch", "epoch_node", "version", "hash"};
    int64_t values[] = {(int64_t)head->epoch.seq, head->epoch.node, (int64_t)head->version,
                        (int64_t)head->hash};

    for (int i = 0; i < 4; i++) {
        sqlite3_stmt *statement = prepare(db, "INSERT OR REPLACE INTO meta VALUES(?,?)", err);

        if (!statement)
            return false;
        sqlite3_bind_text(statement, 1, keys[i], -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 2, values[i]);
        if (!finish(db, statement, err))
            return false;
    }
    return true;
}

bool tables_forget_after(sqlite3 *db, uint64_t version, struct err *err)
{
    return finish_words(db, "DELETE FROM history WHERE version > ?", (int64_t)version, 0, err) &&
           finish_words(db, "DELETE FROM subjects WHERE version > ?", (int64_t)version, 0, err);
}

/* ---- asking ---------------------------------------------------------------------------------- */

json_t *tables_history(sqlite3 *db, uint64_t after, const char *subject, int limit, struct err *err)
{
    static const char sql[] =
        "SELECT patch FROM history WHERE version > ?1 AND (?2 IS NULL OR version IN"
        " (SELECT version FROM subjects WHERE subject = ?2)) ORDER BY version DESC LIMIT ?3";
    sqlite3_stmt *statement = prepare(db, sql, err);
    json_t *list = json_array();
    size_t n_bytes = 0;
    int result = SQLITE_ERROR;

    if (statement) {
        sqlite3_bind_int64(statement, 1, (int64_t)after);
        if (subject)
            sqlite3_bind_text(statement, 2, subject, -1, SQLITE_STATIC);
        sqlite3_bind_int(statement, 3, limit);
    }
    while (statement && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        size_t length = strlen(text);
        json_t *patch;

        n_bytes += length;
        if (n_bytes > HISTORY_BYTES_MAX && json_array_size(list) > 0) {
            result = SQLITE_DONE;
            break;
        }
        patch = json_read(text, length, NULL);
        if (patch)
            json_array_insert_new(list, 0, patch);
    }
    sqlite3_finalize(statement);
    if (result == SQLITE_DONE)
        return list;
    json_decref(list);
    fail(db, "reading the history", err);
    return NULL;
}

/* One row of the two questions below, without its text. */
static json_t *policy_of(sqlite3_stmt *row)
{
    const char *message = (const char *)sqlite3_column_text(row, 3);

    return json_pack("{s:I, s:s, s:I, s:s}", "version", (json_int_t)sqlite3_column_int64(row, 0),
                     "author", (const char *)sqlite3_column_text(row, 1), "stamp",
                     (json_int_t)sqlite3_column_int64(row, 2), "message", message ? message : "");
}

json_t *tables_policy(sqlite3 *db, uint64_t version, struct err *err)
{
    sqlite3_stmt *statement =
        prepare(db,
                "SELECT version, author, stamp, message, text FROM policies"
                " LEFT JOIN messages USING(version) WHERE ?1 = 0 OR version = ?1"
                " ORDER BY version DESC LIMIT 1",
                err);
    json_t *policy = NULL;

    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, (int64_t)version);
    if (sqlite3_step(statement) == SQLITE_ROW) {
        policy = policy_of(statement);
        json_object_set_new(policy, "text",
                            json_string((const char *)sqlite3_column_text(statement, 4)));
    }
    sqlite3_finalize(statement);
    return policy;
}

json_t *tables_policies(sqlite3 *db, uint64_t upto, int limit, struct err *err)
{
    sqlite3_stmt *statement =
        prepare(db,
                "SELECT version, author, stamp, message FROM policies"
                " LEFT JOIN messages USING(version) WHERE ?2 = 0 OR version <= ?2"
                " ORDER BY version DESC LIMIT ?1",
                err);
    json_t *list = json_array();
    int result = SQLITE_ERROR;

    if (statement)
        sqlite3_bind_int(statement, 1, limit);
    if (statement)
        sqlite3_bind_int64(statement, 2, (int64_t)upto);
    while (statement && (result = sqlite3_step(statement)) == SQLITE_ROW)
        json_array_append_new(list, policy_of(statement));
    sqlite3_finalize(statement);
    if (result == SQLITE_DONE)
        return list;
    json_decref(list);
    fail(db, "reading the policies", err);
    return NULL;
}
