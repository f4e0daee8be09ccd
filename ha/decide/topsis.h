/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Choosing by several criteria at once: the alternative that is nearest to the
 * best and farthest from the worst of all that there are (TOPSIS). All criteria
 * are better the smaller they are. Every alternative is shown twice: first to
 * learn what there is, then to be scored.
 */
#pragma once

#include "ha/decide/fixed.h"

enum criterion {
    CRITERION_CPU_SPREAD, /* 1 + root of the mean square of the nodes' loads */
    CRITERION_CPU_PEAK,   /* 1 + the highest of them */
    CRITERION_MEMORY_SPREAD,
    CRITERION_MEMORY_PEAK,
    CRITERIA
};

struct alternative {
    uint64_t of[CRITERIA]; /* fixed, from one to FIXED_LOAD_MAX and a bit */
};

struct topsis {
    wide squares[CRITERIA];
    uint64_t norm[CRITERIA];
    uint64_t best[CRITERIA];
    uint64_t worst[CRITERIA];
};

void topsis_init(struct topsis *topsis);
void topsis_learn(struct topsis *topsis, const struct alternative *alternative);
/* All have been shown. */
void topsis_settle(struct topsis *topsis);
/* From 0 to 1 as a fixed number; more is better. */
uint64_t topsis_score(const struct topsis *topsis, const struct alternative *alternative);
