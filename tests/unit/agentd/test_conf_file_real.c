/* SPDX-License-Identifier: GPL-3.0-or-later */
/* corosync.conf on a real disk: staged beside, switched by a rename, or told why not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agentd/conf_file.h"
#include "tests/unit/agentd/stage.h"

#define FILE_NAME "corosync.conf"
#define STAGED_NAME "corosync.conf.tenuto-new"
#define OLD_NAME "corosync.conf.tenuto-old"

static struct stage stage;
static struct conf_file *file;
static int n_done;

static void on_done(void *context)
{
    (void)context;
    n_done++;
}

static int set_up(void **state)
{
    struct err err = {{0}};

    (void)state;
    stage_open(&stage);
    n_done = 0;
    file = conf_file_new(stage.loop, stage_path(&stage, FILE_NAME), on_done, NULL, &err);
    return file ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    conf_file_free(file);
    stage_close(&stage);
    return 0;
}

static void do_it(enum conf_deed deed, const char *text, const struct corosync_node *own)
{
    int before = n_done;

    conf_file_do(file, deed, text, own);
    assert_true(conf_file_is_busy(file));
    assert_true(stage_run(&stage, &n_done, before + 1));
    assert_false(conf_file_is_busy(file));
}

static void what_is_staged_is_not_in_force_until_it_is_switched(void **state)
{
    (void)state;
    stage_write(&stage, FILE_NAME, "old\n", 0644);
    do_it(CONF_STAGE, "new\n", NULL);
    assert_string_equal(conf_file_problem(file), "");
    assert_string_equal(conf_file_text(file), "old\n");
    assert_string_equal(conf_file_staged(file), "new\n");
    assert_string_equal(stage_read(&stage, FILE_NAME), "old\n");
    do_it(CONF_SWITCH, "new\n", NULL);
    assert_string_equal(conf_file_problem(file), "");
    assert_string_equal(stage_read(&stage, FILE_NAME), "new\n");
    assert_string_equal(stage_read(&stage, OLD_NAME), "old\n");
    assert_false(stage_has(&stage, STAGED_NAME));
    assert_string_equal(conf_file_staged(file), "");
}

static void who_was_not_there_when_it_was_staged_switches_all_the_same(void **state)
{
    (void)state;
    stage_write(&stage, FILE_NAME, "old\n", 0644);
    stage_write(&stage, STAGED_NAME, "something else\n", 0644);
    do_it(CONF_SWITCH, "new\n", NULL);
    assert_string_equal(conf_file_text(file), "new\n");
    /* Once more changes nothing, the copy of the one before neither. */
    do_it(CONF_SWITCH, "new\n", NULL);
    assert_string_equal(stage_read(&stage, OLD_NAME), "old\n");
}

static void what_is_not_wanted_is_discarded(void **state)
{
    (void)state;
    do_it(CONF_STAGE, "new\n", NULL);
    do_it(CONF_DISCARD, NULL, NULL);
    assert_false(stage_has(&stage, STAGED_NAME));
    do_it(CONF_DISCARD, NULL, NULL);
    assert_string_equal(conf_file_problem(file), "");
}

static void an_address_that_is_not_here_is_refused_with_words(void **state)
{
    struct corosync_node own = {
        .name = "alpha", .n_addresses = 3, .addresses = {"127.0.0.1", "a-name", "192.0.2.77"}};

    (void)state;
    do_it(CONF_STAGE, "new\n", &own);
    assert_string_equal(conf_file_problem(file),
                        "address 192.0.2.77 is on no interface of node alpha: bring it up first, "
                        "or name another in the policy");
    assert_false(stage_has(&stage, STAGED_NAME));
    own.n_addresses = 2;
    do_it(CONF_STAGE, "new\n", &own);
    assert_string_equal(conf_file_problem(file), "");
}

static void a_file_that_cannot_be_written_is_told_with_words(void **state)
{
    (void)state;
    stage_write(&stage, FILE_NAME, "old\n", 0644);
    assert_int_equal(mkdir(stage_path(&stage, STAGED_NAME), 0700), 0);
    do_it(CONF_STAGE, "new\n", NULL);
    assert_non_null(strstr(conf_file_problem(file), "cannot write "));
    do_it(CONF_SWITCH, "new\n", NULL);
    assert_non_null(strstr(conf_file_problem(file), "cannot write "));
    assert_string_equal(stage_read(&stage, FILE_NAME), "old\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_staged_is_not_in_force_until_it_is_switched, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_was_not_there_when_it_was_staged_switches_all_the_same,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_wanted_is_discarded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_address_that_is_not_here_is_refused_with_words, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_written_is_told_with_words, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
