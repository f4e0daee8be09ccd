/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes laid out: only once, for the second time changes nothing; the same words in the same
 * order, the same comments, the same meaning, and the same said about it.
 */
#include "dsl/format.h"
#include "dsl/page.h"
#include "dsl/parser.h"
#include "tests/fuzz/fuzz.h"

unsigned fuzz_language(const uint8_t *bytes, size_t length, size_t *at)
{
    (void)bytes;
    (void)length;
    *at = 0;
    return IN_POLICY;
}

static struct tree parse(struct arena *arena, const char *text, size_t length)
{
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));

    diagnostics_init(found, arena, "fuzz", text, length);
    return parser_run(found);
}

/* What means something, apart from what only ends statements and the comma before "then". */
static char *words_of(struct arena *arena, const struct tree *tree)
{
    struct page page = {0};
    char *words;

    page_say(&page, "");
    for (int at = 0; at < tree->tokens.n_list; at++) {
        const struct token *token = &tree->tokens.list[at];

        if (!token_is_significant(token) || token->kind == TOKEN_SEMICOLON ||
            token->kind == TOKEN_COMMA)
            continue;
        page_add(&page, tree->diagnostics->text + token->offset, (size_t)token->length);
        page_say(&page, "\n");
    }
    words = arena_strndup(arena, page.bytes, page.length);
    page_free(&page);
    return words;
}

static int compare(const void *one, const void *other)
{
    const struct diagnostic *a = one, *b = other;

    return a->code != b->code ? (int)a->code - (int)b->code : strcmp(a->words, b->words);
}

/*
 * Codes and words; the places have moved, and where two are alike one of them is first. Of a wrong
 * policy the codes: some slips are told once a line, and what was one line may be two now.
 */
static char *said(struct arena *arena, struct diagnostics *found)
{
    bool is_right = found->n_errors == 0;
    char *text = "";

    qsort(found->list, (size_t)found->n_list, sizeof(found->list[0]), compare);
    for (int i = 0; i < found->n_list; i++)
        if (is_right || i == 0 || found->list[i - 1].code != found->list[i].code)
            text = arena_printf(arena, "%s%s %s\n", text, diagnostic_code_name(found->list[i].code),
                                is_right ? found->list[i].words : "");
    return text;
}

static void check_layout(const char *layout)
{
    for (const char *line = layout; *line; line += strcspn(line, "\n") + 1) {
        size_t length = strcspn(line, "\n");

        assert(line[length] == '\n');
        assert(length == 0 || !strchr(" \t\r", line[length - 1]));
        assert(strncmp(line, "\n\n", 2) != 0);
    }
    assert(layout[0] != '\n');
}

static void check_meaning(struct arena *arena, const char *text, size_t length, const char *layout)
{
    struct fuzz_reading before = fuzz_read(arena, text, length);
    struct fuzz_reading after = fuzz_read(arena, layout, strlen(layout));

    assert(before.is_right == after.is_right);
    if (before.diagnostics->n_list < DIAGNOSTICS_MAX && after.diagnostics->n_list < DIAGNOSTICS_MAX)
        assert(strcmp(said(arena, before.diagnostics), said(arena, after.diagnostics)) == 0);
    if (before.is_right)
        assert(strcmp(fuzz_meaning(arena, &before), fuzz_meaning(arena, &after)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct arena *arena = arena_new();
    char *text = fuzz_copy(bytes, length);
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));
    char *once = policy_format(arena, "fuzz", text, length, found);

    assert((once == NULL) == (found->n_errors > 0));
    fuzz_check_diagnostics(found);
    if (once) {
        struct tree before = parse(arena, text, length);
        struct tree after = parse(arena, once, strlen(once));
        char *twice = policy_format(arena, "fuzz", once, strlen(once), found);

        assert(twice && strcmp(once, twice) == 0);
        assert(strcmp(words_of(arena, &before), words_of(arena, &after)) == 0);
        assert(strcmp(fuzz_comments(arena, &before), fuzz_comments(arena, &after)) == 0);
        check_layout(once);
        check_meaning(arena, text, length, once);
    }
    free(text);
    arena_free(arena);
    return 0;
}
