/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy edit: the policy in force, or a file's, in the person's own editor; checked and planned
 * when they leave it. What was typed is never lost: it lies in a file that is named.
 */
#pragma once

#include "console/command.h"

int policy_edit(struct command *command, const struct settings *settings, struct output *output);
