/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verbs that change one statement of the policy: ha add, rules set, node set and their
 * like. The policy in force is fetched, edited and pushed against the version it was; with
 * --file it is a file's, and no agent is asked. --dry-run shows what would change.
 */
#pragma once

#include "console/command.h"

int edit_policy(struct command *command, const struct settings *settings, struct output *output);
int edit_list_rules(struct command *command, const struct settings *settings,
                    struct output *output);
