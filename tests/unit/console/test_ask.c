/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs from the full-screen console: what runs there, and what has no place on a full screen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/control.h"
#include "console/screen/ask.h"
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

/* What a verb that ends at once says, and its code. */
static void assert_says(const char *line, int code, const char *words)
{
    struct ask *ask = ask_new(&scene.settings, line, 0);

    assert_false(ask_is_running(ask));
    assert_int_equal(ask_code(ask), code);
    assert_non_null(strstr(ask_text(ask), words));
    ask_free(ask);
}

static void an_editor_is_not_begun_on_a_screen_in_use(void **state)
{
    (void)state;
    assert_says("policy edit", CONTROL_EXIT_USAGE, "an editor needs the terminal to itself");
}

static void the_keyboard_is_no_file_on_a_screen_in_use(void **state)
{
    (void)state;
    assert_says("policy check -", CONTROL_EXIT_USAGE, "\"-\" would be the keyboard in here");
}

static void what_needs_no_agent_is_done_at_once(void **state)
{
    (void)state;
    assert_says("help policy", CONTROL_EXIT_OK, "policy plan");
}

static void what_needs_an_agent_says_that_there_is_none(void **state)
{
    (void)state;
    assert_says("ha status", CONTROL_EXIT_UNAVAILABLE, "tenutod");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_editor_is_not_begun_on_a_screen_in_use, setup, teardown),
        cmocka_unit_test_setup_teardown(the_keyboard_is_no_file_on_a_screen_in_use, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_needs_no_agent_is_done_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(what_needs_an_agent_says_that_there_is_none, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
