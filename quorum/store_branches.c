/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was in force here and the others went on without: kept for people to read; see store.h. */
#include "quorum/store_branches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ha/base/json.h"
#include "ha/base/limits.h"

#define KEY_POLICY "policy"

static bool fail(sqlite3 *db, struct err *err)
{
    return err_set(err, "the store: branches: %s", sqlite3_errmsg(db));
}

/* An older release leaves the table alone. */
bool branches_table(sqlite3 *db, struct err *err)
{
    static const char sql[] = "CREATE TABLE IF NOT EXISTS branches(id INTEGER PRIMARY KEY,"
                              " branch TEXT NOT NULL)";

    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK || fail(db, err);
}

bool branches_keep(sqlite3 *db, const json_t *branch, struct err *err)
{
    char forget[96], *text = json_write(branch);
    sqlite3_stmt *statement = NULL;
    bool is_good;

    snprintf(forget, sizeof(forget),
             "DELETE FROM branches WHERE id <= (SELECT max(id) FROM branches) - %d",
             BRANCHES_KEPT_MAX);
    is_good = sqlite3_prepare_v2(db, "INSERT INTO branches(branch) VALUES(?)", -1, &statement,
                                 NULL) == SQLITE_OK &&
              sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC) == SQLITE_OK &&
              sqlite3_step(statement) == SQLITE_DONE;
    sqlite3_finalize(statement);
    free(text);
    return (is_good && sqlite3_exec(db, forget, NULL, NULL, NULL) == SQLITE_OK) || fail(db, err);
}

json_t *store_branch_of(const json_t *patches, int64_t stamp)
{
    const json_t *first = json_array_get(patches, 0);
    const json_t *last = json_array_get(patches, json_array_size(patches) - 1);
    json_t *policies = json_array(), *patch;
    size_t at;

    json_array_foreach(patches, at, patch)
    {
        const char *record = json_text(json_object_get(patch, "set"), KEY_POLICY, NULL);
        json_t *policy = record ? json_read(record, strlen(record), NULL) : NULL;

        if (policy)
            json_array_append_new(policies, policy);
    }
    return json_pack("{s:I, s:I, s:I, s:o}", "first", (json_int_t)json_int(first, "version", 0),
                     "last", (json_int_t)json_int(last, "version", 0), "stamp", (json_int_t)stamp,
                     "policies", policies);
}

json_t *branches_read(sqlite3 *db, struct err *err)
{
    sqlite3_stmt *statement = NULL;
    json_t *list = json_array();
    int result = SQLITE_ERROR;

    if (sqlite3_prepare_v2(db, "SELECT branch FROM branches ORDER BY id DESC", -1, &statement,
                           NULL) != SQLITE_OK)
        statement = NULL;
    while (statement && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        autojson *branch = json_read(text, strlen(text), NULL);

        if (branch)
            json_array_append_new(list, store_branch_of(json_object_get(branch, "patches"),
                                                        json_int(branch, "stamp", 0)));
    }
    sqlite3_finalize(statement);
    if (result == SQLITE_DONE)
        return list;
    json_decref(list);
    fail(db, err);
    return NULL;
}
