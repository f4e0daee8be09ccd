/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One lease among three nodes, told everything by hand: shared by the tests of its rules. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "quorum/lease.h"

#define ALL 7u
#define NOW(n) ((struct instant){n})

static const struct lease_timing timing = {{5000}, {500}, {2000}, {320}, {0}};
static const struct ring_id ring = {8, 1}, next_ring = {12, 1};

static inline struct roster roster_of_three(void)
{
    struct roster roster = {.n_nodes = 3, .self = 0, .expected_votes = 3, .quorum_votes = 2};

    for (int i = 0; i < 3; i++) {
        roster.nodes[i] = (struct roster_node){.nodeid = (uint32_t)i + 1, .votes = 1};
        snprintf(roster.nodes[i].name, NODE_NAME_MAX, "n%d", i + 1);
    }
    return roster;
}

static inline void tell(struct lease *lease, int64_t now, node_id from,
                        const struct lease_ages *ages)
{
    static struct lease_ages own;

    if (!ages) {
        lease_ages_make(lease, NOW(now), &own);
        own.of[from].incarnation = 100 + (uint64_t)from;
        ages = &own;
    }
    lease_ages_taken(lease, NOW(now), from, ages);
}

/* Everybody is there from 1000 on, and has told. */
static inline struct lease *lease_among_three(struct roster roster)
{
    struct lease *lease = lease_new(&roster, "boot", 100, &timing, NOW(900));

    lease_group(lease, NOW(1000), ALL, 0);
    lease_ring(lease, NOW(1000), ring, ALL);
    lease_quorate(lease, NOW(1000), ring, true);
    for (node_id node = 0; node < 3; node++)
        tell(lease, 1000, node, NULL);
    lease_ages_done(lease, NOW(1000));
    return lease;
}

static inline struct beat beat_of(node_id from, uint64_t number, bool is_armed)
{
    struct beat beat = {.from = from, .ring = ring, .number = number, .is_armed = is_armed};
    struct roster roster = roster_of_three();

    beat.roster = roster_mark(&roster);
    beat.incarnation = 100 + (uint64_t)from;
    beat.watchdog = timing.watchdog;
    beat.lease = timing.lease;
    snprintf(beat.boot_id, sizeof(beat.boot_id), "boot-%d", from);
    return beat;
}

/* We beat, and it comes back to us. */
static inline uint64_t beat_ourselves(struct lease *lease, int64_t now)
{
    struct beat beat;

    lease_beat_make(lease, NOW(now), &beat);
    lease_beat_taken(lease, NOW(now + 1), &beat);
    return beat.number;
}

static inline void acknowledge(struct lease *lease, int64_t now, node_id from, uint64_t number,
                               uint64_t incarnation)
{
    struct beat beat = beat_of(from, (uint64_t)now, true);

    beat.acks[0] = (struct beat_ack){incarnation, number};
    lease_beat_taken(lease, NOW(now), &beat);
}

/* The group goes on without node 2, in the next ring, and all who are left have told. */
static inline void lose_third(struct lease *lease, int64_t now, struct lease_ages *told_by_second)
{
    static struct lease_ages own;

    lease_group(lease, NOW(now), 3, 4);
    lease_ring(lease, NOW(now), next_ring, 3);
    lease_quorate(lease, NOW(now), next_ring, true);
    lease_ages_make(lease, NOW(now), &own);
    if (told_by_second && told_by_second->base == own.base)
        told_by_second->path = own.path; /* it came the same way */
    tell(lease, now, 0, NULL);
    tell(lease, now, 1, told_by_second);
    lease_ages_done(lease, NOW(now));
}

static inline struct lease_status status_of(struct lease *lease, node_id node, int64_t now)
{
    struct lease_status status;

    lease_status(lease, node, NOW(now), &status);
    return status;
}
