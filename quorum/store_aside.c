/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A damaged store is found when it is opened, and makes room for an empty one; see store.h. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "ha/base/text.h"
#include "quorum/store_tables.h"

/* What is where: no database at all is none that is damaged. */
static bool is_whole(const char *path, bool *is_damaged, struct err *err)
{
    sqlite3 *db = tables_try(path, is_damaged, err);
    bool is_good = db && tables_check(db, is_damaged, err);

    tables_close(db);
    return is_good;
}

/* With what sqlite keeps beside it, which belongs to no other file. */
static bool move_aside(const char *path, const char *aside, struct err *err)
{
    static const char *const endings[] = {"-wal", "-shm", ""};
    char from[STORE_PATH_MAX + 8], to[STORE_PATH_MAX + 8];

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        snprintf(from, sizeof(from), "%s%s", path, endings[i]);
        snprintf(to, sizeof(to), "%s%s", aside, endings[i]);
        if (access(from, F_OK) == 0 && rename(from, to) != 0)
            return err_set(err, "cannot move the damaged %.200s aside: %m", from);
    }
    return true;
}

/* Empty, and says so itself until it is filled: whoever opens it next knows as much as we do. */
static bool begin_lost(const char *path, struct err *err)
{
    sqlite3 *db = tables_open(path, err);
    bool is_good = db && tables_begin(db, err) &&
                   tables_set_head(db, &(struct ledger_head){.is_lost = true}, err) &&
                   tables_commit(db, err);

    tables_close(db);
    return is_good;
}

bool store_mend(const char *path, char aside[STORE_PATH_MAX], struct err *words, struct err *err)
{
    bool is_damaged = false;
    int length;

    aside[0] = '\0';
    if (is_whole(path, &is_damaged, words))
        return true;
    if (!is_damaged)
        return err_set(err, "%s", words->text);
    length = snprintf(aside, STORE_PATH_MAX, "%s.damaged-%lld", path, (long long)time(NULL));
    if (length < 0 || length >= STORE_PATH_MAX)
        return err_set(err, "%s; its path is too long to move it aside", words->text);
    return move_aside(path, aside, err) && begin_lost(path, err);
}
