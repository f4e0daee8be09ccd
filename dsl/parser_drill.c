/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What may be done to a cluster in a drill, and what may be expected of it; see parser_drill.h. */
#include "dsl/parser_drill.h"

#include <string.h>

#define SERVICE_STATES_SHOWN                                                                       \
    "started|stopped|error|recovery|fence|freeze|migrate|relocate|request_start|request_stop"
#define NODE_STATES_SHOWN "online|unknown|maintenance|fenced|gone"

/* "power" ( "on" | "off" ) NODES */
bool read_power(struct cursor *c, struct syntax *node)
{
    return cursor_read_choice(c, node, "on|off") && read_nodes(c, node);
}

/* [ "for" T ] */
static bool read_span(struct cursor *c, struct syntax *node)
{
    return !cursor_take_word(c, "for") ||
           cursor_read(c, node, SYNTAX_VALUE, "how long, such as 2h");
}

/* "maintenance" ( "off" NODES | "on" NODES [ "for" T ] ) */
bool read_maintenance(struct cursor *c, struct syntax *node)
{
    bool is_on = cursor_is_word(c, "on");

    return read_power(c, node) && (!is_on || read_span(c, node));
}

/* "disarm" ( "freeze" | "ignore" ) [ "for" T ] */
bool read_disarm(struct cursor *c, struct syntax *node)
{
    return cursor_read_choice(c, node, "freeze|ignore") && read_span(c, node);
}

/* NODES */
bool read_nodes(struct cursor *c, struct syntax *node)
{
    return cursor_read_names(c, node, "a node");
}

/* SERVICES */
bool read_services(struct cursor *c, struct syntax *node)
{
    return cursor_read_names(c, node, "a service");
}

/* "partition" NODES { "|" NODES } */
bool read_partition(struct cursor *c, struct syntax *node)
{
    if (!read_nodes(c, node))
        return false;
    if (cursor_kind(c) != TOKEN_BAR)
        return cursor_expected(c, "\"|\" and the nodes on the other side");
    while (cursor_kind(c) == TOKEN_BAR) {
        cursor_take(c);
        if (!read_nodes(c, node))
            return false;
    }
    return true;
}

/* ( "crash" | "restart" ) "agent" NODES */
bool read_of_agent(struct cursor *c, struct syntax *node)
{
    return cursor_need_word(c, "agent") && read_nodes(c, node);
}

/* "store" ( "fail" | "work" ) NODES */
bool read_of_store(struct cursor *c, struct syntax *node)
{
    return cursor_read_choice(c, node, "fail|work") && read_nodes(c, node);
}

/* ( COUNT "times" | "always" ) [ "exit" NUMBER ] */
static bool read_failures(struct cursor *c, struct syntax *node)
{
    if (cursor_is_word(c, "always")) {
        if (!cursor_read(c, node, SYNTAX_WORD, "a word"))
            return false;
    } else if (!cursor_read(c, node, SYNTAX_VALUE, "how many times, or \"always\"") ||
               !cursor_need_word(c, "times")) {
        return false;
    }
    return !cursor_take_word(c, "exit") ||
           cursor_read(c, node, SYNTAX_VALUE, "what the agent exits with, 1 to 6");
}

/* "fail" ( "start" | "stop" | "migrate" | "monitor" ) SERVICES [ "on" NODES ]
 * ( COUNT "times" | "always" ) [ "exit" NUMBER ] */
bool read_fail(struct cursor *c, struct syntax *node)
{
    if (!cursor_read_choice(c, node, "start|stop|migrate|monitor") || !read_services(c, node))
        return false;
    if (cursor_take_word(c, "on") && !read_nodes(c, node))
        return false;
    return read_failures(c, node);
}

/* "slow" SERVICES [ "on" NODES ] "by" DURATION */
bool read_slow(struct cursor *c, struct syntax *node)
{
    if (!read_services(c, node) || (cursor_take_word(c, "on") && !read_nodes(c, node)))
        return false;
    return cursor_need_word(c, "by") && cursor_read(c, node, SYNTAX_VALUE, "a duration");
}

static bool read_amounts(struct cursor *c, struct syntax *node, const char *cpu)
{
    return read_services(c, node) && cursor_need_word(c, cpu) &&
           cursor_read(c, node, SYNTAX_VALUE, "a number") && cursor_need_word(c, "memory") &&
           cursor_read(c, node, SYNTAX_VALUE, "a size");
}

/* "usage" SERVICES "cpu" NUMBER "memory" SIZE */
bool read_usage(struct cursor *c, struct syntax *node)
{
    return read_amounts(c, node, "cpu");
}

/* "size" SERVICES "cpus" NUMBER "memory" SIZE */
bool read_size(struct cursor *c, struct syntax *node)
{
    return read_amounts(c, node, "cpus");
}

/* "place" SERVICES "on" NODE */
bool read_place(struct cursor *c, struct syntax *node)
{
    return read_services(c, node) && cursor_need_word(c, "on") && read_nodes(c, node);
}

/* ( "moved" | "migrate" | "relocate" ) SERVICES "to" NODE */
bool read_to_node(struct cursor *c, struct syntax *node)
{
    return read_services(c, node) && cursor_need_word(c, "to") && read_nodes(c, node);
}

/* "state" SERVICES ( "started" | "stopped" | "disabled" | "ignored" ) */
bool read_of_state(struct cursor *c, struct syntax *node)
{
    return read_services(c, node) &&
           cursor_read_choice(c, node, "started|stopped|disabled|ignored");
}

/*
 * "expect" ( SERVICES state [ "on" NODES ] | NODES state | "quorum" ( "yes" | "no" )
 *          | "master" NODE | "moves" COUNT | "settled" )
 */
bool read_expect(struct cursor *c, struct syntax *node)
{
    bool is_service = cursor_kind(c) == TOKEN_WORD && strpbrk(cursor_text(c), ":*") != NULL;

    if (cursor_is_word(c, "quorum"))
        return cursor_read(c, node, SYNTAX_WORD, "a word") && cursor_read_choice(c, node, "yes|no");
    if (cursor_is_word(c, "settled"))
        return cursor_read(c, node, SYNTAX_WORD, "a word");
    if (cursor_is_word(c, "master"))
        return cursor_read(c, node, SYNTAX_WORD, "a word") && read_nodes(c, node);
    if (cursor_is_word(c, "moves"))
        return cursor_read(c, node, SYNTAX_WORD, "a word") &&
               cursor_read(c, node, SYNTAX_VALUE, "how many moves");
    if (!is_service)
        return read_nodes(c, node) && cursor_read_choice(c, node, NODE_STATES_SHOWN);
    return read_services(c, node) && cursor_read_choice(c, node, SERVICE_STATES_SHOWN) &&
           (!cursor_take_word(c, "on") || read_nodes(c, node));
}

/* "arm", "snapshot" */
bool read_nothing(struct cursor *c, struct syntax *node)
{
    (void)c;
    (void)node;
    return true;
}
