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

int roster_votes(const struct roster *roster, node_set nodes)
{
    int votes = 0;

    for (int i = 0; i < roster->n_nodes; i++) {
        if (node_in(nodes, (node_id)i))
            votes += roster->nodes[i].votes;
    }
    return votes;
}
