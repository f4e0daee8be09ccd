/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking things up in the roster; see ring.h. */
#include "quorum/ring.h"

#include <string.h>

node_id roster_find(const struct roster *roster, uint32_t nodeid)
{
    for (int i = 0; i < roster->n_nodes; i++) {
        if (roster->nodes[i].nodeid == nodeid)
            return (node_id)i;
    }
    return NODE_NONE;
}

node_id roster_find_name(const struct roster *roster, const char *name)
{
    for (int i = 0; i < roster->n_nodes; i++) {
        if (strcmp(roster->nodes[i].name, name) == 0)
            return (node_id)i;
    }
    return NODE_NONE;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    for (int i = 0; i < 8; i++) {
        hash ^= (word >> (8 * i)) & 0xff;
        hash *= 0x100000001b3u;
    }
    return hash;
}

uint64_t roster_mark(const struct roster *roster)
{
    uint64_t mark = mix(0xcbf29ce484222325u, (uint64_t)roster->quorum_votes);

    for (int i = 0; i < roster->n_nodes; i++)
        mark = mix(mix(mark, roster->nodes[i].nodeid), (uint64_t)roster->nodes[i].votes);
    /* By somebody's word is another way to count, also where the numbers are the same. */
    if (roster->is_by_word)
        mark = mix(mark, UINT64_MAX);
    return mix(mark, roster->has_witness ? 1 + (uint64_t)roster->witness_votes : 0) | 1;
}

node_set roster_translate(const struct roster *from, const struct roster *to, node_set nodes)
{
    node_set translated = 0;

    NODE_SET_EACH(node, nodes)
    translated |= node_bit(roster_find(to, from->nodes[node].nodeid));
    return translated;
}

int roster_votes(const struct roster *roster, node_set nodes)
{
    int votes = 0;

    for (int i = 0; i < roster->n_nodes; i++) {
        if (node_in(nodes, (node_id)i))
            votes += roster->nodes[i].votes;
    }
    return votes;
}

int roster_witness(const struct roster *roster)
{
    return roster->has_witness ? roster->witness_votes : 0;
}

node_set roster_all(const struct roster *roster)
{
    node_set all = 0;

    for (int i = 0; i < roster->n_nodes; i++)
        all |= node_bit((node_id)i);
    return all;
}
