/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the measurements of the language share; see measure.h. */
#include "tests/bench/language/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dsl/policy_text.h"

/* Errors of one policy; the first are enough to see what is wrong. */
#define TOLD_MAX 3

double cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int by_number(const void *a, const void *b)
{
    const double *first = a, *second = b;

    return (*first > *second) - (*first < *second);
}

double median(double *numbers)
{
    qsort(numbers, REPETITIONS, sizeof(numbers[0]), by_number);
    return numbers[REPETITIONS / 2];
}

double check_ms(const char *text, int *n_errors)
{
    struct arena *arena = arena_new();
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));
    struct policy *policy = arena_alloc(arena, sizeof(*policy));
    double begin = cpu_ms();

    policy_compile(arena, "bench", text, strlen(text), policy, diagnostics);
    *n_errors = diagnostics->n_errors;
    begin = cpu_ms() - begin;
    arena_free(arena);
    return begin;
}

const char *verdict(double ms, double goal_ms)
{
    return goal_ms <= 0 ? "" : ms < goal_ms ? " met" : " MISSED";
}

void tell_errors(const char *text)
{
    struct arena *arena = arena_new();
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));
    struct policy *policy = arena_alloc(arena, sizeof(*policy));

    policy_compile(arena, "bench", text, strlen(text), policy, diagnostics);
    for (int i = 0, n_told = 0; i < diagnostics->n_list && n_told < TOLD_MAX; i++) {
        if (diagnostics->list[i].severity != SEVERITY_ERROR)
            continue;
        n_told++;
        fprintf(stderr, "line %d: %s\n", diagnostics->list[i].at.line, diagnostics->list[i].words);
    }
    arena_free(arena);
}
