/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a difference of two policies looks: a line each with its sign, or rows. */
#pragma once

#include "console/output.h"
#include "dsl/difference.h"

/* One line under a heading, in the colour of its sign. */
void difference_say(struct output *output, char sign, const char *words);
void difference_write(struct output *output, struct arena *arena,
                      const struct difference *difference);
