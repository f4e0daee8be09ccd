/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a service counts, for its neighbours and for load. Three sources say so, and this is the
 * one place that knows which of them counts when: the record, the reports of the nodes that are
 * there, and where it is to be started again.
 */
#pragma once

#include "ha/decide/round.h"

/* Where it is or may be by its record alone. */
node_set service_uses(const struct service *service);
/* Where it will be once what is decided is done; NODE_NONE: nowhere. */
node_id service_home(const struct service *service);

/* Where a service counts, each way; a node is in one of the three sets at most. */
struct presences {
    node_set on[PRESENCES];
};

void presence_find(const struct round *round, service_id service, struct presences *found);
/* One of them. */
node_set presence_nodes(const struct round *round, service_id service, enum presence presence);
/* Its home, or where it waits to start, or runs before it is decided upon: its group joins it. */
node_id presence_home(const struct round *round, service_id service);
/* It takes nothing yet, but will: it waits, starts, or is handed over without running. */
bool presence_is_to_start(const struct round *round, service_id service);
