/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Disarming: all HA is set aside for risky work on the cluster. What is under
 * way is brought to an end, services are frozen (or only ignored), and only then
 * do the nodes let go of their watchdogs. Nothing can be proven of a node that
 * was let go until it is back and armed, or runs nothing.
 */
#pragma once

#include "ha/decide/round.h"

/* Another state, with its reason. */
void arming_change(struct round *round, enum arming_state to, struct reason why);
/* From one state of disarming to the next, once everybody is ready for it. */
void arming_step(struct round *round);
/* Everybody who was let go has said so, and what it runs; else why not. */
bool arming_may_end(const struct round *round, struct reason *why_not);
/* Everything acts again; services are taken where they are found. */
void arming_end(struct round *round, struct reason why);
/* The same, once the time is over for which the cluster was disarmed. */
void arming_end_in_time(struct round *round);
/* While disarming: it must be brought to an end before the nodes are let go. */
bool arming_is_under_way(const struct round *round, service_id service);
