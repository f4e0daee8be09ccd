/* SPDX-License-Identifier: GPL-3.0-or-later */
/* agents and agents show; the agents' part of a check; see agents.h. */
#include "console/agents.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/command.h"
#include "console/width.h"
#include "dsl/policy_text.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

/* A policy has a dozen agents; who waits longer than this has other trouble. */
#define PATIENCE_MS 60000
/* So many are asked before it is said how far that is. */
#define BATCH 16

struct metadata *agents_open(const struct settings *settings, int timeout_ms)
{
    struct metadata_places places = {
        .ocf_root = settings->ocf_root,
        .fence = settings->fence_agents,
        .cache = settings->cache,
        .timeout_ms = timeout_ms,
        .patience_ms = PATIENCE_MS,
    };

    return metadata_new(&places);
}

void agents_check(const struct settings *settings, struct arena *arena, const char *text,
                  size_t length, struct diagnostics *diagnostics)
{
    struct metadata *metadata = agents_open(settings, AGENTS_TIMEOUT_MS);

    policy_check_agents(arena, metadata_catalog(metadata), text, length, diagnostics);
    metadata_free(metadata);
}

/* A word is looked for anywhere in a name; with a star in it, it is all of the name. */
static bool is_asked_for(const char *name, const char *word)
{
    if (!word)
        return true;
    return strpbrk(word, "*?[") ? fnmatch(word, name, FNM_CASEFOLD) == 0
                                : strcasestr(name, word) != NULL;
}

/* The first time all of them have to be asked, which takes long enough to wonder. */
static void ask_all(const struct catalog *catalog, const char *const *names, int n_names,
                    const struct output *output)
{
    bool is_watched = output->maker != &output_json && isatty(fileno(output->err));

    for (int i = 0; i < n_names; i += BATCH) {
        int n = n_names - i < BATCH ? n_names - i : BATCH;

        if (is_watched && i > 0)
            fprintf(output->err, "\rasked %d of %d agents ", i, n_names);
        catalog->prepare(catalog->context, names + i, n);
    }
    if (is_watched && n_names > BATCH)
        fprintf(output->err, "\r%30s\r", "");
}

static void write_agent(struct output *output, const struct catalog *catalog, const char *name)
{
    struct agent_answer answer = catalog->find(catalog->context, name);
    bool is_described = answer.standing == AGENT_DESCRIBED;
    autojson *row = json_pack("{s:s, s:s}", "agent", name, "about",
                              is_described ? answer.description->words
                              : answer.why ? answer.why
                                           : "it has just gone");

    if (!is_described)
        json_object_set_new(row, "unreadable", json_true());
    output_row(output, row);
}

int agents_list(struct command *command, const struct settings *settings, struct output *output)
{
    struct metadata *metadata = agents_open(settings, AGENTS_TIMEOUT_MS);
    const struct catalog *catalog = metadata_catalog(metadata);
    const char *word = command_argument(command, 0);
    autojson *done = json_pack("{s:b}", "done", true);
    const char *const *names;
    int code = CONTROL_EXIT_OK, n_names = catalog->list(catalog->context, &names), n_wanted = 0;
    const char **wanted = xcalloc((size_t)n_names + 1, sizeof(*wanted));

    for (int i = 0; i < n_names; i++) {
        if (is_asked_for(names[i], word))
            wanted[n_wanted++] = names[i];
    }
    ask_all(catalog, wanted, n_wanted, output);
    for (int i = 0; i < n_wanted; i++)
        write_agent(output, catalog, wanted[i]);
    if (n_wanted > 0)
        output_done(output, done);
    else if (n_names > 0)
        code = output_error(output, CONTROL_EXIT_FAILED, "no agent here is called anything like it",
                            "\"tenuto agents\" lists them all");
    else
        code = output_error(output, CONTROL_EXIT_FAILED, "no agents are installed on this machine",
                            "apt install resource-agents fence-agents");
    free(wanted);
    metadata_free(metadata);
    return code;
}

/* As people write agents: "ocf:heartbeat:IPaddr2", "IPaddr2" where only one is called so. */
static const char *full_name(const struct catalog *catalog, const char *word)
{
    const char *const *names;
    int n_names = catalog->list(catalog->context, &names);
    const char *found = NULL;

    if (strncmp(word, "ocf:", 4) == 0 && strchr(word + 4, ':'))
        return word + 4;
    if (strncmp(word, "stonith:", 8) == 0)
        return word + 8;
    if (strchr(word, ':') || strncmp(word, "fence_", 6) == 0)
        return word;
    for (int i = 0; i < n_names; i++) {
        const char *colon = strchr(names[i], ':');

        if (!colon || strcmp(colon + 1, word) != 0)
            continue;
        if (found)
            return word;
        found = names[i];
    }
    return found ? found : word;
}

static const char *kind_words(const struct agent_parameter *parameter)
{
    switch (parameter->kind) {
    case PARAMETER_INTEGER: return "number";
    case PARAMETER_BOOLEAN: return "yes or no";
    case PARAMETER_TIME: return "time";
    case PARAMETER_SELECT: return "choice";
    case PARAMETER_TEXT: break;
    }
    return "text";
}

static const char *about(struct arena *arena, const struct agent_parameter *parameter)
{
    const char *words = parameter->words[0] ? parameter->words : parameter->story;

    if (parameter->kind == PARAMETER_SELECT)
        words = arena_printf(arena, "%s%s%s", words, words[0] ? ": " : "",
                             agent_value_words(arena, parameter));
    if (!parameter->is_deprecated)
        return words;
    if (parameter->instead)
        return arena_printf(arena, "(now %s) %s", parameter->instead, words);
    return arena_printf(arena, "(out of date) %s", words);
}

static void write_parameters(struct arena *arena, const struct agent_description *agent,
                             struct output *output)
{
    for (int i = 0; i < agent->n_parameters; i++) {
        const struct agent_parameter *parameter = &agent->parameters[i];
        bool has_default = parameter->fallback && parameter->fallback[0];
        bool is_needed = parameter->is_required && !has_default && !parameter->is_deprecated;
        autojson *row = json_pack("{s:s, s:s, s:s, s:s}", "parameter", parameter->name, "type",
                                  kind_words(parameter), "default",
                                  is_needed     ? "(needed)"
                                  : has_default ? parameter->fallback
                                                : "",
                                  "about", about(arena, parameter));

        if (output->maker == &output_json) {
            json_object_set_new(row, "needed", json_boolean(is_needed));
            json_object_set_new(row, "story", json_string(parameter->story));
            if (!has_default)
                json_object_del(row, "default");
        }
        output_row(output, row);
    }
}

/* "start 20s, stop 20s, monitor 20s every 10s": what the agent can do, and its advice. */
static const char *actions(struct arena *arena, const struct agent_description *agent)
{
    char *bytes = arena_alloc(arena, 4096);
    struct text text;

    text_init(&text, bytes, 4096);
    for (int i = 0; i < agent->n_actions; i++) {
        const struct agent_action *action = &agent->actions[i];

        text_add(&text, "%s%s", i > 0 ? ", " : "", action->name);
        if (action->timeout_ms > 0) {
            text_add(&text, " ");
            text_add_ms(&text, action->timeout_ms);
        }
        if (action->every_ms > 0) {
            text_add(&text, " every ");
            text_add_ms(&text, action->every_ms);
        }
    }
    return bytes;
}

/* The agent's own words, line by line as it laid them out. */
static void write_story(FILE *out, const char *story)
{
    for (const char *line = story; *line;) {
        size_t length = strcspn(line, "\n");
        char *copy = strndup(line, length);

        if (copy)
            width_write(out, copy, 0);
        free(copy);
        fputc('\n', out);
        line += length + (line[length] == '\n');
    }
    if (story[0])
        fputc('\n', out);
}

static void write_page(struct arena *arena, const struct agent_description *agent,
                       struct output *output)
{
    autojson *done = json_pack("{s:b}", "done", true);
    bool is_text = output->maker != &output_json;

    if (is_text) {
        fprintf(output->out, "%s: %s\n\n", agent->name, agent->words);
        write_story(output->out, agent->story);
    }
    write_parameters(arena, agent, output);
    output_done(output, done);
    if (is_text && agent->n_actions > 0) {
        fputs("\nactions, and how long each should be given at least:\n", output->out);
        width_wrap(output->out, actions(arena, agent), 0, LINE_COLUMNS);
        fputc('\n', output->out);
    }
    if (is_text && agent->note)
        fprintf(output->out, "\nnote: %s\n", agent->note);
}

static int unknown_agent(struct arena *arena, const struct catalog *catalog, const char *name,
                         struct output *output)
{
    const char *nearest = catalog_nearest(catalog, arena, name);

    return output_error(output, CONTROL_EXIT_FAILED,
                        arena_printf(arena, "no agent \"%s\" is installed on this machine", name),
                        nearest ? arena_printf(arena, "did you mean \"%s\"?", nearest)
                                : "\"tenuto agents\" lists those there are");
}

int agents_show(struct command *command, const struct settings *settings, struct output *output)
{
    struct metadata *metadata = agents_open(settings, AGENTS_TIMEOUT_MS);
    const struct catalog *catalog = metadata_catalog(metadata);
    const char *name = full_name(catalog, command_argument(command, 0));
    struct agent_answer answer = catalog->find(catalog->context, name);
    struct arena *arena = arena_new();
    int code = CONTROL_EXIT_OK;

    if (answer.standing == AGENT_NOT_INSTALLED)
        code = unknown_agent(arena, catalog, name, output);
    else if (answer.standing == AGENT_UNREADABLE)
        code = output_error(
            output, CONTROL_EXIT_FAILED,
            arena_printf(arena, "%s does not say what it takes: %s", name, answer.why), NULL);
    else
        write_page(arena, answer.description, output);
    arena_free(arena);
    metadata_free(metadata);
    return code;
}
