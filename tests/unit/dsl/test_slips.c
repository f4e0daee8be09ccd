/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One slip, one message: a word or sign of a right policy is left out or written twice, and
 * nearly always there is one error, however much of the text it seems to change.
 */
#include "tests/unit/dsl/dsl_test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsl/lexer.h"

#define TEXT_MAX (1 << 14)
/* Texts that may have more than one error: a "}" missing on a line with more statements, say. */
#define NOISY_OF_A_HUNDRED 1
/* Even those are read by somebody. */
#define ERRORS_MOST 16

static int n_texts, n_noisy;

static void check(struct arena *arena, const char *path, int line, const char *text)
{
    struct policy *policy = arena_alloc(arena, sizeof(*policy));
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));

    policy_compile(arena, "test.tenuto", text, strlen(text), policy, found);
    n_texts++;
    n_noisy += found->n_errors > 1;
    if (found->n_errors > ERRORS_MOST)
        fail_msg("%s:%d: one slip, and %s", path, line, diagnostics_text(found, false));
}

/* Without that token, and with it twice. */
static void slip(const char *path, const char *text, const struct token *token)
{
    struct arena *arena = arena_new();
    const char *behind = text + token->offset + token->length;

    check(arena, path, token->line, arena_printf(arena, "%.*s%s", token->offset, text, behind));
    check(arena, path, token->line,
          arena_printf(arena, "%.*s %.*s%s", token->offset + token->length, text, token->length,
                       text + token->offset, behind));
    arena_free(arena);
}

static void slip_everywhere(const char *path)
{
    struct arena *arena = arena_new();
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));
    char *text = arena_alloc(arena, TEXT_MAX);
    FILE *file = fopen(path, "rb");
    struct tokens tokens;

    assert_non_null(file);
    assert_true(fread(text, 1, TEXT_MAX - 1, file) > 0);
    fclose(file);
    diagnostics_init(found, arena, "", text, strlen(text));
    tokens = lexer_run(found);
    for (int i = 0; i < tokens.n_list - 1; i++) {
        if (token_is_significant(&tokens.list[i]))
            slip(path, text, &tokens.list[i]);
    }
    arena_free(arena);
}

static void a_token_too_few_or_too_many_gives_one_message(void **state)
{
    struct dirent **entries;
    int n_entries = scandir("tests/policies", &entries, NULL, alphasort);
    char path[512];

    (void)state;
    for (int i = 0; i < n_entries; i++) {
        const char *name = entries[i]->d_name;

        /* The wrong ones are called after their code. */
        snprintf(path, sizeof(path), "tests/policies/%s", name);
        if (strstr(name, ".tenuto") && strncmp(name, "t0", 2) != 0)
            slip_everywhere(path);
        free(entries[i]);
    }
    free(entries);
    print_message("%d of %d texts with one slip have more than one error\n", n_noisy, n_texts);
    assert_true(n_texts > 500);
    assert_true(100 * n_noisy <= NOISY_OF_A_HUNDRED * n_texts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_too_few_or_too_many_gives_one_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
