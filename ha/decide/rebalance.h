/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Moving services from nodes that carry much to nodes that carry little, one
 * group at a time, once the difference has lasted, and only for a real gain.
 */
#pragma once

#include "ha/decide/round.h"

void rebalance_step(struct round *round);
