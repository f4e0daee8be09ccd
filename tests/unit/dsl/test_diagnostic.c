/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How messages look: carets, notes, hints, colours, JSON; and that the rows are in order. */
#include "tests/unit/dsl/dsl_test.h"

#include <stdlib.h>
#include <string.h>

#include "dsl/page.h"
#include "dsl/utf8.h"

static const char *const codes[] = {
#define DIAGNOSTIC(id, code, severity, words) code,
#include "dsl/diagnostic.def"
#undef DIAGNOSTIC
};

struct shown {
    struct arena *arena;
    struct diagnostics *diagnostics;
};

static struct shown begin(const char *text)
{
    struct shown shown = {.arena = arena_new()};

    shown.diagnostics = arena_alloc(shown.arena, sizeof(*shown.diagnostics));
    diagnostics_init(shown.diagnostics, shown.arena, "home.tenuto", text, strlen(text));
    return shown;
}

/* Reports the bytes of `what` in the text, on that line. */
static struct diagnostic *report(struct shown *shown, int line, const char *what)
{
    const char *text = shown->diagnostics->text;
    struct location at = diagnostics_place(shown->diagnostics, line,
                                           (int)(strstr(text, what) - text), (int)strlen(what));

    return diagnostics_add(shown->diagnostics, DIAGNOSTIC_NO_NODE, at, what);
}

static void codes_are_in_order_and_none_is_there_twice(void **state)
{
    (void)state;
    for (int i = 1; i < DIAGNOSTIC_CODES; i++)
        assert_true(strcmp(codes[i - 1], codes[i]) < 0);
}

static void a_message_shows_place_line_caret_hint_and_notes(void **state)
{
    struct shown shown = begin("node beta\nlet fast = bta\n");
    struct diagnostic *entry = report(&shown, 2, "bta\n");

    (void)state;
    entry->at.length = 3;
    entry->words = "no node is called \"bta\"";
    diagnostics_hint(shown.diagnostics, entry, "did you mean \"%s\"?", "beta");
    diagnostics_note(shown.diagnostics, entry, diagnostics_place(shown.diagnostics, 1, 5, 4),
                     "%s is here", "beta");
    assert_string_equal(diagnostics_text(shown.diagnostics, false),
                        "home.tenuto:2:12: error[T0212]: no node is called \"bta\"\n"
                        "    2 | let fast = bta\n"
                        "      |            ^~~\n"
                        "      = hint: did you mean \"beta\"?\n"
                        "home.tenuto:1:6: note: beta is here\n"
                        "    1 | node beta\n"
                        "      |      ^~~~\n");
    arena_free(shown.arena);
}

static void the_caret_stands_right_under_wide_characters(void **state)
{
    struct shown shown = begin("set a \"日本e\u0301\" bta\n");

    (void)state;
    report(&shown, 1, "bta");
    assert_string_equal(diagnostics_text(shown.diagnostics, false),
                        "home.tenuto:1:14: error[T0212]: no node is called \"bta\"\n"
                        "    1 | set a \"日本e\u0301\" bta\n"
                        "      |               ^~~\n");
    arena_free(shown.arena);
}

static void the_caret_stands_right_behind_tabs(void **state)
{
    struct shown shown = begin("\tset\tbta\n");

    (void)state;
    report(&shown, 1, "bta");
    assert_string_equal(diagnostics_text(shown.diagnostics, false),
                        "home.tenuto:1:6: error[T0212]: no node is called \"bta\"\n"
                        "    1 |     set bta\n"
                        "      |         ^~~\n");
    arena_free(shown.arena);
}

static void a_long_line_is_shown_around_the_caret(void **state)
{
    char text[600];
    struct shown shown;
    const char *page;

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text + 400, " bta ", 5);
    text[sizeof(text) - 1] = '\0';
    shown = begin(text);
    report(&shown, 1, "bta");
    page = diagnostics_text(shown.diagnostics, false);
    for (const char *line = page; *line; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 120);
    assert_non_null(strstr(page, "1 | ... aaa"));
    assert_non_null(strstr(page, "aaa ...\n"));
    /* The caret is as far from the margin as the word is. */
    assert_int_equal(strstr(page, " bta ") + 1 - strstr(page, "    1 |"),
                     strchr(page, '^') - strstr(page, "      | "));
    arena_free(shown.arena);
}

static void nothing_of_a_text_commands_the_terminal(void **state)
{
    struct shown shown = begin("set \x1b[31m\xff bta\n");

    (void)state;
    report(&shown, 1, "\x1b[31m\xff");
    assert_string_equal(diagnostics_text(shown.diagnostics, false),
                        "home.tenuto:1:5: error[T0212]: no node is called \"?[31m?\"\n"
                        "    1 | set ?[31m? bta\n"
                        "      |     ^~~~~~\n");
    arena_free(shown.arena);
}

static void colours_are_only_there_when_asked_for(void **state)
{
    struct shown shown = begin("bta\n");

    (void)state;
    report(&shown, 1, "bta");
    assert_null(strchr(diagnostics_text(shown.diagnostics, false), '\033'));
    assert_non_null(strstr(diagnostics_text(shown.diagnostics, true), "\033[1;31merror[T0212]"));
    arena_free(shown.arena);
}

static void messages_come_in_the_order_of_the_text(void **state)
{
    struct shown shown = begin("one two\n");
    const char *page;

    (void)state;
    report(&shown, 1, "two");
    report(&shown, 1, "one");
    page = diagnostics_text(shown.diagnostics, false);
    assert_true(strstr(page, "1:1:") < strstr(page, "1:5:"));
    arena_free(shown.arena);
}

static void what_is_over_the_limit_is_counted(void **state)
{
    struct shown shown = begin("bta\n");

    (void)state;
    for (int i = 0; i < DIAGNOSTICS_MAX + 5; i++)
        diagnostics_hint(shown.diagnostics, report(&shown, 1, "bta"), "hint");
    assert_int_equal(shown.diagnostics->n_errors, DIAGNOSTICS_MAX + 5);
    assert_int_equal(shown.diagnostics->n_list, DIAGNOSTICS_MAX);
    assert_non_null(strstr(diagnostics_text(shown.diagnostics, false), "... and 5 more"));
    arena_free(shown.arena);
}

static void json_says_the_same(void **state)
{
    struct shown shown = begin("node beta\nlet fast = bta\n");
    struct diagnostic *entry = report(&shown, 2, "bta");
    json_t *list;
    char *text;

    (void)state;
    diagnostics_hint(shown.diagnostics, entry, "did you mean \"beta\"?");
    diagnostics_note(shown.diagnostics, entry, diagnostics_place(shown.diagnostics, 1, 5, 4),
                     "beta");
    list = diagnostics_json(shown.diagnostics);
    text = json_dumps(list, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(
        text, "[{\"code\":\"T0212\",\"column\":12,\"file\":\"home.tenuto\",\"hint\":\"did you mean"
              " \\\"beta\\\"?\",\"length\":3,\"line\":2,\"message\":\"no node is called"
              " \\\"bta\\\"\",\"notes\":[{\"column\":6,\"length\":4,\"line\":1,\"message\":"
              "\"beta\"}],\"severity\":\"error\"}]");
    free(text);
    json_decref(list);
    arena_free(shown.arena);
}

static void utf8_is_read_strictly(void **state)
{
    uint32_t point;

    (void)state;
    assert_int_equal(utf8_read("\xc3\xa9", 2, &point), 2);
    assert_int_equal(point, 0xe9);
    assert_int_equal(utf8_read("\xf0\x9f\x98\x80", 4, &point), 4);
    assert_int_equal(utf8_read("\xc0\x80", 2, &point), 0);
    assert_int_equal(utf8_read("\xed\xa0\x80", 3, &point), 0);
    assert_int_equal(utf8_read("\xf4\x90\x80\x80", 4, &point), 0);
    assert_int_equal(utf8_read("\xe2\x82", 2, &point), 0);
    assert_int_equal(utf8_read("\x80", 1, &point), 0);
}

static void the_last_message_that_is_shown_has_its_columns(void **state)
{
    struct arena *arena = arena_new();
    struct page page = {0};
    const struct diagnostic *last;
    struct compiled compiled;

    (void)state;
    page_say(&page, "cluster a\nnode b\n");
    for (int i = 0; i <= DIAGNOSTICS_MAX; i++)
        page_say(&page, arena_printf(arena, "  let c%d = b; let c%d = b\n", i, i));
    compiled = compile_text(page.bytes);
    last = &compiled.diagnostics->list[DIAGNOSTICS_MAX - 1];
    assert_int_equal(compiled.diagnostics->n_list, DIAGNOSTICS_MAX);
    assert_int_equal(last->n_notes, 1);
    assert_int_equal(last->notes[0].at.column, 7);
    compiled_free(&compiled);
    page_free(&page);
    arena_free(arena);
}

/* A line as long as a policy may be: were each mistake's column counted anew, it took hours. */
static void a_line_of_mistakes_is_counted_once(void **state)
{
    size_t length = POLICY_BYTES_MAX / 4;
    char *text = malloc(length);
    struct compiled compiled;

    (void)state;
    for (size_t i = 0; i < length; i++)
        text[i] = i % 2 ? ' ' : '}';
    compiled = compile_bytes(text, length);
    assert_int_equal(compiled.diagnostics->n_errors >= (int)length / 2, 1);
    assert_int_equal(compiled.diagnostics->n_list, DIAGNOSTICS_MAX);
    assert_int_equal(compiled.diagnostics->list[199].at.column, 399);
    compiled_free(&compiled);
    free(text);
}

/* Whatever order places are asked for in. */
static void a_column_does_not_depend_on_what_was_asked_before(void **state)
{
    static const char text[] = "a \xea\xb0\x80 b\n  \xf0\x9f\x98\x80 c d\ne\xc3\xa4 f";
    static const int lines[] = {3, 1, 2, 2, 1, 3, 2, 3}, offsets[] = {22, 2, 14, 16, 6, 19, 10, 23};
    struct arena *arena = arena_new();
    struct diagnostics *all = arena_alloc(arena, sizeof(*all));
    struct diagnostics *each = arena_alloc(arena, sizeof(*each));

    (void)state;
    diagnostics_init(all, arena, "a", text, sizeof(text) - 1);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        diagnostics_init(each, arena, "a", text, sizeof(text) - 1);
        assert_int_equal(diagnostics_place(all, lines[i], offsets[i], 1).column,
                         diagnostics_place(each, lines[i], offsets[i], 1).column);
    }
    assert_int_equal(diagnostics_place(all, 2, 16, 1).column, 6);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_in_order_and_none_is_there_twice),
        cmocka_unit_test(a_message_shows_place_line_caret_hint_and_notes),
        cmocka_unit_test(the_caret_stands_right_under_wide_characters),
        cmocka_unit_test(the_caret_stands_right_behind_tabs),
        cmocka_unit_test(a_long_line_is_shown_around_the_caret),
        cmocka_unit_test(nothing_of_a_text_commands_the_terminal),
        cmocka_unit_test(colours_are_only_there_when_asked_for),
        cmocka_unit_test(messages_come_in_the_order_of_the_text),
        cmocka_unit_test(what_is_over_the_limit_is_counted),
        cmocka_unit_test(json_says_the_same),
        cmocka_unit_test(utf8_is_read_strictly),
        cmocka_unit_test(a_line_of_mistakes_is_counted_once),
        cmocka_unit_test(the_last_message_that_is_shown_has_its_columns),
        cmocka_unit_test(a_column_does_not_depend_on_what_was_asked_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
