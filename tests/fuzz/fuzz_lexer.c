/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as tokens: in a row they are the text, byte for byte; each knows its line; and each,
 * read alone, is the same token again.
 */
#include "tests/fuzz/fuzz.h"

/* So many of each kind are read alone: that takes longer than all of the text at once. */
#define ALONE_MAX 3

unsigned fuzz_language(const uint8_t *bytes, size_t length, size_t *at)
{
    (void)bytes;
    (void)length;
    *at = 0;
    return IN_POLICY;
}

static struct tokens run(struct arena *arena, const char *text, size_t length,
                         struct diagnostics **diagnostics)
{
    *diagnostics = arena_alloc(arena, sizeof(**diagnostics));
    diagnostics_init(*diagnostics, arena, "fuzz", text, length);
    return lexer_run(*diagnostics);
}

/* Whether what stands around it says what it is: bad bytes, open strings, a byte order mark. */
static bool has_neighbours(const char *text, const struct token *token)
{
    const char *at = text + token->offset;

    return token->kind == TOKEN_BAD ||
           (token->kind == TOKEN_STRING && (token->length < 2 || at[token->length - 1] != '"')) ||
           (token->offset > 0 && token->length >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0);
}

static void check_alone(const char *text, const struct token *token)
{
    struct arena *arena = arena_new();
    struct diagnostics *found;
    char *copy = fuzz_copy((const uint8_t *)text + token->offset, (size_t)token->length);
    struct tokens tokens = run(arena, copy, (size_t)token->length, &found);

    assert(tokens.n_list == 2 && tokens.list[0].kind == token->kind &&
           tokens.list[0].length == token->length);
    free(copy);
    arena_free(arena);
}

static void check_tokens(const struct tokens *tokens, const char *text, size_t length)
{
    int at = 0, line = 1;

    for (int i = 0; i < tokens->n_list; i++) {
        const struct token *token = &tokens->list[i];

        assert(token->offset == at && token->line == line);
        assert((token->kind == TOKEN_END) == (i == tokens->n_list - 1));
        assert((token->length == 0) == (token->kind == TOKEN_END));
        assert(token->kind != TOKEN_NEWLINE || text[at] == '\n');
        assert(token->kind == TOKEN_NEWLINE || token->length == 0 ||
               !memchr(text + at, '\n', (size_t)token->length));
        at += token->length;
        line += token->kind == TOKEN_NEWLINE;
    }
    assert((size_t)at == length);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct arena *arena = arena_new();
    char *text = fuzz_copy(bytes, length);
    struct diagnostics *found;
    struct tokens tokens = run(arena, text, length, &found);
    int n_alone[TOKEN_BAD + 1] = {0};

    check_tokens(&tokens, text, length);
    fuzz_check_diagnostics(found);
    for (int i = 0; i < tokens.n_list - 1; i++) {
        if (n_alone[tokens.list[i].kind]++ < ALONE_MAX && !has_neighbours(text, &tokens.list[i]))
            check_alone(text, &tokens.list[i]);
    }
    assert(!n_alone[TOKEN_BAD] || found->n_errors > 0);
    free(text);
    arena_free(arena);
    return 0;
}
