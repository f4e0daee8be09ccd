/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "drill run": a rehearsal played here, told as a timeline or as one row an event. */
#pragma once

#include "console/output.h"

/* The exit code: 0 if all went as expected. */
int drill_play_file(const char *file, struct output *output);
