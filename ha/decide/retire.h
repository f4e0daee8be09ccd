/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When the record of a service that left the policy may be dropped. */
#pragma once

#include "ha/model/cluster_view.h"
#include "ha/model/policy.h"

/*
 * running_on: nodes whose players say that they still run it. true, and why is what its last change
 * says; false: it may be running, a namesake must not start, and why says for whom it waits.
 */
bool retire_service(const struct ha_state *state, const struct cluster_view *view,
                    node_set running_on, struct reason *why);
