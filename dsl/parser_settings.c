/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The settings: what may stand behind a setting's first word; none of them has a block. */
#include "dsl/parser_settings.h"

#include <string.h>

#include "dsl/habit.h"

/* "fence|error", as choices are written; the first "|" is left out. */
#define ALERT_EVENT(id, word, meaning) "|" word
static const char events_shown[] =
#include "ha/model/alert_event.def"
    ;
#undef ALERT_EVENT
#define EVENTS_SHOWN (events_shown + 1)

/* One of the words that the usage lists behind the first. */
bool read_choice(struct cursor *c, struct syntax *node)
{
    return cursor_read_choice(c, node, strchr(syntax_usage(node->kind), ' ') + 1);
}

/* VALUE */
bool read_value(struct cursor *c, struct syntax *node)
{
    return cursor_read(c, node, SYNTAX_VALUE, "a value");
}

/* VALUE { "," VALUE } */
bool read_values(struct cursor *c, struct syntax *node)
{
    return cursor_read_names(c, node, "a value");
}

/* STRING */
bool read_string(struct cursor *c, struct syntax *node)
{
    return cursor_read_string(c, node);
}

/* "witness" HOST [ "ffsplit" | "lms" ] */
bool read_witness(struct cursor *c, struct syntax *node)
{
    return cursor_read(c, node, SYNTAX_VALUE, "a host") &&
           (cursor_is_over(c) || cursor_read_choice(c, node, "ffsplit|lms"));
}

/* "tie-breaker" ( "lowest" | "highest" | NODE { "," NODE } ) */
bool read_tie_breaker(struct cursor *c, struct syntax *node)
{
    return cursor_read_names(c, node, "a node, lowest or highest");
}

/* "run" STRING { WORD | STRING } */
bool read_run(struct cursor *c, struct syntax *node)
{
    if (!cursor_read_string(c, node))
        return false;
    while (cursor_kind(c) == TOKEN_WORD || cursor_kind(c) == TOKEN_STRING) {
        cursor_add(c, node, SYNTAX_VALUE);
        cursor_take(c);
    }
    return true;
}

/* "on" EVENT { "," EVENT } */
bool read_events(struct cursor *c, struct syntax *node)
{
    struct syntax *names = cursor_add(c, node, SYNTAX_NAMES);
    bool is_right;

    do {
        is_right = cursor_read_choice(c, names, EVENTS_SHOWN);
    } while (is_right && cursor_kind(c) == TOKEN_COMMA && cursor_take(c) >= 0);
    cursor_finish(c, names);
    return is_right;
}

/* "rebalance" ( "on" "start" | "when" "imbalance" N "for" DURATION ) */
bool read_rebalance(struct cursor *c, struct syntax *node)
{
    bool is_on = cursor_is_word(c, "on");

    if (!cursor_read_choice(c, node, "on|when"))
        return false;
    if (is_on)
        return cursor_need_word(c, "start");
    return cursor_need_word(c, "imbalance") && cursor_read(c, node, SYNTAX_VALUE, "a number") &&
           cursor_need_word(c, "for") && cursor_read(c, node, SYNTAX_VALUE, "a duration");
}

/* "set" NAME ( WORD | STRING | "secret" NAME ) */
bool read_set(struct cursor *c, struct syntax *node)
{
    if (!cursor_read(c, node, SYNTAX_NAME, "the parameter's name"))
        return false;
    if (cursor_kind(c) == TOKEN_STRING)
        return cursor_read_string(c, node);
    if (cursor_take_word(c, "secret") && !cursor_is_over(c))
        return cursor_read(c, node, SYNTAX_SECRET, "the secret's name");
    if (cursor_kind(c) == TOKEN_COLON || cursor_kind(c) == TOKEN_EQUALS)
        return cursor_expected(c, "a value");
    return cursor_read(c, node, SYNTAX_VALUE, "a value");
}

/* ( "storm" | "quarantine" ) ( "none" | COUNT "per" DURATION ) */
bool read_frequency(struct cursor *c, struct syntax *node)
{
    bool is_none = cursor_is_word(c, "none");

    if (cursor_kind(c) == TOKEN_WORD && habit_means(cursor_text(c), "none"))
        return cursor_expected(c, "COUNT or \"none\"");
    if (!cursor_read(c, node, SYNTAX_VALUE, "a value"))
        return false;
    return is_none ||
           (cursor_need_word(c, "per") && cursor_read(c, node, SYNTAX_VALUE, "a duration"));
}

/* "restart" COUNT [ "after" DURATION ] */
bool read_restart(struct cursor *c, struct syntax *node)
{
    if (!cursor_read(c, node, SYNTAX_VALUE, "a value"))
        return false;
    return !cursor_take_word(c, "after") || cursor_read(c, node, SYNTAX_VALUE, "a duration");
}

/* "monitor" "every" DURATION [ "timeout" DURATION ] */
bool read_monitor(struct cursor *c, struct syntax *node)
{
    if (!cursor_need_word(c, "every") || !cursor_read(c, node, SYNTAX_VALUE, "a duration"))
        return false;
    return cursor_is_over(c) ||
           (cursor_need_word(c, "timeout") && cursor_read(c, node, SYNTAX_VALUE, "a duration"));
}

/* ( "start" | "stop" ) "timeout" DURATION */
bool read_timeout(struct cursor *c, struct syntax *node)
{
    return cursor_need_word(c, "timeout") && cursor_read(c, node, SYNTAX_VALUE, "a duration");
}

/* "migrate" ( "live" | "restart" | "never" | "timeout" DURATION ) */
bool read_migrate(struct cursor *c, struct syntax *node)
{
    if (cursor_is_word(c, "timeout"))
        return read_timeout(c, node);
    return cursor_read_choice(c, node, "live|restart|never|timeout");
}

/* "recover" "within" DURATION */
bool read_recover(struct cursor *c, struct syntax *node)
{
    return cursor_need_word(c, "within") && cursor_read(c, node, SYNTAX_VALUE, "a duration");
}

/* ( "admin" | "operator" | "viewer" ) NAME "key" STRING */
bool read_person(struct cursor *c, struct syntax *node)
{
    return cursor_read(c, node, SYNTAX_NAME, "a name") && cursor_need_word(c, "key") &&
           cursor_read_string(c, node);
}
