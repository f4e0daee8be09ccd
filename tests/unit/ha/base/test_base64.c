/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes to letters and back, whatever they are; and what is no such letters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "ha/base/base64.h"

static void letters_are_those_of_the_rfc(void **state)
{
    static const char *const pairs[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char *letters = base64_write(pairs[i][0], strlen(pairs[i][0]));

        assert_string_equal(letters, pairs[i][1]);
        free(letters);
    }
}

static void every_byte_comes_back(void **state)
{
    unsigned char bytes[256];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * 7 + 3);
    for (size_t length = 0; length <= sizeof(bytes); length++) {
        char *letters = base64_write(bytes, length);
        size_t back = 0;
        unsigned char *read = base64_read(letters, &back);

        assert_non_null(read);
        assert_int_equal(back, length);
        assert_memory_equal(read, bytes, length);
        free(letters);
        free(read);
    }
}

static void what_is_none_is_refused(void **state)
{
    static const char *const wrong[] = {"Z",    "Zg",   "Zg=",      "Zm9v\n",
                                        "Zm-v", "====", "Zg==Zg==", "="};
    size_t length;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_null(base64_read(wrong[i], &length));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_are_those_of_the_rfc),
        cmocka_unit_test(every_byte_comes_back),
        cmocka_unit_test(what_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
