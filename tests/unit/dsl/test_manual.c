/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What newcomers read is true: the manual page names every statement and setting, and the
 * policies in it and in the tutorial are right.
 */
#include "tests/unit/dsl/dsl_test.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "dsl/syntax.h"

#define TEXT_MAX 65536

static const char *read_file(const char *name)
{
    static char text[TEXT_MAX];
    FILE *file = fopen(name, "r");
    size_t length;

    assert_non_null(file);
    length = fread(text, 1, TEXT_MAX - 1, file);
    assert_in_range(length, 1, TEXT_MAX - 2);
    text[length] = '\0';
    fclose(file);
    return text;
}

/* What stands between the next line "from" and the line "to" behind it; moves *at behind both. */
static char *next_block(struct arena *arena, const char **at, const char *from, const char *to)
{
    const char *begin = strstr(*at, from);
    const char *end = begin ? strstr(begin + strlen(from), to) : NULL;

    if (!end)
        return NULL;
    begin += strlen(from);
    *at = end + strlen(to);
    return arena_strndup(arena, begin, (size_t)(end - begin) + 1);
}

/* All levels, as "tenuto policy check" does it; whatever is said is too much. */
static void assert_right(struct arena *arena, const char *name, const char *text)
{
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));
    const char *survival = NULL;

    policy_check(arena, name, text, strlen(text), found, &survival);
    if (found->n_list > 0)
        fail_msg("%s:\n%s", name, diagnostics_text(found, false));
    assert_string_equal(survival, "survives the loss of any 1 node");
}

static void every_policy_of_the_tutorial_is_right(void **state)
{
    struct arena *arena = arena_new();
    const char *at = read_file("examples/TUTORIAL.md");
    const char *text;
    int n = 0;

    (void)state;
    for (; (text = next_block(arena, &at, "\n```tenuto\n", "\n```\n")); n++)
        assert_right(arena, "examples/TUTORIAL.md", text);
    assert_int_equal(n, 2);
    arena_free(arena);
}

static void the_slip_of_the_tutorial_is_told_as_it_says(void **state)
{
    struct arena *arena = arena_new();
    const char *tutorial = read_file("examples/TUTORIAL.md");
    const char *at = tutorial;
    char *text = next_block(arena, &at, "\n```tenuto\n", "\n```\n");
    char *name = strstr(text, "then beta\n");
    struct diagnostics *found;
    struct policy *policy = arena_alloc(arena, sizeof(*policy));
    const char *said;

    (void)state;
    assert_non_null(name);
    memmove(name + strlen("then b"), name + strlen("then be"),
            strlen(name + strlen("then be")) + 1);
    found = arena_alloc(arena, sizeof(*found));
    assert_false(policy_compile(arena, "first.tenuto", text, strlen(text), policy, found));
    said = arena_printf(arena, "\n```\n%s", diagnostics_text(found, false));
    if (!strstr(tutorial, said))
        fail_msg("examples/TUTORIAL.md does not show:%s", said);
    arena_free(arena);
}

static void the_policy_of_the_manual_page_is_right(void **state)
{
    struct arena *arena = arena_new();
    const char *at = read_file("dsl/tenuto.policy.5");
    const char *display = ".Bd -literal -offset indent\n";
    char *text = next_block(arena, &at, display, "\n.Ed\n");
    const char *drill = next_block(arena, &at, display, "\n.Ed\n");

    (void)state;
    assert_non_null(drill);
    assert_right(arena, "tenuto.policy.5", arena_printf(arena, "%s%s", text, drill));
    arena_free(arena);
}

/* Whether a line that sets a word as one of the language (".Ic", ".It Ic", "Ic") has it. */
static bool is_named(const char *page, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = page; (at = strstr(at, word)); at++) {
        const char *line = at;

        if (at == page || at[-1] != ' ' || !strchr(" \n", at[length]))
            continue;
        while (line > page && line[-1] != '\n')
            line--;
        for (const char *macro = line; macro < at && (macro = strstr(macro, "Ic ")); macro++) {
            if (macro < at && !isalpha((unsigned char)macro[-1]))
                return true;
        }
    }
    return false;
}

static void every_statement_is_in_the_manual_page(void **state)
{
    const char *page = read_file("dsl/tenuto.policy.5");

    (void)state;
    for (int kind = 0; kind < SYNTAX_KINDS; kind++) {
        const char *word = syntax_word((enum syntax_kind)kind);

        if (word && !is_named(page, word))
            fail_msg("dsl/tenuto.policy.5 does not name \"%s\"", word);
    }
    assert_false(is_named(page, "constraint"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_policy_of_the_tutorial_is_right),
        cmocka_unit_test(the_slip_of_the_tutorial_is_told_as_it_says),
        cmocka_unit_test(the_policy_of_the_manual_page_is_right),
        cmocka_unit_test(every_statement_is_in_the_manual_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
