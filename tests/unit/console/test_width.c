/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Columns of wide, combining, broken and harmful text; times for people. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console/when.h"
#include "console/width.h"

static void use_utf8(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    setenv("TZ", "UTC", 1);
}

static void korean_takes_two_columns_a_character(void **state)
{
    int used;

    (void)state;
    use_utf8();
    assert_int_equal(width_of("서울-1"), 6);
    assert_int_equal(width_fit("서울", 3, &used), 3);
    assert_int_equal(used, 2);
}

static void what_combines_takes_none(void **state)
{
    (void)state;
    use_utf8();
    assert_int_equal(width_of("e\xCC\x81"), 1);
}

static void broken_and_harmful_bytes_become_one_sign_each(void **state)
{
    const char *broken = "\xC0\x80\xFF", *escape = "\x1B", *end = "";

    (void)state;
    use_utf8();
    assert_int_equal(width_of(broken), 3);
    assert_int_equal(width_next(&escape), WIDTH_REPLACEMENT);
    assert_int_equal(width_next(&end), 0);
    /* A sequence that is cut by the end of the text does not read beyond it. */
    broken = "\xE3\x84";
    assert_int_equal(width_next(&broken), WIDTH_REPLACEMENT);
}

static void spans_are_short_and_exact_times_exact(void **state)
{
    struct when when;

    (void)state;
    assert_string_equal(when_span(&when, 320), "320ms");
    assert_string_equal(when_span(&when, 1830), "1.8s");
    assert_string_equal(when_span(&when, 2000), "2s");
    assert_string_equal(when_span(&when, 59999), "59s");
    assert_string_equal(when_span(&when, 3 * 86400000LL), "3d");
    assert_string_equal(when_exact(&when, 7320), "7.32s");
    assert_string_equal(when_exact(&when, 500), "500ms");
    assert_string_equal(when_exact(&when, 300000), "5m");
}

static void a_time_of_another_day_says_which(void **state)
{
    const int64_t noon = 1795348800000;
    struct when when;

    (void)state;
    use_utf8();
    assert_string_equal(when_clock(&when, noon + 5000, noon), "12:00:05");
    assert_string_equal(when_clock(&when, noon - 86400000, noon), "Nov 21 12:00");
    assert_string_equal(when_ago(&when, noon - 7200000, noon), "2h ago");
    /* Two nodes' clocks differ a little. */
    assert_string_equal(when_ago(&when, noon + 700, noon), "just now");
}

static void a_sentence_goes_on_under_its_beginning(void **state)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    use_utf8();
    fputs("WHY ", out);
    width_wrap(out, "it is the first by name \x1b", 4, 14);
    fclose(out);
    assert_string_equal(text, "WHY it is the\n    first by\n    name \xEF\xBF\xBD");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(korean_takes_two_columns_a_character),
        cmocka_unit_test(what_combines_takes_none),
        cmocka_unit_test(broken_and_harmful_bytes_become_one_sign_each),
        cmocka_unit_test(a_sentence_goes_on_under_its_beginning),
        cmocka_unit_test(spans_are_short_and_exact_times_exact),
        cmocka_unit_test(a_time_of_another_day_says_which),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
