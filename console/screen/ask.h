/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One verb that runs while the screen lives on, and what it has said so far. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "console/settings.h"

struct ask;

/* Begins; NULL is never returned: what went wrong at once is what it says. */
struct ask *ask_new(const struct settings *settings, const char *line, int64_t now_ms);
void ask_free(struct ask *ask);

/* -1: there is nothing to wait for. */
int ask_fd(const struct ask *ask);
/* Takes in what the agent has said; true if there is something new to show. */
bool ask_step(struct ask *ask, int64_t now_ms);
bool ask_is_running(const struct ask *ask);
/* Only a stream's words are worth showing before it is done. */
bool ask_is_stream(const struct ask *ask);
const char *ask_text(struct ask *ask);
int ask_code(const struct ask *ask);
