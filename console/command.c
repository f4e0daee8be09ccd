/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From words to a request, from the agent's messages to an exit code; see command.h. */
#include "console/command.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/local.h"
#include "ha/base/json.h"

/* What a shell says for a program that Ctrl-C ended. */
#define EXIT_INTERRUPTED 130
/* Whole numbers that JSON programs of all kinds can carry. */
#define VERSION_MAX (1LL << 53)

static bool wrong_usage(const struct verb *verb, const char *words, struct err *err)
{
    return err_set(err, "%s; it goes: tenuto %s%s%s", words, verb->name,
                   verb->arguments[0] ? " " : "", verb->arguments);
}

static bool read_version(const struct verb *verb, const char *word, json_int_t *version,
                         struct err *err)
{
    char *end;

    *version = strtoll(word, &end, 10);
    if (*end != '\0' || end == word || *version < 0 || *version > VERSION_MAX) {
        err_set(err, "\"%s\" is not a version: those are whole numbers", word);
        return err_in(err, "%s", verb->name);
    }
    return true;
}

/* An option and its value, if it takes one; *at moves over both. */
static bool read_option(struct command *command, int n_words, char *const *words, int *at,
                        struct err *err)
{
    const char *option = words[*at];
    struct verb_argument argument;
    json_int_t version;

    *at += 1;
    if (strcmp(option, "--json") == 0) {
        command->is_json = true;
        return true;
    }
    if (!verb_find_option(command->verb, option, &argument)) {
        char words_[96];

        snprintf(words_, sizeof(words_), "%s does not know %s", command->verb->name, option);
        return wrong_usage(command->verb, words_, err);
    }
    if (argument.kind[0] == '\0') {
        json_object_set_new(command->request, option + 2, json_true());
        return true;
    }
    if (*at >= n_words) {
        char words_[96];

        snprintf(words_, sizeof(words_), "%s needs %s", option, argument.kind);
        return wrong_usage(command->verb, words_, err);
    }
    if (strcmp(argument.kind, "VERSION") != 0)
        json_object_set_new(command->request, option + 2, json_string(words[*at]));
    else if (read_version(command->verb, words[*at], &version, err))
        json_object_set_new(command->request, option + 2, json_integer(version));
    else
        return false;
    *at += 1;
    return true;
}

/* Whether there are as many plain arguments as the verb's row says. */
static bool count_is_right(const struct command *command, int count, struct err *err)
{
    const char *at = command->verb->arguments;
    struct verb_argument argument;
    int position = 0;

    while (verb_next_argument(&at, &argument)) {
        if (argument.option[0])
            continue;
        if (!argument.is_optional && position >= count) {
            char words[96];

            snprintf(words, sizeof(words), "%s needs %s", command->verb->name, argument.kind);
            return wrong_usage(command->verb, words, err);
        }
        position = argument.repeats ? count : position + 1;
    }
    if (position >= count)
        return true;
    return wrong_usage(command->verb, position == 0 ? "it takes no argument" : "too many words",
                       err);
}

static bool read_arguments(struct command *command, int n_words, char *const *words,
                           struct err *err)
{
    json_t *args = json_array();
    bool only_plain = false;

    json_object_set_new(command->request, "args", args);
    for (int at = 0; at < n_words;) {
        if (!only_plain && strcmp(words[at], "--") == 0) {
            only_plain = true;
            at++;
        } else if (!only_plain && strncmp(words[at], "--", 2) == 0) {
            if (!read_option(command, n_words, words, &at, err))
                return false;
        } else if (json_array_append_new(args, json_string(words[at++])) != 0) {
            return err_set(err, "\"%s\" is not UTF-8", words[at - 1]);
        }
    }
    return count_is_right(command, (int)json_array_size(args), err);
}

static bool has_word(int n_words, char *const *words, const char *word)
{
    for (int i = 0; i < n_words; i++) {
        if (strcmp(words[i], word) == 0)
            return true;
    }
    return false;
}

bool command_parse(struct command *command, int n_words, char *const *words, struct err *err)
{
    int taken = 0;

    /* Asked for anywhere, so that a program gets even its mistakes as JSON. */
    *command = (struct command){.is_json = has_word(n_words, words, "--json")};
    while (n_words > 0 && strcmp(words[0], "--json") == 0) {
        words++;
        n_words--;
    }
    command->verb = verb_find(n_words, words, &taken, err);
    if (!command->verb)
        return false;
    command->request = json_object();
    json_object_set_new(command->request, "verb", json_string(command->verb->name));
    if (!read_arguments(command, n_words - taken, words + taken, err))
        return false;
    command->is_stream =
        command->verb->id == VERB_WATCH || json_flag(command->request, "follow", false);
    return true;
}

void command_fini(struct command *command)
{
    json_decref(command->request);
    command->request = NULL;
}

const char *command_argument(const struct command *command, size_t position)
{
    return json_string_value(json_array_get(json_object_get(command->request, "args"), position));
}

/* Who is at the keyboard: the one who called sudo, not root. */
static const char *author_name(void)
{
    const char *name = getenv("SUDO_USER");
    const struct passwd *person;

    if (name && name[0] != '\0')
        return name;
    person = getpwuid(getuid());
    return person ? person->pw_name : "unknown";
}

static bool prepare_push(struct command *command, struct output *output, int *code)
{
    const char *file = command_argument(command, 0);
    struct err err;
    size_t length;
    char *text = local_read_file(file, &length, &err);
    bool is_right;

    if (!text) {
        *code = output_error(output, CONTROL_EXIT_FAILED, err.text, NULL);
        return false;
    }
    is_right = local_check_text(file, text, length, output, code);
    if (is_right) {
        json_object_set_new(command->request, "text", json_stringn(text, length));
        json_object_set_new(command->request, "author", json_string(author_name()));
    }
    free(text);
    return is_right;
}

bool command_prepare(struct command *command, struct output *output, int *code)
{
    return command->verb->id != VERB_POLICY_PUSH || prepare_push(command, output, code);
}

void command_show_by(const struct command *command, struct output *output)
{
    output->verb = command->verb;
    output->request = command->request;
}

bool command_take(struct output *output, const json_t *message, int *code)
{
    const json_t *row = json_object_get(message, "row");
    const char *words = json_text(message, "error", NULL);
    int64_t said;

    if (row) {
        output_row(output, row);
        return false;
    }
    if (!words && json_flag(message, "done", false)) {
        output_done(output, message);
        *code = (int)json_int(message, "code",
                              json_flag(message, "stale", false) ? CONTROL_EXIT_NO_QUORUM
                                                                 : CONTROL_EXIT_OK);
        return true;
    }
    said = json_int(message, "code", CONTROL_EXIT_FAILED);
    *code = said > 0 && said < 256 ? (int)said : CONTROL_EXIT_FAILED;
    output_failure(output, &(struct failure){
                               .words = words ? words : "the agent's answer makes no sense",
                               .hint = json_text(message, "hint", NULL),
                               .code = *code,
                               .diagnostics = json_object_get(message, "diagnostics"),
                           });
    return true;
}

static int stopped_by(enum client_event event, const struct command *command, struct output *output,
                      const struct err *err)
{
    switch (event) {
    case CLIENT_INTERRUPTED: return command->is_stream ? CONTROL_EXIT_OK : EXIT_INTERRUPTED;
    case CLIENT_NOTHING:
        return output_error(output, CONTROL_EXIT_UNAVAILABLE,
                            "the agent has not said anything for 10 s; it may be stuck",
                            "\"journalctl -u tenuto\" says what it is doing; what was asked for "
                            "may or may not have happened");
    default:
        return output_error(output, CONTROL_EXIT_UNAVAILABLE, err->text,
                            "\"systemctl status tenuto\" says whether tenutod still runs");
    }
}

static int ask(struct command *command, struct client *client, struct output *output)
{
    int timeout_ms = command->is_stream ? -1 : CLIENT_SILENCE_MS;
    struct err err;
    int code = 0;

    if (!client_send(client, command->request, &err))
        return stopped_by(CLIENT_LOST, command, output, &err);
    for (;;) {
        json_t *message = NULL;
        enum client_event event = client_next(client, timeout_ms, &message, &err);
        bool is_last;

        if (event != CLIENT_MESSAGE)
            return stopped_by(event, command, output, &err);
        is_last = command_take(output, message, &code);
        json_decref(message);
        if (is_last)
            return code;
    }
}

int command_run(struct command *command, const struct settings *settings, struct output *output)
{
    struct client *client;
    enum control_exit why;
    struct err err;
    int code = 0;

    if (command->verb->where == VERB_IS_LOCAL)
        return local_run(command, settings, output);
    if (!command_prepare(command, output, &code))
        return code;
    client = client_open(settings->socket, CLIENT_SILENCE_MS, &why, &err);
    if (!client)
        return output_error(output, (int)why, err.text, NULL);
    code = ask(command, client, output);
    client_close(client);
    return code;
}

int command_run_words(const struct settings *settings, int n_words, char *const *words, FILE *out,
                      FILE *err_stream)
{
    struct command command;
    struct output output;
    struct err err;
    int code;

    if (command_parse(&command, n_words, words, &err)) {
        output_init(&output, command.is_json ? &output_json : &output_text, out, err_stream);
        command_show_by(&command, &output);
        output.in_colour = settings_want_colour(settings, fileno(out));
        output.errors_in_colour = settings_want_colour(settings, fileno(err_stream));
        code = command_run(&command, settings, &output);
    } else {
        output_init(&output, command.is_json ? &output_json : &output_text, out, err_stream);
        code = output_error(&output, CONTROL_EXIT_USAGE, err.text, NULL);
    }
    output_fini(&output);
    command_fini(&command);
    return code;
}
