/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What holds for every text, whatever is done with it; see fuzz.h. */
#include "tests/fuzz/fuzz.h"

#include "dsl/page.h"
#include "dsl/utf8.h"
#include "tests/unit/dsl/dsl_test.h"

/* Texts are small and many: what is freed is watched for a while, not for 256 MiB. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=8";
}

/* Counted the long way, from the begin of the text: nothing is remembered from place to place. */
static void check_place(const struct diagnostics *diagnostics, const struct location *at)
{
    int line = 1, column = 1, from = 0;
    uint32_t point;

    assert(at->offset >= 0 && at->length >= 0);
    assert((size_t)at->offset + (size_t)at->length <= diagnostics->length);
    for (int i = 0; i < at->offset; i++) {
        if (diagnostics->text[i] == '\n') {
            line++;
            from = i + 1;
        }
    }
    while (from < at->offset) {
        size_t size = utf8_read(diagnostics->text + from, (size_t)(at->offset - from), &point);

        from += size ? (int)size : 1;
        column++;
    }
    assert(at->line == line && at->column == column);
}

static void check_words(const char *words)
{
    uint32_t point;
    size_t size;

    for (size_t at = 0; words && words[at]; at += size) {
        size = utf8_read(words + at, strlen(words + at), &point);
        assert(size > 0 && point >= 0x20 && (point < 0x7f || point >= 0xa0));
    }
}

void fuzz_check_diagnostics(const struct diagnostics *diagnostics)
{
    int n_of[SEVERITY_INFO + 1] = {0};
    json_t *list = diagnostics_json(diagnostics);

    assert(diagnostics->n_list <= DIAGNOSTICS_MAX);
    for (int i = 0; i < diagnostics->n_list; i++) {
        const struct diagnostic *each = &diagnostics->list[i];

        n_of[each->severity]++;
        check_place(diagnostics, &each->at);
        check_words(each->words);
        check_words(each->hint);
        assert(each->words[0] && each->n_notes <= 2);
        for (int k = 0; k < each->n_notes; k++) {
            check_place(diagnostics, &each->notes[k].at);
            check_words(each->notes[k].words);
        }
    }
    if (diagnostics->n_list < DIAGNOSTICS_MAX)
        assert(n_of[SEVERITY_ERROR] == diagnostics->n_errors &&
               n_of[SEVERITY_WARNING] == diagnostics->n_warnings);
    assert(json_array_size(list) == (size_t)diagnostics->n_list);
    json_decref(list);
    assert(diagnostics->n_list == 0 ||
           diagnostics_text((struct diagnostics *)diagnostics, true)[0]);
}

struct fuzz_reading fuzz_read(struct arena *arena, const char *text, size_t length)
{
    struct fuzz_reading reading = {.resolution = arena_alloc(arena, sizeof(struct resolution)),
                                   .diagnostics = arena_alloc(arena, sizeof(struct diagnostics))};

    reading.policy = reading.resolution->policy = arena_alloc(arena, sizeof(struct policy));
    reading.is_right =
        policy_resolve(arena, "fuzz", text, length, reading.resolution, reading.diagnostics);
    assert(reading.is_right == (reading.diagnostics->n_errors == 0));
    return reading;
}

char *fuzz_meaning(struct arena *arena, const struct fuzz_reading *reading)
{
    return reading->is_right ? policy_as_text(arena, reading->policy) : NULL;
}

char *fuzz_comments(struct arena *arena, const struct tree *tree)
{
    struct page page = {0};
    char *comments;

    page_say(&page, "");
    for (int at = 0; at < tree->tokens.n_list; at++) {
        const struct token *token = &tree->tokens.list[at];
        const char *bytes = tree->diagnostics->text + token->offset;
        int length = token->length;

        if (token->kind != TOKEN_COMMENT)
            continue;
        while (length > 1 && strchr(" \t\r", bytes[length - 1]))
            length--;
        page_add(&page, bytes, (size_t)length);
        page_say(&page, "\n");
    }
    comments = arena_strndup(arena, page.bytes, page.length);
    page_free(&page);
    return comments;
}
