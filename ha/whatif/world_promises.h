/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an imaginary cluster has promised beside "never twice"; a broken promise is told. */
#pragma once

#include "ha/whatif/world.h"

/* Looks at one change that has just been proposed. */
void world_check_change(struct world *world, const struct change *change);
/* Looks at the whole proposal. */
void world_check_proposal(struct world *world);
/* No node begins more than it has workers for; jobs that it had before are let alone. */
void world_check_workers(struct world *world, const struct world_node *node,
                         const struct lrm_outcome *begun);
