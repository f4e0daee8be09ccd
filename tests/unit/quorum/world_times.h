/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Times that change: what an agent announces when it starts, and its turns, where they do. */
#pragma once

#include "tests/unit/quorum/world.h"

struct lease_timing times_of(const struct actor *actor);
int64_t times_watchdog_ms(const struct actor *actor); /* as set */
void times_turn(struct actor *actor);
