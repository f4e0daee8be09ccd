/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The witness of the loopback: one ring has its vote at any moment. Each node's votequorum follows
 * that in order, late by at most the lag; a corosync that stands still hears of it when it wakes.
 */
#include <assert.h>
#include <string.h>

#include "tests/fakes/loopback_internal.h"

/* How long the one who gets it is not told yet. */
#define GAIN_MS 60

void loopback_witness(struct loopback *loopback, int votes, int lag_ms)
{
    loopback->witness_votes = votes;
    loopback->witness_lag = lag_ms;
    loopback->witness_at = 0;
}

void loopback_witness_move(struct loopback *loopback, int node)
{
    loopback->witness_at = node;
}

bool loopback_is_quorate(const struct loopback *loopback, const struct node *node)
{
    int votes = node_set_count(node->ring->members);

    if (node->counts_vote)
        votes += loopback->witness_votes;
    return 2 * votes > loopback->n_nodes + loopback->witness_votes;
}

static bool has_witness(const struct loopback *loopback, const struct node *node)
{
    const struct node *at =
        loopback->witness_at < 0 ? NULL : &loopback->nodes[loopback->witness_at];

    return at && at->is_on && at->ring && node->is_on && node->ring == at->ring;
}

static void note(struct loopback *loopback, struct node *node, bool has)
{
    uint64_t late = has ? GAIN_MS : (uint64_t)loopback->witness_lag;
    int64_t due = loopback->now + (int64_t)loopback_random(loopback, late + 1);

    if (node->n_changes > 0 && node->changes[node->n_changes - 1].due > due)
        due = node->changes[node->n_changes - 1].due;
    assert(node->n_changes < VOTE_CHANGES);
    node->changes[node->n_changes++] = (struct vote_change){due, has};
    node->has_vote = has;
}

static void hear(struct loopback *loopback, struct node *node)
{
    bool is_told;

    while (node->n_changes > 0 && node->changes[0].due <= loopback->now) {
        node->counts_vote = node->changes[0].has;
        node->n_changes--;
        memmove(node->changes, node->changes + 1,
                (size_t)node->n_changes * sizeof(node->changes[0]));
        /* The agent is told of each change, even if the next one undoes it. */
        node->has_lost = node->has_lost || (node->ring && !loopback_is_quorate(loopback, node));
    }
    is_told = node->ring && node->told_ring.seq == node->ring->id.seq &&
              node->told_ring.node == node->ring->id.node;
    if (is_told && node->is_attached && !node->quorum_due &&
        (node->has_lost || loopback_is_quorate(loopback, node) != node->told_quorate))
        node->quorum_due = loopback->now;
}

void loopback_run_witness(struct loopback *loopback)
{
    if (loopback->witness_votes == 0)
        return;
    for (int at = 0; at < loopback->n_nodes; at++) {
        struct node *node = &loopback->nodes[at];
        bool has = has_witness(loopback, node);

        if (!node->is_on)
            node->n_changes = node->has_vote = node->counts_vote = 0;
        else if (has != node->has_vote)
            note(loopback, node, has);
        if (node->is_on && !node->is_frozen)
            hear(loopback, node);
    }
}
