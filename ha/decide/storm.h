/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When many nodes are down at once, something else is wrong: the network, the
 * power, a watchdog that is too short, a service that kills whoever starts it. So
 * what no more than so many dead nodes ran is recovered within so long; the rest
 * waits for time, for one of these nodes or for a person. A node that is back and
 * well is no part of it any more.
 */
#pragma once

#include "ha/decide/round.h"

/* Gives leave to recover what dead nodes ran, as the policy allows; looks again in time. */
void storm_step(struct round *round);
/* Its services have to wait, and why. */
bool storm_holds(const struct round *round, node_id node, struct reason *why);
/* Somebody says to recover what this node ran all the same. */
void storm_overrule(struct round *round, node_id node);
