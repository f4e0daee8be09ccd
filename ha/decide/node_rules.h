/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of a node: one rule a state, repeated until the view says no more. */
#pragma once

#include "ha/decide/round.h"

/* Somebody swears that this node, which is no member, is off: that is proof, from now on. */
void node_confirm_off(struct round *round, node_id id, const char *who);
/* All nodes; fills round->lost, and outcome->fences with those declared proven off. */
void nodes_step(struct round *round);
/* One node again, after a command spoke about it. */
void node_step(struct round *round, node_id node);
/* It was asked for once more: its why follows the new end. */
void node_retell_maintenance(struct round *round, node_id node);
/* Nobody wants it to be in maintenance any more; the next node_step acts on it. */
void node_end_maintenance(struct node *node);
