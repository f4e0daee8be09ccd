/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs that this program does by itself; some ask an agent for what they need on the way. */
#pragma once

#include "console/command.h"
#include "console/local_file.h"

/* Runs the verb; returns the exit code. "shell" is not among them: it would run itself. */
int local_run(struct command *command, const struct settings *settings, struct output *output);

/*
 * Checks a policy before it is pushed: what is wrong goes to the output, and
 * false means that it must not be sent.
 */
bool local_check_text(const struct settings *settings, const char *file, const char *text,
                      size_t length, struct output *output);
