/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A policy that somebody has yet to confirm: when the one before it comes back by itself. */
#pragma once

#include "ha/model/ha_state.h"

struct confirmation {
    uint64_t version;     /* of the policy that waits */
    struct instant until; /* ledger time, as stamp below */
    node_set nodes;       /* those that were online when it was pushed */
    const bool *in_error; /* by service: it was in error already */
};

/*
 * true: it falls back, and why says for what. Else wake_at is when to look again if nothing happens
 * until then; ledger time, too.
 */
bool confirm_fails(const struct confirmation *confirmation, const struct ha_state *state,
                   struct instant stamp, struct instant *wake_at, struct reason *why);
