/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A store whose rows are damaged says which, loses none in silence, and spoils no other store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ha/base/json.h"
#include "quorum/store.h"
#include "quorum/store_tables.h"

static char folder[64], path[96];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/tenuto-damaged-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/tenuto.db", folder);
    return 0;
}

static int remove_folder(void **state)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    char name[128];

    (void)state;
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof(name), "%s%s", path, endings[i]);
        unlink(name);
    }
    return rmdir(folder);
}

/* Two records, two versions of the past, one policy; then what the disk did to it. */
static sqlite3 *damaged_by(const char *sql)
{
    struct err err = {{0}};
    struct ledger_head head = {.version = 2};
    autojson *first =
        json_pack("{s:i,s:i,s:{s:s,s:s}}", "version", 1, "stamp", 70, "set", "service/ocf:web",
                  "{}", "policy", "{\"version\":1,\"author\":\"jin\",\"text\":\"cluster a\"}");
    autojson *second =
        json_pack("{s:i,s:i,s:{s:s}}", "version", 2, "stamp", 80, "set", "node/a", "{}");
    sqlite3 *db = tables_open(path, &err);

    assert_non_null(db);
    assert_true(tables_patch(db, first, &err) && tables_patch(db, second, &err) &&
                tables_set_head(db, &head, &err));
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void assert_not_read(const char *sql, const char *words)
{
    sqlite3 *db = damaged_by(sql);
    json_t *records = NULL;
    struct ledger_head head;
    struct err err = {{0}};

    assert_false(tables_read(db, &records, &head, &err));
    assert_non_null(strstr(err.text, words));
    assert_non_null(strstr(err.text, "gets everything from the others"));
    json_decref(records);
    tables_close(db);
    remove_folder(NULL);
    make_folder(NULL);
}

static void a_record_that_is_no_text_is_named_and_none_is_left_out(void **state)
{
    (void)state;
    assert_not_read("UPDATE records SET value = CAST(x'ff22' AS TEXT) WHERE key = 'node/a'",
                    "the record node/a cannot be read");
    assert_not_read("UPDATE records SET value = x'7b7d' WHERE key = 'service/ocf:web'",
                    "the record service/ocf:web cannot be read");
    assert_not_read("UPDATE records SET key = CAST(x'ff' AS TEXT) WHERE key = 'node/a'",
                    "a name that is no text");
}

static void a_head_that_is_no_number_is_not_taken_for_zero(void **state)
{
    (void)state;
    assert_not_read("UPDATE meta SET value = 'two' WHERE key = 'version'", "how new its records");
    assert_not_read("DELETE FROM meta WHERE key = 'version'", "how new its records");
}

static void a_row_of_the_past_that_cannot_be_read_keeps_its_place_and_says_so(void **state)
{
    sqlite3 *db = damaged_by("UPDATE history SET patch = '{\"vers' WHERE version = 1");
    struct err err = {{0}};
    autojson *list = tables_history(db, 0, NULL, 10, &err);
    const json_t *first = json_array_get(list, 0), *second = json_array_get(list, 1);
    const json_t *change = json_array_get(json_object_get(first, "changes"), 0);

    (void)state;
    assert_int_equal(json_array_size(list), 2);
    assert_true(json_flag(first, "damaged", false));
    assert_int_equal(json_int(first, "version", 0), 1);
    assert_int_equal(json_int(first, "stamp", 0), 70);
    assert_non_null(strstr(json_text(json_object_get(change, "why"), "text", ""), "version 1"));
    assert_false(json_flag(second, "damaged", false));
    tables_close(db);
}

static void the_past_of_a_damaged_store_does_not_replace_a_whole_one(void **state)
{
    sqlite3 *db = damaged_by("SELECT 1");
    struct err err = {{0}};
    autojson *told = json_pack("[{s:i,s:b}]", "version", 1, "damaged", 1);
    struct store *store;
    json_t *list;

    (void)state;
    tables_close(db);
    store = store_open(path, &err);
    assert_non_null(store);
    assert_true(store_take_history(store, told, &err));
    store_close(store);
    store = store_open(path, &err);
    list = store_history(store, 0, NULL, 10, &err);
    assert_false(json_flag(json_array_get(list, 0), "damaged", false));
    assert_int_equal(json_int(json_array_get(list, 0), "stamp", 0), 70);
    json_decref(list);
    store_close(store);
}

static void a_policy_that_cannot_be_read_is_listed_and_its_text_refused_with_words(void **state)
{
    sqlite3 *db = damaged_by("UPDATE policies SET text = x'00ff', author = NULL");
    struct err err = {{0}};
    autojson *list = tables_policies(db, 0, 10, &err);

    (void)state;
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(json_text(json_array_get(list, 0), "author", ""), "?");
    assert_null(tables_policy(db, 1, &err));
    assert_non_null(strstr(err.text, "version 1 of the policy is damaged"));
    tables_close(db);
}

/* Pages turned to noise: sqlite says so, and so does whoever opens it. */
static void a_file_full_of_noise_is_refused_with_words(void **state)
{
    sqlite3 *db = damaged_by("SELECT 1");
    json_t *records = NULL;
    struct ledger_head head;
    struct err err = {{0}};
    char noise[4096];
    FILE *file;

    (void)state;
    memset(noise, 0x5a, sizeof(noise));
    tables_close(db);
    file = fopen(path, "r+");
    assert_non_null(file);
    for (long at = 4096; fseek(file, at, SEEK_SET) == 0 && at < 10 * 4096; at += 4096)
        assert_int_equal(fwrite(noise, 1, sizeof(noise), file), sizeof(noise));
    fclose(file);
    db = tables_open(path, &err);
    assert_true(!db || !tables_read(db, &records, &head, &err));
    assert_non_null(strstr(err.text, "malformed"));
    json_decref(records);
    tables_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_record_that_is_no_text_is_named_and_none_is_left_out),
        TEST(a_head_that_is_no_number_is_not_taken_for_zero),
        TEST(a_row_of_the_past_that_cannot_be_read_keeps_its_place_and_says_so),
        TEST(the_past_of_a_damaged_store_does_not_replace_a_whole_one),
        TEST(a_policy_that_cannot_be_read_is_listed_and_its_text_refused_with_words),
        TEST(a_file_full_of_noise_is_refused_with_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
