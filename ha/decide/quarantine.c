/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nodes that fall too often; see quarantine.h. */
#include "ha/decide/quarantine.h"

#include <string.h>

int quarantine_falls(const struct round *round, node_id id)
{
    const struct node *node = &round->state->nodes[id];
    struct instant now = round->view->stamp;
    int n_falls = 0;

    while (
        n_falls < FALLS_MAX && node->falls[n_falls].ms != INSTANT_UNKNOWN.ms &&
        instant_before(now, instant_after(node->falls[n_falls], round->policy->quarantine.within)))
        n_falls++;
    return n_falls;
}

/* The others have to be able to carry it all, and a majority of them to be trusted. */
static bool is_one_too_many(const struct round *round)
{
    int n_aside = 1;

    for (node_id id = 0; id < round->policy->n_nodes; id++)
        n_aside += round->state->nodes[id].is_quarantined;
    return 2 * n_aside >= round->policy->n_nodes;
}

void quarantine_note_fall(struct round *round, node_id id)
{
    struct node *node = &round->state->nodes[id];
    const struct frequency *limit = &round->policy->quarantine;

    memmove(&node->falls[1], &node->falls[0], (FALLS_MAX - 1) * sizeof(node->falls[0]));
    node->falls[0] = round->view->stamp;
    if (limit->times && !node->is_quarantined && quarantine_falls(round, id) >= limit->times)
        node->is_quarantined = !is_one_too_many(round);
}

void quarantine_lift(struct node *node)
{
    node->is_quarantined = false;
    memset(node->falls, 0, sizeof(node->falls));
}

void quarantine_step(struct round *round, node_id id)
{
    struct node *node = &round->state->nodes[id];

    if (!node->is_quarantined)
        return;
    if (!round->policy->quarantine.times ||
        round_has_passed(round, node->falls[0], round->policy->quarantine.within))
        quarantine_lift(node);
}

/* Set aside, and well enough by now to be asked something. */
static bool is_willing(const struct round *round, node_id id)
{
    const struct node *node = &round->state->nodes[id];

    return node->is_quarantined && node->state == NODE_MAINTENANCE && !node->wants_maintenance &&
           node->leaving == LEAVING_NOT && node_in(round->reported, id);
}

void quarantine_yield(struct round *round)
{
    node_id best = NODE_NONE;

    for (node_id id = 0; id < round->policy->n_nodes && !round->usable; id++) {
        const struct node *node = &round->state->nodes[id];

        if (is_willing(round, id) &&
            (best == NODE_NONE ||
             instant_before(node->falls[0], round->state->nodes[best].falls[0])))
            best = id;
    }
    if (best != NODE_NONE) {
        struct reason why = reason_of(REASON_QUARANTINE_YIELDS);

        why.node = best;
        /* Its falls are not forgotten: one more, and it is set aside again. */
        round->state->nodes[best].is_quarantined = false;
        round_change_node(round, best, NODE_ONLINE, why);
        round_see_nodes(round);
    }
}
