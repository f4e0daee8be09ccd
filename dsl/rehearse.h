/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The drills inside of a policy, played; internal to this room. */
#pragma once

#include "dsl/resolve.h"

/*
 * What is wrong with a drill, or does not come true in it, is reported where it stands. Only of a
 * policy without errors. effort: how much all of them may take together; what it does not
 * reach is an error if is_strict, and else left to others.
 */
void rehearse_run(struct resolution *resolution, int64_t effort, bool is_strict);
