/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The drills inside of a policy; see rehearse.h. The same world and the same manager as for
 * "drill run", but only what goes wrong is told, as messages about the text.
 */
#include "dsl/rehearse.h"

#include <stdlib.h>
#include <string.h>

#include "dsl/drill.h"
#include "dsl/values.h"
#include "ha/base/arena.h"

/* Understanding a line may copy every service, or make a step for each. */
#define EFFORT_OF_A_LINE 4

struct rehearsing {
    struct resolution *resolution;
    const struct drill *drill;
    const struct syntax *statement;
    int n_errors_before; /* this drill */
    bool is_strict;
};

static struct location place_of(const struct rehearsing *r, const struct drill_step *step)
{
    return diagnostics_place(r->resolution->diagnostics, step->line, step->offset,
                             (int)strlen(step->text));
}

/* A statement over several services has a step for each, at the same place. */
static bool is_of_several(const struct drill *drill, const struct drill_step *step)
{
    const struct drill_step *end = drill->steps + drill->n_steps;

    return (step > drill->steps && step[-1].offset == step->offset) ||
           (step + 1 < end && step[1].offset == step->offset);
}

/* A drill of several services names the one that is meant. */
static const char *found_in(const struct rehearsing *r, const struct drill_event *event)
{
    const struct drill_step *step = event->step;

    if (!step->service || (strstr(step->text, step->service) && !is_of_several(r->drill, step)))
        return event->words;
    return arena_printf(r->resolution->arena, "%s: %s", step->service, event->words);
}

static void hear(void *context, const struct drill_event *event)
{
    const struct rehearsing *r = context;
    struct diagnostics *found = r->resolution->diagnostics;
    struct location head = syntax_place(r->resolution->tree, r->statement->child);
    const char *name = r->drill->name;

    switch (event->kind) {
    case DRILL_MISSED:
        diagnostics_add(found, DIAGNOSTIC_DRILL_MISSED, place_of(r, event->step), name,
                        found_in(r, event));
        break;
    case DRILL_IMPOSSIBLE:
        diagnostics_add(found, DIAGNOSTIC_DRILL_IMPOSSIBLE, place_of(r, event->step), name,
                        event->step->service ? event->step->service : "the cluster");
        break;
    case DRILL_BROKEN:
        diagnostics_add(found, DIAGNOSTIC_DRILL_BROKEN, head, name, event->words);
        break;
    case DRILL_UNFINISHED:
        if (r->is_strict)
            diagnostics_add(found, DIAGNOSTIC_DRILL_UNFINISHED, head, name);
        break;
    default: break;
    }
}

static int count_lines(const struct syntax *statement)
{
    int n_lines = 0;

    for (const struct syntax *at = syntax_inside(statement); at; at = at->next)
        n_lines++;
    return n_lines;
}

/* Not too much of it, and each drill under a name of its own: messages go by it. */
static bool is_sound(struct resolution *r)
{
    const struct syntax *first = NULL;
    int n_lines = 0;

    for (const struct syntax *at = r->tree->policy->child; at; at = at->next) {
        if (at->kind != SYNTAX_DRILL)
            continue;
        first = first ? first : at;
        n_lines += count_lines(at);
        for (const struct syntax *other = first; other != at; other = other->next) {
            const char *name = value_string(r->tree, at->child);

            if (other->kind == SYNTAX_DRILL &&
                strcmp(name, value_string(r->tree, other->child)) == 0)
                diagnostics_add(r->diagnostics, DIAGNOSTIC_DUPLICATE,
                                syntax_place(r->tree, at->child), "drills", name);
        }
    }
    if (n_lines > DRILL_LINES_MAX)
        diagnostics_add(r->diagnostics, DIAGNOSTIC_LIMIT, syntax_head_place(r->tree, first),
                        n_lines, "lines in drills", DRILL_LINES_MAX);
    if (first && r->policy->n_services > WORLD_SERVICES_MAX)
        diagnostics_add(r->diagnostics, DIAGNOSTIC_LIMIT, syntax_head_place(r->tree, first),
                        r->policy->n_services, "services in a drill", WORLD_SERVICES_MAX);
    return first && r->diagnostics->n_errors == 0;
}

static void play(struct rehearsing *r, struct world *world, int64_t *effort)
{
    struct drill_listener listener = {.context = r, .event = hear};
    struct drill drill = {.name = value_string(r->resolution->tree, r->statement->child)};

    r->drill = &drill;
    *effort -=
        EFFORT_OF_A_LINE * count_lines(r->statement) * (r->resolution->policy->n_services + 8);
    if (*effort < 0) {
        hear(r, &(struct drill_event){.kind = DRILL_UNFINISHED});
        return;
    }
    drill_of_statement(r->resolution, r->statement, &drill);
    if (r->resolution->diagnostics->n_errors > r->n_errors_before)
        return;
    drill.effort_left = effort;
    drill_run(&drill, world, &listener);
}

void rehearse_run(struct resolution *resolution, int64_t effort, bool is_strict)
{
    struct rehearsing rehearsing = {.resolution = resolution, .is_strict = is_strict};
    struct world *world;

    if (resolution->diagnostics->n_errors > 0 || !is_sound(resolution))
        return;
    world = xcalloc(1, world_size(resolution->policy->n_nodes));
    for (const struct syntax *at = resolution->tree->policy->child; at; at = at->next) {
        if (at->kind != SYNTAX_DRILL || at->is_broken)
            continue;
        rehearsing.statement = at;
        rehearsing.n_errors_before = resolution->diagnostics->n_errors;
        play(&rehearsing, world, &effort);
    }
    free(world);
}
