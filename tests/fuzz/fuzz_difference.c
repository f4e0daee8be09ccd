/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a policy, compared: with itself and its one layout nothing differs; without one of
 * its statements, and behind one of its settings, something does if and only if it means
 * something else, whichever of the two comes first.
 */
#include "dsl/difference.h"
#include "tests/fuzz/fuzz.h"

/* Texts that are made of one; each is a policy read twice. */
#define CUTS_MAX 12

unsigned fuzz_language(const uint8_t *bytes, size_t length, size_t *at)
{
    (void)bytes;
    (void)length;
    *at = 0;
    return IN_POLICY;
}

/* Every line has all it needs to be told. */
static struct difference compare(struct arena *arena, const char *before, const char *after)
{
    struct difference difference;
    bool is_right = difference_find(arena, before, after, &difference);
    int n_effects = 0;

    assert(is_right);
    for (int i = 0; i < difference.n_lines; i++) {
        const struct difference_line *line = &difference.lines[i];

        assert(line->sign == '+' || line->sign == '-' || line->sign == '~');
        assert(line->sign != '~' || line->before || line->after);
        assert(difference_words(arena, line)[0] == line->sign);
        n_effects += !line->is_idle;
    }
    assert(n_effects == difference.n_effects);
    return difference;
}

/* What a policy does not keep, or says of others only in words, is told all the same. */
static bool is_followed(const struct syntax *statement)
{
    switch (statement->kind) {
    case SYNTAX_NODE:
    case SYNTAX_LET:
    case SYNTAX_DEFAULTS:
    case SYNTAX_SERVICE:
    case SYNTAX_RULE:
    case SYNTAX_DISABLED: return true;
    default: return false;
    }
}

static void check_cut(struct arena *arena, const char *text, const char *meaning,
                      const struct syntax *statement, const char *cut)
{
    struct fuzz_reading reading = fuzz_read(arena, cut, strlen(cut));
    struct difference there, back;
    bool is_same;

    if (!reading.is_right)
        return;
    is_same = strcmp(meaning, fuzz_meaning(arena, &reading)) == 0;
    there = compare(arena, text, cut);
    back = compare(arena, cut, text);
    assert(is_same || (there.n_effects > 0 && back.n_effects > 0));
    assert(!is_same || !is_followed(statement) || (there.n_effects == 0 && back.n_effects == 0));
}

/* The text without a part of it. */
static const char *without(struct arena *arena, const struct tree *tree, const struct syntax *part)
{
    const char *text = tree->diagnostics->text;
    struct location at = syntax_place(tree, part);

    return arena_printf(arena, "%.*s%.*s", at.offset, text,
                        (int)tree->diagnostics->length - at.offset - at.length,
                        text + at.offset + at.length);
}

static void check_cuts(struct arena *arena, const char *text, const struct fuzz_reading *reading)
{
    const struct tree *tree = reading->resolution->tree;
    const char *meaning = fuzz_meaning(arena, reading);
    int n_cuts = 0;

    for (const struct syntax *at = tree->policy->child; at; at = at->next) {
        if (n_cuts++ < CUTS_MAX)
            check_cut(arena, text, meaning, at, without(arena, tree, at));
        for (const struct syntax *inside = syntax_inside(at); inside; inside = inside->next) {
            if (n_cuts++ < CUTS_MAX)
                check_cut(arena, text, meaning, at, without(arena, tree, inside));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct arena *arena = arena_new();
    const char *text = arena_strndup(arena, (const char *)bytes, length);
    struct fuzz_reading reading = fuzz_read(arena, text, strlen(text));
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));

    if (reading.is_right) {
        const char *layout = policy_format(arena, "fuzz", text, strlen(text), found);

        assert(compare(arena, text, text).n_lines == 0);
        assert(compare(arena, text, layout).n_lines == 0);
        compare(arena, NULL, text);
        check_cuts(arena, text, &reading);
    }
    arena_free(arena);
    return 0;
}
