/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether a policy that nobody has confirmed yet stays; see confirm.h. */
#include "ha/decide/confirm.h"

#include "ha/base/limits.h"

/* An agent that died and is started anew is no lost node, even where it had let go of all. */
static struct instant lost_at(const struct node *node)
{
    return node->state == NODE_FENCE || node->state == NODE_GONE
               ? instant_after(node->since, duration_ms(CONFIRM_LOST_MS))
               : INSTANT_NEVER;
}

bool confirm_fails(const struct confirmation *confirmation, const struct ha_state *state,
                   struct instant stamp, struct instant *wake_at, struct reason *why)
{
    *wake_at = confirmation->until;
    *why = reason_of(REASON_NOT_CONFIRMED);
    why->number = (int64_t)confirmation->version;
    for (service_id id = 0; id < state->n_services; id++) {
        if (state->services[id].state != SERVICE_ERROR || confirmation->in_error[id])
            continue;
        why->code = REASON_ERROR_UNCONFIRMED;
        why->with = id;
        return true;
    }
    for (node_id node = 0; node < state->n_nodes; node++) {
        struct instant at = lost_at(&state->nodes[node]);

        if (!node_in(confirmation->nodes, node))
            continue;
        if (!instant_reached(stamp, at)) {
            *wake_at = instant_earliest(*wake_at, at);
            continue;
        }
        why->code = REASON_LOST_UNCONFIRMED;
        why->node = node;
        return true;
    }
    return instant_reached(stamp, confirmation->until);
}
