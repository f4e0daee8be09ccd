/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a check may take long: 1,000 rules of one shape over 10,000 services, some of which are
 * to be refused; and level 5 for 1,000 services on 32 nodes.
 */
#include <stdio.h>
#include <string.h>

#include "dsl/page.h"
#include "dsl/policy_text.h"
#include "tests/bench/language/measure.h"

#define RULES 1000
#define GOAL_MS 500
#define SURVIVAL_GOAL_MS 2000

struct shape {
    const char *name;
    const char *settings; /* of each service */
    int n_services;
    bool is_refused;
    /* One rule; numbers come from its own number. */
    const char *(*write)(struct arena *arena, int i);
};

static const char *write_patterns(struct arena *arena, int i)
{
    return arena_printf(arena, "try ocf:*%d*%d*%d apart", i / 100 + 1, i / 10 % 10, i % 10);
}

static const char *write_all_apart(struct arena *arena, int i)
{
    (void)i;
    return arena_printf(arena, "keep ocf:s* apart");
}

static const char *write_together(struct arena *arena, int i)
{
    return arena_printf(arena, "keep ocf:s[%d..%d] together", 10000 + 9 * i, 10009 + 9 * i);
}

static const char *write_before(struct arena *arena, int i)
{
    return arena_printf(arena, "start ocf:s[%d..%d] before ocf:s[%d..%d]", 10000 + 9 * i,
                        10008 + 9 * i, 10009 + 9 * i, 10017 + 9 * i);
}

static const char *write_circle(struct arena *arena, int i)
{
    return arena_printf(arena, "start ocf:s%d before ocf:s%d", 10000 + i, 10000 + (i + 1) % RULES);
}

/* Twenty services, all over the cluster; most meet others in one more rule. */
static const char *write_apart(struct arena *arena, int i)
{
    return arena_printf(arena, "keep ocf:s1*%03d, ocf:s1%03d* apart", i, (7 * i + 1) % RULES);
}

/* Each two of some forty by a rule of their own, on 32 nodes. */
static const char *write_pairs(struct arena *arena, int i)
{
    int a = 1;

    while (a * (a + 1) / 2 <= i)
        a++;
    return arena_printf(arena, "keep ocf:s%d, ocf:s%d apart", 10000 + a,
                        10000 + i - a * (a - 1) / 2);
}

/* A circle of 999 in which neighbours are apart, on two nodes. */
static const char *write_odd(struct arena *arena, int i)
{
    return arena_printf(arena, "keep ocf:s%d, ocf:s%d apart", 10000 + i % 999,
                        10000 + (i + 1) % 999);
}

static const struct shape shapes[] = {
    {"patterns", "", 10000, false, write_patterns},
    {"all in each rule", "", 10000, true, write_all_apart},
    {"one chain together", "", 10000, false, write_together},
    {"one chain of before", "start timeout 1s; recover within 1d", 10000, false, write_before},
    {"a circle of before", "recover within 1d", 10000, true, write_circle},
    {"apart all over", "", 10000, false, write_apart},
    {"apart, each two", "", 10000, true, write_pairs},
    {"apart in a circle", "keep on n1, n2", 10000, true, write_odd},
};

static char *write_policy(struct arena *arena, const struct shape *shape, int n_rules)
{
    struct page page = {0};
    char *text;

    page_say(&page, "cluster bench { network lan }\nfencing { watchdog 30s }\n");
    for (int i = 0; i < 31; i++)
        page_say(&page, arena_printf(arena, "node n%d { address 10.0.0.%d; cpus 64 }\n", i, i + 1));
    page_say(&page, "node n31 { address 10.0.0.32; cpus 64; votes 2 }\n");
    page_say(&page,
             arena_printf(arena, "defaults { agent heartbeat:anything; %s }\n", shape->settings));
    for (int i = 0; i < shape->n_services; i++)
        page_say(&page, arena_printf(arena, "service ocf:s%d\n", 10000 + i));
    for (int i = 0; i < n_rules; i++)
        page_say(&page, arena_printf(arena, "rule r%d: %s\n", i, shape->write(arena, i)));
    text = arena_strndup(arena, page.bytes, page.length);
    page_free(&page);
    return text;
}

static bool measure_shape(const struct shape *shape, bool is_check)
{
    struct arena *arena = arena_new();
    char *text = write_policy(arena, shape, RULES);
    double check[REPETITIONS];
    int n_errors = 0, n_repetitions = is_check ? 1 : REPETITIONS;
    bool is_right;

    for (int i = 0; i < n_repetitions; i++)
        check[i] = check_ms(text, &n_errors);
    is_right = (n_errors > 0) == shape->is_refused;
    if (!is_right) {
        fprintf(stderr, "the rules of \"%s\" have %d errors\n", shape->name, n_errors);
        tell_errors(text);
    } else if (!is_check) {
        printf("%-20s 10,000 services, %d rules   check %7.1f ms%s\n", shape->name, RULES,
               median(check), verdict(check[REPETITIONS / 2], GOAL_MS));
    }
    arena_free(arena);
    return is_right;
}

/* Each node lost, and each two: the whole of a check, without drills. */
static bool measure_survival(bool is_check)
{
    struct shape shape = {"survival", "cpus 1", 1000, false, write_before};
    struct arena *arena = arena_new();
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));
    char *text = write_policy(arena, &shape, 100);
    const char *survival = NULL;
    double begin = cpu_ms();
    bool is_right =
        is_check || policy_check(arena, "bench", text, strlen(text), diagnostics, &survival);

    begin = cpu_ms() - begin;
    if (!is_right)
        fprintf(stderr, "the policy for survival has %d errors\n", diagnostics->n_errors);
    else if (!is_check)
        printf("%-20s 1,000 services, 32 nodes       check %7.1f ms%s  %s\n", "level 5", begin,
               verdict(begin, SURVIVAL_GOAL_MS), survival);
    arena_free(arena);
    return is_right;
}

bool shapes_measure(bool is_check)
{
    bool is_right = true;

    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        is_right = measure_shape(&shapes[i], is_check) && is_right;
    return measure_survival(is_check) && is_right;
}
