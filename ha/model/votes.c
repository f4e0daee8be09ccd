/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Counting votes as corosync and its witness do; see votes.h. What corosync does only after a
 * while, last-man-standing, is not counted on: until then a second loss would stop everything.
 */
#include "ha/model/votes.h"

static node_set all_nodes(const struct policy *policy)
{
    return (node_set)(((uint64_t)1 << policy->n_nodes) - 1);
}

int votes_of_nodes(const struct policy *policy, node_set nodes)
{
    int votes = 0, all = 0;

    for (node_id id = 0; id < policy->n_nodes; id++)
        all += policy->nodes[id].votes;
    NODE_SET_EACH(id, nodes)
    {
        votes += all ? policy->nodes[id].votes : 1;
    }
    return votes;
}

int votes_of_witness(const struct policy *policy)
{
    if (!policy->quorum.witness)
        return 0;
    if (policy->quorum.algorithm == WITNESS_FFSPLIT)
        return 1;
    return votes_of_nodes(policy, all_nodes(policy)) - 1;
}

/* The node whose half goes on, among those that were there before the split. */
static node_id tie_node(const struct policy *policy, node_set before)
{
    const struct quorum_policy *quorum = &policy->quorum;
    node_id last = NODE_NONE;

    for (int i = 0; quorum->tie_breaker == TIE_NODES && i < quorum->n_tie_nodes; i++) {
        if (node_in(before, quorum->tie_nodes[i]))
            return quorum->tie_nodes[i];
    }
    if (quorum->tie_breaker == TIE_NODES)
        return NODE_NONE;
    NODE_SET_EACH(id, before)
    {
        last = id;
    }
    return quorum->tie_breaker == TIE_HIGHEST ? last : node_set_first(before);
}

bool votes_suffice(const struct policy *policy, node_set nodes, bool has_witness)
{
    int witness = votes_of_witness(policy);
    int all = votes_of_nodes(policy, all_nodes(policy)) + witness;
    int here = votes_of_nodes(policy, nodes) + (has_witness ? witness : 0);

    if (2 * here == all && !policy->quorum.witness && policy->quorum.tie_breaker != TIE_UNSAID)
        return node_in(nodes, tie_node(policy, all_nodes(policy)));
    return 2 * here > all;
}

bool votes_suffice_alone(const struct policy *policy, node_set left)
{
    return left && (policy->quorum.is_two_node || votes_suffice(policy, left, true));
}

bool votes_is_preferred(const struct policy *policy, node_set nodes, node_set others)
{
    int more = node_set_count(nodes) - node_set_count(others);

    return more > 0 || (more == 0 && node_in(nodes, tie_node(policy, nodes | others)));
}
