/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The word that lets a node join: there and back, and what slips of the hand are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "console/door/token.h"

static struct token token;
static char text[TOKEN_TEXT_MAX];
static struct err err;

static int set_up(void **state)
{
    (void)state;
    token = (struct token){.port = 22622, .cluster = "home", .addresses = "10.0.0.1,fd00::1"};
    for (size_t i = 0; i < sizeof(token.fingerprint); i++)
        token.fingerprint[i] = (uint8_t)(7 * i + 250);
    for (size_t i = 0; i < sizeof(token.secret); i++)
        token.secret[i] = (uint8_t)(255 - i);
    err.text[0] = '\0';
    return token_write(&token, text, sizeof(text), &err) ? 0 : -1;
}

static void there_and_back_is_the_same(void **state)
{
    struct token back;

    (void)state;
    assert_true(token_read(text, &back, &err));
    assert_memory_equal(&back, &token, sizeof(token));
}

static void it_is_one_word_that_a_double_click_takes_whole(void **state)
{
    (void)state;
    assert_int_equal(
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
        strlen(text));
}

static void every_wrong_letter_is_noticed(void **state)
{
    struct token back;

    (void)state;
    for (size_t i = 0; text[i]; i++) {
        char right = text[i];

        text[i] = right == 'A' ? 'B' : 'A';
        /* The last letter may carry bits that mean nothing. */
        if (token_read(text, &back, &err))
            assert_int_equal(i, strlen(text) - 1);
        text[i] = right;
    }
}

static void a_piece_of_it_and_other_words_are_refused(void **state)
{
    struct token back;
    char longer[2 * TOKEN_TEXT_MAX];

    (void)state;
    assert_false(token_read("", &back, &err));
    assert_non_null(strstr(err.text, "shorter than any token"));
    assert_false(token_read("what is this", &back, &err));
    assert_non_null(strstr(err.text, "no \" \" in it"));
    text[strlen(text) - 6] = '\0';
    assert_false(token_read(text, &back, &err));
    assert_non_null(strstr(err.text, "a letter is wrong or missing"));
    memset(longer, 'A', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_false(token_read(longer, &back, &err));
    assert_non_null(strstr(err.text, "longer than any token"));
}

static void any_letters_at_all_do_no_harm(void **state)
{
    static const char letters[] = "AZaz09-_";
    struct token back;
    char word[200];

    (void)state;
    srand(1);
    for (int i = 0; i < 2000; i++) {
        size_t length = (size_t)rand() % (sizeof(word) - 1);

        for (size_t at = 0; at < length; at++)
            word[at] = letters[rand() % 8];
        word[length] = '\0';
        assert_false(token_read(word, &back, &err));
    }
}

static void it_is_taken_from_a_line_as_well(void **state)
{
    struct token back;
    char line[TOKEN_TEXT_MAX + 8];
    FILE *in;

    (void)state;
    snprintf(line, sizeof(line), "%s \r\n", text);
    in = fmemopen(line, strlen(line), "r");
    assert_non_null(in);
    assert_true(token_read_line(in, &back, &err));
    assert_memory_equal(&back, &token, sizeof(token));
    assert_false(token_read_line(in, &back, &err));
    assert_non_null(strstr(err.text, "no token came"));
    fclose(in);
}

static void the_password_is_its_secret(void **state)
{
    char password[33];

    (void)state;
    token_password(&token, password);
    assert_string_equal(password, "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(there_and_back_is_the_same, set_up),
        cmocka_unit_test_setup(it_is_one_word_that_a_double_click_takes_whole, set_up),
        cmocka_unit_test_setup(every_wrong_letter_is_noticed, set_up),
        cmocka_unit_test_setup(a_piece_of_it_and_other_words_are_refused, set_up),
        cmocka_unit_test_setup(any_letters_at_all_do_no_harm, set_up),
        cmocka_unit_test_setup(it_is_taken_from_a_line_as_well, set_up),
        cmocka_unit_test_setup(the_password_is_its_secret, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
