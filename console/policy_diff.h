/* SPDX-License-Identifier: GPL-3.0-or-later */
/* policy diff: what one version of the policy says otherwise than another, as trees. */
#pragma once

#include "console/command.h"

/* 0: they say the same; 2: they do not; else why not, with its words said. */
int policy_diff(struct command *command, const struct settings *settings, struct output *output);
