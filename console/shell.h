/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * "tenuto shell": a command line of its own. At a terminal with readline,
 * history and completion; from a pipe line by line until the first error.
 */
#pragma once

#include "console/settings.h"

/* Returns the exit code: of the last line at a terminal, of the first error in a script. */
int shell_run(const struct settings *settings);
