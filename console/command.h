/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One verb from its words to its exit code; the command line, the shell and
 * the ":" prompt all come through here.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "console/client.h"
#include "console/output.h"
#include "console/settings.h"
#include "console/verb.h"

struct command {
    const struct verb *verb;
    json_t *request; /* {"verb","args",...}, as control.h wants it */
    bool is_json;
    bool is_stream; /* has no end of its own */
};

/*
 * Reads a verb and its arguments. On false err says what is wrong, the exit
 * code is CONTROL_EXIT_USAGE, and verb and is_json hold what was understood.
 */
bool command_parse(struct command *command, int n_words, char *const *words, struct err *err);
void command_fini(struct command *command);

/* Argument number n of the request, or NULL. */
const char *command_argument(const struct command *command, size_t position);

/*
 * What has to happen before the agent is asked (a policy is checked where it
 * lies). false: it ended here, the output has said why, *code is the exit code.
 */
bool command_prepare(struct command *command, const struct settings *settings,
                     struct output *output, int *code);

/* The name of who is at the keyboard. */
const char *command_author(void);

/* Sends the request and hands every answer to the output; returns the exit code. */
int command_ask(struct command *command, struct client *client, struct output *output);
/* The same over a connection of its own. */
int command_send(struct command *command, const struct settings *settings, struct output *output);

/* Tells the output what was asked; the command must live as long as it. */
void command_show_by(const struct command *command, struct output *output);

/*
 * Hands one message of the agent to the output. true: that was the last one,
 * and *code is the exit code.
 */
bool command_take(struct output *output, const json_t *message, int *code);

/* Runs a parsed command to its end, whatever it is; returns the exit code. */
int command_run(struct command *command, const struct settings *settings, struct output *output);

/* All of it, to these streams: parse, run, say what was wrong. */
int command_run_words(const struct settings *settings, int n_words, char *const *words, FILE *out,
                      FILE *err);
