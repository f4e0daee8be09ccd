/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Policies as nobody would write them, all of them right: random nodes, services and rules,
 * with comments and blank lines in odd places. The same seed gives the same text.
 */
#pragma once

#include <stdint.h>

#include "ha/base/arena.h"

char *random_policy(struct arena *arena, uint64_t seed);
