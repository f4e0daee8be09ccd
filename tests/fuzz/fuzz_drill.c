/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a drill in a file of its own, or, where they say "cluster", as a policy with
 * drills in it: understanding it and playing it end after so many steps, stay inside their
 * memory, and whatever is done to the imaginary cluster, no promise is broken. The same bytes
 * come to the same end.
 */
#include <stdio.h>

#include "dsl/drill.h"
#include "tests/fuzz/fuzz.h"

/* Some thousand events: a drill of a week would hold up all others. */
#define EFFORT 100000
/* Each event that is told costs a look at what it is about, so there cannot be more of them. */
#define EVENTS_MAX EFFORT

static const char policy_text[] =
    "cluster home\nnode alpha\nnode beta\nnode gamma\nfencing { watchdog 5s }\n"
    "let fast = alpha, beta\nservice vm:mail { try on alpha, then beta; recover within 1m }\n"
    "service vm:db[1..2] { keep on fast; restart 2 }\nservice fa:1 { relocate 2 }\n"
    "rule r: keep vm:db* apart\nrule s: start vm:db1 before vm:mail\n";

#define NODES "cluster home\nnode alpha\nnode beta\nnode gamma\nfencing { watchdog 5s }\n"

/* Those that a drill may name beside the one above: each another reason to refuse or to go on. */
static const struct {
    const char *name;
    const char *text;
} files[] = {
    {"other.tenuto", NODES "service vm:mail, vm:db1, ct:new\n"},
    {"conflict.tenuto", NODES "service vm:mail, vm:db[1..5] { relocate 1 }\n"
                              "service vm:x { keep on alpha }\n"
                              "rule a: keep vm:db* apart\nrule b: keep vm:mail, vm:db1 apart\n"
                              "rule c: keep vm:mail, vm:db1, vm:x together\n"},
    {"strange.tenuto", "cluster home\nnode delta\nnode epsilon\n"},
    {"wrong.tenuto", "cluster home\nnode\n"},
};

struct heard {
    uint64_t sum;
    int64_t n_events;
};

static bool is_policy(const uint8_t *bytes, size_t length)
{
    return memmem(bytes, length, "cluster ", 8) != NULL;
}

unsigned fuzz_language(const uint8_t *bytes, size_t length, size_t *at)
{
    *at = 0;
    return is_policy(bytes, length) ? IN_POLICY : IN_DRILL_FILE;
}

static const char *read_policy(void *context, struct arena *arena, const char *name, size_t *length,
                               struct err *err)
{
    (void)context;
    (void)arena;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (strcmp(name, files[i].name) == 0) {
            *length = strlen(files[i].text);
            return files[i].text;
        }
    }
    if (strcmp(name, "none.tenuto") == 0) {
        err_set(err, "there is no file %s", name);
        return NULL;
    }
    *length = strlen(policy_text);
    return policy_text;
}

static void hear(void *context, const struct drill_event *event)
{
    struct heard *heard = context;

    if (event->kind == DRILL_BROKEN) {
        fprintf(stderr, "%s\n", event->words);
        abort();
    }
    assert(++heard->n_events < EVENTS_MAX);
    heard->sum = (heard->sum * 31 + (uint64_t)event->kind) * 31 + (uint64_t)event->at.ms;
}

static struct heard play(const struct drill *drill)
{
    struct world *world = calloc(1, world_size(drill->policy->n_nodes));
    int64_t effort = EFFORT;
    struct drill bounded = *drill;
    struct heard heard = {0};
    struct drill_listener listener = {.context = &heard, .event = hear};

    bounded.effort_left = &effort;
    drill_run(&bounded, world, &listener);
    free(world);
    return heard;
}

static void try_file(struct arena *arena, const char *text, size_t length)
{
    struct drill_source source = {.read = read_policy};
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));
    struct drill drill;

    diagnostics_init(found, arena, "fuzz.drill", text, length);
    if (drill_compile(found, &source, &drill)) {
        struct heard first = play(&drill), second = play(&drill);

        assert(first.sum == second.sum && first.n_events == second.n_events);
        assert(drill.n_steps == 0 || drill.policy->n_nodes > 0);
    }
    fuzz_check_diagnostics(found);
}

static struct diagnostics *rehearse(struct arena *arena, const char *text, size_t length,
                                    struct policy *policy)
{
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));

    policy_rehearse(arena, "fuzz.tenuto", text, length, policy, found, REHEARSE_BRIEFLY);
    return found;
}

/*
 * What goes wrong in a drill is an error; a broken promise is a fault of ours, unless the policy
 * does without a watchdog: nothing proves then that a node that was cut off is off.
 */
static void try_policy(struct arena *arena, const char *text, size_t length)
{
    struct policy *policy = arena_alloc(arena, sizeof(*policy));
    struct diagnostics *first = rehearse(arena, text, length, policy);
    struct diagnostics *second = rehearse(arena, text, length, policy);

    for (int i = 0; i < first->n_list && policy->timing.watchdog.ms > 0; i++)
        assert(first->list[i].code != DIAGNOSTIC_DRILL_BROKEN);
    assert(strcmp(diagnostics_text(first, false), diagnostics_text(second, false)) == 0);
    fuzz_check_diagnostics(first);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct arena *arena = arena_new();
    char *text = fuzz_copy(bytes, length);

    if (is_policy(bytes, length))
        try_policy(arena, text, length);
    else
        try_file(arena, text, length);
    free(text);
    arena_free(arena);
    return 0;
}
