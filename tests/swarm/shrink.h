/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes a history that breaks a promise as small as it can. */
#pragma once

#include "tests/swarm/play.h"

/* What is left breaks the same promise. */
void shrink_plan(struct plan *plan, const struct play *play);
int shrink_events(const struct plan *plan);
