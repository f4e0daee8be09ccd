/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The full-screen console: the loop that joins terminal, agent, model and pages. */
#pragma once

#include "console/settings.h"

/* Runs until it is left; returns the exit code. The terminal is as it was, whatever happened. */
int screen_run(const struct settings *settings);
