/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Worlds with a witness: its votes, what it may do, and how the rules about it are broken. */
#include <stdlib.h>

#include "tests/unit/quorum/world.h"

void world_witness(struct world *world, int lag_ms, int known_ms)
{
    world->has_witness = true;
    if (!world->wall_spread_ms)
        world->wall_spread_ms = 2000; /* as a cluster keeps them */
    loopback_witness(world->loopback, 1, lag_ms);
    for (int at = 0; at < world->n_nodes; at++) {
        struct roster *roster = &world->actors[at].roster;

        roster->has_witness = true;
        roster->witness_votes = 1;
        roster->witness_lag = duration_ms(known_ms);
        roster->expected_votes = world->n_nodes + 1;
        roster->quorum_votes = roster->expected_votes / 2 + 1;
    }
}

bool witness_is_apart(const struct actor *actor)
{
    struct member_status status;

    member_status(actor->member, &status);
    return status.is_by_witness;
}

/* Whoever is ready says at once that all others are off. */
static void settle(struct actor *actor, uint64_t view)
{
    json_t *nothing = json_object();
    size_t length;
    void *word = wire_pack(WIRE_SETTLE, view, nothing, &length);

    loopback_send(actor->world->loopback, actor->at, word, length);
    free(word);
    json_decref(nothing);
}

void witness_sent(struct actor *actor, const void *bytes, size_t length)
{
    const struct world_faults *faults = &actor->world->faults;
    struct wire_message message;

    if ((!faults->is_single_pass && !faults->settles_early) ||
        !wire_unpack(bytes, length, &message, NULL))
        return;
    if (message.kind == WIRE_BEAT)
        actor->sent_at[json_int(message.body, "number", 0) % 64] = world_clock(actor).ms;
    if (message.kind == WIRE_READY && faults->settles_early)
        settle(actor, message.view);
    json_decref(message.body);
}

/* Our own message is back. */
void witness_taken(struct actor *actor, const void *bytes, size_t length)
{
    struct wire_message message;

    if (!actor->world->faults.is_single_pass || !wire_unpack(bytes, length, &message, NULL))
        return;
    if (message.kind == WIRE_BEAT && lease_is_ring_quorate(member_lease(actor->member))) {
        int64_t until = actor->sent_at[json_int(message.body, "number", 0) % 64] +
                        actor->world->timing.lease.ms;

        if (until > actor->fed_until)
            actor->fed_until = until;
    }
    json_decref(message.body);
}
