/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What people asked for: done or refused, always with a reason. What the rules
 * would undo at once is refused rather than accepted and undone.
 */
#pragma once

#include "ha/decide/round.h"

/* Answers each command that waits in the view. */
void commands_step(struct round *round);
