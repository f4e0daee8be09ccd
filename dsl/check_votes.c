/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Level 4: losses after which the rest may not go on, though it is most of the cluster. */
#include "dsl/check.h"
#include "ha/model/votes.h"

static node_set all_nodes(const struct policy *policy)
{
    return (node_set)(((uint64_t)1 << policy->n_nodes) - 1);
}

/* votes_of_nodes gives each node one where none has any. */
static int sum_of_votes(const struct policy *policy)
{
    int votes = 0;

    for (node_id id = 0; id < policy->n_nodes; id++)
        votes += policy->nodes[id].votes;
    return votes;
}

/* Those without whom the others have no quorum, each alone. */
static node_set find_critical(const struct policy *policy)
{
    node_set critical = 0;

    for (node_id id = 0; id < policy->n_nodes; id++) {
        if (!votes_suffice_alone(policy, all_nodes(policy) & ~node_bit(id)))
            critical |= node_bit(id);
    }
    return critical;
}

const char *check_any_of(const struct resolution *r, node_set nodes)
{
    const char *text = "";
    int left = node_set_count(nodes);

    NODE_SET_EACH(node, nodes)
    {
        left--;
        text = arena_printf(r->arena, "%s%s%s", text, r->policy->nodes[node].name,
                            left > 1    ? ", "
                            : left == 1 ? " or "
                                        : "");
    }
    return text;
}

static void report_critical(struct resolution *r, node_set critical)
{
    const struct policy *policy = r->policy;
    node_set others = all_nodes(policy) & ~node_bit(node_set_first(critical));
    int witness = votes_of_witness(policy);
    struct diagnostic *entry =
        diagnostics_add(r->diagnostics, DIAGNOSTIC_CRITICAL_NODE,
                        syntax_place(r->tree, r->node_at[node_set_first(critical)]),
                        check_any_of(r, critical), votes_of_nodes(policy, others) + witness,
                        votes_of_nodes(policy, all_nodes(policy)) + witness);

    diagnostics_hint(r->diagnostics, entry, "give each node one vote: leave \"votes\" out");
}

static void check_losses(struct resolution *r)
{
    const struct policy *policy = r->policy;
    struct location at = syntax_place(r->tree, r->node_at[0]);
    const struct quorum_policy *quorum = &policy->quorum;
    node_set critical = policy->n_nodes > 1 ? find_critical(policy) : 0;
    int votes = sum_of_votes(policy);
    bool are_halves_left =
        quorum->witness || quorum->is_two_node || quorum->tie_breaker != TIE_UNSAID;
    struct diagnostic *entry;

    if (votes == 0) {
        diagnostics_add(r->diagnostics, DIAGNOSTIC_NO_VOTES, at);
    } else if (policy->n_nodes == 2 && critical == all_nodes(policy)) {
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_TWO_NODES, at);
        diagnostics_hint(r->diagnostics, entry, "a third node, however small, makes the majority");
    } else if (critical) {
        report_critical(r, critical);
    } else if (votes % 2 == 0 && policy->n_nodes > 1 && !are_halves_left) {
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_EVEN_VOTES, at, votes);
        diagnostics_hint(r->diagnostics, entry,
                         "give one node a vote more, or less, or add a node");
    }
}

/* votequorum(5): "It is essential to enable WFA when using LMS". */
static void check_last_man(struct resolution *r)
{
    const struct quorum_policy *quorum = &r->policy->quorum;
    struct diagnostic *entry;

    if (!quorum->is_last_man_standing || quorum->waits_for_all)
        return;
    entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_LAST_MAN_ALONE,
                            syntax_place(r->tree, r->quorum_at[SYNTAX_LAST_MAN]));
    diagnostics_hint(r->diagnostics, entry, "add a line: wait-for-all yes");
}

void check_votes(struct resolution *r)
{
    check_losses(r);
    check_last_man(r);
}
