/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A program of the machine, run and waited for: only where one may wait. What the agent's loop
 * starts is a worker.
 */
#pragma once

#include "ha/base/err.h"
#include "ha/base/text.h"

/*
 * argv[0] is looked for in PATH. output may be NULL: what it prints, as much as fits. false: it
 * could not be run, took longer, or did not end with 0; the words have its own last line.
 */
bool program_run(const char *const *argv, int seconds, struct text *output, struct err *err);
