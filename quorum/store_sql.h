/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files that hold the store's SQL share; for nobody else. */
#pragma once

#include <jansson.h>
#include <sqlite3.h>

#include "ha/base/err.h"

/* false, and the database's own words. */
bool sql_fail(sqlite3 *db, const char *what, struct err *err);
bool sql_run(sqlite3 *db, const char *sql, struct err *err);
/* One that sql_finish has ended is used again; who reads ends it with sqlite3_finalize. */
sqlite3_stmt *sql_prepare(sqlite3 *db, const char *sql, struct err *err);
/* Runs to the end; the statement stays with its connection. */
bool sql_finish(sqlite3 *db, sqlite3_stmt *statement, struct err *err);
/* One statement with one number or two. */
bool sql_finish_words(sqlite3 *db, const char *sql, int64_t first, int64_t second, struct err *err);
/* A column as text: NULL where it is damaged, or what to say instead. */
json_t *sql_text_of(sqlite3_stmt *row, int column);
json_t *sql_text_or(sqlite3_stmt *row, int column, const char *fallback);

/* store_policies.c, within a transaction. A record of the policy, read: */
bool policies_keep(sqlite3 *db, const json_t *policy, struct err *err);
/* The text of one that a patch sets; lets old ones go. */
bool policies_keep_newest(sqlite3 *db, const char *record, struct err *err);
/* What a patch says became of versions. */
bool policies_keep_outcomes(sqlite3 *db, const json_t *patch, struct err *err);
