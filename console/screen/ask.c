/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A verb of the ":" prompt or of a key, step by step; see ask.h. */
#include "console/screen/ask.h"

#include <stdlib.h>
#include <string.h>

#include "console/command.h"
#include "console/line.h"
#include "console/local.h"
#include "ha/base/arena.h"
#include "ha/base/json.h"

struct ask {
    struct command command;
    struct output output;
    struct client *client; /* NULL: done, or it never began */
    FILE *out;
    char *text;
    size_t size;
    int64_t heard_ms;
    int code;
};

static void end(struct ask *ask, int code)
{
    client_close(ask->client);
    ask->client = NULL;
    ask->code = code;
}

static void fail(struct ask *ask, int code, const char *words)
{
    end(ask, output_error(&ask->output, code, words, NULL));
}

static bool wants_input(const struct command *command)
{
    const char *word = json_text(command->request, "file", "");

    if (strcmp(word, "-") == 0)
        return true;
    for (size_t i = 0; (word = command_argument(command, i)); i++) {
        if (strcmp(word, "-") == 0)
            return true;
    }
    return false;
}

static void ask_agent(struct ask *ask, const struct settings *settings)
{
    enum control_exit why;
    struct err err;
    int code;

    if (!command_prepare(&ask->command, settings, &ask->output, &code)) {
        end(ask, code);
        return;
    }
    ask->client = client_begin(settings->socket, 0, &why, &err);
    if (!ask->client)
        fail(ask, (int)why, err.text);
    else if (!client_send(ask->client, ask->command.request, &err))
        fail(ask, CONTROL_EXIT_UNAVAILABLE, err.text);
}

static void begin(struct ask *ask, const struct settings *settings, const char *text)
{
    struct line line;
    struct err err;
    bool is_right = line_split(&line, text, &err) &&
                    command_parse(&ask->command, line.n_words, line.words, &err);

    line_fini(&line);
    command_show_by(&ask->command, &ask->output);
    if (ask->command.is_json)
        ask->output.maker = &output_json;
    if (!is_right)
        fail(ask, CONTROL_EXIT_USAGE, err.text);
    else if (wants_input(&ask->command))
        fail(ask, CONTROL_EXIT_USAGE, "\"-\" would be the keyboard in here; name a file");
    else if (ask->command.verb->id == VERB_POLICY_EDIT)
        fail(ask, CONTROL_EXIT_USAGE,
             "an editor needs the terminal to itself; leave this page and run it there");
    else if (ask->command.verb->where == VERB_IS_LOCAL)
        end(ask, local_run(&ask->command, settings, &ask->output));
    else
        ask_agent(ask, settings);
}

struct ask *ask_new(const struct settings *settings, const char *line, int64_t now_ms)
{
    struct ask *ask = xcalloc(1, sizeof(*ask));

    ask->out = open_memstream(&ask->text, &ask->size);
    if (!ask->out)
        abort();
    output_init(&ask->output, &output_text, ask->out, ask->out);
    ask->heard_ms = now_ms;
    begin(ask, settings, line);
    return ask;
}

void ask_free(struct ask *ask)
{
    if (!ask)
        return;
    client_close(ask->client);
    output_fini(&ask->output);
    command_fini(&ask->command);
    fclose(ask->out);
    free(ask->text);
    free(ask);
}

int ask_fd(const struct ask *ask)
{
    return ask->client ? client_fd(ask->client) : -1;
}

/* One message; true while there may be more. */
static bool take_message(struct ask *ask, const json_t *message)
{
    struct err err;
    int code;

    if (!client_is_greeted(ask->client)) {
        if (client_greet(ask->client, message, &err))
            return true;
        fail(ask, CONTROL_EXIT_UNAVAILABLE, err.text);
    } else if (command_take(&ask->output, message, &code)) {
        end(ask, code);
    }
    return ask->client != NULL;
}

bool ask_step(struct ask *ask, int64_t now_ms)
{
    bool is_new = false;

    while (ask->client) {
        json_t *message = NULL;
        struct err err;

        switch (client_next(ask->client, 0, &message, &err)) {
        case CLIENT_MESSAGE:
            ask->heard_ms = now_ms;
            is_new = true;
            take_message(ask, message);
            json_decref(message);
            break;
        case CLIENT_LOST: fail(ask, CONTROL_EXIT_UNAVAILABLE, err.text); return true;
        default:
            if (ask->command.is_stream || now_ms - ask->heard_ms < CLIENT_SILENCE_MS)
                return is_new;
            fail(ask, CONTROL_EXIT_UNAVAILABLE,
                 "the agent has not said anything for 10 s; it may be stuck");
            return true;
        }
    }
    return is_new;
}

bool ask_is_running(const struct ask *ask)
{
    return ask->client != NULL;
}

bool ask_is_stream(const struct ask *ask)
{
    return ask->command.is_stream;
}

const char *ask_text(struct ask *ask)
{
    fflush(ask->out);
    return ask->text ? ask->text : "";
}

int ask_code(const struct ask *ask)
{
    return ask->code;
}
