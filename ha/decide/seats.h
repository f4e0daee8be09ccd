/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Places for all who wait: of those that rules keep apart, one that is placed
 * first must not take what another of its priority, or a higher one, cannot do
 * without. Others are only thought of: nobody is placed, moved or held back here.
 */
#pragma once

#include "ha/decide/round.h"

/* It waits, has a choice, and must be apart from others: only then there is something to ask. */
bool seats_are_shared(const struct round *round, service_id service, node_set nodes);
/*
 * Those of some nodes that leave the fewest others without a place; all of them if favourite,
 * which one would take otherwise, is among these, or nobody can say within the step's bounds.
 */
node_set seats_leave(struct round *round, service_id service, node_set nodes, node_id favourite);
/* For explanations: one that waits, too, and could have the node; fills rule, with and node. */
void seats_name(const struct round *round, service_id service, node_id node, struct reason *why);
