/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a request and a policy: the first line is the kind, the name and the words,
 * the rest is the text. Whatever comes out of it is a policy that is right, and what was not
 * to be changed is there still.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dsl/edit.h"

#define WORDS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static int split(struct arena *arena, const char *line, const char **words)
{
    int n_words = 0;

    while (*line && n_words < WORDS_MAX) {
        size_t length = strcspn(line, " ");

        words[n_words++] = arena_strndup(arena, line, length);
        line += length + (line[length] == ' ');
    }
    return n_words;
}

static bool run(struct arena *arena, const char *text, const struct edit_request *request,
                struct edit_result *result)
{
    struct err err = {{0}};
    bool is_done = edit_run(arena, "fuzz", text, strlen(text), request, result, &err);

    assert(is_done || err.text[0]);
    assert(!is_done || (result->text && result->diagnostics->n_errors == 0));
    assert(!is_done || result->n_said > 0);
    assert(!is_done || (strcmp(result->text, text) == 0) == (result->difference[0] == '\0'));
    return is_done;
}

/* Added and removed is as if nothing had been. */
static void take_back(struct arena *arena, const char *text, const struct edit_request *added,
                      struct edit_result *result)
{
    const char *before = result->text;
    struct edit_request request = {
        .kind = added->kind == EDIT_SERVICE_ADD ? EDIT_SERVICE_REMOVE : EDIT_RULE_REMOVE,
        .name = added->name,
    };

    if (run(arena, before, &request, result))
        assert(strcmp(result->text, text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct arena *arena = arena_new();
    const char *line = arena_strndup(arena, (const char *)bytes, length);
    const char *text = line + strcspn(line, "\n");
    const char *words[WORDS_MAX + 2] = {"", ""};
    struct edit_result *result = arena_alloc(arena, sizeof(*result));
    struct edit_request request;
    int n_words;

    text += *text == '\n';
    n_words = split(arena, arena_strndup(arena, line, strcspn(line, "\n")), words);
    request = (struct edit_request){.kind = (enum edit_kind)((unsigned char)words[0][0] % EDITS),
                                    .name = words[1],
                                    .words = words + 2,
                                    .n_words = n_words > 2 ? n_words - 2 : 0};
    if (n_words > 1 && run(arena, text, &request, result) &&
        (request.kind == EDIT_SERVICE_ADD || request.kind == EDIT_RULE_ADD))
        take_back(arena, text, &request, result);
    arena_free(arena);
    return 0;
}
