/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The front of the room: the steps from text to policy, in their order; see policy_text.h. */
#include "dsl/policy_text.h"

#include <string.h>

#include "dsl/check.h"
#include "dsl/format.h"
#include "dsl/parser.h"
#include "dsl/rehearse.h"
#include "dsl/resolve.h"

/* Of drills, in services times nodes looked at; measured, and the same on every machine. */
#define EFFORT_BRIEF 200000
#define EFFORT_IN_EARNEST 400000000

static bool begin(struct arena *arena, const char *file, const char *text, size_t length,
                  struct diagnostics *diagnostics)
{
    bool is_too_long = length > POLICY_BYTES_MAX;

    diagnostics_init(diagnostics, arena, file, text, is_too_long ? 0 : length);
    if (is_too_long)
        diagnostics_add(diagnostics, DIAGNOSTIC_TEXT_TOO_LONG,
                        (struct location){.line = 1, .column = 1},
                        (int)(length < INT32_MAX ? length : INT32_MAX), POLICY_BYTES_MAX);
    return !is_too_long;
}

bool policy_resolve(struct arena *arena, const char *file, const char *text, size_t length,
                    struct resolution *resolution, struct diagnostics *diagnostics)
{
    struct tree *tree = arena_alloc(arena, sizeof(*tree));

    if (!begin(arena, file, text, length, diagnostics))
        return false;
    *tree = parser_run(diagnostics);
    resolution->tree = tree;
    resolution->diagnostics = diagnostics;
    resolution->arena = arena;
    /* Beyond this a false start would only breed false alarms. */
    if (resolve_run(resolution)) {
        check_rules(resolution);
        check_safety(resolution);
    }
    diagnostics_sort(diagnostics);
    return diagnostics->n_errors == 0;
}

bool policy_compile(struct arena *arena, const char *file, const char *text, size_t length,
                    struct policy *policy, struct diagnostics *diagnostics)
{
    struct resolution *resolution = arena_alloc(arena, sizeof(*resolution));

    memset(policy, 0, sizeof(*policy));
    resolution->policy = policy;
    return policy_resolve(arena, file, text, length, resolution, diagnostics);
}

bool policy_rehearse(struct arena *arena, const char *file, const char *text, size_t length,
                     struct policy *policy, struct diagnostics *diagnostics,
                     enum rehearsal_kind kind)
{
    struct resolution *resolution = arena_alloc(arena, sizeof(*resolution));
    bool is_in_earnest = kind == REHEARSE_IN_EARNEST;

    memset(policy, 0, sizeof(*policy));
    resolution->policy = policy;
    if (!policy_resolve(arena, file, text, length, resolution, diagnostics))
        return false;
    rehearse_run(resolution, is_in_earnest ? EFFORT_IN_EARNEST : EFFORT_BRIEF, is_in_earnest);
    diagnostics_sort(diagnostics);
    return diagnostics->n_errors == 0;
}

bool policy_check(struct arena *arena, const char *file, const char *text, size_t length,
                  struct diagnostics *diagnostics, const char **survival)
{
    struct resolution *resolution = arena_alloc(arena, sizeof(*resolution));

    resolution->policy = arena_alloc(arena, sizeof(*resolution->policy));
    *survival = NULL;
    if (!policy_resolve(arena, file, text, length, resolution, diagnostics))
        return false;
    rehearse_run(resolution, EFFORT_IN_EARNEST, true);
    if (diagnostics->n_errors == 0)
        *survival = check_survival(resolution);
    diagnostics_sort(diagnostics);
    return diagnostics->n_errors == 0;
}

void policy_check_agents(struct arena *arena, const struct catalog *catalog, const char *text,
                         size_t length, struct diagnostics *diagnostics)
{
    struct diagnostics *told = arena_alloc(arena, sizeof(*told));
    struct resolution *resolution = arena_alloc(arena, sizeof(*resolution));
    struct tree *tree = arena_alloc(arena, sizeof(*tree));

    /* What is wrong without any agents has been said already. */
    if (!begin(arena, "", text, length, told))
        return;
    *tree = parser_run(told);
    *resolution = (struct resolution){.tree = tree, .diagnostics = told, .arena = arena};
    resolution->policy = arena_alloc(arena, sizeof(*resolution->policy));
    resolve_run(resolution);
    resolution->diagnostics = diagnostics;
    check_agents(resolution, catalog);
    diagnostics_sort(diagnostics);
}

char *policy_format(struct arena *arena, const char *file, const char *text, size_t length,
                    struct diagnostics *diagnostics)
{
    struct tree tree;

    if (!begin(arena, file, text, length, diagnostics))
        return NULL;
    tree = parser_run(diagnostics);
    diagnostics_sort(diagnostics);
    return diagnostics->n_errors ? NULL : format_run(&tree);
}
