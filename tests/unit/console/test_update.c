/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys and news in, a model and requests out. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "console/screen/key.h"
#include "console/screen/layout.h"
#include "console/screen/update.h"

static struct model *model;

/* A picture with these services, a blank between them. */
static void show_services(const char *names)
{
    json_t *row = json_pack("{s:{s:s}, s:[], s:[], s:[]}", "status", "node", "alpha", "nodes",
                            "services", "events");
    char copy[256];

    snprintf(copy, sizeof(copy), "%s", names);
    for (char *name = strtok(copy, " "); name; name = strtok(NULL, " "))
        json_array_append_new(json_object_get(row, "services"),
                              json_pack("{s:s, s:s}", "service", name, "state", "started"));
    update_picture(model, row, 1000);
    json_decref(row);
}

static int setup(void **state)
{
    (void)state;
    setlocale(LC_ALL, "C.UTF-8");
    model = model_new(24, 80, false);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    model_free(model);
    return 0;
}

static struct request type(const char *text)
{
    struct request request = {.kind = REQUEST_NONE};

    for (; *text; text++)
        request = update_key(model, *text == '\n' ? PRESS_ENTER : *text);
    return request;
}

static void every_key_is_harmless_before_the_first_picture(void **state)
{
    (void)state;
    for (int key = PRESS_BACK_TAB; key < 128; key++) {
        update_key(model, key);
        update_key(model, PRESS_ESCAPE);
        update_key(model, PRESS_ESCAPE);
    }
    assert_int_equal(model->selected, 0);
    assert_null(model_service(model));
}

static void the_cursor_stays_with_its_service_when_rows_come_and_go(void **state)
{
    (void)state;
    show_services("a:1 b:1 c:1");
    type("j");
    assert_string_equal(model_service(model)->name, "b:1");
    show_services("a:0 a:1 a:2 b:1 c:1");
    assert_string_equal(model_service(model)->name, "b:1");
    assert_int_equal(model->selected, 3);
    /* It is gone: the one in its place, or the last one. */
    show_services("a:0 a:1");
    assert_string_equal(model_service(model)->name, "a:1");
    show_services("");
    assert_null(model_service(model));
}

static void the_cursor_does_not_leave_the_list(void **state)
{
    (void)state;
    show_services("a:1 b:1");
    type("kkjjjj");
    assert_int_equal(model->selected, 1);
    type("g");
    assert_int_equal(model->selected, 0);
    type("G");
    assert_int_equal(model->selected, 1);
}

static void why_asks_about_the_selected_service(void **state)
{
    struct request request;

    (void)state;
    show_services("a:1 b:1");
    request = type("jw");
    assert_int_equal(request.kind, REQUEST_RUN);
    assert_string_equal(request.line, "ha why b:1");
    assert_true(model->result.is_running);
    /* Closing it while it runs ends it. */
    assert_int_equal(update_key(model, PRESS_ESCAPE).kind, REQUEST_CANCEL);
    assert_null(model->result.title);
    /* Words that come after it was closed open nothing. */
    update_result(model, "late", false, 0);
    assert_null(model->result.title);
    assert_string_equal(type("W").line, "ha why-not b:1");
}

static void a_prompt_takes_letters_that_are_keys_elsewhere(void **state)
{
    struct request request;

    (void)state;
    show_services("a:1");
    request = type(":quit?\n");
    assert_int_equal(request.kind, REQUEST_RUN);
    assert_string_equal(request.line, "quit?");
    assert_int_equal(type("q").kind, REQUEST_CANCEL);
    assert_int_equal(type(":  \n").kind, REQUEST_NONE);
    assert_int_equal(type(":q\n").kind, REQUEST_QUIT);
}

static void a_prompt_erases_whole_characters(void **state)
{
    (void)state;
    type(":a");
    update_key(model, 0xC11C);
    assert_string_equal(model->typed, "a\xEC\x84\x9C");
    update_key(model, PRESS_BACKSPACE);
    assert_string_equal(model->typed, "a");
    update_key(model, PRESS_CTRL('U'));
    assert_string_equal(model->typed, "");
    update_key(model, PRESS_BACKSPACE);
    assert_int_equal(model->input, INPUT_NONE);
}

static void a_prompt_holds_no_more_than_it_can(void **state)
{
    (void)state;
    type(":");
    for (int i = 0; i < 2 * INPUT_MAX; i++)
        update_key(model, 0x1F600);
    assert_true(strlen(model->typed) < INPUT_MAX);
}

static void a_filter_keeps_the_cursor_on_what_is_shown(void **state)
{
    (void)state;
    show_services("a:1 b:1 b:2 c:1");
    type("G/B:\n");
    assert_int_equal(model->n_visible, 2);
    assert_string_equal(model_service(model)->name, "b:2");
    update_key(model, PRESS_ESCAPE);
    assert_int_equal(model->n_visible, 4);
    assert_string_equal(model_service(model)->name, "b:2");
}

static void an_agent_away_is_counted_from_when_it_went(void **state)
{
    (void)state;
    show_services("a:1");
    update_away(model, "gone", 5000);
    update_away(model, "still gone", 9000);
    assert_true(model->is_away);
    assert_int_equal(model->away_since_ms, 5000);
    assert_string_equal(model->away_words, "still gone");
    show_services("a:1");
    assert_false(model->is_away);
}

static void panes_fill_the_screen_whatever_its_size(void **state)
{
    (void)state;
    show_services("a:1 b:1 c:1 d:1 e:1 f:1 g:1 h:1 i:1 j:1 k:1 l:1 m:1 n:1 o:1 p:1");
    for (int rows = LAYOUT_ROWS_MIN; rows < 200; rows++) {
        struct layout layout;
        int lines = 0;

        update_size(model, rows, 80);
        layout = layout_of(model);
        for (int pane = 0; pane < PANES; pane++) {
            assert_true(layout.panes[pane].lines >= 1);
            lines += layout.panes[pane].lines + 1;
        }
        assert_int_equal(lines + 2, rows);
    }
}

int main(void)
{
#define WITH_MODEL(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_MODEL(every_key_is_harmless_before_the_first_picture),
        WITH_MODEL(the_cursor_stays_with_its_service_when_rows_come_and_go),
        WITH_MODEL(the_cursor_does_not_leave_the_list),
        WITH_MODEL(why_asks_about_the_selected_service),
        WITH_MODEL(a_prompt_takes_letters_that_are_keys_elsewhere),
        WITH_MODEL(a_prompt_erases_whole_characters),
        WITH_MODEL(a_prompt_holds_no_more_than_it_can),
        WITH_MODEL(a_filter_keeps_the_cursor_on_what_is_shown),
        WITH_MODEL(an_agent_away_is_counted_from_when_it_went),
        WITH_MODEL(panes_fill_the_screen_whatever_its_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
