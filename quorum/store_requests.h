/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What people asked for, one row a request under its id. Rows of two nodes that
 * know of the same requests come to be equal, in whatever order they are told:
 * a request never changes, and of two ends the one of the higher rank stays.
 * Its place in time is when it was asked, and never behind what it led to.
 *
 * What counts are the newest REQUESTS_KEPT_MAX, and REQUESTS_MINOR_MAX of those
 * that are "minor"; what is older may be there still and is not looked at.
 */
#pragma once

#include "quorum/store_tables.h"

/* Made when it is missing: an older release does without it. */
extern const char requests_schema[];

/* Within a transaction. */
bool requests_keep(sqlite3 *db, const json_t *rows, struct err *err);
/* Oldest first; the oldest are left out where all are more than HISTORY_BYTES_MAX. */
json_t *requests_between(sqlite3 *db, const struct past *past, struct err *err);
/*
 * {"since":S,"marks":[[span,count,sum],...]}: equal marks of a span mean equal rows in it; -1 is
 * the span of all before S. since < 0: so that there are REQUESTS_SPANS_MAX others at most.
 */
json_t *requests_marks(sqlite3 *db, int64_t since, struct err *err);
/* At most past->limit rows of a span, by id, after that id; before past->from_ms if it is -1. */
json_t *requests_of_span(sqlite3 *db, int64_t span, const struct past *past, struct err *err);
