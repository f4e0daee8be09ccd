/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a policy: compiling, reporting and formatting them ends, stays inside its
 * memory, and agrees with itself: what is formatted is right, stays as it is when it is
 * formatted again, and has as many messages as before.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dsl/policy_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

struct result {
    struct policy *policy;
    struct diagnostics *diagnostics;
    bool is_right;
};

static struct result compile(struct arena *arena, const char *text, size_t length)
{
    struct result result = {
        .policy = arena_alloc(arena, sizeof(struct policy)),
        .diagnostics = arena_alloc(arena, sizeof(struct diagnostics)),
    };

    result.is_right =
        policy_compile(arena, "fuzz", text, length, result.policy, result.diagnostics);
    return result;
}

static void check_policy(const struct policy *policy)
{
    for (int i = 1; i < policy->n_nodes; i++)
        assert(strcmp(policy->nodes[i - 1].name, policy->nodes[i].name) < 0);
    for (int i = 1; i < policy->n_services; i++)
        assert(strcmp(policy->services[i - 1].name, policy->services[i].name) < 0);
    for (int i = 0; i < policy->n_rules; i++) {
        for (int k = 1; k < policy->rules[i].n_services; k++)
            assert(policy->rules[i].services[k - 1] < policy->rules[i].services[k]);
    }
}

static void check_format(struct arena *arena, const struct result *first, const char *text,
                         size_t length)
{
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));
    char *once = policy_format(arena, "fuzz", text, length, diagnostics);
    struct result again;
    char *twice;

    if (!once)
        return;
    twice = policy_format(arena, "fuzz", once, strlen(once), diagnostics);
    assert(twice && strcmp(once, twice) == 0);
    again = compile(arena, once, strlen(once));
    assert(again.is_right == first->is_right);
    assert(again.diagnostics->n_errors == first->diagnostics->n_errors);
    assert(again.diagnostics->n_warnings == first->diagnostics->n_warnings);
    assert(again.policy->n_services == first->policy->n_services);
    assert(again.policy->n_rules == first->policy->n_rules);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct arena *arena = arena_new();
    /* A copy without a NUL behind it, so that reading over the end is seen. */
    char *text = memcpy(malloc(length ? length : 1), bytes, length);
    struct result result = compile(arena, text, length);
    json_t *list = diagnostics_json(result.diagnostics);

    assert(json_array_size(list) == (size_t)result.diagnostics->n_list);
    json_decref(list);
    assert(strlen(diagnostics_text(result.diagnostics, true)) > 0 || !result.diagnostics->n_list);
    assert(result.is_right == (result.diagnostics->n_errors == 0));
    if (result.is_right)
        check_policy(result.policy);
    check_format(arena, &result, text, length);
    free(text);
    arena_free(arena);
    return 0;
}
