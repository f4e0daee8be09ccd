/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The same problem, given to Pacemaker's crm_simulate, where that is installed. */
#pragma once

#include <stdbool.h>

#include "tests/bench/problem.h"

struct peer_result {
    bool is_done;
    int n_starts;   /* that it decided */
    double seconds; /* of processor time, reading the problem included; or when it was ended */
    long peak_kib;
};

/* Its path, or NULL. */
const char *peer_find(void);
/* Everything runs as problem->state has it, but for what was on the dead node, which is off. */
struct peer_result peer_run(const char *peer, const struct problem *problem, node_id dead);
