/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a release to come may do, put around this one by the linker (--wrap, in the Makefile): every
 * message, patch, record and row gets a member that nobody here knows, and there are messages,
 * records, changes and a table of kinds that nobody here knows. Nothing else is different.
 */
#include <limits.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ha/base/json.h"
#include "ha/base/text.h"
#include "quorum/history.h"
#include "quorum/member_internal.h"
#include "quorum/store.h"

#define LATER "later"
#define KIND_LATER (WIRE_KINDS + 40)
#define KEY_QUOTA "quota/web"
/* Not as we write it ourselves: it has to stay as it is, byte for byte. */
#define QUOTA "{ \"of\": 1.50,\"z\":[ ],\"a\" : \"\xc3\xa9\" }"

void *__real_wire_pack(enum wire_kind kind, uint64_t view, const json_t *body, size_t *length);
void *__wrap_wire_pack(enum wire_kind kind, uint64_t view, const json_t *body, size_t *length);
bool __real_member_tell(struct member *member, const json_t *body, struct err *err);
bool __wrap_member_tell(struct member *member, const json_t *body, struct err *err);
bool __real_member_propose(struct member *member, struct instant now, json_t *patch,
                           node_set fences, uint64_t token, struct err *err);
bool __wrap_member_propose(struct member *member, struct instant now, json_t *patch,
                           node_set fences, uint64_t token, struct err *err);
void __real_store_take_requests(struct store *store, const json_t *rows);
void __wrap_store_take_requests(struct store *store, const json_t *rows);
bool __real_store_mend(const char *path, char aside[STORE_PATH_MAX], struct err *words,
                       struct err *err);
bool __wrap_store_mend(const char *path, char aside[STORE_PATH_MAX], struct err *words,
                       struct err *err);
struct history *__real_history_open(const char *path, struct err *err);
struct history *__wrap_history_open(const char *path, struct err *err);

/* The same wherever it is put, so that it can be seen whether it is unharmed. */
static void put_later(json_t *to)
{
    if (json_is_object(to) && !json_object_get(to, LATER))
        json_object_set_new(to, LATER,
                            json_pack("{s:f,s:[s,{},n],s:s}", "ratio", 1.5, "list", "\xc3\xa9",
                                      "word", "dreaming"));
}

/* ---- messages -------------------------------------------------------------------------------- */

void *__wrap_wire_pack(enum wire_kind kind, uint64_t view, const json_t *body, size_t *length)
{
    autojson *more = json_copy((json_t *)body);

    put_later(more);
    return __real_wire_pack(kind, view, more, length);
}

/* A row of what was asked for is its asker's: who hears of it passes it on as it is. */
static void put_later_in_row(json_t *row)
{
    char self[HOST_NAME_MAX + 1] = "";

    gethostname(self, sizeof(self) - 1);
    if (strcmp(json_text(row, "node", ""), self) == 0)
        put_later(row);
}

bool __wrap_member_tell(struct member *member, const json_t *body, struct err *err)
{
    autojson *more = json_deep_copy(body);
    autojson *strange = json_pack("{s:s,s:i}", "kind", "dream", "id", 7);
    json_t *row;
    size_t at;

    put_later(more);
    put_later_in_row(json_object_get(more, "asked"));
    json_array_foreach(json_object_get(more, "rows"), at, row) put_later_in_row(row);
    if (!__real_member_tell(member, more, err))
        return false;
    member_send(member, (enum wire_kind)KIND_LATER, json_pack("[i]", 1));
    return __real_member_tell(member, strange, err);
}

/* ---- records --------------------------------------------------------------------------------- */

static void put_later_in_records(json_t *set)
{
    const char *key;
    json_t *value;

    json_object_foreach(set, key, value)
    {
        const char *text = json_string_value(value);
        autojson *record = text ? json_read(text, strlen(text), NULL) : NULL;
        char *more;

        if (!json_is_object(record))
            continue;
        put_later(record);
        put_later(json_object_get(record, "why"));
        more = json_write(record);
        json_object_set_new(set, key, json_string(more));
        free(more);
    }
}

bool __wrap_member_propose(struct member *member, struct instant now, json_t *patch,
                           node_set fences, uint64_t token, struct err *err)
{
    json_t *set = json_object_get(patch, "set"), *changes = json_object_get(patch, "changes");
    json_t *change;
    size_t at;

    put_later(patch);
    put_later(json_object_get(patch, "push"));
    put_later_in_records(set);
    json_array_foreach(changes, at, change) put_later(change);
    if (json_is_object(set) && !json_object_get(member_records(member), KEY_QUOTA)) {
        json_object_set_new(set, KEY_QUOTA, json_string(QUOTA));
        json_array_append_new(changes, json_pack("{s:s,s:s,s:s,s:{s:s,s:s}}", "quota", "web",
                                                 "from", "free", "to", "full", "why", "code",
                                                 "QUOTA_FULL", "text", "the quota of web is full"));
    }
    return __real_member_propose(member, now, patch, fences, token, err);
}

/* ---- the store ------------------------------------------------------------------------------- */

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;

    /* One that is not there yet is made by whoever opens it in earnest. */
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK)
        sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_close(db);
}

void __wrap_store_take_requests(struct store *store, const json_t *rows)
{
    json_t *row;
    size_t at;

    json_array_foreach(rows, at, row)
    {
        if (json_object_get(row, "at"))
            put_later_in_row(row);
    }
    __real_store_take_requests(store, rows);
}

/* A later major knows this one's format, and leaves its own. */
bool __wrap_store_mend(const char *path, char aside[STORE_PATH_MAX], struct err *words,
                       struct err *err)
{
    if (NEWER_IS_MAJOR)
        run_sql(path, "PRAGMA user_version = 1");
    return __real_store_mend(path, aside, words, err);
}

/* The last to open the file. */
struct history *__wrap_history_open(const char *path, struct err *err)
{
    struct history *history = __real_history_open(path, err);

    run_sql(path, "CREATE TABLE IF NOT EXISTS quotas(name TEXT PRIMARY KEY, much INTEGER);"
                  "INSERT OR REPLACE INTO quotas VALUES('web', 7)");
    if (NEWER_IS_MAJOR)
        run_sql(path, "PRAGMA user_version = 2");
    return history;
}
