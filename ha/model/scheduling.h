/* SPDX-License-Identifier: GPL-3.0-or-later */
/* By what services are spread over nodes, and when they are moved for it; no floats anywhere. */
#pragma once

#include <stdbool.h>

#include "ha/base/instant.h"

enum scheduling_mode {
    SCHEDULING_BASIC,   /* services are counted */
    SCHEDULING_STATIC,  /* by what the policy says they need */
    SCHEDULING_DYNAMIC, /* by what they are measured to use */
};

enum scheduling_method {
    METHOD_EXHAUSTIVE,
    METHOD_TOPSIS,
};

struct scheduling {
    enum scheduling_mode mode;
    enum scheduling_method method;
    bool rebalances_on_start;
    bool rebalances;          /* when the imbalance has been over its bound for so long */
    int imbalance_millionths; /* raw coefficient of variation of the nodes' loads */
    struct duration imbalance_hold;
    int improve_millionths; /* the least relative gain that is worth a move */
    int line;               /* of its statement in the policy text; 0: not said */
    int workers;            /* starts, stops and moves at a time on one node; 0: no limit */
};
