/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stopping goes the other way round than starting: of what a node has to stop,
 * that which was started last goes first.
 */
#pragma once

#include "ha/decide/lrm.h"

/*
 * Says whose stop has to wait, from what is_leaving says of all: for one that starts after it
 * and is to be stopped here, or is being stopped on another node. All may go before it is asked.
 */
void stop_order_mark(struct lrm *lrm, const struct policy *policy, const struct ha_state *agreed);
bool stop_order_matters(const struct policy *policy);
