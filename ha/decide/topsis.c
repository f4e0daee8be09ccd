/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See topsis.h. Weights are whole numbers: only their ratios matter. */
#include "ha/decide/topsis.h"

/* Too little memory kills, too few processors only make slow; peaks hurt more than sums. */
static const uint64_t weights[CRITERIA] = {
    [CRITERION_CPU_SPREAD] = 1,
    [CRITERION_CPU_PEAK] = 2,
    [CRITERION_MEMORY_SPREAD] = 5,
    [CRITERION_MEMORY_PEAK] = 10,
};

void topsis_init(struct topsis *topsis)
{
    *topsis = (struct topsis){0};
}

void topsis_learn(struct topsis *topsis, const struct alternative *alternative)
{
    for (int i = 0; i < CRITERIA; i++) {
        uint64_t value = alternative->of[i];

        topsis->squares[i] += fixed_square(value);
        if (!topsis->worst[i] || value < topsis->best[i])
            topsis->best[i] = value;
        if (value > topsis->worst[i])
            topsis->worst[i] = value;
    }
}

void topsis_settle(struct topsis *topsis)
{
    for (int i = 0; i < CRITERIA; i++)
        topsis->norm[i] = fixed_root(topsis->squares[i]);
}

/* Weighted, and relative to what there is of the criterion in all. */
static uint64_t distance(const struct topsis *topsis, int criterion, uint64_t far, uint64_t near)
{
    return weights[criterion] *
           fixed_divide((wide)(far - near) << FIXED_BITS, topsis->norm[criterion]);
}

uint64_t topsis_score(const struct topsis *topsis, const struct alternative *alternative)
{
    wide to_best = 0, to_worst = 0;
    uint64_t best, worst;

    for (int i = 0; i < CRITERIA; i++) {
        uint64_t value = alternative->of[i];

        to_best += fixed_square(distance(topsis, i, value, topsis->best[i]));
        to_worst += fixed_square(distance(topsis, i, topsis->worst[i], value));
    }
    best = fixed_root(to_best);
    worst = fixed_root(to_worst);
    return best + worst ? fixed_divide((wide)worst << FIXED_BITS, best + worst) : 0;
}
