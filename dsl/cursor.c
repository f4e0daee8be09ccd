/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parser's hands: taking tokens, building nodes, and saying what was expected. */
#include "dsl/cursor.h"

#include <string.h>

#include "dsl/habit.h"
#include "dsl/suggest.h"

static const struct token *token_at(const struct cursor *cursor)
{
    return &cursor->tokens.list[cursor->at];
}

enum token_kind cursor_kind(const struct cursor *cursor)
{
    return token_at(cursor)->kind;
}

const char *cursor_text(const struct cursor *cursor)
{
    return arena_strndup(cursor->diagnostics->arena,
                         cursor->diagnostics->text + token_at(cursor)->offset,
                         (size_t)token_at(cursor)->length);
}

bool cursor_is_word(const struct cursor *cursor, const char *word)
{
    return token_is_word(cursor->diagnostics, token_at(cursor), word);
}

struct location cursor_place(const struct cursor *cursor)
{
    return token_place(cursor->diagnostics, token_at(cursor));
}

bool cursor_is_over(const struct cursor *cursor)
{
    enum token_kind kind = cursor_kind(cursor);

    return kind == TOKEN_NEWLINE || kind == TOKEN_SEMICOLON || kind == TOKEN_CLOSE ||
           kind == TOKEN_END;
}

void cursor_settle(struct cursor *cursor)
{
    while (cursor_kind(cursor) == TOKEN_BLANK || cursor_kind(cursor) == TOKEN_COMMENT)
        cursor->at++;
}

void cursor_settle_over_lines(struct cursor *cursor)
{
    while (cursor_kind(cursor) != TOKEN_END && !token_is_significant(token_at(cursor)))
        cursor->at++;
}

int cursor_take(struct cursor *cursor)
{
    enum token_kind kind = cursor_kind(cursor);

    if (kind == TOKEN_END)
        return cursor->at;
    cursor->previous = cursor->at++;
    if (kind == TOKEN_COMMA)
        cursor_settle_over_lines(cursor);
    else
        cursor_settle(cursor);
    return cursor->previous;
}

bool cursor_take_word(struct cursor *cursor, const char *word)
{
    if (!cursor_is_word(cursor, word))
        return false;
    cursor_take(cursor);
    return true;
}

struct syntax *cursor_add(struct cursor *cursor, struct syntax *into, enum syntax_kind kind)
{
    struct syntax *node = arena_alloc(cursor->diagnostics->arena, sizeof(*node));

    node->kind = kind;
    node->first = cursor->at;
    node->end = cursor->at + 1;
    if (into->last)
        into->last->next = node;
    else
        into->child = node;
    into->last = node;
    return node;
}

void cursor_finish(const struct cursor *cursor, struct syntax *node)
{
    node->end = cursor->previous >= node->first ? cursor->previous + 1 : node->first + 1;
}

static const char *describe(const struct cursor *cursor)
{
    switch (cursor_kind(cursor)) {
    case TOKEN_END: return "the end of the text";
    case TOKEN_NEWLINE: return "the end of the line";
    case TOKEN_STRING: return "a string";
    case TOKEN_BAD: return "what is no word";
    default: return arena_printf(cursor->diagnostics->arena, "\"%s\"", cursor_text(cursor));
    }
}

static bool is_open_string(const struct cursor *cursor, const struct token *token)
{
    return token->kind == TOKEN_STRING &&
           (token->length < 2 ||
            cursor->diagnostics->text[token->offset + token->length - 1] != '"');
}

bool cursor_is_spoilt(const struct cursor *cursor)
{
    struct cursor ahead = *cursor;

    for (; !cursor_is_over(&ahead); ahead.at++) {
        if (cursor_kind(&ahead) == TOKEN_BAD || is_open_string(cursor, token_at(&ahead)))
            return true;
    }
    return false;
}

bool cursor_is_cut(const struct cursor *cursor)
{
    return cursor->previous >= 0 && cursor->cut_at == cursor->previous;
}

static void note_cut(struct cursor *cursor)
{
    if (cursor_kind(cursor) == TOKEN_SEMICOLON)
        cursor->cut_at = cursor->at;
}

const char *cursor_usage(const struct cursor *cursor)
{
    if (cursor->usage || !cursor->statement)
        return cursor->usage;
    return syntax_usage(cursor->statement->kind);
}

static void hint_usage(struct cursor *cursor, struct diagnostic *entry, const char *before)
{
    const char *usage = cursor_usage(cursor);

    if (usage)
        diagnostics_hint(cursor->diagnostics, entry, "%sit is written: %s", before, usage);
}

/* What other languages put between a setting and its value. */
static void hint_expected(struct cursor *cursor, struct diagnostic *entry, const char *what)
{
    enum token_kind kind = cursor_kind(cursor);
    const char *before = "";

    if (kind == TOKEN_STRING)
        before = "take the quotes away; ";
    else if ((kind == TOKEN_COLON || kind == TOKEN_EQUALS || kind == TOKEN_COMMA) &&
             strcmp(what, "\"=\"") != 0 && strcmp(what, "the rule's name") != 0)
        before =
            arena_printf(cursor->diagnostics->arena, "take the \"%s\" away; ", cursor_text(cursor));
    hint_usage(cursor, entry, before);
}

bool cursor_expected(struct cursor *cursor, const char *what)
{
    struct diagnostic *entry;

    note_cut(cursor);
    if (cursor_is_spoilt(cursor))
        return false;
    entry = diagnostics_add(cursor->diagnostics, DIAGNOSTIC_EXPECTED, cursor_place(cursor), what,
                            describe(cursor));
    if (entry != &cursor->diagnostics->spare)
        entry->expected = what;
    hint_expected(cursor, entry, what);
    return false;
}

bool cursor_need(struct cursor *cursor, enum token_kind kind, const char *what)
{
    if (cursor_kind(cursor) != kind)
        return cursor_expected(cursor, what);
    cursor_take(cursor);
    return true;
}

bool cursor_need_word(struct cursor *cursor, const char *word)
{
    if (cursor_take_word(cursor, word))
        return true;
    return cursor_expected(cursor, arena_printf(cursor->diagnostics->arena, "\"%s\"", word));
}

bool cursor_read(struct cursor *cursor, struct syntax *into, enum syntax_kind kind,
                 const char *what)
{
    if (cursor_kind(cursor) != TOKEN_WORD)
        return cursor_expected(cursor, what);
    cursor_add(cursor, into, kind);
    cursor_take(cursor);
    return true;
}

bool cursor_read_string(struct cursor *cursor, struct syntax *into)
{
    if (cursor_kind(cursor) != TOKEN_STRING)
        return cursor_expected(cursor, "a string in \"\"");
    cursor_add(cursor, into, SYNTAX_VALUE);
    cursor_take(cursor);
    return true;
}

/* "a|b|c" as "a, b or c"; the one that is nearest to what was written; whether it is one. */
struct choices {
    const char *shown;
    struct suggestion nearest;
    bool has_it;
};

static struct choices choices_read(struct arena *arena, const char *written, const char *choices)
{
    struct choices result = {.shown = "", .nearest = suggestion_for(written)};
    const char *from = choices;

    while (*from) {
        size_t length = strcspn(from, "|");
        const char *word = arena_strndup(arena, from, length);
        const char *glue = from == choices ? "" : from[length] ? ", " : " or ";

        if (habit_means(written, word))
            suggestion_take(&result.nearest, word);
        suggestion_consider(&result.nearest, word);
        if (strcmp(word, written) == 0)
            result.has_it = true;
        result.shown = arena_printf(arena, "%s%s%s", result.shown, glue, word);
        from += length + (from[length] == '|');
    }
    return result;
}

bool cursor_read_choice(struct cursor *cursor, struct syntax *into, const char *choices)
{
    bool is_word = cursor_kind(cursor) == TOKEN_WORD;
    const char *written = is_word ? cursor_text(cursor) : "";
    struct choices result = choices_read(cursor->diagnostics->arena, written, choices);
    struct diagnostic *entry;

    if (!is_word)
        return cursor_expected(cursor, result.shown);
    if (result.has_it)
        return cursor_read(cursor, into, SYNTAX_WORD, result.shown);
    if (cursor_is_spoilt(cursor))
        return false;
    entry = diagnostics_add(cursor->diagnostics, DIAGNOSTIC_UNKNOWN_CHOICE, cursor_place(cursor),
                            written, result.shown);
    if (habit_hint(IN_CHOICE, written) && !result.nearest.best)
        diagnostics_hint(cursor->diagnostics, entry, "%s", habit_hint(IN_CHOICE, written));
    else if (result.nearest.best)
        diagnostics_suggest(cursor->diagnostics, entry, result.nearest.best);
    else
        hint_usage(cursor, entry, "");
    return false;
}

bool cursor_is_word_of_rules(const struct cursor *cursor)
{
    return cursor_is_word(cursor, "together") || cursor_is_word(cursor, "apart") ||
           cursor_is_word(cursor, "on") || cursor_is_word(cursor, "before");
}

/* "node beta" at the left margin: a statement, and no name that goes on with a list. */
static bool is_next_statement(const struct cursor *cursor)
{
    struct cursor ahead = *cursor;
    int offset = cursor->tokens.list[cursor->at].offset;

    if (cursor_kind(cursor) != TOKEN_WORD || offset == 0 ||
        cursor->diagnostics->text[offset - 1] != '\n' ||
        syntax_find(cursor_text(cursor), IN_POLICY) == SYNTAX_BROKEN)
        return false;
    cursor_take(&ahead);
    return (cursor_kind(&ahead) == TOKEN_WORD || cursor_kind(&ahead) == TOKEN_OPEN) &&
           !cursor_is_word(&ahead, "then") && !cursor_is_word_of_rules(&ahead);
}

bool cursor_has_name(struct cursor *cursor, const char *what)
{
    const struct token *before = &cursor->tokens.list[cursor->previous];
    bool is_comma = before->kind == TOKEN_COMMA;
    bool is_service = strcmp(what, "a service") == 0;
    struct diagnostic *entry;

    if (cursor_kind(cursor) == TOKEN_WORD && !is_next_statement(cursor) &&
        !(is_service && cursor_is_word_of_rules(cursor)))
        return true;
    if (cursor_kind(cursor) != TOKEN_WORD && !cursor_is_over(cursor))
        return cursor_expected(cursor, what);
    note_cut(cursor);
    entry = diagnostics_add(cursor->diagnostics, DIAGNOSTIC_EXPECTED,
                            token_place(cursor->diagnostics, before),
                            arena_printf(cursor->diagnostics->arena, "%s behind %s", what,
                                         is_comma ? "this comma" : "this word"),
                            describe(cursor));
    if (entry != &cursor->diagnostics->spare)
        entry->expected = what;
    diagnostics_hint(cursor->diagnostics, entry,
                     is_comma ? "commas stand between names only: take this one away"
                              : "say what comes next, or take this word away");
    return false;
}

bool cursor_read_names(struct cursor *cursor, struct syntax *into, const char *what)
{
    struct syntax *names = cursor_add(cursor, into, SYNTAX_NAMES);
    bool is_right = cursor_read(cursor, names, SYNTAX_NAME, what);

    while (is_right && cursor_kind(cursor) == TOKEN_COMMA) {
        cursor_take(cursor);
        if (cursor->is_in_tiers && cursor_is_word(cursor, "then"))
            break;
        is_right = cursor_has_name(cursor, what) && cursor_read(cursor, names, SYNTAX_NAME, what);
    }
    cursor_finish(cursor, names);
    return is_right;
}
