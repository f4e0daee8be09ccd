/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The swarm: random clusters with random misfortunes, each from its own seed. Whatever happens,
 * no promise is broken; once all is mended, everything settles. Seed n plays history n, and after
 * it those of the seeds that follow.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/swarm/play.h"
#include "tests/swarm/shrink.h"

/* One of so many is played twice, to see that the same seed is the same history. */
#define TWICE_EVERY 10

struct options {
    uint64_t seed;
    long histories;
    const char *keep; /* folder for the shrunk history, or NULL */
    bool stops;       /* at the first that fails */
};

struct sums {
    long n_events, n_changes, n_fences, n_answers, n_bad;
};

static bool read_options(struct options *options, int argc, char **argv)
{
    *options = (struct options){.seed = 1, .histories = 300};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;

        if (strcmp(argv[i], "--stop") == 0) {
            options->stops = true;
            continue;
        }
        if (!value)
            return false;
        if (strcmp(argv[i], "--seed") == 0)
            options->seed = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--histories") == 0)
            options->histories = strtol(value, NULL, 10);
        else if (strcmp(argv[i], "--keep") == 0)
            options->keep = value;
        else
            return false;
        i++;
    }
    return options->histories > 0;
}

static void keep(const struct options *options, struct plan *plan, const struct play *play)
{
    char name[64], about[512];

    if (!options->keep)
        return;
    shrink_plan(plan, play);
    snprintf(name, sizeof(name), "seed-%llu", (unsigned long long)plan->seed);
    snprintf(about, sizeof(about), "Found in history %llu: %s.", (unsigned long long)plan->seed,
             play->words);
    if (plan_write(plan, options->keep, name, about))
        printf("  shrunk to %d events: %s/%s.drill\n", shrink_events(plan), options->keep, name);
}

static void play_one(const struct options *options, uint64_t seed, struct sums *sums)
{
    static struct plan plan;
    struct play play, again;

    plan_draw(&plan, seed);
    play_plan(&plan, &play);
    if (!play.is_bad && seed % TWICE_EVERY == 0) {
        plan_draw(&plan, seed);
        play_plan(&plan, &again);
        if (again.hash != play.hash) {
            play.is_bad = true;
            snprintf(play.words, sizeof(play.words), "played again it went otherwise");
        }
    }
    sums->n_events += play.n_events;
    sums->n_changes += play.n_changes;
    sums->n_fences += play.n_fences;
    sums->n_answers += play.n_answers;
    if (!play.is_bad)
        return;
    sums->n_bad++;
    printf("history %llu: %s\n", (unsigned long long)seed, play.words);
    fflush(stdout);
    keep(options, &plan, &play);
}

int main(int argc, char **argv)
{
    struct options options;
    struct sums sums = {0};
    long n;

    if (!read_options(&options, argc, argv)) {
        fprintf(stderr, "usage: %s [--seed N] [--histories N] [--keep FOLDER] [--stop]\n", argv[0]);
        return 2;
    }
    printf("seed %llu\n", (unsigned long long)options.seed);
    fflush(stdout);
    play_begin();
    for (n = 0; n < options.histories && !(options.stops && sums.n_bad); n++)
        play_one(&options, options.seed + (uint64_t)n, &sums);
    printf("%ld histories: %ld events, %ld changes, %ld nodes lost, %ld answers; %ld broken\n", n,
           sums.n_events, sums.n_changes, sums.n_fences, sums.n_answers, sums.n_bad);
    /* A swarm in which nothing happens proves nothing. */
    if (n >= 100 && (sums.n_fences < n || sums.n_changes < 20 * n)) {
        printf("too little happened\n");
        return 1;
    }
    return sums.n_bad ? 1 : 0;
}
