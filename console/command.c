/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From words to a request, from the agent's messages to an exit code; see command.h. */
#include "console/command.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "console/local.h"
#include "console/push.h"
#include "console/question.h"
#include "console/when.h"
#include "ha/base/json.h"
#include "ha/base/limits.h"
#include "ha/base/text.h"

/* What a shell says for a program that Ctrl-C ended. */
#define EXIT_INTERRUPTED 130
/* Whole numbers that JSON programs of all kinds can carry. */
#define VERSION_MAX (1LL << 53)

/* What was typed, and how much of it has been read. */
struct words {
    int count;
    char *const *list;
    int at;
};

static bool wrong_usage(const struct verb *verb, const char *words, struct err *err)
{
    return err_set(err, "%s; it goes: tenuto %s%s%s", words, verb->name,
                   verb->arguments[0] ? " " : "", verb->arguments);
}

static json_t *read_version(const char *word, struct err *err)
{
    char *end;
    long long version = strtoll(word, &end, 10);

    if (*end == '\0' && end != word && version >= 0 && version <= VERSION_MAX)
        return json_integer(version);
    err_set(err, "\"%s\" is not a version: those are whole numbers", word);
    return NULL;
}

/* In milliseconds. */
static json_t *read_time(const char *word, struct err *err)
{
    long long ms;

    if (text_to_ms(word, &ms) && ms > 0)
        return json_integer(ms);
    err_set(err, "\"%s\" is not a time: those are like 30s, 5m, 2h or 1d", word);
    return NULL;
}

/* In Unix milliseconds: who is asked may be somewhere else. */
static json_t *read_when(const char *word, struct err *err)
{
    int64_t at_ms;

    return when_read(word, when_now(), &at_ms, err) ? json_integer(at_ms) : NULL;
}

/* All that follows, up to the next option. */
static json_t *read_words(int n_words, char *const *words, int *at)
{
    struct text text;
    char joined[REASON_TEXT_MAX] = "";

    text_init(&text, joined, sizeof(joined));
    while (*at < n_words && strncmp(words[*at], "--", 2) != 0) {
        text_add(&text, "%s%s", joined[0] ? " " : "", words[*at]);
        ++*at;
    }
    return json_string(joined);
}

static json_t *read_value(const struct verb *verb, const struct verb_argument *argument,
                          const char *word, struct err *err)
{
    if (strcmp(argument->kind, "WHEN") == 0 && verb->where == VERB_IS_AGENT)
        return read_when(word, err);
    if (strcmp(argument->kind, "VERSION") == 0)
        return read_version(word, err);
    if (strcmp(argument->kind, "TIME") == 0)
        return read_time(word, err);
    return json_string(word);
}

/* The words that follow an option, or what came behind its "=". */
static bool read_option_value(struct command *command, const struct verb_argument *argument,
                              const char *given, struct words *words, struct err *err)
{
    const char *name = argument->option + (argument->option[0] == '-' ? 2 : 0);
    json_t *value;
    char said[96];

    if (argument->kind[0] == '\0' || (argument->value_is_optional && !given)) {
        value = json_true();
    } else if (!given && words->at >= words->count) {
        snprintf(said, sizeof(said), "%s needs %s", argument->option, argument->kind);
        return wrong_usage(command->verb, said, err);
    } else if (argument->repeats && !given) {
        value = read_words(words->count, words->list, &words->at);
    } else if (!verb_argument_allows(argument, given ? given : words->list[words->at])) {
        snprintf(said, sizeof(said), "\"%.32s\" is none of those that %s takes",
                 given ? given : words->list[words->at], argument->option);
        return wrong_usage(command->verb, said, err);
    } else {
        value = read_value(command->verb, argument, given ? given : words->list[words->at], err);
        words->at += given ? 0 : 1;
        if (!value && err->text[0])
            return err_in(err, "%s", command->verb->name);
    }
    if (!value)
        return err_set(err, "the value of %s is not UTF-8", argument->option);
    json_object_set_new(command->request, name, value);
    return true;
}

/* An option and its value, if it takes one. */
static bool read_option(struct command *command, struct words *words, struct err *err)
{
    const char *option = words->list[words->at++], *given = strchr(option, '=');
    struct verb_argument argument;
    char name[32], said[96];

    snprintf(name, sizeof(name), "%.*s", (int)strcspn(option, "="), option);
    if (strcmp(option, "--json") == 0) {
        command->is_json = true;
        return true;
    }
    err->text[0] = '\0';
    if (verb_find_option(command->verb, name, &argument))
        return read_option_value(command, &argument, given ? given + 1 : NULL, words, err);
    snprintf(said, sizeof(said), "%s does not know %s", command->verb->name, option);
    return wrong_usage(command->verb, said, err);
}

/* A word that offers choices has to be one of them. */
static bool choices_are_right(const struct command *command, struct err *err)
{
    struct verb_argument argument;
    const json_t *args = json_object_get(command->request, "args");
    char said[96];

    for (size_t i = 0; i < json_array_size(args); i++) {
        const char *word = json_string_value(json_array_get(args, i));

        if (!verb_find_argument(command->verb, (int)i, &argument) ||
            verb_argument_allows(&argument, word))
            continue;
        snprintf(said, sizeof(said), "\"%.32s\" is none of %s", word, argument.kind);
        return wrong_usage(command->verb, said, err);
    }
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

/* "--since", or a word such as "for" that opens an option; the first words never do. */
static bool is_option(const struct command *command, const char *word, size_t n_before)
{
    struct verb_argument argument;

    return strncmp(word, "--", 2) == 0 ||
           (n_before > 0 && verb_find_option(command->verb, word, &argument));
}

static bool read_arguments(struct command *command, struct words words, struct err *err)
{
    json_t *args = json_array();
    bool only_plain = false;

    json_object_set_new(command->request, "args", args);
    while (words.at < words.count) {
        const char *word = words.list[words.at];

        if (!only_plain && strcmp(word, "--") == 0) {
            only_plain = true;
            words.at++;
        } else if (!only_plain && is_option(command, word, json_array_size(args))) {
            if (!read_option(command, &words, err))
                return false;
        } else if (json_array_append_new(args, json_string(words.list[words.at++])) != 0) {
            return err_set(err, "\"%s\" is not UTF-8", word);
        }
    }
    return count_is_right(command, (int)json_array_size(args), err) &&
           choices_are_right(command, err);
}

static bool has_word(int n_words, char *const *words, const char *word)
{
    for (int i = 0; i < n_words; i++) {
        if (strcmp(words[i], word) == 0)
            return true;
    }
    return false;
}

/* "ha stop --help" means "help ha stop". */
static bool means_help(int n_words, char *const *words, int *n_named)
{
    int n = 0;

    while (n < n_words && n < 2 && words[n][0] != '-')
        n++;
    *n_named = n;
    return n > 0 && n < n_words && (strcmp(words[n], "--help") == 0 || strcmp(words[n], "-h") == 0);
}

bool command_parse(struct command *command, int n_words, char *const *words, struct err *err)
{
    char help_word[] = "help", *help[3] = {help_word};
    int taken = 0, n_named;

    /* Asked for anywhere, so that a program gets even its mistakes as JSON. */
    *command = (struct command){.is_json = has_word(n_words, words, "--json")};
    while (n_words > 0 && strcmp(words[0], "--json") == 0) {
        words++;
        n_words--;
    }
    if (means_help(n_words, words, &n_named)) {
        memcpy(&help[1], words, (size_t)n_named * sizeof(help[0]));
        words = help;
        n_words = n_named + 1;
    }
    command->verb = verb_find(n_words, words, &taken, err);
    if (!command->verb)
        return false;
    command->request = json_object();
    json_object_set_new(command->request, "verb", json_string(command->verb->name));
    if (!read_arguments(command, (struct words){n_words - taken, words + taken, 0}, err))
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

/* Who has come over ssh says from where: the agent keeps it as our word. */
static void say_ssh(json_t *request)
{
    const char *ssh = getenv("SSH_CONNECTION");

    if (ssh && ssh[0] != '\0')
        json_object_set_new(request, "ssh", json_string(ssh));
}

/* Who is at the keyboard: the one who called sudo, not root. */
const char *command_author(void)
{
    const char *name = getenv("SUDO_USER");
    const struct passwd *person;

    if (name && name[0] != '\0')
        return name;
    person = getpwuid(getuid());
    return person ? person->pw_name : "unknown";
}

static bool prepare_push(struct command *command, const struct settings *settings,
                         struct output *output, int *code)
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
    is_right = local_check_text(settings, file, text, length, output);
    *code = is_right ? CONTROL_EXIT_OK : CONTROL_EXIT_FAILED;
    if (is_right) {
        json_object_set_new(command->request, "text", json_stringn(text, length));
        json_object_set_new(command->request, "author", json_string(command_author()));
    }
    free(text);
    return is_right;
}

/* The name once more: asked of who sits there, else the first line that a script gives. */
static void ask_for_name(struct command *command, struct output *output)
{
    const char *node = command_argument(command, 0);
    char line[NODE_NAME_MAX + 1];

    if (json_object_get(command->request, "typed"))
        return;
    if (question_is_possible(output)) {
        fprintf(output->out,
                "If %s still runs, what it runs will run twice, and data is lost. Look at the "
                "machine: is its power off?\nType its name to swear it, or nothing: ",
                node);
        fflush(output->out);
    } else if (isatty(STDIN_FILENO)) {
        return; /* nobody would see what is waited for */
    }
    if (question_read_line(line, sizeof(line)))
        json_object_set_new(command->request, "typed", json_string(line));
}

bool command_prepare(struct command *command, const struct settings *settings,
                     struct output *output, int *code)
{
    /* What is asked of the cluster is done in somebody's name. */
    if (command->verb->where == VERB_IS_AGENT && command->verb->role > ROLE_VIEWER) {
        json_object_set_new(command->request, "author", json_string(command_author()));
        say_ssh(command->request);
    }
    return command->verb->id != VERB_POLICY_PUSH || prepare_push(command, settings, output, code);
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
                               .is_unknown = json_flag(message, "unknown", false),
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

int command_ask(struct command *command, struct client *client, struct output *output)
{
    /* Who waits for the end of something may hear nothing for long. */
    bool is_patient = command->is_stream || command->verb->id == VERB_NODE_LEAVING ||
                      json_object_get(command->request, "wait");
    int timeout_ms = is_patient ? -1 : CLIENT_SILENCE_MS;
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

int command_send(struct command *command, const struct settings *settings, struct output *output)
{
    struct client *client;
    enum control_exit why;
    struct err err;
    int code;

    client = client_open(settings->socket, CLIENT_SILENCE_MS, &why, &err);
    if (!client)
        return output_error(output, (int)why, err.text, NULL);
    code = command_ask(command, client, output);
    client_close(client);
    return code;
}

int command_run(struct command *command, const struct settings *settings, struct output *output)
{
    int code = 0;

    if (command->verb->where == VERB_IS_LOCAL)
        return local_run(command, settings, output);
    if (command->verb->id == VERB_POLICY_PUSH)
        return push_policy(command, settings, output);
    if (command->verb->id == VERB_FENCE_CONFIRM)
        ask_for_name(command, output);
    if (!command_prepare(command, settings, output, &code))
        return code;
    return command_send(command, settings, output);
}

/* Of the terminal behind it; 0 if there is none. */
static int columns_of(int fd)
{
    struct winsize size;

    return isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
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
        output.columns = columns_of(fileno(out));
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
