/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the witness' host answers, as somebody pastes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "console/door/witness.h"
#include "ha/base/text.h"

static struct witness_answer answer;
static struct err err;

static bool take(const char *pasted)
{
    static char line[256];

    text_copy(line, sizeof(line), pasted);
    err.text[0] = '\0';
    return witness_read_answer(line, &answer, &err);
}

static void an_answer_is_five_words(void **state)
{
    (void)state;
    assert_true(take("  tenuto-witness-1 1795383985 3.0.3 MIIC MIID\r"));
    assert_int_equal(answer.clock, 1795383985);
    assert_string_equal(answer.version, "3.0.3");
    assert_string_equal(answer.certificate, "MIIC");
    assert_string_equal(answer.authority, "MIID");
    assert_false(take(""));
    assert_string_equal(err.text, "no answer of the witness was given");
    assert_false(take("tenuto-witness-1 1795383985 3.0.3 MIIC"));
    assert_non_null(strstr(err.text, "not all of it"));
    assert_false(take("tenuto-witness-1 1795383985 3.0.3 MIIC MIID more"));
    assert_false(take("tenuto-witness-2 1795383985 3.0.3 MIIC MIID"));
    assert_false(take("tenuto-witness-1 today 3.0.3 MIIC MIID"));
    assert_string_equal(err.text, "\"today\" is no time");
}

static bool is_good(const char *clock, const char *version)
{
    char line[128];
    struct text text;

    text_init(&text, line, sizeof(line));
    text_add(&text, "tenuto-witness-1 %s %s MIIC MIID", clock, version);
    return take(line) && witness_answer_is_good(&answer, 1000, 1060, &err);
}

static void the_witness_must_have_our_time_and_a_version_that_knows_tls(void **state)
{
    (void)state;
    assert_true(is_good("995", "3.0.3"));
    assert_true(is_good("1065", "3.0.0"));
    assert_false(is_good("900", "3.0.3"));
    assert_non_null(strstr(err.text, "100 s behind"));
    assert_false(is_good("1100", "3.0.3"));
    assert_non_null(strstr(err.text, "40 s ahead"));
    assert_false(is_good("1000", "2.4.4"));
    assert_string_equal(err.text,
                        "corosync-qnetd 2.4.4 of the witness is older than 3, which this needs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_five_words),
        cmocka_unit_test(the_witness_must_have_our_time_and_a_version_that_knows_tls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
