/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The last decision about a service; see retire.h. */
#include "ha/decide/retire.h"

bool retire_service(const struct ha_state *state, const struct cluster_view *view,
                    node_set running_on, struct reason *why)
{
    *why = reason_of(REASON_REMOVED);
    for (node_id node = 0; node < view->n_nodes; node++) {
        const struct node_view *seen = &view->nodes[node];

        /* Of what runs without a watchdog no time proves anything. */
        if (!seen->is_member && seen->is_proven_off && !state->nodes[node].is_released)
            continue;
        if (seen->is_member && seen->has_report && !node_in(running_on, node))
            continue;
        *why = reason_of(!seen->is_member    ? REASON_WAITS_FOR_PROOF_OR_RETURN
                         : !seen->has_report ? REASON_WAITS_FOR_REPORT
                                             : REASON_WAITS_FOR_STOP);
        why->node = node;
        return false;
    }
    return true;
}
