/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A policy that is right line by line and still cannot work: rules that contradict each
 * other, and what puts services in danger. Only for a policy without errors so far.
 */
#pragma once

#include "dsl/resolve.h"

void check_rules(struct resolution *resolution);
void check_safety(struct resolution *resolution);
