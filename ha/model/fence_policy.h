/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When losses are too many to be answered, and switches that turn a node off from outside. A
 * node's devices of one level have to succeed all (it may have two power supplies); if one of them
 * does not, the next level is tried.
 */
#pragma once

#include "ha/base/id.h"
#include "ha/base/instant.h"
#include "ha/base/limits.h"

/* So often within so long; 0: as often as it likes. */
struct frequency {
    int times;
    struct duration within;
    int line; /* of its statement in the policy text; 0: not said */
};

/* One "set NAME value" of a service or a device: for its agent; the core never looks inside. */
struct setting {
    const char *name;
    const char *value;  /* NULL where it is a secret */
    const char *secret; /* the name under which nodes keep the value; NULL: it is no secret */
};

struct fence_device {
    char name[RULE_NAME_MAX];
    const char *agent; /* "fence_ipmilan" */
    node_set fences;
    const struct setting *settings; /* sorted by name */
    int n_settings;
    int level;               /* from 1 */
    int retry;               /* more tries after a failure, before it counts as one */
    struct duration delay;   /* before it begins: who of two nodes shoots first */
    struct duration timeout; /* for one call of the agent */
    int line;
};
