/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking things up in what agents say of themselves; which values they would understand. */
#include "dsl/catalog.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "dsl/suggest.h"
#include "ha/base/limits.h"

#define DIGITS "0123456789"

bool agent_name_is_valid(const char *agent)
{
    const char *colon = strchr(agent, ':');
    const char *usual = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

    /* Both parts become parts of a path, so neither may begin with a dot or hold a slash. */
    return colon && colon > agent && strspn(agent, usual) == (size_t)(colon - agent) &&
           strspn(colon + 1, usual) > 0 &&
           colon[1 + strspn(colon + 1, "abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")] == '\0' &&
           strlen(agent) < AGENT_NAME_MAX;
}

bool agent_is_fence(const char *name)
{
    return strchr(name, ':') == NULL;
}

const struct agent_parameter *agent_find_parameter(const struct agent_description *agent,
                                                   const char *name)
{
    for (int i = 0; i < agent->n_parameters; i++) {
        if (strcmp(agent->parameters[i].name, name) == 0)
            return &agent->parameters[i];
    }
    return NULL;
}

const struct agent_action *agent_find_action(const struct agent_description *agent,
                                             const char *name)
{
    for (int i = 0; i < agent->n_actions; i++) {
        if (strcmp(agent->actions[i].name, name) == 0)
            return &agent->actions[i];
    }
    return NULL;
}

static bool is_integer(const char *value)
{
    value += *value == '-' || *value == '+';
    return *value && value[strspn(value, DIGITS)] == '\0';
}

/* Seconds, or with a unit; fence agents also take parts of a second. */
static bool is_time(const char *value)
{
    static const char *const units[] = {"",     "s", "sec", "ms", "msec", "us",
                                        "usec", "m", "min", "h",  "hr"};
    size_t n = strspn(value, DIGITS);

    if (n == 0)
        return false;
    value += n;
    if (*value == '.')
        value += 1 + strspn(value + 1, DIGITS);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(value, units[i]) == 0)
            return true;
    }
    return false;
}

/*
 * What agents take for a yes is a short list, and all else is a silent no: so an OCF agent
 * reads "Yes" as no. Fence agents look at no letter's size.
 */
static bool is_boolean(const char *value, bool is_fence)
{
    static const char *const words[] = {"yes", "true",  "1",     "YES",  "TRUE", "True",
                                        "ja",  "on",    "ON",    "no",   "0",    "false",
                                        "NO",  "FALSE", "False", "nein", "off",  "OFF"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (is_fence ? strcasecmp(value, words[i]) == 0 : strcmp(value, words[i]) == 0)
            return true;
    }
    return false;
}

static bool is_option(const struct agent_parameter *parameter, const char *value)
{
    for (int i = 0; i < parameter->n_options; i++) {
        if (strcmp(parameter->options[i], value) == 0)
            return true;
    }
    /* A select that names nothing to select from says nothing. */
    return parameter->n_options == 0;
}

static bool is_of_kind(const struct agent_description *agent,
                       const struct agent_parameter *parameter, const char *value)
{
    if (value[0] == '\0')
        return true;
    switch (parameter->kind) {
    case PARAMETER_INTEGER: return is_integer(value);
    case PARAMETER_BOOLEAN: return is_boolean(value, agent_is_fence(agent->name));
    case PARAMETER_TIME: return is_time(value);
    case PARAMETER_SELECT: return is_option(parameter, value);
    case PARAMETER_TEXT: break;
    }
    return true;
}

bool agent_value_fits(const struct agent_description *agent,
                      const struct agent_parameter *parameter, const char *value)
{
    if (parameter->fallback && !is_of_kind(agent, parameter, parameter->fallback))
        return true;
    return is_of_kind(agent, parameter, value);
}

const char *agent_value_words(struct arena *arena, const struct agent_parameter *parameter)
{
    const char *list = "";

    switch (parameter->kind) {
    case PARAMETER_INTEGER: return "a whole number";
    case PARAMETER_BOOLEAN: return "yes or no";
    case PARAMETER_TIME: return "a time, as 30s";
    case PARAMETER_TEXT: return "any text";
    case PARAMETER_SELECT: break;
    }
    for (int i = 0; i < parameter->n_options; i++)
        list = arena_printf(arena, "%s%s%s", list, i > 0 ? ", " : "", parameter->options[i]);
    return arena_printf(arena, parameter->n_options > 1 ? "one of %s" : "%s", list);
}

/*
 * Of the installed ones whose name begins so, the one that was meant. The beginning is not
 * counted: with it any three letters would be near enough to any others.
 */
static const char *nearest_behind(const struct catalog *catalog, const char *start,
                                  const char *rest)
{
    struct suggestion suggestion = suggestion_for(rest);
    size_t length = strlen(start);
    size_t rest_length = strlen(rest);
    const char *const *names;
    int n_names = catalog->list(catalog->context, &names);
    const char *best = NULL;
    const char *longer = NULL;

    for (int i = 0; i < n_names; i++) {
        int before = suggestion.distance;

        if (strncmp(names[i], start, length) != 0)
            continue;
        /* A slip of the shift key is the likeliest, and several of them are far away. */
        if (strcasecmp(names[i] + length, rest) == 0)
            return names[i];
        suggestion_consider(&suggestion, names[i] + length);
        best = suggestion.distance < before ? names[i] : best;
        /* The beginning of a name is typed more often than another name with a slip. */
        if (!longer && rest_length > 2 && strncmp(names[i] + length, rest, rest_length) == 0)
            longer = names[i];
    }
    return longer ? longer : best;
}

/* For a name without its provider. */
static const char *nearest_anywhere(const struct catalog *catalog, const char *name)
{
    struct suggestion suggestion = suggestion_for(name);
    const char *const *names;
    int n_names = catalog->list(catalog->context, &names);
    const char *best = NULL;

    for (int i = 0; i < n_names; i++) {
        const char *colon = strchr(names[i], ':');
        int before = suggestion.distance;

        if (colon && strcasecmp(colon + 1, name) == 0)
            return names[i];
        suggestion_consider(&suggestion, colon ? colon + 1 : names[i]);
        best = suggestion.distance < before ? names[i] : best;
    }
    return best;
}

const char *catalog_nearest(const struct catalog *catalog, struct arena *arena, const char *name)
{
    const char *colon = strchr(name, ':');
    const char *provider, *best;
    struct suggestion suggestion;
    const char *const *names;
    int n_names = catalog->list(catalog->context, &names);

    if (strncmp(name, "fence_", 6) == 0)
        return nearest_behind(catalog, "fence_", name + 6);
    if (!colon)
        return nearest_anywhere(catalog, name);
    provider = arena_strndup(arena, name, (size_t)(colon - name));
    best = nearest_behind(catalog, arena_printf(arena, "%s:", provider), colon + 1);
    /* The right type of another provider, or of one whose name is nearly that. */
    suggestion = suggestion_for(provider);
    for (int i = 0; i < n_names && !best; i++) {
        const char *end = strchr(names[i], ':');

        if (end && strcmp(end, colon) == 0)
            best = names[i];
        if (end)
            suggestion_consider(&suggestion,
                                arena_strndup(arena, names[i], (size_t)(end - names[i])));
    }
    if (!best && suggestion.best)
        best = nearest_behind(catalog, arena_printf(arena, "%s:", suggestion.best), colon + 1);
    return best;
}
