/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Watchdogs and leases that get longer and shorter while everything goes on, as agents and keepers
 * do it: a longer watchdog is announced first and set once that was acknowledged, a shorter one is
 * set first. The watchdog outlives the agent.
 */
#include "tests/unit/quorum/world_times.h"

struct lease_timing times_of(const struct actor *actor)
{
    struct lease_timing timing = actor->world->timing;

    if (!actor->world->changes_times)
        return timing;
    if (actor->wants_watchdog_ms) {
        timing.watchdog = duration_ms(actor->wants_watchdog_ms);
        timing.lease = duration_ms(actor->wants_lease_ms);
    }
    if (actor->is_armed && actor->watchdog_ms > timing.watchdog.ms)
        timing.watchdog = duration_ms(actor->watchdog_ms);
    return timing;
}

int64_t times_watchdog_ms(const struct actor *actor)
{
    return actor->world->changes_times ? actor->watchdog_ms
                                       : lease_timing(member_lease(actor->member))->watchdog.ms;
}

/* Longer ones now and then, not for long: shorter ones must hold until they are believed. */
static void want(struct actor *actor)
{
    const struct lease_timing *usual = &actor->world->timing;
    bool is_longer = actor->wants_watchdog_ms > usual->watchdog.ms;

    if (world_random(actor->world, is_longer ? 150 : 300) > 0)
        return;
    actor->wants_watchdog_ms = usual->watchdog.ms * (is_longer ? 2 : 3) / 2;
    actor->wants_lease_ms = usual->lease.ms * (2 + (int64_t)world_random(actor->world, 2)) / 2;
}

static void set_watchdog(struct actor *actor, const struct lease *lease)
{
    bool is_longer = actor->wants_watchdog_ms > actor->watchdog_ms;

    if (!actor->wants_watchdog_ms || (is_longer && !lease_is_armed_acknowledged(lease)))
        return;
    actor->watchdog_ms = actor->wants_watchdog_ms;
}

void times_turn(struct actor *actor)
{
    struct lease *lease = member_lease(actor->member);
    struct lease_timing timing;

    want(actor);
    timing = times_of(actor);
    lease_set_timing(lease, &timing);
    if (actor->is_armed)
        set_watchdog(actor, lease);
}
