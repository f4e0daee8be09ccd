/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is set for an agent against what it says of itself; see judge_settings.h. */
#include "dsl/judge_settings.h"

#include <string.h>
#include <strings.h>

#include "dsl/suggest.h"

/* So many names are still read; more are a list that nobody does. */
#define NAMES_SHOWN 8
/* A word of fewer letters is part of half of the others. */
#define PART_LEAST 3

/* Whether any agent of that kind is installed. */
static bool has_any(const struct catalog *catalog, bool is_fence)
{
    const char *const *names;
    int n_names = catalog->list(catalog->context, &names);

    for (int i = 0; i < n_names; i++) {
        if (agent_is_fence(names[i]) == is_fence)
            return true;
    }
    return false;
}

static void report_absent(struct judge *judge, const char *agent, struct location at)
{
    struct diagnostics *diagnostics = judge->resolution->diagnostics;
    bool is_fence = agent_is_fence(agent);
    struct diagnostic *entry;
    const char *nearest;

    if (!has_any(judge->catalog, is_fence)) {
        if (!judge->has_said_none[is_fence]) {
            entry = diagnostics_add(diagnostics, DIAGNOSTIC_AGENT_NOT_HERE, at, agent);
            diagnostics_hint(diagnostics, entry,
                             "this machine has none of its kind: check on a node, or install %s",
                             is_fence ? "fence-agents" : "resource-agents");
        }
        judge->has_said_none[is_fence] = true;
        return;
    }
    nearest = catalog_nearest(judge->catalog, judge->resolution->arena, agent);
    if (!nearest) {
        diagnostics_add(diagnostics, DIAGNOSTIC_AGENT_NOT_HERE, at, agent);
        return;
    }
    entry = diagnostics_add(diagnostics, DIAGNOSTIC_NO_SUCH_AGENT, at, agent);
    diagnostics_suggest(diagnostics, entry, nearest);
}

bool judge_ask(struct judge *judge, const char *agent, struct location at)
{
    struct agent_answer answer = judge->catalog->find(judge->catalog->context, agent);

    judge->description = answer.description;
    if (answer.standing == AGENT_DESCRIBED)
        return true;
    if (answer.standing == AGENT_NOT_INSTALLED)
        report_absent(judge, agent, at);
    else
        diagnostics_add(judge->resolution->diagnostics, DIAGNOSTIC_AGENT_UNREADABLE, at, agent,
                        answer.why);
    return false;
}

const struct agent_parameter *judge_find(const struct agent_description *description,
                                         const char *name, bool *is_free)
{
    /* The library that most OCF agents share takes these, and no agent lists them. */
    static const char *const shared[] = {"trace_ra", "trace_file"};
    const struct agent_parameter *parameter = agent_find_parameter(description, name);

    for (size_t i = 0; !parameter && i < sizeof(shared) / sizeof(shared[0]); i++) {
        if (!agent_is_fence(description->name) && strcmp(name, shared[i]) == 0)
            *is_free = true;
    }
    return parameter;
}

static void report_value(struct judge *judge, const struct agent_parameter *parameter,
                         const struct syntax *set, const char *value)
{
    struct resolution *r = judge->resolution;
    struct suggestion suggestion = suggestion_for(value);
    struct diagnostic *entry = diagnostics_add(
        r->diagnostics, DIAGNOSTIC_PARAMETER_VALUE, syntax_place(r->tree, set->child->next),
        parameter->name, judge->description->name, agent_value_words(r->arena, parameter), value);

    for (int i = 0; i < parameter->n_options; i++)
        suggestion_consider(&suggestion, parameter->options[i]);
    if (suggestion.best)
        diagnostics_suggest(r->diagnostics, entry, suggestion.best);
    else if (parameter->kind == PARAMETER_BOOLEAN)
        diagnostics_hint(r->diagnostics, entry, "an agent takes every other word for a no");
    else if (parameter->fallback && parameter->fallback[0])
        diagnostics_hint(r->diagnostics, entry, "without this line it is %s", parameter->fallback);
}

bool judge_value(struct judge *judge, const struct agent_parameter *parameter,
                 const struct syntax *set, const char *value)
{
    struct resolution *r = judge->resolution;
    struct diagnostic *entry;

    if (value && !agent_value_fits(judge->description, parameter, value)) {
        report_value(judge, parameter, set, value);
        return true;
    }
    if (!parameter->is_deprecated)
        return false;
    entry =
        diagnostics_add(r->diagnostics, DIAGNOSTIC_PARAMETER_OLD, syntax_place(r->tree, set->child),
                        parameter->name, judge->description->name);
    if (parameter->instead) {
        diagnostics_hint(r->diagnostics, entry, "it is called \"%s\" now", parameter->instead);
        entry->replace = parameter->instead;
    } else {
        diagnostics_hint(r->diagnostics, entry, "a newer agent may not know it any more");
    }
    return true;
}

/* It, or what it was called before. */
static bool is_given(const struct agent_description *description,
                     const struct agent_parameter *parameter,
                     bool (*has)(const void *context, const char *name), const void *context)
{
    if (has(context, parameter->name))
        return true;
    for (int i = 0; i < description->n_parameters; i++) {
        const struct agent_parameter *old = &description->parameters[i];

        if (old->instead && strcmp(old->instead, parameter->name) == 0 && has(context, old->name))
            return true;
    }
    return false;
}

bool judge_missing(struct judge *judge, struct location at, const char *title,
                   bool (*has)(const void *context, const char *name), const void *context)
{
    const struct agent_description *description = judge->description;
    struct diagnostics *diagnostics = judge->resolution->diagnostics;
    const struct agent_parameter *first = NULL;
    struct arena *arena = judge->resolution->arena;
    struct diagnostic *entry;
    const char *list = "";

    for (int i = 0; i < description->n_parameters; i++) {
        const struct agent_parameter *parameter = &description->parameters[i];

        /* With a default it has a value without us. */
        if (!parameter->is_required || parameter->is_deprecated ||
            (parameter->fallback && parameter->fallback[0]) ||
            is_given(description, parameter, has, context))
            continue;
        list = arena_printf(arena, "%s%s\"%s\"", list, first ? ", " : "", parameter->name);
        first = first ? first : parameter;
    }
    if (!first)
        return false;
    entry = diagnostics_add(diagnostics, DIAGNOSTIC_PARAMETER_MISSING, at, title, list,
                            description->name);
    diagnostics_hint(diagnostics, entry, "add to its block: set %s VALUE%s%s%s", first->name,
                     first->words[0] ? " (" : "", first->words, first->words[0] ? ")" : "");
    return true;
}

/* Those that the word is a part of, or that are a part of it; *n counts them all. */
static const char *alike(struct arena *arena, const struct agent_description *description,
                         const char *name, const char **only, int *n)
{
    const char *list = "";

    *n = 0;
    for (int i = 0; i < description->n_parameters && strlen(name) >= PART_LEAST; i++) {
        const struct agent_parameter *parameter = &description->parameters[i];
        const char *other = parameter->name;

        if (parameter->is_deprecated || strlen(other) < PART_LEAST ||
            (!strcasestr(other, name) && !strcasestr(name, other)))
            continue;
        if ((*n)++ < NAMES_SHOWN)
            list = arena_printf(arena, "%s%s%s", list, *n > 1 ? ", " : "", other);
        *only = other;
    }
    return list;
}

static const char *all_of(struct arena *arena, const struct agent_description *description)
{
    const char *list = "";

    for (int i = 0; i < description->n_parameters; i++)
        list =
            arena_printf(arena, "%s%s%s", list, i > 0 ? ", " : "", description->parameters[i].name);
    return list;
}

/* The one that was meant, as sure as one can be of a slip; NULL: perhaps it was none. */
static const char *misspelt(const struct agent_description *description, const char *name)
{
    struct suggestion suggestion = suggestion_for(name);

    for (int i = 0; i < description->n_parameters; i++) {
        const struct agent_parameter *parameter = &description->parameters[i];

        if (strcasecmp(parameter->name, name) == 0)
            return parameter->name;
        if (!parameter->is_deprecated)
            suggestion_consider(&suggestion, parameter->name);
    }
    return suggestion.best;
}

static void hint_at_others(struct judge *judge, struct diagnostic *entry,
                           const struct agent_description *description, const char *name)
{
    struct resolution *r = judge->resolution;
    const char *only = NULL;
    int n_near;
    const char *near = alike(r->arena, description, name, &only, &n_near);

    if (strncmp(name, "pcmk_", 5) == 0)
        diagnostics_hint(r->diagnostics, entry,
                         "another manager reads that; here a device has fences, delay, retry, "
                         "timeout and level");
    else if (n_near == 1)
        diagnostics_suggest(r->diagnostics, entry, only);
    else if (n_near > 1)
        diagnostics_hint(r->diagnostics, entry, "like it there are %s%s", near,
                         n_near > NAMES_SHOWN ? " and more" : "");
    else if (description->n_parameters == 0)
        diagnostics_hint(r->diagnostics, entry, "it has none");
    else if (description->n_parameters <= NAMES_SHOWN)
        diagnostics_hint(r->diagnostics, entry, "it has %s", all_of(r->arena, description));
    else
        diagnostics_hint(r->diagnostics, entry, "\"tenuto agents show %s\" lists what it has",
                         description->name);
}

/*
 * What is surely a slip is an error. Some agents take more than they say, and another version
 * of one may, so all else is a warning.
 */
void judge_stranger(struct judge *judge, const struct syntax *set, const char *name,
                    const char *agent)
{
    struct resolution *r = judge->resolution;
    const struct agent_description *description =
        judge->catalog->find(judge->catalog->context, agent).description;
    const char *meant = description ? misspelt(description, name) : NULL;
    struct diagnostic *entry = diagnostics_add(
        r->diagnostics, meant ? DIAGNOSTIC_NO_PARAMETER : DIAGNOSTIC_PARAMETER_UNLISTED,
        syntax_place(r->tree, set->child), agent, name);

    if (meant)
        diagnostics_suggest(r->diagnostics, entry, meant);
    else if (description)
        hint_at_others(judge, entry, description, name);
}
