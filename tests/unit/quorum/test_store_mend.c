/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A byte that turns anywhere in a store's file: what is read is what was written, or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ha/base/json.h"
#include "quorum/store.h"
#include "quorum/store_tables.h"

/* Every byte of the file's head, then this many apart: no page and no kind of cell is left out. */
#define DENSE 128
#define STEP 61
#define N_PATCHES 40

static char folder[64], path[96];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/tenuto-mend-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/tenuto.db", folder);
    return 0;
}

static int empty_folder(void)
{
    DIR *opened = opendir(folder);
    struct dirent *entry;
    int n_aside = 0;

    while (opened && (entry = readdir(opened)) != NULL) {
        char name[512];

        n_aside += strstr(entry->d_name, ".damaged-") && !strstr(entry->d_name, "-wal") &&
                   !strstr(entry->d_name, "-shm");
        snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
        unlink(name); /* fails for "." and ".." */
    }
    closedir(opened);
    return n_aside;
}

static int remove_folder(void **state)
{
    (void)state;
    empty_folder();
    return rmdir(folder);
}

static json_t *policy_of_version(int version)
{
    char text[600];

    memset(text, 'a' + version % 26, sizeof(text));
    text[sizeof(text) - 1] = '\0';
    return json_pack("{s:i,s:s,s:s,s:i}", "version", version, "author", "jin", "text", text,
                     "stamp", 70);
}

static void write_store(void)
{
    struct err err = {{0}};
    struct ledger_head head = {.epoch = {8, 1}, .version = N_PATCHES, .hash = 77};
    sqlite3 *db = tables_open(path, &err);

    assert_non_null(db);
    assert_true(tables_begin(db, &err));
    for (int i = 1; i <= N_PATCHES; i++) {
        autojson *policy = policy_of_version(i);
        char *text = json_write(policy), key[32];
        json_t *patch;

        snprintf(key, sizeof(key), "service/ocf:web%d", i);
        patch = json_pack("{s:i,s:i,s:{s:s,s:s},s:[{s:s}]}", "version", i, "stamp", 70, "set", key,
                          "{\"state\":\"started\"}", "policy", text, "changes", "service", key);
        assert_true(tables_patch(db, patch, &err));
        json_decref(patch);
        free(text);
    }
    assert_true(tables_set_head(db, &head, &err) && tables_commit(db, &err));
    tables_close(db);
}

static unsigned char *read_file(size_t *length)
{
    unsigned char *bytes = malloc(1 << 20);
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    *length = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    assert_in_range(*length, 8 * 4096, (1 << 20) - 1);
    return bytes;
}

static void write_file(const unsigned char *bytes, size_t length)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

/* Versions and policies that are told are those that were written. */
static void check_past(sqlite3 *db)
{
    struct err err = {{0}};

    for (int i = 1; i <= N_PATCHES; i++) {
        autojson *told = tables_policy(db, (uint64_t)i, &err), *written = policy_of_version(i);

        if (told)
            assert_string_equal(json_text(told, "text", ""), json_text(written, "text", ""));
    }
}

/* 1: whole, 0: moved aside and empty, -1: refused with words. */
static int look(const json_t *written)
{
    struct err words = {{0}}, err = {{0}};
    char aside[STORE_PATH_MAX];
    autojson *records = NULL;
    struct ledger_head head;
    sqlite3 *db;

    if (!store_mend(path, aside, &words, &err)) {
        assert_string_not_equal(err.text, "");
        return -1;
    }
    db = tables_open(path, &err);
    if (!db)
        fail_msg("%s", err.text);
    assert_true(tables_read(db, &records, &head, &err));
    if (aside[0]) {
        assert_string_not_equal(words.text, "");
        assert_int_equal(access(aside, F_OK), 0);
        assert_true(head.is_lost && head.version == 0 && json_object_size(records) == 0);
    } else {
        assert_true(!head.is_lost && head.version == N_PATCHES && head.hash == 77);
        assert_true(json_equal(records, written));
        check_past(db);
    }
    tables_close(db);
    return !aside[0];
}

static void no_byte_that_turns_is_taken_for_what_was_written(void **state)
{
    struct err err = {{0}};
    json_t *written = NULL;
    struct ledger_head head;
    int n[3] = {0};
    size_t length;
    unsigned char *bytes;
    sqlite3 *db;

    (void)state;
    write_store();
    db = tables_open(path, &err);
    assert_true(tables_read(db, &written, &head, &err));
    tables_close(db);
    assert_int_equal(look(written), 1);
    bytes = read_file(&length);
    for (size_t at = 0; at < length; at += at < DENSE || at % 4096 < 24 ? 1 : STEP) {
        int seen, n_aside;

        bytes[at] ^= 0x24;
        write_file(bytes, length);
        seen = look(written);
        n[seen + 1]++;
        bytes[at] ^= 0x24;
        n_aside = empty_folder();
        assert_int_equal(n_aside, seen == 0);
    }
    /* Not all bytes mean something; most do, and few are refused without being moved. */
    assert_true(n[1] > 100 && n[2] > 100 && n[0] < 40);
    json_decref(written);
    free(bytes);
}

static void damage(const char *sql)
{
    struct err err = {{0}};
    sqlite3 *db = tables_open(path, &err);

    assert_non_null(db);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    tables_close(db);
}

static void a_text_that_is_another_text_is_seen(void **state)
{
    static const char *const sql[] = {
        "UPDATE records SET value = replace(value, 'started', 'stopped') WHERE key LIKE '%web7'",
        "UPDATE records SET key = 'service/ocf:wec' WHERE key LIKE '%web7'",
        "UPDATE records_sums SET key = 'service/ocf:wec' WHERE key LIKE '%web7'",
        "UPDATE meta SET value = value + 1 WHERE key = 'epoch'",
        "UPDATE meta SET value = 0 WHERE key = 'promised' OR key = 'version'",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(sql) / sizeof(sql[0]); i++) {
        write_store();
        damage(sql[i]);
        assert_int_equal(look(NULL), 0);
        assert_int_equal(empty_folder(), 1);
    }
}

static void a_damaged_policy_or_patch_is_not_told_and_the_store_goes_on(void **state)
{
    struct err err = {{0}};
    char aside[STORE_PATH_MAX];
    autojson *past = NULL;
    sqlite3 *db;

    (void)state;
    write_store();
    damage("UPDATE policies SET text = replace(text, 'c', 'd') WHERE version = 2;"
           "UPDATE history SET patch = replace(patch, 'web9', 'web8') WHERE version = 9");
    assert_true(store_mend(path, aside, &err, &err));
    assert_string_equal(aside, "");
    db = tables_open(path, &err);
    assert_null(tables_policy(db, 2, &err));
    assert_non_null(strstr(err.text, "version 2 of the policy is damaged"));
    past = tables_history(db, 8, NULL, 100, &err);
    assert_true(json_flag(json_array_get(past, 0), "damaged", false));
    assert_false(json_flag(json_array_get(past, 1), "damaged", false));
    tables_close(db);
}

/* As a release without sums writes: its rows have none, and none that is stale is left. */
static void rows_that_an_older_release_wrote_are_whole(void **state)
{
    struct err err = {{0}};
    autojson *records = NULL;
    struct ledger_head head;
    char aside[STORE_PATH_MAX];
    sqlite3 *db;

    (void)state;
    write_store();
    damage("INSERT OR REPLACE INTO records VALUES('service/ocf:web3', '{}');"
           "DELETE FROM records WHERE key = 'service/ocf:web4';"
           "INSERT OR REPLACE INTO meta VALUES('epoch', 9), ('version', 41), ('hash', 5)");
    assert_true(store_mend(path, aside, &err, &err));
    assert_string_equal(aside, "");
    db = tables_open(path, &err);
    assert_true(tables_read(db, &records, &head, &err));
    assert_int_equal(head.version, 41);
    assert_string_equal(json_text(records, "service/ocf:web3", ""), "{}");
    tables_close(db);
}

/* It was away for longer than the others tell of: what only it had is not taken for theirs. */
static void a_version_that_was_pending_here_is_not_kept_when_the_others_went_on(void **state)
{
    struct err err = {{0}};
    autojson *theirs = policy_of_version(N_PATCHES + 5), *all = NULL, *told = NULL;
    char *text = json_write(theirs);
    sqlite3 *db;

    (void)state;
    write_store();
    all = json_pack("{s:s}", "policy", text);
    free(text);
    db = tables_open(path, &err);
    assert_true(tables_begin(db, &err) && tables_replace(db, all, &err) && tables_commit(db, &err));
    assert_null(tables_policy(db, N_PATCHES, &err));
    assert_string_equal(err.text, "");
    told = tables_policy(db, N_PATCHES + 5, &err);
    assert_string_equal(json_text(told, "text", ""), json_text(theirs, "text", "?"));
    json_decref(told);
    told = tables_policy(db, N_PATCHES - 1, &err);
    assert_non_null(told);
    tables_close(db);
}

static void somebody_elses_database_is_left_where_it_is(void **state)
{
    struct err words = {{0}}, err = {{0}};
    char aside[STORE_PATH_MAX];
    sqlite3 *db = NULL;

    (void)state;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE cats(name)", NULL, NULL, NULL), SQLITE_OK);
    tables_close(db);
    assert_false(store_mend(path, aside, &words, &err));
    assert_non_null(strstr(err.text, "not a database of tenuto"));
    assert_int_equal(access(path, F_OK), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_byte_that_turns_is_taken_for_what_was_written),
        TEST(a_text_that_is_another_text_is_seen),
        TEST(a_damaged_policy_or_patch_is_not_told_and_the_store_goes_on),
        TEST(rows_that_an_older_release_wrote_are_whole),
        TEST(a_version_that_was_pending_here_is_not_kept_when_the_others_went_on),
        TEST(somebody_elses_database_is_left_where_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
