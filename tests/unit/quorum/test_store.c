/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a node remembers: over a restart, over a kill in the middle of a write, and what it
 * refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ha/base/arena.h"
#include "ha/base/json.h"
#include "quorum/store.h"

static char folder[64], path[96];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/tenuto-store-XXXXXX");
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

static struct store *open_store(void)
{
    struct err err = {{0}};
    struct store *store = store_open(path, &err);

    if (!store)
        fail_msg("%s", err.text);
    return store;
}

static void wait_for(struct store *store, uint64_t n_written)
{
    while (store_written(store) < n_written) {
        struct pollfd poll_fd = {store_fd(store), POLLIN, 0};

        assert_int_equal(poll(&poll_fd, 1, 60000), 1);
        assert_false(store_failed(store, NULL));
    }
}

static struct ledger_head head_of(uint64_t version)
{
    return (struct ledger_head){.epoch = {8, 1}, .version = version, .hash = 1000 + version};
}

static void write_patch(struct store *store, uint64_t version, json_t *patch)
{
    struct ledger_head head = head_of(version);

    json_object_set_new(patch, "version", json_integer((json_int_t)version));
    store_write(store, patch, NULL, &head);
    json_decref(patch);
}

static json_t *about(const char *key, const char *text, const char *service)
{
    return json_pack("{s:{s:s}, s:[{s:s, s:s}], s:i}", "set", key, text, "changes", "service",
                     service, "node", "alpha", "stamp", 5);
}

static void a_store_that_is_opened_again_has_what_was_written(void **state)
{
    struct store *store = open_store();
    struct ledger_head head;
    json_t *records;

    (void)state;
    write_patch(store, 1, about("a", "1", "vm:1"));
    write_patch(store, 2, about("b", "2", "vm:2"));
    write_patch(store, 3, json_pack("{s:{s:s}, s:[s]}", "set", "b", "3", "delete", "a"));
    wait_for(store, 3);
    store_close(store);
    store = open_store();
    assert_true(store_read(store, &records, &head, NULL));
    assert_int_equal(json_object_size(records), 1);
    assert_string_equal(json_text(records, "b", ""), "3");
    assert_int_equal(head.version, 3);
    assert_int_equal(head.hash, 1003);
    assert_int_equal(head.epoch.seq, 8);
    assert_int_equal(head.epoch.node, 1);
    assert_int_equal(store_written(store), 0);
    json_decref(records);
    store_close(store);
}

static void closing_writes_what_is_queued(void **state)
{
    struct store *store = open_store();
    struct ledger_head head;
    json_t *records;

    (void)state;
    for (uint64_t version = 1; version <= 200; version++)
        write_patch(store, version, about("a", "x", "vm:1"));
    store_close(store);
    store = open_store();
    assert_true(store_read(store, &records, &head, NULL));
    assert_int_equal(head.version, 200);
    json_decref(records);
    store_close(store);
}

static void a_patch_without_content_moves_the_head_only(void **state)
{
    struct store *store = open_store();
    struct ledger_head head = head_of(1);
    json_t *nothing = json_object(), *records, *history;

    (void)state;
    write_patch(store, 1, about("a", "1", "vm:1"));
    head.epoch.seq = 12;
    store_write(store, nothing, NULL, &head);
    wait_for(store, 2);
    assert_true(store_read(store, &records, &head, NULL));
    assert_int_equal(head.epoch.seq, 12);
    assert_int_equal(json_object_size(records), 1);
    history = store_history(store, 0, NULL, 10, NULL);
    assert_int_equal(json_array_size(history), 1);
    json_decref(history);
    json_decref(records);
    json_decref(nothing);
    store_close(store);
}

static void all_records_replace_what_was_there(void **state)
{
    struct store *store = open_store();
    struct ledger_head head = head_of(7);
    json_t *all = json_pack("{s:s}", "only", "this"), *records, *history;

    (void)state;
    write_patch(store, 8, about("a", "1", "vm:1"));
    store_write(store, NULL, all, &head);
    json_object_set_new(all, "late", json_string("not copied"));
    wait_for(store, 2);
    assert_true(store_read(store, &records, &head, NULL));
    assert_int_equal(json_object_size(records), 1);
    assert_string_equal(json_text(records, "only", ""), "this");
    /* What came after that head happened on this node alone. */
    history = store_history(store, 0, NULL, 10, NULL);
    assert_int_equal(json_array_size(history), 0);
    json_decref(history);
    json_decref(records);
    json_decref(all);
    store_close(store);
}

static void history_is_asked_by_subject_newest_last(void **state)
{
    struct store *store = open_store();
    json_t *history;

    (void)state;
    for (uint64_t version = 1; version <= 6; version++)
        write_patch(store, version, about("a", "1", version % 2 ? "vm:1" : "vm:2"));
    wait_for(store, 6);
    history = store_history(store, 1, "vm:1", 10, NULL);
    assert_int_equal(json_array_size(history), 2);
    assert_int_equal(json_int(json_array_get(history, 0), "version", 0), 3);
    assert_int_equal(json_int(json_array_get(history, 1), "version", 0), 5);
    json_decref(history);
    history = store_history(store, 0, "alpha", 4, NULL);
    assert_int_equal(json_array_size(history), 4);
    assert_int_equal(json_int(json_array_get(history, 3), "version", 0), 6);
    json_decref(history);
    store_close(store);
}

static void history_is_bounded(void **state)
{
    struct store *store = open_store();
    uint64_t last = EVENTS_KEPT_MAX + 512;
    json_t *history;

    (void)state;
    for (uint64_t version = last - 600; version <= last; version++)
        write_patch(store, version, about("a", "1", "vm:1"));
    write_patch(store, 3, about("a", "1", "vm:1"));
    write_patch(store, last - last % 256 + 256, about("a", "1", "vm:1"));
    wait_for(store, 603);
    history = store_history(store, 0, NULL, 1, NULL);
    assert_int_equal(json_array_size(history), 1);
    json_decref(history);
    history = store_history(store, 0, NULL, EVENTS_KEPT_MAX, NULL);
    assert_true(json_int(json_array_get(history, 0), "version", 0) > 3);
    json_decref(history);
    store_close(store);
}

/* Few patches may be long ones, of clusters with thousands of services. */
static void history_is_bounded_in_bytes(void **state)
{
    struct store *store = open_store();
    char *words = xcalloc(1, HISTORY_BYTES_MAX / 4);
    json_t *history;

    (void)state;
    memset(words, 'x', HISTORY_BYTES_MAX / 4 - 1);
    for (uint64_t version = 1; version <= 6; version++)
        write_patch(store, version, about("a", words, "vm:1"));
    wait_for(store, 6);
    history = store_history(store, 0, NULL, 10, NULL);
    assert_int_equal(json_array_size(history), 3);
    assert_int_equal(json_int(json_array_get(history, 2), "version", 0), 6);
    json_decref(history);
    free(words);
    store_close(store);
}

static void every_policy_text_is_kept_by_its_version(void **state)
{
    struct store *store = open_store();
    json_t *policy, *past;

    (void)state;
    assert_null(store_policy(store, 0, NULL));
    write_patch(
        store, 1,
        about("policy", "{\"version\":1,\"author\":\"ann\",\"stamp\":9,\"text\":\"old\"}", "vm:1"));
    write_patch(store, 2,
                about("policy", "{\"version\":2,\"author\":\"bob\",\"stamp\":10,\"text\":\"new\"}",
                      "vm:1"));
    past = json_pack("[{s:i, s:{s:s}}]", "version", 40, "set", "policy",
                     "{\"version\":3,\"author\":\"cleo\",\"stamp\":11,\"text\":\"told\"}");
    assert_true(store_take_history(store, past, NULL));
    write_patch(store, 41, about("a", "1", "vm:1"));
    wait_for(store, 3);
    policy = store_policy(store, 1, NULL);
    assert_string_equal(json_text(policy, "author", ""), "ann");
    assert_string_equal(json_text(policy, "text", ""), "old");
    json_decref(policy);
    policy = store_policy(store, 0, NULL);
    assert_int_equal(json_int(policy, "version", 0), 3);
    assert_string_equal(json_text(policy, "text", ""), "told");
    json_decref(policy);
    json_decref(past);
    store_close(store);
}

static void what_was_said_of_a_policy_is_kept_beside_it(void **state)
{
    struct store *store = open_store();
    struct err err = {{0}};
    json_t *policy;
    sqlite3 *db;

    (void)state;
    write_patch(store, 1,
                about("policy",
                      "{\"version\":1,\"author\":\"ann\",\"stamp\":9,\"message\":\"more "
                      "memory\",\"text\":\"old\"}",
                      "vm:1"));
    write_patch(store, 2, about("policy", "{\"version\":2,\"text\":\"new\"}", "vm:1"));
    wait_for(store, 2);
    policy = store_policy(store, 1, NULL);
    assert_string_equal(json_text(policy, "message", ""), "more memory");
    json_decref(policy);
    policy = store_policy(store, 2, NULL);
    assert_string_equal(json_text(policy, "message", "none"), "");
    json_decref(policy);
    store_close(store);

    /* As an older release left it: what it did not keep is not there, the rest is. */
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DROP TABLE messages", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    store = open_store();
    policy = store_policy(store, 1, &err);
    assert_string_equal(json_text(policy, "text", ""), "old");
    assert_string_equal(json_text(policy, "message", "none"), "");
    json_decref(policy);
    store_close(store);
}

static void set_policy(struct store *store, uint64_t at, int version, const char *text)
{
    autojson *policy = json_pack("{s:i,s:s}", "version", version, "text", text);
    char *record = json_write(policy);

    write_patch(store, at, about("policy", record, "vm:1"));
    free(record);
}

static void expect_outcome(struct store *store, uint64_t version, const char *code)
{
    autojson *policy = store_policy(store, version, NULL);

    assert_non_null(policy);
    assert_string_equal(json_text(policy, "outcome", "none"), code);
}

static void what_became_of_a_policy_is_kept_beside_it(void **state)
{
    struct store *store = open_store();

    (void)state;
    set_policy(store, 1, 1, "one");
    set_policy(store, 2, 2, "two");
    write_patch(store, 3,
                json_pack("{s:{},s:[{s:i,s:{s:s,s:s}}]}", "set", "changes", "policy", 2, "why",
                          "code", "CONFIRMED", "text", "ann confirmed version 2"));
    write_patch(store, 4,
                json_pack("{s:{},s:[{s:i,s:{s:s}}]}", "set", "changes", "policy", 1, "why", "code",
                          "PUSHED"));
    wait_for(store, 4);
    expect_outcome(store, 1, "");
    expect_outcome(store, 2, "CONFIRMED");
    /* Another of that number, whose branch won: nobody has confirmed that one. */
    set_policy(store, 5, 2, "another two");
    wait_for(store, 5);
    expect_outcome(store, 2, "");
    store_close(store);
}

static void an_older_version_that_another_member_knows_is_taken(void **state)
{
    struct store *store = open_store();
    autojson *told = json_pack("{s:i,s:s,s:i,s:s,s:s,s:s,s:s}", "version", 3, "author", "ann",
                               "stamp", 7, "text", "three", "message", "more", "outcome",
                               "confirmed", "why", "ann confirmed version 3");
    autojson *ours = json_pack("{s:i,s:s}", "version", 4, "text", "not ours");
    json_t *policy;

    (void)state;
    set_policy(store, 1, 4, "four");
    store_take_policy(store, told);
    store_take_policy(store, ours);
    write_patch(store, 2, about("a", "1", "vm:1"));
    wait_for(store, 2);
    policy = store_policy(store, 3, NULL);
    assert_string_equal(json_text(policy, "text", ""), "three");
    assert_string_equal(json_text(policy, "message", ""), "more");
    assert_string_equal(json_text(policy, "outcome", ""), "confirmed");
    json_decref(policy);
    policy = store_policy(store, 4, NULL);
    assert_string_equal(json_text(policy, "text", ""), "four");
    json_decref(policy);
    store_close(store);
}

static void only_so_many_versions_are_kept(void **state)
{
    struct store *store = open_store();
    json_t *policy;

    (void)state;
    set_policy(store, 1, 1, "one");
    set_policy(store, 2, 2, "two");
    /* The 1,000 newest of them, counted each time that some have come. */
    set_policy(store, 3, POLICIES_KEPT_MAX + 8, "far");
    wait_for(store, 3);
    policy = store_policy(store, 2, NULL);
    assert_null(policy);
    policy = store_policy(store, POLICIES_KEPT_MAX + 8, NULL);
    assert_string_equal(json_text(policy, "text", ""), "far");
    json_decref(policy);
    store_close(store);
}

static void large_versions_are_kept_as_far_as_there_is_room(void **state)
{
    static const char sql[] =
        "PRAGMA synchronous = OFF; WITH RECURSIVE at(n) AS (VALUES(12) UNION ALL SELECT n + 1"
        " FROM at WHERE n < 31) INSERT INTO policies SELECT n, 'ann', 0, zeroblob(4194304) FROM at";
    struct store *store = open_store();
    sqlite3 *db;
    int n_kept = 0;

    (void)state;
    store_close(store);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    store = open_store();
    set_policy(store, 1, 32, "x");
    wait_for(store, 1);
    for (int version = 12; version <= 32; version++) {
        char text[64];
        sqlite3_stmt *row;

        snprintf(text, sizeof(text), "SELECT 1 FROM policies WHERE version = %d", version);
        assert_int_equal(sqlite3_prepare_v2(db, text, -1, &row, NULL), SQLITE_OK);
        n_kept += sqlite3_step(row) == SQLITE_ROW;
        sqlite3_finalize(row);
        /* The newest ones, without a gap. */
        assert_int_equal(n_kept, version > 16 ? version - 16 : 0);
    }
    sqlite3_close(db);
    store_close(store);
}

static void a_file_that_is_no_database_of_ours_is_refused_with_words(void **state)
{
    FILE *file = fopen(path, "w");
    struct err err = {{0}};
    sqlite3 *db;

    (void)state;
    fputs("this is a letter to somebody, and it is long enough to be looked at", file);
    fclose(file);
    assert_null(store_open(path, &err));
    assert_non_null(strstr(err.text, "not a database"));
    unlink(path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_exec(db, "CREATE TABLE cats(name TEXT)", NULL, NULL, NULL);
    sqlite3_close(db);
    assert_null(store_open(path, &err));
    assert_non_null(strstr(err.text, "is not a database of tenuto"));
    unlink(path);
    assert_null(store_open("/nonexistent/folder/tenuto.db", &err));
    assert_non_null(strstr(err.text, "cannot open"));
}

static void a_database_of_a_later_release_is_refused_with_words(void **state)
{
    struct err err = {{0}}, words = {{0}};
    char aside[STORE_PATH_MAX];
    sqlite3 *db;

    (void)state;
    store_close(open_store());
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL);
    sqlite3_close(db);
    assert_null(store_open(path, &err));
    assert_non_null(strstr(err.text, "format 99"));
    assert_non_null(strstr(err.text, "install the newer release again"));
    /* It is not damaged: it stays where it is. */
    err.text[0] = '\0';
    assert_false(store_mend(path, aside, &words, &err));
    assert_non_null(strstr(err.text, "format 99"));
    assert_int_equal(access(path, F_OK), 0);
}

static void a_write_that_fails_is_told_and_nothing_is_written_after_it(void **state)
{
    struct store *store = open_store();
    struct err err = {{0}};
    struct pollfd poll_fd = {store_fd(store), POLLIN, 0};
    sqlite3 *db;

    (void)state;
    write_patch(store, 1, about("a", "1", "vm:1"));
    wait_for(store, 1);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_exec(db, "DROP TABLE records", NULL, NULL, NULL);
    write_patch(store, 2, about("a", "2", "vm:1"));
    assert_int_equal(poll(&poll_fd, 1, 60000), 1);
    assert_int_equal(store_written(store), 1);
    assert_true(store_failed(store, &err));
    assert_non_null(strstr(err.text, "no such table"));
    sqlite3_close(db);
    store_close(store);
}

/* A child writes and says how far the store says it is; then it is killed. */
static void write_until_killed(int tell)
{
    struct store *store = store_open(path, NULL);
    uint64_t version = 0;

    for (;;) {
        uint64_t written;

        if (version < store_written(store) + 20) {
            version++;
            write_patch(store, version, about("a", version % 2 ? "odd" : "even", "vm:1"));
        }
        written = store_written(store);
        if (write(tell, &written, sizeof(written)) != sizeof(written))
            _exit(1);
    }
}

static void a_kill_in_the_middle_of_a_write_loses_nothing_that_was_told(void **state)
{
    (void)state;
    for (int round = 0; round < 8; round++) {
        int pipe_fds[2], status;
        uint64_t written = 0, last = 0;
        struct ledger_head head;
        struct store *store;
        json_t *records;
        pid_t child;

        assert_int_equal(pipe(pipe_fds), 0);
        child = fork();
        if (child == 0)
            write_until_killed(pipe_fds[1]);
        close(pipe_fds[1]);
        while (last < (uint64_t)(5 + 7 * round) &&
               read(pipe_fds[0], &written, sizeof(written)) == sizeof(written))
            last = written;
        kill(child, SIGKILL);
        while (read(pipe_fds[0], &written, sizeof(written)) == sizeof(written))
            last = written;
        close(pipe_fds[0]);
        waitpid(child, &status, 0);
        store = open_store();
        assert_true(store_read(store, &records, &head, NULL));
        assert_true(head.version >= last);
        assert_string_equal(json_text(records, "a", ""), head.version % 2 ? "odd" : "even");
        assert_int_equal(head.hash, 1000 + head.version);
        json_decref(records);
        store_close(store);
        unlink(path);
    }
}

static void branches_are_kept_with_their_policies_and_the_oldest_go(void **state)
{
    struct store *store = open_store();
    json_t *branches;

    (void)state;
    for (int i = 0; i < BRANCHES_KEPT_MAX + 2; i++) {
        json_t *patches = json_pack("[{s:i, s:{s:s}}, {s:i}]", "version", 7 + i, "set", "policy",
                                    "{\"version\": 7, \"author\": \"anna\", \"text\": \"node a\"}",
                                    "version", 9 + i);

        store_keep_branch(store, patches, 1000 + i);
        json_decref(patches);
    }
    store_close(store);
    store = open_store();
    branches = store_branches(store, NULL);
    assert_int_equal(json_array_size(branches), BRANCHES_KEPT_MAX);
    assert_int_equal(json_int(json_array_get(branches, 0), "first", 0), 7 + BRANCHES_KEPT_MAX + 1);
    assert_int_equal(json_int(json_array_get(branches, 0), "last", 0), 9 + BRANCHES_KEPT_MAX + 1);
    assert_int_equal(json_int(json_array_get(branches, 0), "stamp", 0),
                     1000 + BRANCHES_KEPT_MAX + 1);
    assert_string_equal(
        json_text(json_array_get(json_object_get(json_array_get(branches, 0), "policies"), 0),
                  "text", ""),
        "node a");
    json_decref(branches);
    store_close(store);
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_store_that_is_opened_again_has_what_was_written),
        STORE_TEST(closing_writes_what_is_queued),
        STORE_TEST(a_patch_without_content_moves_the_head_only),
        STORE_TEST(all_records_replace_what_was_there),
        STORE_TEST(history_is_asked_by_subject_newest_last),
        STORE_TEST(history_is_bounded),
        STORE_TEST(history_is_bounded_in_bytes),
        STORE_TEST(every_policy_text_is_kept_by_its_version),
        STORE_TEST(branches_are_kept_with_their_policies_and_the_oldest_go),
        STORE_TEST(what_was_said_of_a_policy_is_kept_beside_it),
        STORE_TEST(what_became_of_a_policy_is_kept_beside_it),
        STORE_TEST(an_older_version_that_another_member_knows_is_taken),
        STORE_TEST(only_so_many_versions_are_kept),
        STORE_TEST(large_versions_are_kept_as_far_as_there_is_room),
        STORE_TEST(a_file_that_is_no_database_of_ours_is_refused_with_words),
        STORE_TEST(a_database_of_a_later_release_is_refused_with_words),
        STORE_TEST(a_write_that_fails_is_told_and_nothing_is_written_after_it),
        STORE_TEST(a_kill_in_the_middle_of_a_write_loses_nothing_that_was_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
