/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A store whose rows are anything: a line of the text puts one there, or lets the store write.
 * Whatever is there, every reading either brings all that there is, or says what is wrong; and
 * what the store has written itself comes back byte for byte.
 */
#include <stdio.h>

#include "ha/base/json.h"
#include "quorum/ledger.h"
#include "quorum/store_tables.h"
#include "tests/fuzz/fuzz.h"

static sqlite3 *db;

unsigned fuzz_language(const uint8_t *bytes, size_t length, size_t *at)
{
    (void)bytes;
    (void)length;
    (void)at;
    return 0;
}

static void begin(void)
{
    static const char *const tables[] = {"meta",     "records",  "history",
                                         "subjects", "policies", "messages"};
    struct err err = {.text = ""};

    if (!db)
        db = tables_open(":memory:", &err);
    assert(db);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        char sql[64];

        snprintf(sql, sizeof(sql), "DELETE FROM %s", tables[i]);
        assert(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
    }
}

static int64_t count(const char *table)
{
    sqlite3_stmt *statement;
    char sql[64];
    int64_t n;

    snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", table);
    assert(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
    assert(sqlite3_step(statement) == SQLITE_ROW);
    n = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return n;
}

/* ---- what may be there ----------------------------------------------------------------------- */

/* "t..." text, "b..." bytes, "i..." a number, else nothing. */
static void bind(sqlite3_stmt *statement, int at, const char *cell, size_t length)
{
    char number[24];

    if (length && cell[0] == 't') {
        sqlite3_bind_text(statement, at, cell + 1, (int)length - 1, SQLITE_TRANSIENT);
    } else if (length && cell[0] == 'b') {
        sqlite3_bind_blob(statement, at, cell + 1, (int)length - 1, SQLITE_TRANSIENT);
    } else if (length && cell[0] == 'i') {
        snprintf(number, sizeof(number), "%.*s", (int)(length - 1 < 20 ? length - 1 : 20),
                 cell + 1);
        sqlite3_bind_int64(statement, at, strtoll(number, NULL, 10));
    }
}

/* Cells with tabs between them; what the table does not take is not there. */
static void put(const char *sql, const char *line, size_t length)
{
    sqlite3_stmt *statement;
    int n;

    assert(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
    n = sqlite3_bind_parameter_count(statement);
    for (int at = 1; at <= n; at++) {
        const char *tab = length ? memchr(line, '\t', length) : NULL;
        size_t cell = tab ? (size_t)(tab - line) : length;

        bind(statement, at, line, cell);
        line += tab ? cell + 1 : cell;
        length -= tab ? cell + 1 : cell;
    }
    sqlite3_step(statement);
    sqlite3_finalize(statement);
}

static bool are_texts(json_t *records)
{
    const char *key;
    json_t *value;

    json_object_foreach(records, key, value)
    {
        if (!json_is_string(value))
            return false;
    }
    return true;
}

/* As the store's own thread does it: all or nothing, and what was written can be read. */
static void write_as_store(char what, const char *line, size_t length)
{
    static uint64_t version;
    struct err err = {.text = ""};
    autojson *value = json_read(line, length, &err);
    struct ledger_head head = {.version = ++version};
    bool is_good;

    /* What reaches the store has been looked at before. */
    if (!json_is_object(value) || (what == 'P' && !ledger_patch_is_valid(value, &err)) ||
        (what == 'R' && !are_texts(value)))
        return;
    if (what == 'P')
        json_object_set_new(value, "version", json_integer((json_int_t)version));
    assert(tables_begin(db, &err));
    is_good = (what == 'P' ? tables_patch(db, value, &err) : tables_replace(db, value, &err)) &&
              tables_set_head(db, &head, &err) && tables_commit(db, &err);
    if (!is_good) {
        assert(err.text[0]);
        tables_rollback(db);
    }
}

static void happen(const char *line, size_t length)
{
    static const char *const sql[] = {
        ['m'] = "INSERT OR REPLACE INTO meta VALUES(?,?)",
        ['r'] = "INSERT OR REPLACE INTO records VALUES(?,?)",
        ['h'] = "INSERT OR REPLACE INTO history VALUES(?,?,?,?)",
        ['s'] = "INSERT OR REPLACE INTO subjects VALUES(?,?)",
        ['p'] = "INSERT OR REPLACE INTO policies VALUES(?,?,?,?)",
        ['w'] = "INSERT OR REPLACE INTO messages VALUES(?,?)",
    };
    unsigned char what = length ? (unsigned char)line[0] : 0;

    if (what == 'P' || what == 'R')
        write_as_store((char)what, line + 1, length - 1);
    else if (what < sizeof(sql) / sizeof(sql[0]) && sql[what])
        put(sql[what], line + 1, length - 1);
}

/* ---- what must hold -------------------------------------------------------------------------- */

static void check_records(void)
{
    json_t *records = NULL;
    struct ledger_head head;
    struct err err = {.text = ""};

    if (!tables_read(db, &records, &head, &err)) {
        assert(err.text[0]);
    } else {
        const char *key;
        json_t *value;

        assert((int64_t)json_object_size(records) == count("records"));
        json_object_foreach(records, key, value)
        {
            sqlite3_stmt *statement;

            assert(sqlite3_prepare_v2(db, "SELECT value FROM records WHERE key = ?", -1, &statement,
                                      NULL) == SQLITE_OK);
            sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
            assert(sqlite3_step(statement) == SQLITE_ROW);
            assert(strcmp((const char *)sqlite3_column_text(statement, 0),
                          json_string_value(value)) == 0);
            sqlite3_finalize(statement);
        }
    }
    json_decref(records);
}

static void check_history(void)
{
    struct err err = {.text = ""};
    json_t *list = tables_history(db, 0, NULL, 1000, &err), *patch;
    int64_t before = 0;
    size_t at;

    assert(list);
    assert((int64_t)json_array_size(list) == count("history WHERE version > 0"));
    json_array_foreach(list, at, patch)
    {
        assert(json_int(patch, "version", -1) > before);
        before = json_int(patch, "version", -1);
        assert(tables_keep(db, patch, &err) || err.text[0]);
    }
    json_decref(list);
    list = tables_history(db, 0, "ocf:web", 10, &err);
    assert(list);
    json_decref(list);
}

static void check_policies(void)
{
    struct err err = {.text = ""};
    json_t *list = tables_policies(db, 0, 1000, &err), *each;
    size_t at;

    assert(list && (int64_t)json_array_size(list) == count("policies"));
    json_array_foreach(list, at, each)
    {
        int64_t version = json_int(each, "version", -1);
        json_t *policy = version ? tables_policy(db, (uint64_t)version, &err) : NULL;

        assert(json_text(each, "author", NULL) && json_text(each, "message", NULL));
        assert(!version || (policy && json_text(policy, "text", NULL)) || err.text[0]);
        json_decref(policy);
        err.text[0] = '\0';
    }
    json_decref(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const char *at = (const char *)bytes, *stop = at + length;

    begin();
    while (at < stop) {
        const char *newline = memchr(at, '\n', (size_t)(stop - at));
        const char *line_end = newline ? newline : stop;

        happen(at, (size_t)(line_end - at));
        at = line_end + 1;
    }
    check_records();
    check_policies();
    check_history();
    return 0;
}
