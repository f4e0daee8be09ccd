/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions about the past are answered later, in order, by another thread, and to who asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ha/base/json.h"
#include "quorum/history.h"
#include "quorum/store.h"

struct heard {
    int n_answers;
    size_t n_patches;
    int64_t version;
    bool is_empty, has_error;
};

static char folder[64], path[96];
static struct store *store;
static struct history *history;

static void write_patch(uint64_t version, json_t *patch)
{
    struct ledger_head head = {.epoch = {8, 1}, .version = version, .hash = version};

    json_object_set_new(patch, "version", json_integer((json_int_t)version));
    store_write(store, patch, NULL, &head);
    json_decref(patch);
    while (store_written(store) < version) {
        struct pollfd waiting = {store_fd(store), POLLIN, 0};

        assert_int_equal(poll(&waiting, 1, 10000), 1);
    }
}

static int set_up(void **state)
{
    struct err err = {{0}};

    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/tenuto-history-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/tenuto.db", folder);
    store = store_open(path, &err);
    history = store ? history_open(path, &err) : NULL;
    if (!history)
        return -1;
    write_patch(1, json_pack("{s:{s:s},s:i,s:[]}", "set", "policy",
                             "{\"version\":1,\"author\":\"jin\",\"stamp\":5,\"text\":\"one\"}",
                             "stamp", 5, "changes"));
    write_patch(2, json_pack("{s:{},s:i,s:[{s:s,s:s}]}", "set", "stamp", 6, "changes", "service",
                             "ocf:web", "to", "started"));
    write_patch(3, json_pack("{s:{},s:i,s:[{s:s,s:s}]}", "set", "stamp", 7, "changes", "service",
                             "ocf:db", "to", "started"));
    return 0;
}

static int tear_down(void **state)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    char name[128];

    (void)state;
    history_close(history);
    store_close(store);
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof(name), "%s%s", path, endings[i]);
        unlink(name);
    }
    return rmdir(folder);
}

static void hear(void *context, const struct question *question, json_t *value,
                 const struct err *err)
{
    struct heard *heard = context;

    (void)question;
    heard->n_answers++;
    heard->has_error = err->text[0] != '\0';
    heard->is_empty = value == NULL;
    heard->n_patches = json_array_size(value);
    heard->version =
        json_int(json_is_array(value) ? json_array_get(value, 0) : value, "version", -1);
}

static void wait_for(struct heard *heard, int n_answers)
{
    while (heard->n_answers < n_answers) {
        struct pollfd waiting = {history_fd(history), POLLIN, 0};

        assert_int_equal(poll(&waiting, 1, 10000), 1);
        history_answers(history);
    }
}

static struct heard ask(const struct question *question)
{
    struct heard heard = {0};

    history_ask(history, question, hear, &heard);
    /* Never before the loop comes for it. */
    assert_int_equal(heard.n_answers, 0);
    wait_for(&heard, 1);
    return heard;
}

static void patches_of_one_service_are_found(void **state)
{
    struct heard heard =
        ask(&(struct question){.kind = QUESTION_PATCHES, .subject = "ocf:db", .limit = 10});

    (void)state;
    assert_int_equal(heard.n_patches, 1);
    assert_int_equal(heard.version, 3);
}

static void patches_after_a_version_are_found(void **state)
{
    struct heard heard = ask(&(struct question){.kind = QUESTION_PATCHES, .after = 1, .limit = 10});

    (void)state;
    assert_int_equal(heard.n_patches, 2);
    assert_int_equal(heard.version, 2);
}

static void a_policy_that_is_not_there_is_no_error(void **state)
{
    struct heard there = ask(&(struct question){.kind = QUESTION_POLICY, .version = 1});
    struct heard missing = ask(&(struct question){.kind = QUESTION_POLICY, .version = 9});

    (void)state;
    assert_false(there.is_empty);
    assert_int_equal(there.version, 1);
    assert_true(missing.is_empty);
    assert_false(missing.has_error);
}

static void policies_are_listed_the_newest_first(void **state)
{
    struct heard all, one;

    (void)state;
    write_patch(4, json_pack("{s:{s:s},s:i,s:[]}", "set", "policy",
                             "{\"version\":2,\"author\":\"ann\",\"stamp\":8,\"text\":\"two\"}",
                             "stamp", 8, "changes"));
    all = ask(&(struct question){.kind = QUESTION_POLICIES, .limit = 10});
    one = ask(&(struct question){.kind = QUESTION_POLICIES, .limit = 1});
    assert_int_equal(all.n_patches, 2);
    assert_int_equal(all.version, 2);
    assert_int_equal(one.n_patches, 1);
    assert_int_equal(one.version, 2);
}

static void many_questions_get_an_answer_each(void **state)
{
    struct heard heard = {0};

    (void)state;
    for (int i = 0; i < 100; i++)
        history_ask(history, &(struct question){.kind = QUESTION_PATCHES, .limit = 1}, hear,
                    &heard);
    wait_for(&heard, 100);
    assert_int_equal(heard.n_answers, 100);
}

static void what_was_not_answered_goes_with_the_reader(void **state)
{
    struct heard heard = {0};

    (void)state;
    for (int i = 0; i < 20; i++)
        history_ask(history, &(struct question){.kind = QUESTION_PATCHES, .limit = 1}, hear,
                    &heard);
    history_close(history);
    history = NULL;
    assert_int_equal(heard.n_answers, 0);
}

static void without_a_database_the_reason_is_told(void **state)
{
    struct err err = {{0}};

    (void)state;
    assert_null(history_open("/proc/no/such/place.db", &err));
    assert_non_null(strstr(err.text, "/proc/no/such/place.db"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(patches_of_one_service_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(patches_after_a_version_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_policy_that_is_not_there_is_no_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(policies_are_listed_the_newest_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_questions_get_an_answer_each, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_not_answered_goes_with_the_reader, set_up,
                                        tear_down),
        cmocka_unit_test(without_a_database_the_reason_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
