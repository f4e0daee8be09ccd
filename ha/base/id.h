/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Short names for nodes and services inside one policy: positions in its
 * sorted tables. They mean nothing outside that policy; text, the ledger and
 * the wire carry names. A set of nodes is a word of bits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef int8_t node_id;
typedef int32_t service_id;
typedef int32_t rule_id;
typedef uint32_t node_set;

#define NODE_NONE ((node_id)-1)
#define SERVICE_NONE ((service_id)-1)
#define RULE_NONE ((rule_id)-1)

static inline node_set node_bit(node_id node)
{
    return node < 0 ? 0u : (node_set)1 << (unsigned)node;
}

static inline bool node_in(node_set set, node_id node)
{
    return (set & node_bit(node)) != 0;
}

static inline int node_set_count(node_set set)
{
    int count = 0;

    /* Takes the lowest bit away; the builtin would call into the compiler's library. */
    for (; set; set &= set - 1)
        count++;
    return count;
}

static inline node_id node_set_first(node_set set)
{
    return set ? (node_id)__builtin_ctz(set) : NODE_NONE;
}

/* Visits each node of a set, the lowest first; `break` ends the visit. */
#define NODE_SET_EACH(node, set)                                                                   \
    for (node_set node##_rest = (set); node##_rest; node##_rest = 0)                               \
        for (node_id node = node_set_first(node##_rest); node##_rest;                              \
             node##_rest &= node##_rest - 1, node = node_set_first(node##_rest))

/* A letter, then letters, digits, '-', '_', '.'; for a service lower-case letters,
 * ':' and a name that may begin with a digit. */
bool node_name_is_valid(const char *name);
bool service_name_is_valid(const char *name);
