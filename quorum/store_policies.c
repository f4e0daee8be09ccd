/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Versions of the policy: kept, let go, and what became of each; see store_tables.h. */
#include <string.h>

#include "ha/base/json.h"
#include "ha/base/limits.h"
#include "quorum/store_sql.h"
#include "quorum/store_sums.h"
#include "quorum/store_tables.h"

/* How a change of the policy says that it came by a push, or in place of one. */
#define CODE_PUSHED "PUSHED"
/* To find those that are too much, the texts of all are read. */
#define PRUNE_POLICIES_EVERY 16

/* What was said of it; of one that replaces another of its number, nothing is left over. */
static bool keep_message(sqlite3 *db, const json_t *policy, struct err *err)
{
    static const char sql[] = "INSERT OR REPLACE INTO messages VALUES(?,?)";
    const char *message = json_text(policy, "message", "");
    sqlite3_stmt *statement = sql_prepare(db, sql, err);

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, json_int(policy, "version", 0));
    sqlite3_bind_text(statement, 2, message, -1, SQLITE_STATIC);
    return sql_finish(db, statement, err);
}

/* What became of a version that waited to be confirmed. */
static bool keep_outcome(sqlite3 *db, int64_t version, const char *code, const char *words,
                         struct err *err)
{
    sqlite3_stmt *statement = sql_prepare(db, "INSERT OR REPLACE INTO outcomes VALUES(?,?,?)", err);

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, version);
    sqlite3_bind_text(statement, 2, code, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, words, -1, SQLITE_STATIC);
    return sql_finish(db, statement, err);
}

/* A change of the policy that is no push says what became of the version it names. */
bool policies_keep_outcomes(sqlite3 *db, const json_t *patch, struct err *err)
{
    json_t *change;
    size_t at;

    json_array_foreach(json_object_get(patch, "changes"), at, change)
    {
        const json_t *why = json_object_get(change, "why");
        const char *code = json_text(why, "code", CODE_PUSHED);

        if (json_int(change, "policy", 0) > 0 && strcmp(code, CODE_PUSHED) != 0 &&
            !keep_outcome(db, json_int(change, "policy", 0), code, json_text(why, "text", ""), err))
            return false;
    }
    return true;
}

/* Texts are part of the file: where that is small, nobody has to read them all to count. */
static bool may_be_too_much(sqlite3 *db)
{
    static const char sql[] =
        "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    sqlite3_stmt *statement = sql_prepare(db, sql, &(struct err){{0}});
    bool is_small = statement && sqlite3_step(statement) == SQLITE_ROW &&
                    sqlite3_column_int64(statement, 0) <= POLICIES_BYTES_MAX;

    sqlite3_finalize(statement);
    return !is_small;
}

/* The oldest versions go, and what was said of them. */
static bool prune_policies(sqlite3 *db, int64_t newest, struct err *err)
{
    static const char too_much[] =
        "DELETE FROM policies WHERE version <= (SELECT max(version) FROM (SELECT version,"
        " sum(length(CAST(text AS BLOB))) OVER (ORDER BY version DESC) AS total FROM policies)"
        " WHERE total > ?)";

    return sql_finish_words(db, "DELETE FROM policies WHERE version <= ?",
                            newest - POLICIES_KEPT_MAX, 0, err) &&
           (!may_be_too_much(db) || sql_finish_words(db, too_much, POLICIES_BYTES_MAX, 0, err)) &&
           sql_run(db,
                   "DELETE FROM messages WHERE version < (SELECT min(version) FROM policies);"
                   "DELETE FROM outcomes WHERE version < (SELECT min(version) FROM policies)",
                   err);
}

/* The policy in force is one record; here each version of it is kept. */
bool policies_keep(sqlite3 *db, const json_t *policy, struct err *err)
{
    sqlite3_stmt *statement;

    if (!policy || json_int(policy, "version", 0) <= 0)
        return true;
    statement = sql_prepare(db, "INSERT OR REPLACE INTO policies VALUES(?,?,?,?)", err);
    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, json_int(policy, "version", 0));
    sqlite3_bind_text(statement, 2, json_text(policy, "author", ""), -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, json_int(policy, "stamp", 0));
    sqlite3_bind_text(statement, 4, json_text(policy, "text", ""), -1, SQLITE_STATIC);
    return sql_finish(db, statement, err) &&
           sums_keep_policy(db, json_int(policy, "version", 0), json_text(policy, "author", ""),
                            json_text(policy, "text", ""), err) &&
           keep_message(db, policy, err);
}

/* What became of one that had its number and was lost with its branch is not said of this one. */
bool policies_keep_newest(sqlite3 *db, const char *record, struct err *err)
{
    autojson *policy = json_read(record, strlen(record), NULL);
    int64_t version = json_int(policy, "version", 0);

    return policies_keep(db, policy, err) &&
           sql_finish_words(db, "DELETE FROM outcomes WHERE version = ?", version, 0, err) &&
           (version % PRUNE_POLICIES_EVERY != 0 || prune_policies(db, version, err));
}

bool tables_keep_older_policy(sqlite3 *db, const json_t *policy, struct err *err)
{
    static const char sql[] = "SELECT count(*) FROM policies WHERE version = ?";
    const char *code = json_text(policy, "outcome", "");
    int64_t version = json_int(policy, "version", 0);
    sqlite3_stmt *statement = sql_prepare(db, sql, err);
    bool is_there;

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, version);
    is_there = sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int64(statement, 0) > 0;
    sqlite3_finalize(statement);
    return is_there || (policies_keep(db, policy, err) &&
                        (code[0] == '\0' ||
                         keep_outcome(db, version, code, json_text(policy, "why", ""), err)));
}

/* One row of the two questions below, without its text. */
static json_t *policy_of(sqlite3_stmt *row)
{
    json_t *message = sqlite3_column_type(row, 3) == SQLITE_NULL
                          ? json_string("")
                          : sql_text_or(row, 3, "(what was said of it is damaged here)");
    json_t *outcome =
        sqlite3_column_type(row, 4) == SQLITE_NULL ? json_string("") : sql_text_or(row, 4, "");
    json_t *why =
        sqlite3_column_type(row, 5) == SQLITE_NULL ? json_string("") : sql_text_or(row, 5, "");

    return json_pack("{s:I, s:o, s:I, s:o, s:o, s:o}", "version",
                     (json_int_t)sqlite3_column_int64(row, 0), "author", sql_text_or(row, 1, "?"),
                     "stamp", (json_int_t)sqlite3_column_int64(row, 2), "message", message,
                     "outcome", outcome, "why", why);
}

json_t *tables_policy(sqlite3 *db, uint64_t version, struct err *err)
{
    sqlite3_stmt *statement =
        sql_prepare(db,
                    "SELECT version, author, stamp, message, code, words, text, sum FROM policies"
                    " LEFT JOIN policies_sums USING(version) LEFT JOIN messages USING(version) "
                    "LEFT JOIN outcomes USING(version)"
                    " WHERE ?1 = 0 OR version = ?1"
                    " ORDER BY version DESC LIMIT 1",
                    err);
    json_t *policy = NULL;
    int result;

    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, (int64_t)version);
    result = sqlite3_step(statement);
    if (result != SQLITE_ROW && result != SQLITE_DONE)
        sql_fail(db, "reading a policy", err);
    if (result == SQLITE_ROW) {
        json_t *text = sql_text_of(statement, 6);

        policy = text ? policy_of(statement) : NULL;
        if (policy &&
            !sum_is_right(statement, 7, json_text(policy, "author", ""), json_string_value(text))) {
            json_decref(policy);
            json_decref(text);
            policy = NULL;
        }
        if (policy)
            json_object_set_new(policy, "text", text);
        else
            err_set(err,
                    "version %lld of the policy is damaged in the store of this node: ask another "
                    "node for it",
                    (long long)sqlite3_column_int64(statement, 0));
    }
    sqlite3_finalize(statement);
    return policy;
}

json_t *tables_policies(sqlite3 *db, uint64_t upto, int limit, struct err *err)
{
    sqlite3_stmt *statement =
        sql_prepare(db,
                    "SELECT version, author, stamp, message, code, words FROM policies"
                    " LEFT JOIN messages USING(version) LEFT JOIN outcomes USING(version)"
                    " WHERE ?2 = 0 OR version <= ?2"
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
    sql_fail(db, "reading the policies", err);
    return NULL;
}
