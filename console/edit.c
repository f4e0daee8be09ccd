/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One statement of the policy changed, from the words to the push; see edit.h. */
#include "console/edit.h"

#include <stdlib.h>
#include <string.h>

#include "console/agents.h"
#include "console/local.h"
#include "console/width.h"
#include "dsl/edit.h"
#include "dsl/parser.h"
#include "dsl/policy_text.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

/* The text that is edited, and where it came from. */
struct source {
    struct arena *arena;
    const char *file;      /* NULL: the policy in force */
    struct client *client; /* NULL: it was a file */
    char *text;
    size_t length;
    int64_t version;
};

static void source_fini(struct source *source)
{
    client_close(source->client);
    free(source->text);
    arena_free(source->arena);
}

/* The row of "policy show"; otherwise why there is none has been said. */
static bool take_policy(struct source *source, struct output *output, int *code)
{
    struct err err = {{0}};

    for (;;) {
        autojson *message = NULL;
        const json_t *row;

        if (client_next(source->client, CLIENT_SILENCE_MS, &message, &err) != CLIENT_MESSAGE) {
            *code = output_error(output, CONTROL_EXIT_UNAVAILABLE,
                                 err.text[0] ? err.text : "the agent does not answer",
                                 "nothing was changed");
            return false;
        }
        row = json_object_get(message, "row");
        if (!row && !json_flag(message, "done", false)) {
            command_take(output, message, code);
            return false;
        }
        if (!row)
            return source->text != NULL;
        free(source->text);
        source->text = xstrdup(json_text(row, "text", ""));
        source->length = strlen(source->text);
        source->version = json_int(row, "version", -1);
    }
}

static bool fetch(struct source *source, const struct settings *settings, struct output *output,
                  int *code)
{
    autojson *request = json_pack("{s:s, s:[]}", "verb", "policy show", "args");
    enum control_exit why;
    struct err err;

    source->client = client_open(settings->socket, CLIENT_SILENCE_MS, &why, &err);
    if (!source->client) {
        *code = output_error(output, (int)why, err.text, NULL);
        return false;
    }
    if (client_send(source->client, request, &err))
        return take_policy(source, output, code);
    *code = output_error(output, CONTROL_EXIT_UNAVAILABLE, err.text, NULL);
    return false;
}

/* CONTROL_EXIT_OK, or the code with which it ends here. */
static int source_open(struct source *source, const struct command *command,
                       const struct settings *settings, struct output *output)
{
    struct err err;
    int code = CONTROL_EXIT_FAILED;

    *source = (struct source){.arena = arena_new(), .version = -1};
    source->file = json_text(command->request, "file", NULL);
    if (!source->file)
        return fetch(source, settings, output, &code) ? CONTROL_EXIT_OK : code;
    source->text = local_read_file(source->file, &source->length, &err);
    if (source->text)
        return CONTROL_EXIT_OK;
    return output_error(output, CONTROL_EXIT_FAILED, err.text, NULL);
}

static enum edit_kind kind_of(enum verb_id verb)
{
    switch (verb) {
    case VERB_HA_ADD: return EDIT_SERVICE_ADD;
    case VERB_HA_SET: return EDIT_SERVICE_SET;
    case VERB_HA_UNSET: return EDIT_SERVICE_UNSET;
    case VERB_HA_REMOVE: return EDIT_SERVICE_REMOVE;
    case VERB_RULES_ADD: return EDIT_RULE_ADD;
    case VERB_RULES_SET: return EDIT_RULE_SET;
    case VERB_RULES_REMOVE: return EDIT_RULE_REMOVE;
    case VERB_RULES_ENABLE: return EDIT_RULE_ENABLE;
    case VERB_RULES_DISABLE: return EDIT_RULE_DISABLE;
    case VERB_NODE_SET: return EDIT_NODE_SET;
    case VERB_NODE_UNSET: return EDIT_NODE_UNSET;
    case VERB_WITNESS_ADD: return EDIT_WITNESS_ADD;
    default: return EDIT_WITNESS_REMOVE;
    }
}

static struct edit_request request_of(struct arena *arena, const struct command *command)
{
    const json_t *args = json_object_get(command->request, "args");
    int n_args = (int)json_array_size(args);
    const char **words = arena_alloc(arena, (size_t)n_args * sizeof(words[0]));
    struct edit_request request = {.kind = kind_of(command->verb->id), .words = words};
    bool has_name =
        request.kind != EDIT_WITNESS_ADD && request.kind != EDIT_WITNESS_REMOVE && n_args > 0;

    for (int i = 0; i < n_args; i++)
        words[i] = command_argument(command, (size_t)i);
    request.name = has_name ? words[0] : "";
    request.words += has_name;
    request.n_words = n_args - has_name;
    return request;
}

static const char *mark_colour(char mark)
{
    return mark == '+' ? "\033[32m" : mark == '-' ? "\033[31m" : "\033[2m";
}

/* "line 12:" and what went and came there. */
static void write_difference(struct output *output, FILE *out, const char *difference)
{
    while (*difference) {
        size_t length = strcspn(difference, "\n");
        char *line = xcalloc(length + 16, 1);

        if (difference[0] == '@')
            snprintf(line, length + 16, "line%.*s:", (int)length - 1, difference + 1);
        else
            memcpy(line, difference, length);
        if (output->in_colour)
            fputs(mark_colour(difference[0]), out);
        width_write(out, line, 0);
        fputs(output->in_colour ? "\033[0m\n" : "\n", out);
        free(line);
        difference += length + (difference[length] == '\n');
    }
}

static void write_result(struct output *output, const struct edit_result *result, FILE *out)
{
    bool in_colour = out == output->err ? output->errors_in_colour : output->in_colour;

    if (output->maker == &output_json) {
        autojson *row = json_object();
        json_t *did = json_array();

        for (int i = 0; i < result->n_said; i++)
            json_array_append_new(did, json_string(result->said[i]));
        json_object_set_new(row, "did", did);
        json_object_set_new(row, "difference", json_string(result->difference));
        json_object_set_new(row, "warnings", diagnostics_json(result->diagnostics));
        output_row(output, row);
        return;
    }
    for (int i = 0; i < result->n_said; i++) {
        width_write(out, result->said[i], 0);
        fputc('\n', out);
    }
    write_difference(output, out, result->difference);
    fputs(diagnostics_text(result->diagnostics, in_colour), out);
    fflush(out);
}

static int refuse(struct output *output, struct diagnostics *diagnostics, const char *words)
{
    autojson *list = NULL;

    if (diagnostics && output->maker == &output_json)
        list = diagnostics_json(diagnostics);
    else if (diagnostics)
        fputs(diagnostics_text(diagnostics, output->errors_in_colour), output->err);
    return output_failure(
        output,
        &(struct failure){.words = words, .code = CONTROL_EXIT_FAILED, .diagnostics = list});
}

/* What was done, for "policy history": as much of it as a message holds, whole letters only. */
static void make_message(const struct edit_result *result, char *message, size_t size)
{
    struct text text;
    size_t length;

    text_init(&text, message, size);
    for (int i = 0; i < result->n_said; i++)
        text_add(&text, "%s%s", i > 0 ? "; " : "", result->said[i]);
    length = strlen(message);
    if (length + 1 == size) {
        while (length > 0 && ((unsigned char)message[length - 1] & 0x80))
            message[--length] = '\0';
    }
    for (char *at = message; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == '\x7f')
            *at = ' ';
    }
}

static int push(struct source *source, const struct edit_result *result, struct output *output)
{
    char message[POLICY_MESSAGE_MAX];
    struct command command = {.verb = &verb_table[VERB_POLICY_PUSH]};
    int code;

    make_message(result, message, sizeof(message));
    command.request = json_pack("{s:s, s:[s], s:s, s:s, s:s, s:I}", "verb", command.verb->name,
                                "args", "policy", "text", result->text, "message", message,
                                "author", command_author(), "base", (json_int_t)source->version);
    code = command_ask(&command, source->client, output);
    command_fini(&command);
    return code;
}

static void say_done(struct output *output, const char *words)
{
    autojson *done = json_pack("{s:b, s:s}", "done", true, "words", words);

    output_done(output, done);
}

/* The drills inside of it, too, as a push plays them; what they find is shown with its lines. */
static bool keeps_its_drills(struct source *source, const struct edit_result *result,
                             struct output *output, int *code)
{
    struct diagnostics *found = arena_alloc(source->arena, sizeof(*found));
    struct policy *policy = arena_alloc(source->arena, sizeof(*policy));

    if (policy_rehearse(source->arena, "policy", result->text, strlen(result->text), policy, found,
                        REHEARSE_IN_EARNEST))
        return true;
    *code = refuse(output, found, "with that the policy would be wrong; nothing was changed");
    return false;
}

static int settle(struct source *source, struct edit_result *result, bool is_dry,
                  struct output *output)
{
    bool is_same = strcmp(result->text, source->text) == 0;
    bool is_filter = source->file && strcmp(source->file, "-") == 0;
    struct err err;
    int code;

    if (!source->file && !is_same && !keeps_its_drills(source, result, output, &code))
        return code;

    /* A filter's result is the text; what was done is said beside it. */
    write_result(output, result,
                 is_filter && output->maker != &output_json ? output->err : output->out);
    if (is_filter && output->maker != &output_json) {
        fputs(result->text, output->out);
        return CONTROL_EXIT_OK;
    }
    if (is_same)
        say_done(output, "the policy says so already; nothing was changed");
    else if (is_dry || is_filter)
        say_done(output, "nothing was changed: this is what would be");
    else if (!source->file)
        return push(source, result, output);
    else if (!local_replace_file(source->file, result->text, &err))
        return output_error(output, CONTROL_EXIT_FAILED, err.text, NULL);
    return CONTROL_EXIT_OK;
}

int edit_policy(struct command *command, const struct settings *settings, struct output *output)
{
    struct source source;
    struct edit_request request;
    struct edit_result *result;
    struct metadata *metadata = agents_open(settings, AGENTS_TIMEOUT_MS);
    int code = source_open(&source, command, settings, output);
    struct err err;

    if (code == CONTROL_EXIT_OK) {
        request = request_of(source.arena, command);
        request.catalog = metadata_catalog(metadata);
        result = arena_alloc(source.arena, sizeof(*result));
        if (edit_run(source.arena, source.file ? source.file : "policy", source.text, source.length,
                     &request, result, &err))
            code = settle(&source, result, json_flag(command->request, "dry-run", false), output);
        else
            code = refuse(output, result->diagnostics, err.text);
    }
    metadata_free(metadata);
    source_fini(&source);
    return code;
}

/* "rule NAME: sentence" to its row; the sentence as one line. */
static void write_rule(struct output *output, const struct tree *tree, const struct syntax *rule)
{
    const struct syntax *name = syntax_part(rule, SYNTAX_NAME);
    const struct token *tokens = tree->tokens.list;
    char sentence[1024];
    size_t used = 0;
    autojson *row = NULL;

    sentence[0] = '\0';
    for (int at = name->end; at < rule->end && used < sizeof(sentence); at++) {
        bool is_glued = tokens[at].kind == TOKEN_COMMA || used == 0;

        if (token_is_significant(&tokens[at]) && tokens[at].kind != TOKEN_COLON)
            used += (size_t)snprintf(sentence + used, sizeof(sentence) - used, "%s%.*s",
                                     is_glued ? "" : " ", tokens[at].length,
                                     tree->diagnostics->text + tokens[at].offset);
    }
    row = json_pack("{s:s,s:s,s:i,s:s}", "rule", syntax_text(tree, name), "state",
                    rule->kind == SYNTAX_RULE ? "in force" : "disabled", "line",
                    syntax_line(tree, rule), "sentence", sentence);
    output_row(output, row);
}

int edit_list_rules(struct command *command, const struct settings *settings, struct output *output)
{
    struct source source;
    int code = source_open(&source, command, settings, output);

    if (code == CONTROL_EXIT_OK) {
        struct diagnostics *diagnostics = arena_alloc(source.arena, sizeof(*diagnostics));
        autojson *done = json_pack("{s:b}", "done", true);
        struct tree tree;

        diagnostics_init(diagnostics, source.arena, source.file ? source.file : "policy",
                         source.text, source.length);
        tree = parser_run(diagnostics);
        for (const struct syntax *at = tree.policy->child; at; at = at->next) {
            if ((at->kind == SYNTAX_RULE || at->kind == SYNTAX_DISABLED) && !at->is_broken)
                write_rule(output, &tree, at);
        }
        output_done(output, done);
    }
    source_fini(&source);
    return code;
}
