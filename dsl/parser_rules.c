/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a rule is written: what belongs together, apart, on which nodes, in which order. */
#include "dsl/parser_rules.h"

#include <string.h>

/* tiers = NODE { "," NODE } { [ "," ] "then" NODE { "," NODE } } */
static bool read_tiers(struct cursor *c, struct syntax *node)
{
    struct syntax *tiers = cursor_add(c, node, SYNTAX_TIERS);
    bool is_right;

    c->is_in_tiers = true;
    is_right = cursor_read_names(c, tiers, "a node");
    while (is_right && cursor_take_word(c, "then")) {
        cursor_settle_over_lines(c);
        is_right = cursor_has_name(c, "a node") && cursor_read_names(c, tiers, "a node");
    }
    c->is_in_tiers = false;
    cursor_finish(c, tiers);
    return is_right;
}

/* "before" SERVICE { "," SERVICE } */
static bool read_before(struct cursor *c, struct syntax *node)
{
    if (!cursor_need_word(c, "before"))
        return false;
    cursor_settle_over_lines(c);
    return cursor_has_name(c, "a service") && cursor_read_names(c, node, "a service");
}

/* A word behind a list that looks like a service, or like "and": a comma belongs there. */
static bool is_comma_missing(const struct cursor *c)
{
    return cursor_kind(c) == TOKEN_WORD &&
           (strpbrk(cursor_text(c), ":*[") || cursor_is_word(c, "and") || cursor_is_word(c, "or") ||
            cursor_is_word(c, "with") || cursor_is_word(c, "+"));
}

/*
 * sentence = ( "keep" | "try" ) services ( "together" | "apart" | "on" tiers )
 *          | "start" services "before" services
 */
static bool read_sentence(struct cursor *c, struct syntax *node)
{
    bool is_start = cursor_is_word(c, "start");

    if (!cursor_read_choice(c, node, "keep|try|start"))
        return false;
    if (is_start)
        c->usage = "rule NAME: start SERVICES before SERVICES";
    if (cursor_is_word_of_rules(c))
        return cursor_expected(c, "a service");
    if (!cursor_read_names(c, node, "a service"))
        return false;
    if (is_comma_missing(c))
        return cursor_expected(c, "\",\" between two services");
    if (is_start)
        return read_before(c, node);
    if (!cursor_read_choice(c, node, "together|apart|on"))
        return false;
    return !token_is_word(c->diagnostics, &c->tokens.list[c->previous], "on") ||
           read_tiers(c, node);
}

/* "web:keep" was meant as "web: keep". */
static bool read_rule_colon(struct cursor *c, const char *name)
{
    const char *colon = strchr(name, ':');
    struct location at = token_place(c->diagnostics, &c->tokens.list[c->previous]);

    if (!colon)
        return cursor_need(c, TOKEN_COLON, "\":\" behind the rule's name");
    at.length = (int)(colon - name) + 1;
    diagnostics_add(c->diagnostics, DIAGNOSTIC_RULE_COLON, at,
                    arena_strndup(c->diagnostics->arena, name, (size_t)(colon - name)));
    return false;
}

/* "rule" NAME ":" sentence */
bool read_rule(struct cursor *c, struct syntax *node)
{
    const char *name = cursor_text(c);

    return cursor_read(c, node, SYNTAX_NAME, "the rule's name") && read_rule_colon(c, name) &&
           read_sentence(c, node);
}

/* "disabled" "rule" NAME ":" sentence */
bool read_disabled(struct cursor *c, struct syntax *node)
{
    return cursor_need_word(c, "rule") && read_rule(c, node);
}

/* ( "keep" | "try" ) "on" tiers */
bool read_on(struct cursor *c, struct syntax *node)
{
    if (cursor_is_word(c, "together") || cursor_is_word(c, "apart"))
        c->usage = "rule NAME: keep SERVICES together|apart";
    return cursor_need_word(c, "on") && read_tiers(c, node);
}
