/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words of the tree that can be compared: without comments and layout, values in one form. */
#include <stdlib.h>
#include <string.h>

#include "dsl/difference_work.h"
#include "dsl/page.h"
#include "dsl/range.h"
#include "dsl/values.h"
#include "ha/base/text.h"

struct wordy {
    const struct tree *tree;
    struct arena *arena;
    enum wording wording;
    bool is_literal; /* what an agent is given is no number for us */
    struct page page;
};

static void say(struct wordy *w, const char *words)
{
    if (w->page.length > 0 && w->page.bytes[w->page.length - 1] != ' ')
        page_say(&w->page, " ");
    page_say(&w->page, words);
}

static const char *finish(struct wordy *w)
{
    const char *words = arena_strdup(w->arena, w->page.bytes ? w->page.bytes : "");

    page_free(&w->page);
    return words;
}

static struct wordy begin(const struct tree *tree, enum wording wording)
{
    return (struct wordy){.tree = tree, .arena = tree->diagnostics->arena, .wording = wording};
}

/* "1.50" is 1.5; an address has more than one dot. */
static const char *trim_fraction(struct arena *arena, const char *word)
{
    size_t length = strlen(word);
    const char *dot = strchr(word, '.');

    if (!dot || dot != strrchr(word, '.') || strspn(word, "-0123456789.") != length)
        return word;
    while (word[length - 1] == '0')
        length--;
    return arena_strndup(arena, word, length - (word[length - 1] == '.'));
}

/* Times and sizes in the largest unit that loses nothing. */
static const char *normal_word(struct arena *arena, const char *word)
{
    struct text text;
    long long value;
    char buffer[32];

    text_init(&text, buffer, sizeof(buffer));
    if (text_to_ms(word, &value))
        text_add_ms(&text, value);
    else if (text_to_bytes(word, &value))
        text_add_bytes(&text, value);
    else
        return trim_fraction(arena, word);
    return arena_strdup(arena, buffer);
}

/* What is a word without its quotes needs none. */
static const char *value_words(struct wordy *w, const struct syntax *value)
{
    const char *raw = syntax_text(w->tree, value), *inside;

    if (!syntax_is_string(w->tree, value))
        return w->is_literal ? raw : normal_word(w->arena, raw);
    inside = value_string(w->tree, value);
    return *inside && inside[strspn(inside, "abcdefghijklmnopqrstuvwxyz0123456789"
                                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_./")] == '\0'
               ? inside
               : raw;
}

/* ---- lists ----------------------------------------------------------------------------------- */

struct list {
    const char **words;
    int n_words;
    int size;
};

static void list_add(struct list *list, const char *word)
{
    if (list->n_words == list->size) {
        list->size = list->size ? 2 * list->size : 16;
        list->words = xrealloc(list->words, (size_t)list->size * sizeof(list->words[0]));
    }
    list->words[list->n_words++] = word;
}

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void list_take(struct wordy *w, struct list *list, const struct syntax *name)
{
    const char *word = syntax_text(w->tree, name);
    struct range range;

    if (w->wording == WORDS_SHOWN || !range_is_meant(word) || !range_read(word, &range)) {
        list_add(list, word);
        return;
    }
    for (int number = range.low; number <= range.high; number++)
        list_add(list, range_name(w->arena, &range, number));
}

static void add_names(struct wordy *w, const struct syntax *names)
{
    struct list list = {0};

    for (const struct syntax *name = names->child; name; name = name->next)
        list_take(w, &list, name);
    if (w->wording == WORDS_SORTED && list.n_words > 0)
        qsort(list.words, (size_t)list.n_words, sizeof(list.words[0]), compare_words);
    for (int i = 0; i < list.n_words; i++) {
        if (i > 0 && w->wording == WORDS_SORTED && strcmp(list.words[i - 1], list.words[i]) == 0)
            continue;
        if (i > 0)
            page_say(&w->page, ",");
        say(w, list.words[i]);
    }
    free(list.words);
}

static void add_tiers(struct wordy *w, const struct syntax *tiers)
{
    for (const struct syntax *names = tiers->child; names; names = names->next) {
        if (names != tiers->child) {
            page_say(&w->page, ",");
            say(w, "then");
        }
        add_names(w, names);
    }
}

/* ---- statements ------------------------------------------------------------------------------ */

static void add_words(struct wordy *w, const struct syntax *node, int skip);

static void add_inside(struct wordy *w, const struct syntax *block)
{
    for (const struct syntax *at = block->child; at; at = at->next) {
        if (at != block->child)
            page_say(&w->page, ";");
        add_words(w, at, 0);
    }
}

static void add_part(struct wordy *w, const struct syntax *part)
{
    switch (part->kind) {
    case SYNTAX_NAMES: add_names(w, part); break;
    case SYNTAX_TIERS: add_tiers(w, part); break;
    case SYNTAX_VALUE: say(w, value_words(w, part)); break;
    case SYNTAX_NAME:
    case SYNTAX_WORD: say(w, syntax_text(w->tree, part)); break;
    case SYNTAX_BLOCK:
        say(w, "{");
        add_inside(w, part);
        say(w, "}");
        break;
    /* A statement in a statement: "within 30s expect ...". */
    default: add_words(w, part, 0);
    }
}

/* Words between the parts are those that the grammar wants there. */
static void add_words(struct wordy *w, const struct syntax *node, int skip)
{
    const struct syntax *part = node->child;

    w->is_literal =
        node->kind == SYNTAX_SET || node->kind == SYNTAX_DEVICE_SET || node->kind == SYNTAX_RUN;
    for (int at = node->first; at < node->end;) {
        const struct token *token = &w->tree->tokens.list[at];
        bool is_part = part && at == part->first;

        if (!is_part && !token_is_significant(token)) {
            at++;
        } else if (skip > 0) {
            skip--;
            at = is_part ? part->end : at + 1;
        } else if (is_part) {
            add_part(w, part);
            at = part->end;
        } else {
            say(w, arena_strndup(w->arena, w->tree->diagnostics->text + token->offset,
                                 (size_t)token->length));
            at++;
        }
        part = is_part ? part->next : part;
    }
}

const char *words_of(const struct tree *tree, const struct syntax *node, int skip,
                     enum wording wording)
{
    /* The order of the addresses is that of the links, and the order of these is one too. */
    bool has_order = node->kind == SYNTAX_ADDRESSES || node->kind == SYNTAX_TIE_BREAKER;
    struct wordy w = begin(tree, has_order ? WORDS_SHOWN : wording);

    add_words(&w, node, skip);
    return finish(&w);
}

const char *words_inside(const struct tree *tree, const struct syntax *node, enum wording wording)
{
    const struct syntax *block = syntax_part(node, SYNTAX_BLOCK);
    struct wordy w = begin(tree, wording);

    if (block)
        add_inside(&w, block);
    return finish(&w);
}

const char *words_setting(const struct tree *tree, const struct syntax *setting, int *n_words)
{
    struct arena *arena = tree->diagnostics->arena;
    const char *word = syntax_word(setting->kind);

    *n_words = 2;
    switch (setting->kind) {
    case SYNTAX_START:
    case SYNTAX_STOP: return arena_printf(arena, "%s timeout", word);
    case SYNTAX_RECOVER: return "recover within";
    case SYNTAX_SET:
    case SYNTAX_DEVICE_SET: return arena_printf(arena, "set %s", syntax_text(tree, setting->child));
    case SYNTAX_MIGRATE:
        if (setting->child->kind == SYNTAX_VALUE)
            return "migrate timeout";
        break;
    case SYNTAX_KEEP_ON:
    case SYNTAX_TRY_ON: *n_words = 0; return "on";
    case SYNTAX_ADMIN:
    case SYNTAX_OPERATOR:
    case SYNTAX_VIEWER: *n_words = 0; return syntax_text(tree, syntax_part(setting, SYNTAX_NAME));
    default: break;
    }
    *n_words = 1;
    return word;
}
