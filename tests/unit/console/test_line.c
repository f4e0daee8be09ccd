/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words and quotes of a typed line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console/line.h"

static void quotes_hold_words_together(void **state)
{
    struct line line;

    (void)state;
    assert_true(line_split(&line, "  a \"b c\" 'd \"e' f\\ g # not this", NULL));
    assert_int_equal(line.n_words, 4);
    assert_string_equal(line.words[1], "b c");
    assert_string_equal(line.words[2], "d \"e");
    assert_string_equal(line.words[3], "f g");
    assert_null(line.words[4]);
    line_fini(&line);
}

static void an_empty_word_is_a_word(void **state)
{
    struct line line;

    (void)state;
    assert_true(line_split(&line, "a\"\"b \"\"", NULL));
    assert_int_equal(line.n_words, 2);
    assert_string_equal(line.words[0], "ab");
    assert_string_equal(line.words[1], "");
    line_fini(&line);
}

static void an_open_quote_and_too_many_words_are_refused(void **state)
{
    char many[LINE_WORDS_MAX * 2 + 8];
    struct line line;
    struct err err;

    (void)state;
    assert_false(line_split(&line, "ha why \"ocf:web", &err));
    assert_string_equal(err.text, "a quote is opened and not closed");
    line_fini(&line);
    for (int i = 0; i <= LINE_WORDS_MAX; i++)
        memcpy(many + (ptrdiff_t)i * 2, "a ", 3);
    assert_false(line_split(&line, many, &err));
    line_fini(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_hold_words_together),
        cmocka_unit_test(an_empty_word_is_a_word),
        cmocka_unit_test(an_open_quote_and_too_many_words_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
