/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The store's table of branches; each caller has its own connection. */
#pragma once

#include <sqlite3.h>

#include "quorum/store.h"

/* Makes the table when it is missing. */
bool branches_table(sqlite3 *db, struct err *err);
/* Within a transaction: {"stamp","patches":[...]}. */
bool branches_keep(sqlite3 *db, const json_t *branch, struct err *err);
json_t *branches_read(sqlite3 *db, struct err *err);
