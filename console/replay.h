/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "drill replay": a flight record decided again by this build, told as what came out otherwise. */
#pragma once

#include <jansson.h>

#include "console/output.h"

/*
 * request: the verb's, as control.h has it; record: this node's own, where no file is named. Exit
 * code 2: something was decided otherwise.
 */
int replay_files(const json_t *request, const char *record, struct output *output);
