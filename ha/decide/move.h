/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Moving a service, alone or with those that must be with it: always by asking
 * the node that has it to let go, and by starting it elsewhere only once that
 * node has said that it did. What a node was told it may be about to do, so its
 * report that nothing runs is no leave to start elsewhere.
 */
#pragma once

#include "ha/decide/placement.h"

/* The verdict that begins a move; the caller has made sure that it may go there. */
struct verdict move_verdict(const struct round *round, service_id service, node_id target,
                            struct reason why, bool is_live);
/* Where it falls back to: what maintenance drove it from, until it moves for another reason. */
node_id move_fallback(const struct round *round, service_id service, node_id to);
/* Why it leaves the node where it is, from the step at which that node lost. */
struct reason move_reason(const struct round *round, service_id service,
                          const struct placement *place);
/* Not soon after one that failed. */
bool move_may_be_tried(struct round *round, service_id service);
/* The target can still take it, now that its node has let go of it; else why not. */
bool move_still_fits(struct round *round, service_id service, struct reason *why);
/* It could not start where it is, and its group goes, or went, where it is to be handed over to. */
bool move_is_awaited(const struct round *round, service_id service);
/* Moves the others of its group after it; those that cannot be asked now follow by themselves. */
void move_partners(struct round *round, service_id service, node_id target, struct reason why);
/* The same after one that could not start; what runs without failback is left out, as a rule. */
void move_partners_of_failed(struct round *round, service_id service, node_id target,
                             struct reason why);
