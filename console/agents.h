/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The OCF and fence agents of this machine: what they take, and policies held against that. */
#pragma once

#include "agentd/metadata/metadata.h"
#include "console/output.h"
#include "console/settings.h"
#include "dsl/diagnostic.h"

struct command;

/* An agent that is well answers within a second or two, on a busy machine too. */
#define AGENTS_TIMEOUT_MS 10000

/* Those that the settings say; nothing is looked at yet. To be freed by metadata_free. */
struct metadata *agents_open(const struct settings *settings, int timeout_ms);
/* What a policy sets for its agents; adds to what was found in it before. */
void agents_check(const struct settings *settings, struct arena *arena, const char *text,
                  size_t length, struct diagnostics *diagnostics);
int agents_list(struct command *command, const struct settings *settings, struct output *output);
int agents_show(struct command *command, const struct settings *settings, struct output *output);
