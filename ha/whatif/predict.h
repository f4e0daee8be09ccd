/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How long a service may be down when its node dies without a word, and when it is stopped and
 * started on purpose: the longest each link of the chain may take, by the limits of the policy,
 * for nothing is measured. What is not in it: a start that fails, and a queue for the workers of
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

/*
 * What has to start before each service; the caller's array of n_services. takes: how long each of
 * them is at it, 0 if it runs anyway; NULL: all start, each within its start timeout.
 */
void predict_first(const struct policy *policy, const struct duration *takes,
                   struct duration *first);
/* What has to stop before each, when all of them stop, each within its stop timeout. */
void predict_stop(const struct policy *policy, struct duration *first);
/* On purpose: its stop, what has to start before it, its start. */
struct outage {
    struct duration stop; /* 0: it did not run */
    struct duration first;
    struct duration start;
};

struct prediction predict_recovery(const struct policy *policy, service_id service,
                                   struct duration first);

static inline struct duration outage_total(const struct outage *outage)
{
    return duration_ms(outage->stop.ms + outage->first.ms + outage->start.ms);
}
