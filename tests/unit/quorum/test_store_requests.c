/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests in the store: equal in whatever order they come, and bounded. */
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
#include "ha/base/limits.h"
#include "quorum/store_requests.h"

static char folder[64], path[96];
static struct store *store;

static int begin(void **state)
{
    struct err err = {{0}};

    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/tenuto-store-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/tenuto.db", folder);
    store = store_open(path, &err);
    return store ? 0 : -1;
}

static int end(void **state)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    char name[128];

    (void)state;
    store_close(store);
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof(name), "%s%s", path, endings[i]);
        unlink(name);
    }
    return rmdir(folder);
}

static json_t *request(int64_t id, int64_t at)
{
    return json_pack("{s:I,s:I,s:s}", "id", (json_int_t)id, "at", (json_int_t)at, "verb", "ha arm");
}

static json_t *end_of(int64_t id, int rank, int64_t stamp, const char *words)
{
    return json_pack("{s:I,s:{s:i,s:I,s:s}}", "id", (json_int_t)id, "end", "rank", rank, "stamp",
                     (json_int_t)stamp, "words", words);
}

static void take(json_t *row)
{
    autojson *rows = json_pack("[o]", row);

    store_take_requests(store, rows);
    store_settle(store);
}

static json_t *listed(int64_t from_ms, int64_t until_ms)
{
    struct err err = {{0}};
    sqlite3 *db = tables_open(path, &err);
    json_t *rows = requests_between(
        db, &(struct past){.from_ms = from_ms, .until_ms = until_ms, .limit = 100000}, &err);

    tables_close(db);
    if (!rows)
        fail_msg("%s", err.text);
    return rows;
}

static json_t *marks(int64_t since)
{
    struct err err = {{0}};
    sqlite3 *db = tables_open(path, &err);
    json_t *marks = requests_marks(db, since, &err);

    tables_close(db);
    assert_non_null(marks);
    return marks;
}

static const char *words_of_first(void)
{
    static char words[64];
    autojson *rows = listed(0, 0);

    snprintf(words, sizeof(words), "%s",
             json_text(json_object_get(json_array_get(rows, 0), "end"), "words", ""));
    return words;
}

static void an_end_of_a_higher_rank_stays(void **state)
{
    (void)state;
    take(end_of(5, 2, 0, "too early"));
    take(request(5, 1000));
    assert_string_equal(words_of_first(), "");
    take(end_of(5, 1, 0, "no answer"));
    assert_string_equal(words_of_first(), "no answer");
    take(end_of(5, 2, 0, "done"));
    take(end_of(5, 1, 0, "no answer"));
    take(request(5, 2000));
    assert_string_equal(words_of_first(), "done");
    {
        autojson *rows = listed(0, 0);

        assert_int_equal(json_array_size(rows), 1);
        assert_int_equal(json_int(json_array_get(rows, 0), "at", 0), 1000);
    }
}

static void two_orders_come_to_the_same_marks(void **state)
{
    autojson *before = NULL, *after = NULL, *one = NULL;

    (void)state;
    take(request(5, 1000));
    one = marks(0);
    take(end_of(5, 2, 0, "a"));
    take(end_of(5, 2, 0, "b"));
    before = marks(0);
    assert_false(json_equal(one, before));
    end(NULL);
    begin(NULL);
    take(request(5, 1000));
    take(end_of(5, 2, 0, "b"));
    take(end_of(5, 2, 0, "a"));
    after = marks(0);
    assert_true(json_equal(before, after));
}

static void a_request_never_stands_behind_what_it_led_to(void **state)
{
    (void)state;
    take(request(1, 5000));
    take(end_of(1, 2, 3000, "done"));
    take(request(2, 4000));
    take(request(3, 2000));
    {
        autojson *rows = listed(0, 0), *some = listed(2500, 4000);

        assert_int_equal(json_int(json_array_get(rows, 0), "id", 0), 3);
        assert_int_equal(json_int(json_array_get(rows, 1), "id", 0), 1);
        assert_int_equal(json_int(json_array_get(rows, 1), "when", 0), 3000);
        assert_int_equal(json_int(json_array_get(rows, 2), "id", 0), 2);
        assert_int_equal(json_array_size(some), 1);
    }
}

/* Those who may not ask fill their own part, however many they are. */
static void the_newest_are_kept_and_each_kind_has_its_bound(void **state)
{
    autojson *rows = json_array(), *kept = NULL;
    int64_t n_minor = 0;
    json_t *row;
    size_t i;

    (void)state;
    for (int64_t id = 1; id <= REQUESTS_KEPT_MAX + 500; id++)
        json_array_append_new(rows, request(id, 1000 + id));
    for (int64_t id = 20001; id <= 20000 + 2 * REQUESTS_MINOR_MAX; id++) {
        row = request(id, 900000 + id);
        json_object_set_new(row, "minor", json_true());
        json_array_append_new(rows, row);
    }
    store_take_requests(store, rows);
    store_settle(store);
    kept = listed(0, 0);
    assert_int_equal(json_array_size(kept), REQUESTS_KEPT_MAX + REQUESTS_MINOR_MAX);
    assert_int_equal(json_int(json_array_get(kept, 0), "id", 0), 501);
    json_array_foreach(kept, i, row) n_minor += json_flag(row, "minor", false);
    assert_int_equal(n_minor, REQUESTS_MINOR_MAX);
    {
        struct err err = {{0}};
        sqlite3 *db = tables_open(path, &err);
        sqlite3_stmt *count = NULL;

        /* And the table does not grow far beyond it. */
        sqlite3_prepare_v2(db, "SELECT count(*) FROM requests", -1, &count, NULL);
        assert_int_equal(sqlite3_step(count), SQLITE_ROW);
        assert_in_range(sqlite3_column_int(count, 0), 0,
                        REQUESTS_KEPT_MAX + REQUESTS_MINOR_MAX + 200);
        sqlite3_finalize(count);
        tables_close(db);
    }
}

static void what_is_old_has_one_mark_for_all(void **state)
{
    autojson *rows = json_array(), *marked = NULL, *same = NULL;

    (void)state;
    for (int64_t id = 1; id <= REQUESTS_SPANS_MAX + 10; id++)
        json_array_append_new(rows, request(id, id * REQUESTS_SPAN_MS));
    store_take_requests(store, rows);
    store_settle(store);
    marked = marks(-1);
    assert_int_equal(json_int(marked, "since", 0), 11 * REQUESTS_SPAN_MS);
    assert_int_equal(json_array_size(json_object_get(marked, "marks")), REQUESTS_SPANS_MAX + 1);
    same = marks(11 * REQUESTS_SPAN_MS);
    assert_true(json_equal(marked, same));
}

/* What waits for company is no write of the member, and is not lost by closing. */
static void requests_do_not_count_as_writes_and_are_kept_over_closing(void **state)
{
    autojson *rows = json_pack("[o]", request(1, 1000)), *kept = NULL;
    struct err err = {{0}};

    (void)state;
    store_take_requests(store, rows);
    store_close(store);
    store = store_open(path, &err);
    assert_int_equal(store_written(store), 0);
    kept = listed(0, 0);
    assert_int_equal(json_array_size(kept), 1);
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(an_end_of_a_higher_rank_stays),
        STORE_TEST(two_orders_come_to_the_same_marks),
        STORE_TEST(a_request_never_stands_behind_what_it_led_to),
        STORE_TEST(the_newest_are_kept_and_each_kind_has_its_bound),
        STORE_TEST(what_is_old_has_one_mark_for_all),
        STORE_TEST(requests_do_not_count_as_writes_and_are_kept_over_closing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
