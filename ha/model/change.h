/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one step decided: each change of a state with its reason, and each
 * answer to a command. Kept in the history of every node; `why` reads it.
 */
#pragma once

#include "ha/model/ha_state.h"

struct change {
    service_id service; /* SERVICE_NONE: about a node */
    node_id node;       /* the node it is about; for a service, where it is now; NODE_NONE and
                           SERVICE_NONE: about the cluster, whether it is armed */
    int from;           /* enum service_state, node_state or arming_state */
    int to;
    struct reason why;
};

struct answer {
    uint64_t command; /* its id */
    bool is_accepted;
    struct reason why;
};
