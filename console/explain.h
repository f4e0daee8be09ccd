/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "tenuto explain": what the codes of messages mean. */
#pragma once

#include "console/command.h"
#include "console/output.h"

int explain_codes(struct command *command, struct output *output);
