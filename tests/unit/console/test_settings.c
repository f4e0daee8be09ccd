/* SPDX-License-Identifier: GPL-3.0-or-later */
/* console.conf: what is understood, and what is said of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console/settings.h"
#include "tests/unit/console/scene.h"

static struct scene scene;

static int setup(void **state)
{
    (void)state;
    scene_open(&scene, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scene_close(&scene);
    return 0;
}

/* The words about a file with this text, without its folder. */
static const char *complaint(const char *text)
{
    static struct err err;
    const char *name;

    if (settings_read(&scene.settings, scene_write(&scene, "console.conf", text), true, &err))
        return "";
    name = strstr(err.text, "console.conf");
    return name ? name : err.text;
}

static void every_key_is_read(void **state)
{
    (void)state;
    assert_string_equal(complaint("socket = \"/tmp/a.sock\";\ncolours = \"never\";\n"
                                  "history = \"\";\nhistory_lines = 5;\n"
                                  "redraws_per_second = 2;\n"),
                        "");
    assert_string_equal(scene.settings.socket, "/tmp/a.sock");
    assert_int_equal(scene.settings.colours, COLOURS_NEVER);
    assert_string_equal(scene.settings.history, "");
    assert_int_equal(scene.settings.history_lines, 5);
    assert_int_equal(scene.settings.redraws_per_second, 2);
}

static void the_example_is_right(void **state)
{
    struct err err;

    (void)state;
    assert_true(settings_read(&scene.settings, "examples/console.conf", true, &err));
}

static void mistakes_name_file_line_and_what_should_be(void **state)
{
    (void)state;
    assert_string_equal(complaint("\nsocket = 7;\n"),
                        "console.conf:2: socket: should be a path in quotes that begins with /");
    assert_string_equal(complaint("colors = \"auto\";\n"),
                        "console.conf:1: there is no setting \"colors\"; "
                        "did you mean \"colours\"?");
    assert_string_equal(complaint("colours = \"red\";\n"),
                        "console.conf:1: colours: should be \"auto\", \"never\" or \"always\"");
    assert_string_equal(
        complaint("redraws_per_second = 99;\n"),
        "console.conf:1: redraws_per_second: should be a whole number from 1 to 10");
    assert_string_equal(complaint("colours = \n"), "console.conf:2: syntax error");
}

static void a_file_that_is_not_there_is_fine_unless_it_was_named(void **state)
{
    struct err err;

    (void)state;
    assert_true(settings_read(&scene.settings, "/nonexistent/console.conf", false, &err));
    assert_false(settings_read(&scene.settings, "/nonexistent/console.conf", true, &err));
    assert_string_equal(err.text, "cannot read the settings /nonexistent/console.conf: "
                                  "No such file or directory");
}

static void no_color_counts_until_colours_are_demanded(void **state)
{
    (void)state;
    setenv("NO_COLOR", "1", 1);
    assert_false(settings_want_colour(&scene.settings, 1));
    scene.settings.colours = COLOURS_ALWAYS;
    assert_true(settings_want_colour(&scene.settings, 1));
    unsetenv("NO_COLOR");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_key_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(the_example_is_right, setup, teardown),
        cmocka_unit_test_setup_teardown(mistakes_name_file_line_and_what_should_be, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_there_is_fine_unless_it_was_named, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(no_color_counts_until_colours_are_demanded, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
