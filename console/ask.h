/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One question to the agent on the way to something else. */
#pragma once

#include <jansson.h>

#include "console/output.h"
#include "console/settings.h"

/*
 * The one row that a verb without arguments answers with: a new reference. NULL: why there is
 * none has been said, and *code is what to exit with.
 */
json_t *ask_row(const struct settings *settings, const char *verb, struct output *output,
                int *code);
/* The same of a verb with one argument; NULL: none. */
json_t *ask_row_about(const struct settings *settings, const char *verb, const char *argument,
                      struct output *output, int *code);
