/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A view of nothing, to be filled in; see cluster_view.h. */
#include "ha/model/cluster_view.h"

#include <string.h>

void cluster_view_init(struct cluster_view *view, int n_nodes, int n_services)
{
    view->now = view->stamp = INSTANT_UNKNOWN;
    view->is_quorate = false;
    view->self = NODE_NONE;
    view->n_nodes = n_nodes;
    view->n_services = n_services;
    view->n_commands = 0;
    memset(view->nodes, 0, (size_t)n_nodes * sizeof(view->nodes[0]));
    memset(view->services, 0, (size_t)n_services * sizeof(view->services[0]));
    for (int i = 0; i < n_nodes; i++)
        view->nodes[i].dead_at = INSTANT_NEVER;
}
