/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The layout of random policies: laid out twice is laid out once; nothing that they mean, say or
 * are told is another afterwards; and no comment is lost or moves past another.
 */
#include "tests/unit/dsl/dsl_test.h"
#include "tests/unit/dsl/random_policy.h"

#include <string.h>

#include "dsl/lexer.h"
#include "dsl/page.h"
#include "dsl/resolve.h"

#define POLICIES 2000

static char *format(struct arena *arena, const char *text)
{
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));

    return policy_format(arena, "random", text, strlen(text), diagnostics);
}

/* What the policy means; the test fails if there is an error in it. */
static const char *meaning(struct arena *arena, const char *text, int *n_warnings)
{
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));
    struct policy *policy = arena_alloc(arena, sizeof(*policy));

    if (!policy_compile(arena, "random", text, strlen(text), policy, diagnostics))
        fail_msg("%s\n%s", diagnostics_text(diagnostics, false), text);
    *n_warnings = diagnostics->n_warnings;
    return policy_as_text(arena, policy);
}

/* The words, or the comments, of a text in their order, a line each. */
static const char *list(struct arena *arena, const char *text, bool of_comments)
{
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));
    struct page page = {0};
    struct tokens tokens;
    char *words;

    diagnostics_init(diagnostics, arena, "random", text, strlen(text));
    tokens = lexer_run(diagnostics);
    page_say(&page, "");
    for (int i = 0; i < tokens.n_list; i++) {
        const struct token *token = &tokens.list[i];
        size_t length = (size_t)token->length;

        if (of_comments ? token->kind != TOKEN_COMMENT
                        : !token_is_significant(token) || token->kind == TOKEN_SEMICOLON ||
                              token->kind == TOKEN_COMMA)
            continue;
        while (of_comments && strchr(" \t\r", text[(size_t)token->offset + length - 1]))
            length--;
        page_add(&page, text + token->offset, length);
        page_say(&page, "\n");
    }
    words = arena_strdup(arena, page.bytes);
    page_free(&page);
    return words;
}

static void the_layout_is_laid_out(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < POLICIES; seed++) {
        struct arena *arena = arena_new();
        const char *once = format(arena, random_policy(arena, seed));

        assert_non_null(once);
        assert_string_equal(format(arena, once), once);
        arena_free(arena);
    }
}

static void the_layout_means_what_the_text_means(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < POLICIES; seed++) {
        struct arena *arena = arena_new();
        const char *text = random_policy(arena, seed), *once = format(arena, text);
        int n_before, n_after;

        assert_string_equal(meaning(arena, once, &n_after), meaning(arena, text, &n_before));
        assert_int_equal(n_after, n_before);
        arena_free(arena);
    }
}

static void the_layout_has_the_words_and_the_comments_of_the_text(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < POLICIES; seed++) {
        struct arena *arena = arena_new();
        const char *text = random_policy(arena, seed), *once = format(arena, text);

        assert_string_equal(list(arena, once, false), list(arena, text, false));
        assert_string_equal(list(arena, once, true), list(arena, text, true));
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout_is_laid_out),
        cmocka_unit_test(the_layout_means_what_the_text_means),
        cmocka_unit_test(the_layout_has_the_words_and_the_comments_of_the_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
