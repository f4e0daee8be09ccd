/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How much processor time the language takes: a policy as large as any cluster's, and the
 * one a person types in. Medians; being slow is no failure, for nobody's machine is the
 * machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsl/edit.h"
#include "dsl/page.h"
#include "dsl/policy_text.h"
#include "tests/bench/language/measure.h"

struct subject {
    const char *name;
    int n_services;
    int n_rules;
    double check_goal_ms; /* 0: none */
    double format_goal_ms;
};

static const struct subject subjects[] = {
    {"1,000 lines", 150, 100, 10, 0},
    {"1,000 services", 1000, 100, 0, 0},
    {"10,000 services", 10000, 1000, 500, 300},
};

static void add_service(struct page *page, struct arena *arena, int i)
{
    page_say(page, arena_printf(arena,
                                "service ocf:s%05d {\n    agent heartbeat:anything  # number %d\n"
                                "    set port %d\n    restart %d\n    try on n%d, n%d\n}\n",
                                i, i, 1024 + i, i % 5, i % 16, 16 + i % 16));
}

/* Rules of every kind, none against another; some find their services by a pattern. */
static void add_rule(struct page *page, struct arena *arena, int i, int n_services)
{
    int at = (i * 9) % (n_services - 9);

    if (i % 4 == 0)
        page_say(page, arena_printf(arena, "rule r%d: keep ocf:s%05d, ocf:s%05d together\n", i, at,
                                    at + 1));
    else if (i % 4 == 1)
        page_say(page, arena_printf(arena, "rule r%d: keep ocf:s%05d, ocf:s%05d apart\n", i, at + 2,
                                    at + 3));
    else if (i % 4 == 2)
        page_say(page, arena_printf(arena, "rule r%d: start ocf:s%05d before ocf:s%05d\n", i,
                                    at + 4, at + 5));
    else
        page_say(page, arena_printf(arena, "rule r%d: try ocf:s%04d* apart\n", i, at / 10));
}

static char *make_policy(struct arena *arena, const struct subject *subject)
{
    struct page page = {0};
    char *text;

    page_say(&page, "cluster bench { network lan }\n\n");
    for (int i = 0; i < 32; i++)
        page_say(&page, arena_printf(arena, "node n%d { address 10.0.0.%d; cpus 64 }\n", i, i + 1));
    page_say(&page, "\nfencing { watchdog 30s }\n\ndefaults { relocate 3 }\n\n");
    for (int i = 0; i < subject->n_services; i++)
        add_service(&page, arena, i);
    for (int i = 0; i < subject->n_rules; i++)
        add_rule(&page, arena, i, subject->n_services);
    text = arena_strndup(arena, page.bytes, page.length);
    page_free(&page);
    return text;
}

static double format_ms(const char *text, int *n_errors)
{
    struct arena *arena = arena_new();
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));
    double begin = cpu_ms();

    *n_errors += policy_format(arena, "bench", text, strlen(text), diagnostics) == NULL;
    begin = cpu_ms() - begin;
    arena_free(arena);
    return begin;
}

static double edit_ms(const char *text, int *n_errors)
{
    static const char *const words[] = {"restart", "7"};
    struct arena *arena = arena_new();
    struct edit_request request = {
        .kind = EDIT_SERVICE_SET, .name = "ocf:s00042", .words = words, .n_words = 2};
    struct edit_result *result = arena_alloc(arena, sizeof(*result));
    double begin = cpu_ms();
    struct err err;

    *n_errors += !edit_run(arena, "bench", text, strlen(text), &request, result, &err);
    begin = cpu_ms() - begin;
    arena_free(arena);
    return begin;
}

static bool measure(const struct subject *subject)
{
    double check[REPETITIONS], format[REPETITIONS], edit[REPETITIONS];
    struct arena *arena = arena_new();
    char *text = make_policy(arena, subject);
    int n_errors = 0, n_lines = 0;

    for (const char *at = text; (at = strchr(at, '\n')); at++)
        n_lines++;
    for (int i = 0; i < REPETITIONS && n_errors == 0; i++) {
        check[i] = check_ms(text, &n_errors);
        format[i] = format_ms(text, &n_errors);
        edit[i] = edit_ms(text, &n_errors);
    }
    if (n_errors == 0)
        printf("%-16s %6d lines %7zu bytes   check %7.1f ms%-7s  format %7.1f ms%-7s  edit %7.1f "
               "ms\n",
               subject->name, n_lines, strlen(text), median(check),
               verdict(median(check), subject->check_goal_ms), median(format),
               verdict(median(format), subject->format_goal_ms), median(edit));
    arena_free(arena);
    return n_errors == 0;
}

/* Without measuring: the language says no to none of the policies. */
static bool check(const struct subject *subject)
{
    struct arena *arena = arena_new();
    int n_errors;

    check_ms(make_policy(arena, subject), &n_errors);
    if (n_errors) {
        fprintf(stderr, "the policy of %s has %d errors\n", subject->name, n_errors);
        tell_errors(make_policy(arena, subject));
    }
    arena_free(arena);
    return n_errors == 0;
}

int main(int argc, char **argv)
{
    bool is_check = argc > 1 && strcmp(argv[1], "--check") == 0, is_right = true;

    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
        is_right = (is_check ? check(&subjects[i]) : measure(&subjects[i])) && is_right;
    is_right = shapes_measure(is_check) && is_right;
    return is_right ? 0 : 1;
}
