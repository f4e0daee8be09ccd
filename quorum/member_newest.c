/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All have told: whose records go on, and in which epoch. Made of what was told
 * alone, so that every member comes to the same. Why it is right: PROTOCOL.md.
 */
#include "quorum/member_internal.h"

static int compare_heads(struct ledger_head a, struct ledger_head b)
{
    int epochs = ring_compare(a.epoch, b.epoch);

    if (epochs != 0)
        return epochs;
    return a.version == b.version ? 0 : a.version < b.version ? -1 : 1;
}

bool newest_is_same(struct ledger_head a, struct ledger_head b)
{
    return a.version == b.version && a.hash == b.hash;
}

/* Begun by members that could settle by the witness, or by a word, only: an odd number. */
static bool is_by_witness(struct ring_id epoch)
{
    return epoch.seq % 2 == 1;
}

/* Those whose records go as far as the newest of these. */
static node_set with_newest(const struct sync *sync, node_set nodes)
{
    node_set best = 0;
    const struct told *newest = NULL;

    NODE_SET_EACH(node, nodes)
    {
        const struct told *told = &sync->of[node];
        int order = newest ? compare_heads(told->head, newest->head) : 1;

        if (order > 0)
            best = 0;
        if (order >= 0) {
            best |= node_bit(node);
            newest = told;
        }
    }
    return best;
}

/*
 * Members that may run something, where the newest records are of a view that began by the witness
 * and nobody who has them does. All who had no part in that view were off for sure when it settled:
 * what they run now they began later, and theirs are the later records, whatever the clocks say.
 */
static node_set who_came_later(const struct sync *sync, node_set newest)
{
    node_set later = 0;
    struct ring_id epoch = {0};

    NODE_SET_EACH(node, newest)
    {
        if (sync->of[node].is_armed)
            return 0;
        epoch = sync->of[node].head.epoch;
    }
    if (!is_by_witness(epoch))
        return 0;
    NODE_SET_EACH(node, sync->told & ~newest)
    {
        if (sync->of[node].is_armed)
            later |= node_bit(node);
    }
    return later;
}

/* Above everything that anybody here has promised: two epochs are never the same. */
static struct ring_id next_epoch(const struct member *member)
{
    const struct sync *sync = &member->sync;
    struct ring_id epoch = member->ring;
    const struct roster *roster = &member->roster;
    bool is_odd = roster->is_by_word || roster_votes(roster, sync->told) < roster->quorum_votes;

    NODE_SET_EACH(node, sync->told)
    {
        const struct told *told = &sync->of[node];

        if (told->promised.seq >= epoch.seq)
            epoch.seq = told->promised.seq + 1;
        if (told->head.epoch.seq >= epoch.seq)
            epoch.seq = told->head.epoch.seq + 1;
        /* Views by the witness, or by a word, may have no member in common: the later one wins. */
        if ((roster->has_witness || roster->is_by_word) && told->wall_ms > (int64_t)epoch.seq)
            epoch.seq = (uint64_t)told->wall_ms;
    }
    epoch.seq += (epoch.seq % 2 == 1) != is_odd;
    return epoch;
}

void newest_choose(struct member *member)
{
    struct sync *sync = &member->sync;
    node_set newest = with_newest(sync, sync->told);
    node_set later = who_came_later(sync, newest);

    if (later)
        newest = with_newest(sync, later);
    NODE_SET_EACH(node, newest) sync->newest = sync->of[node].head;
    NODE_SET_EACH(node, sync->told)
    {
        if (sync->donor == NODE_NONE && newest_is_same(sync->of[node].head, sync->newest))
            sync->donor = node;
    }
    sync->epoch = next_epoch(member);
    sync->stream = sync->newest;
}
