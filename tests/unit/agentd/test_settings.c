/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Local settings: defaults, what a file changes, and what is refused in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "agentd/settings.h"
#include "tests/unit/agentd/stage.h"

static struct stage stage;
static struct settings settings;
static struct err err;

static int set_up(void **state)
{
    (void)state;
    stage_open(&stage);
    memset(&settings, 'x', sizeof(settings));
    err = (struct err){""};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stage_close(&stage);
    return 0;
}

static bool read_this(const char *text)
{
    stage_write(&stage, "conf", text, 0644);
    return settings_read(&settings, stage_path(&stage, "conf"), true, &err);
}

static void assert_refused(const char *text, const char *line, const char *words)
{
    char where[128];

    assert_false(read_this(text));
    snprintf(where, sizeof(where), "%s:%s: ", stage_path(&stage, "conf"), line);
    if (strncmp(err.text, where, strlen(where)) != 0 || !strstr(err.text, words))
        fail_msg("%s does not say \"%s%s\"", err.text, where, words);
}

static void assert_defaults(void)
{
    assert_string_equal(settings.watchdog, "/dev/watchdog");
    assert_string_equal(settings.keeper, "/run/tenuto/keeper.sock");
    assert_string_equal(settings.control, "/run/tenuto/tenutod.sock");
    assert_string_equal(settings.store, "/var/lib/tenuto/tenuto.db");
    assert_string_equal(settings.run, "/run/tenuto/services");
    assert_string_equal(settings.ocf_root, "/usr/lib/ocf");
    assert_false(settings.debug);
}

static void no_file_means_the_defaults(void **state)
{
    (void)state;
    assert_true(settings_read(&settings, stage_path(&stage, "none"), false, &err));
    assert_defaults();
}

static void a_file_that_was_asked_for_must_be_there(void **state)
{
    (void)state;
    assert_false(settings_read(&settings, stage_path(&stage, "none"), true, &err));
    assert_non_null(strstr(err.text, "/none: No such file or directory"));
}

static void a_folder_is_an_error_even_where_a_file_may_be_missing(void **state)
{
    (void)state;
    assert_false(settings_read(&settings, stage.directory, false, &err));
    assert_non_null(strstr(err.text, "Is a directory"));
}

static void the_example_says_the_defaults(void **state)
{
    (void)state;
    assert_true(settings_read(&settings, "examples/agentd.conf", true, &err));
    assert_defaults();
}

static void a_file_changes_what_it_names(void **state)
{
    (void)state;
    assert_true(read_this("watchdog = \"unix:/run/mains\";\ndebug = true;\nrun: \"/r\"\n"));
    assert_string_equal(settings.watchdog, "unix:/run/mains");
    assert_string_equal(settings.run, "/r");
    assert_true(settings.debug);
    assert_string_equal(settings.ocf_root, "/usr/lib/ocf");
}

static void an_unknown_key_names_the_nearest(void **state)
{
    (void)state;
    assert_refused("debug = true;\nwatchdgo = \"/dev/watchdog1\";\n", "2",
                   "there is no setting \"watchdgo\"; did you mean \"watchdog\"?");
    assert_refused("quorum = 3;\n", "1", "there is no setting \"quorum\" (");
}

static void wrong_types_and_values_are_refused(void **state)
{
    char text[512];

    (void)state;
    assert_refused("\n\nstore = 5;\n", "3", "\"store\" must be text in quotes");
    assert_refused("debug = 1;\n", "1", "\"debug\" must be true or false");
    assert_refused("run = \"services\";\n", "1", "\"run\" must be an absolute path, not \"serv");
    assert_refused("keeper = \"unix:/run/k\";\n", "1", "\"keeper\" must be an absolute path");
    assert_refused("watchdog = \"unix:mains\";\n", "1", "absolute path or \"unix:\" and one");
    snprintf(text, sizeof(text), "control = \"/%0200d\";\n", 7);
    assert_refused(text, "1", "\"control\" may be at most 107 bytes long, this has 201");
}

static void what_is_not_libconfig_names_the_line(void **state)
{
    (void)state;
    assert_refused("debug = true;\nrun = {{\n", "2", "syntax error");
    assert_refused("debug = true;\ndebug = false;\n", "2", "duplicate setting name");
}

static void a_huge_file_is_refused(void **state)
{
    char *text = calloc(1, 70001);

    (void)state;
    assert_non_null(text);
    memset(text, '#', 70000);
    assert_false(read_this(text));
    free(text);
    assert_non_null(strstr(err.text, "File too large"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_file_means_the_defaults),
        TEST(a_file_that_was_asked_for_must_be_there),
        TEST(a_folder_is_an_error_even_where_a_file_may_be_missing),
        TEST(the_example_says_the_defaults),
        TEST(a_file_changes_what_it_names),
        TEST(an_unknown_key_names_the_nearest),
        TEST(wrong_types_and_values_are_refused),
        TEST(what_is_not_libconfig_names_the_line),
        TEST(a_huge_file_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
