/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one true layout, by example and on texts made at random. */
#include "tests/unit/dsl/dsl_test.h"

#include <stdlib.h>
#include <string.h>

#include "dsl/page.h"

static char *format(struct arena *arena, const char *text)
{
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));

    return policy_format(arena, "test", text, strlen(text), diagnostics);
}

static void assert_format(const char *text, const char *expected)
{
    struct arena *arena = arena_new();
    char *once = format(arena, text);

    assert_non_null(once);
    assert_string_equal(once, expected);
    assert_string_equal(format(arena, once), expected);
    arena_free(arena);
}

static void blanks_are_one_and_punctuation_clings(void **state)
{
    (void)state;
    assert_format("let   fast=alpha ,beta\n", "let fast = alpha, beta\n");
    assert_format("rule a :keep vm:a,vm:b   together\n", "rule a: keep vm:a, vm:b together\n");
    assert_format("node a{cpus 1;;memory 2G;}", "node a { cpus 1; memory 2G }\n");
}

static void a_comma_stands_before_then(void **state)
{
    (void)state;
    assert_format("rule a: try vm:a on b then c, then d\n",
                  "rule a: try vm:a on b, then c, then d\n");
    assert_format("node then\nlet before = then,then\nrule a: try vm:a on then then b\n",
                  "node then\nlet before = then, then\nrule a: try vm:a on then, then b\n");
}

static void a_statement_has_a_line_of_its_own(void **state)
{
    (void)state;
    assert_format("cluster a; node b; node c\n", "cluster a\nnode b\nnode c\n");
    assert_format("node a {\n  cpus 1; votes 2\n}\n", "node a {\n    cpus 1\n    votes 2\n}\n");
}

static void a_block_on_one_line_stays_there_while_it_fits(void **state)
{
    (void)state;
    assert_format("defaults {\n}\n", "defaults { }\n");
    assert_format("service vm:a { set description \"a sentence about what it does\"; set more \"a "
                  "second one\"; "
                  "restart 3; relocate 2 }\n",
                  "service vm:a {\n"
                  "    set description \"a sentence about what it does\"\n"
                  "    set more \"a second one\"\n"
                  "    restart 3\n"
                  "    relocate 2\n"
                  "}\n");
}

static void blank_lines_are_one_and_none_at_the_edges(void **state)
{
    (void)state;
    assert_format("\n\ncluster a\n\n\n\nnode b {\n\n    cpus 1\n\n\n    votes 1\n\n}\n\n",
                  "cluster a\n\nnode b {\n    cpus 1\n\n    votes 1\n}\n");
    assert_format("", "");
    assert_format("\n \n", "");
}

static void comments_stay_with_their_lines(void **state)
{
    (void)state;
    assert_format("#a\n\n  # b\nnode a { # c\n# d\ncpus 1   # e  \n# f\n} # g\n# h",
                  "#a\n\n# b\n"
                  "node a {                                # c\n"
                  "    # d\n"
                  "    cpus 1                              # e\n"
                  "    # f\n"
                  "}                                       # g\n"
                  "# h\n");
}

static void a_comment_behind_a_long_statement_is_two_blanks_off(void **state)
{
    (void)state;
    assert_format("let everything = alpha, beta, gamma, delta # all\n",
                  "let everything = alpha, beta, gamma, delta  # all\n");
}

static void long_lists_are_broken_behind_commas(void **state)
{
    (void)state;
    assert_format("rule spread: keep vm:a-rather-long-name, vm:another-rather-long-name,\n"
                  "  vm:the-third-rather-long-name, vm:the-fourth apart\n",
                  "rule spread: keep vm:a-rather-long-name, vm:another-rather-long-name, "
                  "vm:the-third-rather-long-name,\n"
                  "    vm:the-fourth apart\n");
}

static void comments_inside_a_list_break_its_line(void **state)
{
    (void)state;
    assert_format("let a = b,# one\n# two\nc, d\n",
                  "let a = b,                              # one\n"
                  "    # two\n"
                  "    c, d\n");
}

static void what_is_wrong_is_not_formatted(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    assert_null(format(arena, "nod a\n"));
    assert_null(format(arena, "node a {\n"));
    arena_free(arena);
}

static void what_is_only_meant_wrongly_is_formatted(void **state)
{
    (void)state;
    assert_format("rule a:  keep vm:none on nowhere", "rule a: keep vm:none on nowhere\n");
}

/* Puts one of many ways of writing the same blank, or line end, at random. */
static void add_gap(struct page *page, bool may_break)
{
    static const char *const gaps[] = {" ",  "  ",     "\t",        " \t ",
                                       "\n", "\n\n\n", " # note\n", "\r\n"};

    page_say(page, gaps[(unsigned)rand() % (may_break ? 8 : 4)]);
}

static void add_end(struct page *page)
{
    static const char *const ends[] = {"\n", ";", " ;\n", " # end\n", "\n\n", "\n# between\n"};

    page_say(page, ends[(unsigned)rand() % 6]);
}

/* A right policy in a layout that nobody would write. */
static void write_policy(struct page *page)
{
    static const char *const lines[] = {
        "cluster|home|{|network|lan|}",
        "node|alpha|{|address|10.0.0.1|;|votes|1|}",
        "node|beta|{|address|10.0.0.2|}",
        "node|gamma|{|address|10.0.0.3|}",
        "let|fast|=|alpha|,|beta",
        "service|vm:a|,|vm:b[1..3]|{|restart|2|;|set|x|\"a;#\"|;|try|on|fast|then|gamma|}",
        "rule|r|:|try|vm:b*|,|vm:a|together",
        "disabled|rule|s|:|start|vm:a|before|vm:b1|,|vm:b2",
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        bool in_block = false;

        for (const char *at = lines[i]; *at; at += at[strcspn(at, "|")] == '|') {
            size_t length = strcspn(at, "|");
            bool may_break = at[length] && (strchr(",", *at) || strncmp(at, "then|", 5) == 0 ||
                                            strncmp(at, "before|", 7) == 0);

            if (*at == ';' && in_block)
                add_end(page);
            else
                page_add(page, at, length);
            in_block = in_block || *at == '{';
            at += length;
            add_gap(page, may_break);
        }
        add_end(page);
    }
}

static void any_layout_of_a_policy_becomes_the_same(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 300; seed++) {
        struct arena *arena = arena_new();
        struct page page = {0};
        struct compiled before, after;
        char *once;

        srand(seed);
        write_policy(&page);
        once = format(arena, page.bytes);
        assert_non_null(once);
        assert_string_equal(format(arena, once), once);
        before = compile_text(page.bytes);
        after = compile_text(once);
        assert_true(before.is_right && after.is_right);
        assert_string_equal(policy_as_text(arena, before.policy),
                            policy_as_text(arena, after.policy));
        compiled_free(&before);
        compiled_free(&after);
        page_free(&page);
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_are_one_and_punctuation_clings),
        cmocka_unit_test(a_comma_stands_before_then),
        cmocka_unit_test(a_statement_has_a_line_of_its_own),
        cmocka_unit_test(a_block_on_one_line_stays_there_while_it_fits),
        cmocka_unit_test(blank_lines_are_one_and_none_at_the_edges),
        cmocka_unit_test(comments_stay_with_their_lines),
        cmocka_unit_test(a_comment_behind_a_long_statement_is_two_blanks_off),
        cmocka_unit_test(long_lists_are_broken_behind_commas),
        cmocka_unit_test(comments_inside_a_list_break_its_line),
        cmocka_unit_test(what_is_wrong_is_not_formatted),
        cmocka_unit_test(what_is_only_meant_wrongly_is_formatted),
        cmocka_unit_test(any_layout_of_a_policy_becomes_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
