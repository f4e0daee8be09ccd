/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hints for slips of grammar, as people make them; see parser_slips.h. */
#include "dsl/parser_slips.h"

#include <string.h>

#include "dsl/habit.h"

#define SERVICE_HINT "a service is written type:name, in one word, as in ocf:web"

static const char *usage_hint(const struct cursor *c, const char *before)
{
    const char *usage = cursor_usage(c);

    return arena_printf(c->diagnostics->arena, "%s%s%s", before, usage ? "it is written: " : "",
                        usage ? usage : "");
}

static const char *previous_text(const struct cursor *c)
{
    const struct token *token = &c->tokens.list[c->previous];

    return arena_strndup(c->diagnostics->arena, c->diagnostics->text + token->offset,
                         (size_t)token->length);
}

static bool is_digits(const char *word)
{
    return *word && strspn(word, "0123456789") == strlen(word);
}

static bool is_list(const struct syntax *node)
{
    return node->last && (node->last->kind == SYNTAX_NAMES || node->last->kind == SYNTAX_TIERS);
}

static bool is_rule(const struct syntax *node)
{
    return node->kind == SYNTAX_RULE || node->kind == SYNTAX_DISABLED;
}

static const char *hint_of_comma(const struct cursor *c, const struct syntax *node, unsigned block)
{
    if (node->kind == SYNTAX_SET || node->kind == SYNTAX_DEVICE_SET)
        return "settings are separated by \";\"; a value with a comma in it is a string, in \"\"";
    if (syntax_part(node, SYNTAX_BLOCK))
        return "statements need no commas between them: take this one away";
    if (node->kind == SYNTAX_NODE)
        return "each node has a statement of its own";
    if (block != IN_POLICY)
        return "settings are separated by \";\", or stand on lines of their own";
    return usage_hint(c, "take the \",\" away; ");
}

/* A word behind what was complete without it. */
static const char *hint_of_word(const struct cursor *c, const struct syntax *node,
                                bool begins_another)
{
    struct arena *arena = c->diagnostics->arena;
    const char *word = cursor_text(c), *before = previous_text(c);
    const char *unit = is_digits(before) ? habit_unit(word) : NULL;

    if (unit)
        return arena_printf(arena, "no blank stands before a unit: %s%s", before, unit);
    if (habit_of_signs(word) && !is_digits(word) && strpbrk(word, "/-"))
        return habit_of_signs(word);
    if (begins_another)
        return arena_printf(arena, "a \";\" or a new line is missing before \"%s\"", word);
    if (is_rule(node) && (strcmp(word, "on") == 0 || strcmp(word, "together") == 0 ||
                          strcmp(word, "apart") == 0 || strcmp(word, "before") == 0))
        return "one rule says one thing: say this in a rule of its own";
    if (node->kind == SYNTAX_SET || node->kind == SYNTAX_DEVICE_SET)
        return "a value with a blank in it is a string, in \"\"";
    if (word[0] == '[')
        return "no blank stands before a \"[\": it is one word, as in ocf:db[1..3]";
    if (syntax_part(node, SYNTAX_BLOCK))
        return "the block has ended: write it inside, before the \"}\"";
    if (node->kind == SYNTAX_SERVICE && !strchr(before, ':'))
        return SERVICE_HINT;
    if (is_list(node) && !is_digits(word))
        return "names in a list are separated by commas";
    return usage_hint(c, "");
}

void slip_too_much(struct cursor *c, const struct syntax *node, unsigned block, bool begins_another)
{
    struct arena *arena = c->diagnostics->arena;
    enum token_kind kind = cursor_kind(c);
    struct diagnostic *entry;
    const char *hint;

    if (cursor_is_spoilt(c))
        return;
    if (kind == TOKEN_COMMA)
        hint = hint_of_comma(c, node, block);
    else if (kind == TOKEN_WORD)
        hint = hint_of_word(c, node, begins_another);
    else if (kind == TOKEN_COLON && node->kind == SYNTAX_SERVICE && !strchr(previous_text(c), ':'))
        hint = SERVICE_HINT;
    else if (kind == TOKEN_COLON || kind == TOKEN_EQUALS)
        hint = usage_hint(c, arena_printf(arena, "take the \"%s\" away; ", cursor_text(c)));
    else
        hint = usage_hint(c, "");
    entry = diagnostics_add(c->diagnostics, DIAGNOSTIC_TOO_MUCH, cursor_place(c),
                            kind == TOKEN_STRING ? "this string"
                                                 : arena_printf(arena, "\"%s\"", cursor_text(c)));
    diagnostics_hint(c->diagnostics, entry, "%s", hint);
}

/* Nothing that counts stands before it. */
static bool is_first(const struct cursor *c)
{
    return c->previous < 0;
}

void slip_no_word(struct cursor *c, unsigned block, bool is_whole)
{
    enum token_kind kind = cursor_kind(c);
    struct diagnostic *entry;

    if (cursor_is_spoilt(c))
        return;
    c->statement = NULL;
    cursor_expected(c, is_whole ? "a statement" : "a setting");
    if (c->diagnostics->n_list == DIAGNOSTICS_MAX)
        return;
    entry = &c->diagnostics->list[c->diagnostics->n_list - 1];
    if (kind == TOKEN_OPEN && is_first(c))
        diagnostics_hint(c->diagnostics, entry,
                         "a policy is no JSON; it begins: cluster NAME { network lan }");
    else if (kind == TOKEN_OPEN && is_whole)
        diagnostics_hint(c->diagnostics, entry,
                         "the \"{\" of a block stands on the line of its statement, at its end");
    else if (kind == TOKEN_OPEN)
        diagnostics_hint(c->diagnostics, entry, "one \"{\" is enough");
    else if (kind == TOKEN_STRING && block != IN_DRILL)
        diagnostics_hint(c->diagnostics, entry, "take the quotes away: only values stand in them");
}

/* Further to the right than statements are, and nothing that begins one of the policy. */
static bool is_setting_next(const struct cursor *c)
{
    int offset = c->tokens.list[c->at].offset;

    return cursor_kind(c) == TOKEN_WORD && offset > 0 && c->diagnostics->text[offset - 1] != '\n' &&
           syntax_find(cursor_text(c), IN_POLICY) == SYNTAX_BROKEN &&
           syntax_find(cursor_text(c), ~(unsigned)IN_POLICY) != SYNTAX_BROKEN;
}

void slip_headless(struct cursor *c)
{
    struct cursor ahead = *c;

    for (;;) {
        cursor_settle_over_lines(&ahead);
        if (cursor_kind(&ahead) == TOKEN_CLOSE) {
            cursor_take(&ahead);
            *c = ahead;
            return;
        }
        if (!is_setting_next(&ahead))
            return;
        while (!cursor_is_over(&ahead))
            cursor_take(&ahead);
        if (cursor_kind(&ahead) == TOKEN_SEMICOLON)
            return;
    }
}
