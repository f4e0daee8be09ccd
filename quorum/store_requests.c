/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of requests, its window, and what is compared of it; see store_requests.h. */
#include "quorum/store_requests.h"

#include <stdlib.h>
#include <string.h>

#include "ha/base/json.h"
#include "ha/base/limits.h"
#include "quorum/store_sql.h"

#define WORD(number) WORD_OF(number)
#define WORD_OF(number) #number
/* Ids are random, so one in so many tidies up. */
#define PRUNE_EVERY 64
/* A sum of all marks of a window stays a positive number. */
#define MARK_BITS 48

const char requests_schema[] =
    "CREATE TABLE IF NOT EXISTS requests(id INTEGER PRIMARY KEY, at INTEGER NOT NULL,"
    " minor INTEGER NOT NULL, mark INTEGER NOT NULL, row TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS requests_by_time ON requests(minor, at, id);";

#define NEWEST(minor, most)                                                                        \
    "SELECT * FROM (SELECT at, id, mark, row FROM requests WHERE minor = " minor                   \
    " ORDER BY at DESC, id DESC LIMIT " WORD(most) ")"
#define WINDOW "(" NEWEST("0", REQUESTS_KEPT_MAX) " UNION ALL " NEWEST("1", REQUESTS_MINOR_MAX) ")"
#define SPAN "at / (" WORD(REQUESTS_SPAN_MS) ")"

static bool fail(sqlite3 *db, struct err *err)
{
    return err_set(err, "the store: requests: %s", sqlite3_errmsg(db));
}

/* ---- one row --------------------------------------------------------------------------------- */

/* FNV-1a: equal rows for certain, and others but for one case in millions. */
static int64_t mark_of(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (; *text; text++) {
        hash ^= (unsigned char)*text;
        hash *= 0x100000001b3u;
    }
    return (int64_t)(hash >> (64 - MARK_BITS));
}

/* Of two ends of one rank the greater text stays, so that all come to the same. */
static bool is_better_end(const json_t *end, const json_t *than)
{
    int64_t rank = json_int(end, "rank", 0), other = json_int(than, "rank", 0);
    char *text, *other_text;
    bool is_greater;

    if (!json_is_object(end) || !json_is_object(than) || rank != other)
        return json_is_object(end) && (!json_is_object(than) || rank > other);
    text = json_write(end);
    other_text = json_write(than);
    is_greater = strcmp(text, other_text) > 0;
    free(text);
    free(other_text);
    return is_greater;
}

/* An end with a stamp of the cluster bounds the moment that its asker's clock told. */
static int64_t place_of(const json_t *row)
{
    int64_t at = json_int(row, "at", 0), stamp = json_int(json_object_get(row, "end"), "stamp", 0);

    return stamp > 0 && stamp < at ? stamp : at;
}

static json_t *known(sqlite3 *db, int64_t id, struct err *err)
{
    sqlite3_stmt *statement = sql_prepare(db, "SELECT row FROM requests WHERE id = ?", err);
    json_t *row = NULL;

    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, id);
    if (sqlite3_step(statement) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);

        row = json_read(text, strlen(text), NULL);
    }
    sqlite3_reset(statement);
    return row;
}

static bool put(sqlite3 *db, const json_t *row, struct err *err)
{
    sqlite3_stmt *statement =
        sql_prepare(db, "INSERT OR REPLACE INTO requests VALUES(?,?,?,?,?)", err);
    char *text;
    bool is_good;

    if (!statement)
        return false;
    text = json_write(row);
    sqlite3_bind_int64(statement, 1, json_int(row, "id", 0));
    sqlite3_bind_int64(statement, 2, place_of(row));
    sqlite3_bind_int(statement, 3, json_flag(row, "minor", false));
    sqlite3_bind_int64(statement, 4, mark_of(text));
    sqlite3_bind_text(statement, 5, text, -1, SQLITE_STATIC);
    is_good = sql_finish(db, statement, err);
    free(text);
    return is_good;
}

static bool prune(sqlite3 *db, struct err *err)
{
    static const int kept[] = {REQUESTS_KEPT_MAX, REQUESTS_MINOR_MAX};

    for (int minor = 0; minor < 2; minor++) {
        sqlite3_stmt *statement =
            sql_prepare(db,
                        "DELETE FROM requests WHERE minor = ?1 AND (at, id) <= (SELECT at, id FROM"
                        " requests WHERE minor = ?1 ORDER BY at DESC, id DESC LIMIT 1 OFFSET ?2)",
                        err);

        if (!statement)
            return false;
        sqlite3_bind_int(statement, 1, minor);
        sqlite3_bind_int(statement, 2, kept[minor]);
        if (!sql_finish(db, statement, err))
            return false;
    }
    return true;
}

static bool keep(sqlite3 *db, json_t *row, struct err *err)
{
    int64_t id = json_int(row, "id", 0);
    autojson *before = known(db, id, err);
    json_t *end = json_object_get(row, "end");

    if (err->text[0])
        return false;
    if (before) {
        if (!is_better_end(end, json_object_get(before, "end")))
            return true;
        json_object_set(before, "end", end);
        return put(db, before, err);
    }
    if (id <= 0 || json_int(row, "at", 0) <= 0)
        return true;
    return put(db, row, err) && (id % PRUNE_EVERY != 0 || prune(db, err));
}

bool requests_keep(sqlite3 *db, const json_t *rows, struct err *err)
{
    json_t *row;
    size_t at;

    err->text[0] = '\0';
    json_array_foreach(rows, at, row)
    {
        if (!keep(db, row, err))
            return false;
    }
    return true;
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* Reads all rows "row, place"; NULL: err. The newest come first if it is_newest_first. */
static json_t *read_rows(sqlite3 *db, sqlite3_stmt *statement, bool is_newest_first,
                         struct err *err)
{
    json_t *list = json_array();
    size_t n_bytes = 0;
    int result;

    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        json_t *row;

        n_bytes += strlen(text);
        if (n_bytes > HISTORY_BYTES_MAX) {
            result = SQLITE_DONE;
            break;
        }
        row = json_read(text, strlen(text), NULL);
        if (row && is_newest_first)
            json_object_set_new(row, "when", json_integer(sqlite3_column_int64(statement, 1)));
        if (row)
            json_array_insert_new(list, is_newest_first ? 0 : json_array_size(list), row);
    }
    sqlite3_finalize(statement);
    if (result == SQLITE_DONE)
        return list;
    json_decref(list);
    fail(db, err);
    return NULL;
}

json_t *requests_between(sqlite3 *db, const struct past *past, struct err *err)
{
    sqlite3_stmt *statement = sql_prepare(db,
                                          "SELECT row, at FROM " WINDOW " WHERE at >= ?1 AND"
                                          " (?2 = 0 OR at < ?2) ORDER BY at DESC, id DESC LIMIT ?3",
                                          err);

    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, past->from_ms);
    sqlite3_bind_int64(statement, 2, past->until_ms);
    sqlite3_bind_int(statement, 3, past->limit);
    return read_rows(db, statement, true, err);
}

/* The begin of the last span that is looked at by itself; 0: there are not so many. */
static int64_t since_of(sqlite3 *db, struct err *err)
{
    sqlite3_stmt *statement = sql_prepare(
        db, "SELECT DISTINCT " SPAN " FROM " WINDOW " ORDER BY 1 DESC LIMIT 1 OFFSET ?1", err);
    int64_t since = 0;

    if (!statement)
        return 0;
    sqlite3_bind_int(statement, 1, REQUESTS_SPANS_MAX - 1);
    if (sqlite3_step(statement) == SQLITE_ROW)
        since = sqlite3_column_int64(statement, 0) * REQUESTS_SPAN_MS;
    sqlite3_finalize(statement);
    return since;
}

json_t *requests_marks(sqlite3 *db, int64_t since, struct err *err)
{
    sqlite3_stmt *statement =
        sql_prepare(db,
                    "SELECT CASE WHEN at < ?1 THEN -1 ELSE " SPAN " END, count(*), sum(mark) FROM"
                    " " WINDOW " GROUP BY 1 ORDER BY 1",
                    err);
    json_t *marks = json_array();
    int result = SQLITE_ERROR;

    if (since < 0)
        since = since_of(db, err);
    if (statement)
        sqlite3_bind_int64(statement, 1, since);
    while (statement && (result = sqlite3_step(statement)) == SQLITE_ROW)
        json_array_append_new(marks,
                              json_pack("[I,I,I]", (json_int_t)sqlite3_column_int64(statement, 0),
                                        (json_int_t)sqlite3_column_int64(statement, 1),
                                        (json_int_t)sqlite3_column_int64(statement, 2)));
    sqlite3_finalize(statement);
    if (result == SQLITE_DONE)
        return json_pack("{s:I, s:o}", "since", (json_int_t)since, "marks", marks);
    json_decref(marks);
    fail(db, err);
    return NULL;
}

json_t *requests_of_span(sqlite3 *db, int64_t span, const struct past *past, struct err *err)
{
    sqlite3_stmt *statement =
        sql_prepare(db,
                    "SELECT row FROM " WINDOW " WHERE id > ?1 AND CASE WHEN ?2 = -1 THEN at < ?3"
                    " ELSE " SPAN " = ?2 END ORDER BY id LIMIT ?4",
                    err);

    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, (int64_t)past->after);
    sqlite3_bind_int64(statement, 2, span);
    sqlite3_bind_int64(statement, 3, past->from_ms);
    sqlite3_bind_int(statement, 4, past->limit);
    return read_rows(db, statement, false, err);
}
