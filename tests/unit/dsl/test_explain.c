/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The explanations of codes are true: the checker finds just that code in each wrong
 * example and nothing in any right one; and they are found by whatever people type.
 */
#include "tests/unit/dsl/dsl_test.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "dsl/explain.h"
#include "dsl/utf8.h"

/* A terminal's width, less the margin of a page. */
#define COLUMNS_MAX 90

/* Why nobody can show these in a few lines is said in their texts. */
static const enum diagnostic_code without_example[] = {
    DIAGNOSTIC_TEXT_TOO_LONG,
    DIAGNOSTIC_DRILL_BROKEN,
    DIAGNOSTIC_DRILL_UNFINISHED,
};

static bool has_example(enum diagnostic_code code)
{
    for (size_t i = 0; i < sizeof(without_example) / sizeof(without_example[0]); i++) {
        if (without_example[i] == code)
            return false;
    }
    return true;
}

static bool has(const struct diagnostics *found, enum diagnostic_code code)
{
    for (int i = 0; i < found->n_list; i++) {
        if (found->list[i].code == code)
            return true;
    }
    return false;
}

/* One test for each code, so that one bad text does not hide the next. */
static enum diagnostic_code code_of(void **state)
{
    return (enum diagnostic_code)(*(const int *)*state);
}

static void its_text_is_whole(void **state)
{
    enum diagnostic_code code = code_of(state);
    struct arena *arena = arena_new();
    struct code_page about;
    char *page;

    explain_read(arena, code, &about);
    assert_string_equal(about.code, diagnostic_code_name(code));
    assert_true(strlen(about.title) > 4 && strlen(about.title) < 72);
    assert_true(strlen(about.words) > 40);
    assert_int_equal(about.wrong[0] != '\0', has_example(code));
    assert_int_equal(about.right[0] != '\0', has_example(code));
    page = explain_page(arena, code);
    assert_non_null(strstr(page, about.title));
    assert_int_equal(strstr(page, "is told as") != NULL, has_example(code));
    for (const char *line = about.words; *line; line += *line == '\n') {
        if (strcspn(line, "\n") > COLUMNS_MAX)
            fail_msg("%s: too long for a terminal: %s", about.code, line);
        line += strcspn(line, "\n");
    }
    arena_free(arena);
}

static void its_wrong_example_is_wrong_in_that_way_only(void **state)
{
    enum diagnostic_code code = code_of(state);
    struct arena *arena = arena_new();
    struct diagnostics *found;
    struct code_page about;

    explain_read(arena, code, &about);
    if (about.wrong[0]) {
        found = explain_judge(arena, about.wrong);
        assert_true(has(found, code));
        for (int i = 0; i < found->n_list; i++) {
            bool is_remark = found->list[i].severity > about.severity ||
                             found->list[i].code == DIAGNOSTIC_NOT_ACTED_ON;

            if (found->list[i].code != code && !is_remark)
                fail_msg("%s: the wrong example has another slip:\n%s", about.code,
                         diagnostics_text(found, false));
        }
    }
    arena_free(arena);
}

static void its_right_example_is_right(void **state)
{
    struct arena *arena = arena_new();
    struct diagnostics *found;
    struct code_page about;

    explain_read(arena, code_of(state), &about);
    if (about.right[0]) {
        found = explain_judge(arena, about.right);
        for (int i = 0; i < found->n_list; i++) {
            /* What is right may still be without effect in this version. */
            if (found->list[i].code != DIAGNOSTIC_NOT_ACTED_ON ||
                code_of(state) == found->list[i].code)
                fail_msg("%s: the right example is wrong:\n%s", about.code,
                         diagnostics_text(found, false));
        }
    }
    arena_free(arena);
}

static void a_code_is_found_as_people_type_it(void **state)
{
    (void)state;
    assert_int_equal(explain_find("T0212"), DIAGNOSTIC_NO_NODE);
    assert_int_equal(explain_find("t0212"), DIAGNOSTIC_NO_NODE);
    assert_int_equal(explain_find("error[T0212]:"), DIAGNOSTIC_NO_NODE);
    assert_int_equal(explain_find("[t0212]"), DIAGNOSTIC_NO_NODE);
    assert_int_equal(explain_find("T021"), DIAGNOSTIC_CODES);
    assert_int_equal(explain_find(""), DIAGNOSTIC_CODES);
    assert_int_equal(explain_find("a word that is longer than any code could ever be"),
                     DIAGNOSTIC_CODES);
    assert_string_equal(explain_suggest("T212"), "T0212");
    assert_null(explain_suggest("watchdog"));
}

static void a_page_shows_the_slip_what_is_said_and_how_it_is_right(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    assert_string_equal(
        explain_page(arena, DIAGNOSTIC_NO_NODE),
        "T0212, an error: a node that the policy does not have\n\n"
        "Rules and lists name nodes by their statements \"node\", or sets of them by \"let\". A\n"
        "misspelt node would leave a service with fewer places than its owner believes.\n\n"
        "wrong:\n\n"
        "    rule fast: keep ocf:web on alpha, bta\n\n"
        "is told as\n\n"
        "    line 1: error[T0212]: no node is called \"bta\"\n"
        "      = hint: did you mean \"beta\"?\n\n"
        "right:\n\n"
        "    rule fast: keep ocf:web on alpha, beta\n");
    arena_free(arena);
}

static void no_text_is_left_over(void **state)
{
    struct dirent **entries;
    int n_entries = scandir("dsl/explain", &entries, NULL, alphasort);

    (void)state;
    assert_true(n_entries > 0);
    for (int i = 0; i < n_entries; i++) {
        if (entries[i]->d_name[0] != '.' && explain_find(entries[i]->d_name) == DIAGNOSTIC_CODES)
            fail_msg("dsl/explain/%s: there is no such code", entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_is_found_as_people_type_it),
        cmocka_unit_test(a_page_shows_the_slip_what_is_said_and_how_it_is_right),
        cmocka_unit_test(no_text_is_left_over),
    };
    static const struct {
        const char *words;
        CMUnitTestFunction function;
    } of_each[] = {
        {"text is whole", its_text_is_whole},
        {"wrong example is wrong in that way only", its_wrong_example_is_wrong_in_that_way_only},
        {"right example is right", its_right_example_is_right},
    };
    static struct CMUnitTest each[3 * DIAGNOSTIC_CODES];
    static char names[3 * DIAGNOSTIC_CODES][64];
    static int codes[DIAGNOSTIC_CODES];

    for (int i = 0; i < 3 * DIAGNOSTIC_CODES; i++) {
        codes[i / 3] = i / 3;
        snprintf(names[i], sizeof(names[i]), "%s: its %s",
                 diagnostic_code_name((enum diagnostic_code)(i / 3)), of_each[i % 3].words);
        each[i] = (struct CMUnitTest){
            .name = names[i], .test_func = of_each[i % 3].function, .initial_state = &codes[i / 3]};
    }
    return _cmocka_run_group_tests("each code", each, 3 * DIAGNOSTIC_CODES, NULL, NULL) +
           cmocka_run_group_tests(tests, NULL, NULL);
}
