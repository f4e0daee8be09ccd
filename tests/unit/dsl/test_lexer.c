/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text to tokens: every byte is in one of them, whatever the text. */
#include "tests/unit/dsl/dsl_test.h"

#include <stdlib.h>
#include <string.h>

#include "dsl/lexer.h"

struct lexed {
    struct arena *arena;
    struct diagnostics *diagnostics;
    struct tokens tokens;
};

static struct lexed lex(const char *text, size_t length)
{
    struct lexed lexed = {.arena = arena_new()};

    lexed.diagnostics = arena_alloc(lexed.arena, sizeof(*lexed.diagnostics));
    diagnostics_init(lexed.diagnostics, lexed.arena, "test", text, length);
    lexed.tokens = lexer_run(lexed.diagnostics);
    return lexed;
}

/* One letter a significant token. */
static void assert_kinds(const char *text, const char *kinds)
{
    static const char letters[] = {
        [TOKEN_END] = '.',   [TOKEN_NEWLINE] = 'n', [TOKEN_BLANK] = ' ', [TOKEN_COMMENT] = '#',
        [TOKEN_WORD] = 'w',  [TOKEN_STRING] = '"',  [TOKEN_COMMA] = ',', [TOKEN_SEMICOLON] = ';',
        [TOKEN_COLON] = ':', [TOKEN_EQUALS] = '=',  [TOKEN_BAR] = '|',   [TOKEN_OPEN] = '{',
        [TOKEN_CLOSE] = '}', [TOKEN_BAD] = '!',
    };
    struct lexed lexed = lex(text, strlen(text));
    char found[64] = "";
    size_t n = 0;

    for (int i = 0; i < lexed.tokens.n_list; i++) {
        if (lexed.tokens.list[i].kind != TOKEN_BLANK)
            found[n++] = letters[lexed.tokens.list[i].kind];
    }
    assert_string_equal(found, kinds);
    arena_free(lexed.arena);
}

static void a_word_holds_names_ranges_addresses_and_patterns(void **state)
{
    (void)state;
    assert_kinds("vm:db[1..2] vm:* 10.77.0.80/24 fd00::1 fd00:: 500ms -1 größe", "wwwwwwww.");
}

static void a_rules_colon_is_a_token_of_its_own(void **state)
{
    (void)state;
    assert_kinds("rule web-stack: keep vm:a", "ww:ww.");
    assert_kinds("rule a : keep", "ww:w.");
}

static void punctuation_needs_no_blanks(void **state)
{
    (void)state;
    assert_kinds("node a{cpus 1;memory 2G}\nlet x=a,b|c # end", "ww{ww;ww}nww=w,w|w#.");
}

static void a_string_may_hold_what_is_otherwise_punctuation(void **state)
{
    (void)state;
    assert_kinds("set a \"{;}#,\\\" \\\\\" b", "ww\"w.");
}

static void every_byte_is_in_exactly_one_token(void **state)
{
    static const char text[] =
        "\xef\xbb\xbf# a\r\nlet x=\t'a'\x80\xff \"open\nset \0 $ ~~ \"\\q\"}";
    struct lexed lexed = lex(text, sizeof(text) - 1);
    int offset = 0;

    (void)state;
    for (int i = 0; i < lexed.tokens.n_list; i++) {
        assert_int_equal(lexed.tokens.list[i].offset, offset);
        offset += lexed.tokens.list[i].length;
    }
    assert_int_equal(offset, sizeof(text) - 1);
    assert_int_equal(lexed.tokens.list[lexed.tokens.n_list - 1].kind, TOKEN_END);
    arena_free(lexed.arena);
}

static void lines_and_columns_count_code_points(void **state)
{
    static const char text[] = "# one\n\"größe\" $\n";
    struct lexed lexed = lex(text, strlen(text));

    (void)state;
    assert_int_equal(lexed.diagnostics->n_list, 1);
    assert_int_equal(lexed.diagnostics->list[0].at.line, 2);
    assert_int_equal(lexed.diagnostics->list[0].at.column, 9);
    arena_free(lexed.arena);
}

static void a_quoted_run_in_other_quotes_is_one_slip(void **state)
{
    static const char text[] = "set a 'b c d'\nset e `f\nset g \u201ch i\u201d\n";
    struct lexed lexed = lex(text, strlen(text));

    (void)state;
    assert_int_equal(lexed.diagnostics->n_list, 3);
    assert_int_equal(lexed.diagnostics->list[0].at.length, 7);
    assert_int_equal(lexed.diagnostics->list[1].at.line, 2);
    assert_int_equal(lexed.diagnostics->list[1].at.length, 1);
    assert_int_equal(lexed.diagnostics->list[2].at.length, 9);
    arena_free(lexed.arena);
}

static void a_sign_that_a_text_is_full_of_is_told_once_and_counted(void **state)
{
    static const char text[] = "set\u00a0a b\nset\u00a0c d\nset\u00a0\u00a0e (f)\nset g (h)\n";
    struct lexed lexed = lex(text, strlen(text));

    (void)state;
    assert_int_equal(lexed.diagnostics->n_list, 2);
    assert_int_equal(lexed.diagnostics->list[0].at.column, 4);
    assert_non_null(strstr(lexed.diagnostics->list[0].hint, "; this text has 3 of them"));
    assert_int_equal(lexed.diagnostics->list[1].at.line, 3);
    arena_free(lexed.arena);
}

/* Were the rest of the line searched for each quote, this took hours. */
static void a_line_of_quotes_without_an_end_is_read_once(void **state)
{
    size_t length = POLICY_BYTES_MAX / 4;
    char *text = calloc(length + 4, 1);
    struct lexed lexed;

    (void)state;
    for (size_t i = 0; i + 4 <= length; i += 4)
        memcpy(text + i, "\u201c ", 4);
    lexed = lex(text, strlen(text));
    assert_int_equal(lexed.diagnostics->n_list, 1);
    arena_free(lexed.arena);
    free(text);
}

static void what_turns_the_direction_of_writing_may_stand_nowhere(void **state)
{
    static const char text[] = "# a \u202e b\nset c \"\u2066\"\n";
    struct lexed lexed = lex(text, strlen(text));

    (void)state;
    assert_int_equal(lexed.diagnostics->n_list, 2);
    assert_non_null(strstr(lexed.diagnostics->list[0].words, "a mark of direction (U+202E)"));
    arena_free(lexed.arena);
}

static void a_nul_byte_is_reported_and_passed_over(void **state)
{
    struct compiled compiled = compile_bytes("cluster a\0b\n", 12);

    (void)state;
    assert_false(compiled.is_right);
    assert_string_equal(compiled.diagnostics->list[0].words,
                        "the byte 0x00 has no place in a policy");
    compiled_free(&compiled);
}

static void seven_nul_bytes_are_not_what_a_merge_leaves(void **state)
{
    struct lexed lexed = lex("\n\0\0\0\0\0\0\0\n", 9);

    (void)state;
    assert_int_equal(lexed.tokens.list[1].kind, TOKEN_BAD);
    assert_string_equal(lexed.diagnostics->list[0].words, "the byte 0x00 has no place in a policy");
    arena_free(lexed.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_holds_names_ranges_addresses_and_patterns),
        cmocka_unit_test(a_rules_colon_is_a_token_of_its_own),
        cmocka_unit_test(punctuation_needs_no_blanks),
        cmocka_unit_test(a_string_may_hold_what_is_otherwise_punctuation),
        cmocka_unit_test(every_byte_is_in_exactly_one_token),
        cmocka_unit_test(lines_and_columns_count_code_points),
        cmocka_unit_test(a_quoted_run_in_other_quotes_is_one_slip),
        cmocka_unit_test(a_sign_that_a_text_is_full_of_is_told_once_and_counted),
        cmocka_unit_test(a_line_of_quotes_without_an_end_is_read_once),
        cmocka_unit_test(what_turns_the_direction_of_writing_may_stand_nowhere),
        cmocka_unit_test(a_nul_byte_is_reported_and_passed_over),
        cmocka_unit_test(seven_nul_bytes_are_not_what_a_merge_leaves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
