/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a drill, in a file of its own or inside of a policy: understanding it and playing
 * it end, stay inside their memory, and whatever is done to the imaginary cluster, no promise is
 * broken. The same bytes come to the same end.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsl/drill.h"
#include "dsl/policy_text.h"

/* Some thousand events: a drill of a week would hold up all others. */
#define EFFORT 100000

static const char policy_text[] =
    "cluster home\nnode alpha\nnode beta\nnode gamma\nfencing { watchdog 5s }\n"
    "let fast = alpha, beta\nservice vm:mail { try on alpha, then beta; recover within 1m }\n"
    "service vm:db[1..2] { keep on fast; restart 2 }\nservice fa:1 { relocate 2 }\n"
    "rule r: keep vm:db* apart\nrule s: start vm:db1 before vm:mail\n";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const char *read_policy(void *context, struct arena *arena, const char *name, size_t *length,
                               struct err *err)
{
    (void)context;
    (void)arena;
    (void)name;
    (void)err;
    *length = strlen(policy_text);
    return policy_text;
}

static void hear(void *context, const struct drill_event *event)
{
    uint64_t *sum = context;

    if (event->kind == DRILL_BROKEN) {
        fprintf(stderr, "%s\n", event->words);
        abort();
    }
    *sum = (*sum * 31 + (uint64_t)event->kind) * 31 + (uint64_t)event->at.ms;
}

static uint64_t play(const struct drill *drill)
{
    struct world *world = calloc(1, world_size(drill->policy->n_nodes));
    int64_t effort = EFFORT;
    struct drill bounded = *drill;
    uint64_t sum = 0;
    struct drill_listener listener = {.context = &sum, .event = hear};

    bounded.effort_left = &effort;
    drill_run(&bounded, world, &listener);
    free(world);
    return sum;
}

static void try_file(struct arena *arena, const char *text, size_t length)
{
    struct drill_source source = {.read = read_policy};
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));
    struct drill drill;

    diagnostics_init(found, arena, "fuzz.drill", text, length);
    if (drill_compile(found, &source, &drill))
        assert(play(&drill) == play(&drill));
    assert(strlen(diagnostics_text(found, true)) > 0 || !found->n_list);
}

/* What goes wrong in a drill is an error; a broken promise is a fault of ours. */
static void try_block(struct arena *arena, const char *text, size_t length)
{
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));
    struct policy *policy = arena_alloc(arena, sizeof(*policy));
    char *whole = arena_printf(arena, "%sdrill \"x\" {\n%.*s\n}\n", policy_text, (int)length, text);

    policy_rehearse(arena, "fuzz.tenuto", whole, strlen(whole), policy, found, REHEARSE_BRIEFLY);
    for (int i = 0; i < found->n_list; i++)
        assert(found->list[i].code != DIAGNOSTIC_DRILL_BROKEN);
    assert(strlen(diagnostics_text(found, true)) > 0 || !found->n_list);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct arena *arena = arena_new();
    /* A copy without a NUL behind it, so that reading over the end is seen. */
    char *text = memcpy(malloc(length ? length : 1), bytes, length);

    try_file(arena, text, length);
    try_block(arena, text, length);
    free(text);
    arena_free(arena);
    return 0;
}
