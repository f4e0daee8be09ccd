/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What must hold of reads in a world, and how the rules about them are broken. */
#include <stdlib.h>

#include "tests/unit/quorum/world.h"

void reads_check(struct actor *actor, uint64_t version)
{
    struct world *world = actor->world;

    /* Who has read it says so to others: from now on it must never be missing. */
    if (version > world->acknowledged)
        world->acknowledged = version;
    if (version < actor->read_floor)
        world_violate(world, "node %d reads %llu, and %llu was acknowledged before it asked",
                      actor->at, (unsigned long long)version,
                      (unsigned long long)actor->read_floor);
    actor->read = actor->read_version = 0;
    actor->n_reads++;
    world->n_reads++;
}

void reads_end(struct actor *actor)
{
    uint64_t version = actor->read_version - 1;

    if (actor->read_version && actor->durable >= version)
        reads_check(actor, version);
}

/* As if all others had answered what just came back to us. */
void reads_hear_all(struct actor *actor, const struct wire_message *read)
{
    json_t *body = json_pack("{s:i, s:O}", "node", actor->at + 1, "number",
                             json_object_get(read->body, "number"));
    size_t length;
    void *bytes = wire_pack(WIRE_HEARD, read->view, body, &length);

    for (int at = 0; at < actor->world->n_nodes; at++) {
        struct group_peer from = {.nodeid = (uint32_t)at + 1};

        member_message(actor->member, world_clock(actor), from, bytes, length, NULL);
    }
    free(bytes);
    json_decref(body);
}
