/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How long a service may be down when its node dies without a word: the longest each link of
 * the chain may take. What is not in it: a start that fails, and a queue for the workers of
 * the node that takes over.
 */
#pragma once

#include "ha/model/policy.h"

struct prediction {
    struct duration notice; /* until the others are a cluster without the dead node */
    struct duration proof;  /* from then on until nothing can be running there any more */
    struct duration first;  /* what has to start before it */
    struct duration start;  /* its own start */
    struct duration total;
};

/* What has to start before each service; the caller's array of n_services. */
void predict_first(const struct policy *policy, struct duration *first);
struct prediction predict_recovery(const struct policy *policy, service_id service,
                                   struct duration first);
