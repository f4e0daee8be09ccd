/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "cluster create" and "cluster leave": what one node does with itself, step by step. */
#pragma once

#include "console/command.h"

int begin_create(const struct command *command, const struct settings *settings,
                 struct output *output);
int begin_leave(const struct command *command, const struct settings *settings,
                struct output *output);
/* "cluster invite" and "cluster join" are done by tenuto-door; returns only if it is not there. */
int begin_door(const struct command *command, const struct settings *settings,
               struct output *output);
