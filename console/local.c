/* SPDX-License-Identifier: GPL-3.0-or-later */
/* policy check, policy fmt, help and version; the way to what else is done here; see local.h. */
#include "console/local.h"

#include <stdlib.h>
#include <string.h>

#include "console/agents.h"
#include "console/door/begin.h"
#include "console/door/witness.h"
#include "console/drill.h"
#include "console/edit.h"
#include "console/explain.h"
#include "console/lsp.h"
#include "console/plan.h"
#include "console/policy_diff.h"
#include "console/policy_edit.h"
#include "console/push.h"
#include "console/replay.h"
#include "dsl/policy_text.h"
#include "dsl/times.h"
#include "ha/base/arena.h"
#include "ha/base/json.h"
#include "ha/base/version.h"

/* A text and what the language says of it. */
struct reading {
    struct arena *arena;
    const char *file;
    char *text;
    size_t length;
    struct diagnostics *diagnostics;
    const char *survival; /* what failures it survives; NULL: not asked, or it has errors */
};

static void reading_init(struct reading *reading, const char *file)
{
    *reading = (struct reading){.arena = arena_new()};
    reading->file = strcmp(file, "-") == 0 ? "<stdin>" : file;
    reading->diagnostics = arena_alloc(reading->arena, sizeof(*reading->diagnostics));
}

static void reading_fini(struct reading *reading)
{
    free(reading->text);
    arena_free(reading->arena);
}

static void reading_check(struct reading *reading, const char *text, size_t length)
{
    struct policy *policy = arena_alloc(reading->arena, sizeof(*policy));

    diagnostics_init(reading->diagnostics, reading->arena, reading->file, text, length);
    policy_rehearse(reading->arena, reading->file, text, length, policy, reading->diagnostics,
                    REHEARSE_IN_EARNEST);
}

static void write_findings(const struct reading *reading, struct output *output, FILE *out)
{
    bool in_colour = out == output->err ? output->errors_in_colour : output->in_colour;

    fputs(diagnostics_text(reading->diagnostics, in_colour), out);
}

static const char *plural(int count)
{
    return count == 1 ? "" : "s";
}

bool local_check_text(const struct settings *settings, const char *file, const char *text,
                      size_t length, struct output *output)
{
    const struct diagnostics *found;
    struct reading reading;
    char words[128];
    bool is_right;

    reading_init(&reading, file);
    reading_check(&reading, text, length);
    agents_check(settings, reading.arena, text, length, reading.diagnostics);
    found = reading.diagnostics;
    is_right = found->n_errors == 0;
    snprintf(words, sizeof(words), "%d error%s in the policy; nothing was sent", found->n_errors,
             plural(found->n_errors));
    if (output->maker == &output_json && found->n_errors > 0) {
        autojson *list = diagnostics_json(found);

        output_failure(
            output,
            &(struct failure){.words = words, .code = CONTROL_EXIT_FAILED, .diagnostics = list});
    } else if (output->maker != &output_json && found->n_list > 0) {
        write_findings(&reading, output, output->err);
        if (found->n_errors > 0)
            output_error(output, CONTROL_EXIT_FAILED, words, NULL);
    }
    reading_fini(&reading);
    return is_right;
}

/* The chain of times of a policy that is right; it is read once more, for its numbers only. */
static const struct policy *policy_of(const struct reading *reading)
{
    struct policy *policy = arena_alloc(reading->arena, sizeof(*policy));
    struct diagnostics *found = arena_alloc(reading->arena, sizeof(*found));

    return policy_compile(reading->arena, reading->file, reading->text, reading->length, policy,
                          found)
               ? policy
               : NULL;
}

/* The last row: how much was found, and what the policy survives if it is right. */
static void write_sum(const struct reading *reading, struct output *output)
{
    const struct diagnostics *found = reading->diagnostics;
    const struct policy *policy = policy_of(reading);
    autojson *row =
        json_pack("{s:s,s:i,s:i,s:s*}", "file", reading->file, "errors", found->n_errors,
                  "warnings", found->n_warnings, "survival", reading->survival);

    if (policy)
        json_object_set_new(row, "times", times_json(policy));
    output_row(output, row);
}

/* The code that one would look up first; only of what has to be mended. */
static const char *code_to_explain(const struct diagnostics *found)
{
    enum severity worst = found->n_errors > 0 ? SEVERITY_ERROR : SEVERITY_WARNING;

    for (int i = 0; i < found->n_list; i++) {
        if (found->list[i].severity == worst)
            return diagnostic_code_name(found->list[i].code);
    }
    return NULL;
}

static void write_times(const struct reading *reading, struct output *output)
{
    const struct policy *policy = policy_of(reading);
    const char *const *lines;
    int n_lines = 0;

    if (!policy)
        return;
    lines = times_lines(reading->arena, policy, &n_lines);
    for (int i = 0; i < n_lines; i++)
        fprintf(output->out, "%s%s\n", i == 0 ? "times: " : "       ", lines[i]);
}

/* What the language says of one file, as rows or as text with carets. */
static int write_check(const struct reading *reading, struct output *output)
{
    const struct diagnostics *found = reading->diagnostics;

    if (output->maker == &output_json) {
        autojson *list = diagnostics_json(found);

        for (size_t i = 0; i < json_array_size(list); i++)
            output_row(output, json_array_get(list, i));
        write_sum(reading, output);
    } else {
        write_findings(reading, output, output->out);
        if (found->n_errors + found->n_warnings == 0)
            fprintf(output->out, "%s: right\n", reading->file);
        else
            fprintf(output->out, "%s: %d error%s, %d warning%s; more about it: tenuto explain %s\n",
                    reading->file, found->n_errors, plural(found->n_errors), found->n_warnings,
                    plural(found->n_warnings), code_to_explain(found));
        if (reading->survival)
            fprintf(output->out, "%s: %s\n", reading->file, reading->survival);
        write_times(reading, output);
    }
    return found->n_errors > 0 ? CONTROL_EXIT_FAILED : CONTROL_EXIT_OK;
}

static int check_file(struct command *command, const char *file, const struct settings *settings,
                      struct output *output)
{
    struct reading reading;
    struct err err;
    int code;

    (void)command;
    reading_init(&reading, file);
    reading.text = local_read_file(file, &reading.length, &err);
    if (reading.text) {
        policy_check(reading.arena, reading.file, reading.text, reading.length, reading.diagnostics,
                     &reading.survival);
        agents_check(settings, reading.arena, reading.text, reading.length, reading.diagnostics);
        if (reading.diagnostics->n_errors > 0)
            reading.survival = NULL;
        code = write_check(&reading, output);
    } else {
        code = output_error(output, CONTROL_EXIT_FAILED, err.text, NULL);
    }
    reading_fini(&reading);
    return code;
}

/* What was done with a file, or would be. */
static void write_format(struct output *output, const char *file, const char *done)
{
    if (output->maker == &output_json) {
        autojson *row = json_pack("{s:s, s:s}", "file", file, "done", done);

        output_row(output, row);
    } else {
        fprintf(output->out, "%s %s\n", file, done);
    }
}

/* What to do with a text in its one true layout. */
static int settle_format(const struct command *command, const struct reading *reading,
                         const char *file, const char *layout, struct output *output)
{
    bool is_same =
        strlen(layout) == reading->length && memcmp(layout, reading->text, reading->length) == 0;
    struct err err;

    if (json_flag(command->request, "check", false)) {
        if (!is_same)
            write_format(output, reading->file, "would be rewritten");
        return is_same ? CONTROL_EXIT_OK : CONTROL_EXIT_FAILED;
    }
    if (strcmp(file, "-") == 0) {
        /* A filter: the text itself is the result, whatever else was asked for. */
        fputs(layout, output->out);
        return CONTROL_EXIT_OK;
    }
    if (is_same)
        return CONTROL_EXIT_OK;
    if (!local_replace_file(file, layout, &err))
        return output_error(output, CONTROL_EXIT_FAILED, err.text, NULL);
    write_format(output, file, "rewritten");
    return CONTROL_EXIT_OK;
}

static int format_file(struct command *command, const char *file, const struct settings *settings,
                       struct output *output)
{
    struct reading reading;
    const char *layout;
    struct err err;
    int code;

    (void)settings;
    reading_init(&reading, file);
    reading.text = local_read_file(file, &reading.length, &err);
    if (!reading.text) {
        code = output_error(output, CONTROL_EXIT_FAILED, err.text, NULL);
        reading_fini(&reading);
        return code;
    }
    diagnostics_init(reading.diagnostics, reading.arena, reading.file, reading.text,
                     reading.length);
    layout = policy_format(reading.arena, reading.file, reading.text, reading.length,
                           reading.diagnostics);
    if (layout) {
        code = settle_format(command, &reading, file, layout, output);
    } else {
        if (output->maker != &output_json)
            write_findings(&reading, output, output->err);
        code = output_error(output, CONTROL_EXIT_FAILED, "a text with mistakes is left as it is",
                            NULL);
    }
    reading_fini(&reading);
    return code;
}

/* All files, even when one is wrong; the worst of their codes. */
static int each_file(struct command *command, const struct settings *settings,
                     struct output *output,
                     int (*visit)(struct command *, const char *, const struct settings *,
                                  struct output *))
{
    int worst = CONTROL_EXIT_OK;
    const char *file;

    for (size_t i = 0; (file = command_argument(command, i)); i++) {
        int code = visit(command, file, settings, output);

        if (code > worst)
            worst = code;
    }
    return worst;
}

static bool help_rows(struct output *output, const char *word)
{
    bool found = false;

    for (int i = 0; i < VERBS; i++) {
        const struct verb *verb = &verb_table[i];
        autojson *row = NULL;

        if (!verb_is_named(verb, word))
            continue;
        found = true;
        row = json_pack("{s:s,s:s,s:s}", "verb", verb->name, "arguments", verb->arguments, "help",
                        verb->help);
        output_row(output, row);
    }
    return found;
}

static int run_drill(struct command *command, const char *file, const struct settings *settings,
                     struct output *output)
{
    (void)settings;
    (void)command;
    return drill_play_file(file, output);
}

static int run_help(const struct command *command, struct output *output)
{
    const char *word = command_argument(command, 0), *second = command_argument(command, 1);
    char name[64], words[160];

    if (!word && output->maker == &output_json) {
        help_rows(output, NULL);
        return CONTROL_EXIT_OK;
    }
    if (!word) {
        fputs("tenuto VERB ... [--json]    one command\n"
              "tenuto shell               a command line of its own, with completion\n"
              "tenuto                     the full-screen console\n\n",
              output->out);
        verb_help(output->out, NULL);
        fputs("\nExit codes: 0 done, 1 refused or wrong, 2 a replay differs, 3 stale,\n"
              "4 no quorum, 5 a node refuses, 6 still under way, 64 usage, 69 no agent,\n"
              "77 no permission.\n",
              output->out);
        return CONTROL_EXIT_OK;
    }
    snprintf(name, sizeof(name), "%s%s%s", word, second ? " " : "", second ? second : "");
    if (output->maker == &output_json ? help_rows(output, name) : verb_help(output->out, name))
        return CONTROL_EXIT_OK;
    snprintf(words, sizeof(words), "there is no verb \"%s\"; \"tenuto help\" lists them", name);
    return output_error(output, CONTROL_EXIT_USAGE, words, NULL);
}

static int run_version(const struct settings *settings, struct output *output)
{
    enum control_exit why;
    struct client *client = client_open(settings->socket, CLIENT_SILENCE_MS, &why, NULL);

    if (output->maker == &output_json) {
        autojson *row = json_pack("{s:s}", "tenuto", TENUTO_VERSION);

        if (client)
            json_object_set_new(row, "tenutod", json_string(client_agent_version(client)));
        output_row(output, row);
    } else {
        fprintf(output->out, "tenuto %s\n", TENUTO_VERSION);
        fprintf(output->out, "tenutod %s\n",
                client ? client_agent_version(client) : "does not answer on this node");
    }
    client_close(client);
    return CONTROL_EXIT_OK;
}

/* In a file, or only thought of, it is a statement; in force it takes certificates as well. */
static int run_witness(struct command *command, const struct settings *settings,
                       struct output *output)
{
    if (json_text(command->request, "file", NULL) || json_flag(command->request, "dry-run", false))
        return edit_policy(command, settings, output);
    return command->verb->id == VERB_WITNESS_ADD ? witness_add(command, settings, output)
                                                 : witness_remove(command, settings, output);
}

int local_run(struct command *command, const struct settings *settings, struct output *output)
{
    switch (command->verb->id) {
    case VERB_POLICY_CHECK: return each_file(command, settings, output, check_file);
    case VERB_POLICY_FMT: return each_file(command, settings, output, format_file);
    case VERB_POLICY_PLAN: return plan_policy(command->request, settings, output);
    case VERB_EXPLAIN: return explain_codes(command, output);
    case VERB_POLICY_DIFF: return policy_diff(command, settings, output);
    case VERB_POLICY_ROLLBACK: return push_rollback(command, settings, output);
    case VERB_POLICY_EDIT: return policy_edit(command, settings, output);
    case VERB_CLUSTER_CREATE: return begin_create(command, settings, output);
    case VERB_CLUSTER_LEAVE: return begin_leave(command, settings, output);
    case VERB_CLUSTER_INVITE:
    case VERB_CLUSTER_JOIN: return begin_door(command, settings, output);
    case VERB_DRILL_RUN: return each_file(command, settings, output, run_drill);
    case VERB_HA_ADD:
    case VERB_HA_SET:
    case VERB_HA_UNSET:
    case VERB_HA_REMOVE:
    case VERB_RULES_ADD:
    case VERB_RULES_SET:
    case VERB_RULES_REMOVE:
    case VERB_RULES_ENABLE:
    case VERB_RULES_DISABLE:
    case VERB_NODE_SET:
    case VERB_NODE_UNSET: return edit_policy(command, settings, output);
    case VERB_WITNESS_ADD:
    case VERB_WITNESS_REMOVE: return run_witness(command, settings, output);
    case VERB_RULES_LIST: return edit_list_rules(command, settings, output);
    case VERB_DRILL_REPLAY: return replay_files(command->request, settings->record, output);
    case VERB_AGENTS: return agents_list(command, settings, output);
    case VERB_AGENTS_SHOW: return agents_show(command, settings, output);
    case VERB_LSP: return lsp_serve(settings, output);
    case VERB_HELP: return run_help(command, output);
    case VERB_VERSION: return run_version(settings, output);
    default:
        return output_error(output, CONTROL_EXIT_USAGE, "this cannot be run from in here", NULL);
    }
}
