/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The quick reader and writer of JSON against jansson: the same, or none at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ha/base/json_quick.h"

#define ROUNDS 20000

static unsigned state = 7;

static unsigned any(unsigned below)
{
    state = state * 1103515245u + 12345u;
    return (state >> 8) % below;
}

static json_t *any_text(void)
{
    static const char *const parts[] = {"a",  "\n", "\"", "\\",   "/",  "\x01",
                                        "\t", "é",  "😀",  "\x7f", "zz", "\r\b\f"};
    char text[64] = "";

    for (unsigned left = any(12); left > 0; left--)
        strcat(text, parts[any(sizeof(parts) / sizeof(parts[0]))]);
    return json_string(text);
}

static json_t *any_value(int depth)
{
    json_t *value;

    switch (any(depth > 3 ? 6 : 8)) {
    case 0: return json_integer((json_int_t)any(1000) - 500);
    case 1: return json_integer(any(2) ? INT64_MAX : INT64_MIN);
    case 2: return any(40) == 0 ? json_real(0.1) : json_null();
    case 3: return json_boolean(any(2));
    case 6:
        value = json_array();
        for (unsigned left = any(4); left > 0; left--)
            json_array_append_new(value, any_value(depth + 1));
        return value;
    case 7:
        value = json_object();
        for (unsigned left = any(5); left > 0; left--) {
            json_t *name = any_text();

            json_object_set_new(value, json_string_value(name), any_value(depth + 1));
            json_decref(name);
        }
        return value;
    default: return any_text();
    }
}

static void writes_what_jansson_writes(void **unused)
{
    int n_quick = 0;

    (void)unused;
    for (int round = 0; round < ROUNDS; round++) {
        json_t *value = any_value(0);
        char *quick = json_quick_write(value);
        char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

        if (quick)
            assert_string_equal(quick, text);
        n_quick += quick != NULL;
        free(quick);
        free(text);
        json_decref(value);
    }
    assert_true(n_quick > ROUNDS / 2);
}

/* Damaged in one place, more often than not: whatever is taken, jansson takes, for the same. */
static void reads_what_jansson_reads(void **unused)
{
    static const char bytes[] = "{}[]\",:\\ \n01-9.eun\x80\x01\x00t";
    int n_quick = 0;

    (void)unused;
    for (int round = 0; round < ROUNDS; round++) {
        json_t *value = json_pack("[o]", any_value(0)), *quick, *slow;
        char *text = json_dumps(value, (any(2) ? JSON_COMPACT : JSON_INDENT(1)) | JSON_ENCODE_ANY |
                                           (any(4) ? 0 : JSON_ENSURE_ASCII));
        size_t length = strlen(text);

        if (any(3) && length > 0)
            text[any((unsigned)length)] = bytes[any(sizeof(bytes) - 1)];
        if (any(8) == 0 && length > 0)
            length = any((unsigned)length);
        quick = json_quick_read(text, length);
        slow = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
        if (quick)
            assert_true(slow && json_equal(quick, slow));
        n_quick += quick != NULL;
        json_decref(quick);
        json_decref(slow);
        json_decref(value);
        free(text);
    }
    assert_true(n_quick > ROUNDS / 20);
}

static void leaves_the_rare_to_jansson(void **unused)
{
    static const char *const rare[] = {
        "{\"a\":1.5}",
        "{\"a\":9223372036854775808}",
        "{\"a\":\"\\u00e9\"}",
        "[1,]",
        "[01]",
        "{\"a\":1,\"a\":2}",
        "[\"\xff\"]",
        "[\"\n\"]",
        "[tru]",
        "[] x",
        "[-]",
        "",
        "\"a\"",
        "[\"\\",
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rare) / sizeof(rare[0]); i++)
        assert_null(json_quick_read(rare[i], strlen(rare[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_jansson_writes),
        cmocka_unit_test(reads_what_jansson_reads),
        cmocka_unit_test(leaves_the_rare_to_jansson),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
