/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What no cluster may do, whatever happens to it, and when one is at rest; see world.h. */
#pragma once

#include "ha/base/text.h"
#include "ha/whatif/world.h"

/* So long nothing was decided in a cluster at rest: longer than any move waits to be tried anew. */
#define WORLD_REST_MS 40000

/* A step of the manager: from what is agreed to what it proposes. */
void world_check_step(struct world *world);
/* A proposal that is about to be agreed. */
void world_check_agreed(struct world *world);
/* A job that a node is about to begin. */
void world_check_begin(struct world *world, node_id node, const struct job *job);
/* Once a moment: the truth. */
void world_check_truth(struct world *world);
/* Nothing is under way, and all that can run runs where it may; else found says what is amiss. */
bool world_is_settled(const struct world *world, struct text *found);
