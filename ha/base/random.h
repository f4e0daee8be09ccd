/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Seeded numbers for imagined worlds and tests: the same seed is the same
 * history on every machine. Nothing that runs a cluster may draw from it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

/* splitmix64: any seed is a good one, zero too. */
static inline uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* From 0 up to but not including limit, which is at least 1. */
static inline int random_below(struct random *random, int limit)
{
    return (int)(random_next(random) % (uint64_t)limit);
}

/* So many times in a hundred. */
static inline bool random_chance(struct random *random, int percent)
{
    return random_below(random, 100) < percent;
}
