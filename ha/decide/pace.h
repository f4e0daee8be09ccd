/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How fast a node's player goes: the pause before it tries again what has failed,
 * and how many jobs it has at a time.
 */
#pragma once

#include "ha/decide/lrm.h"

/*
 * It does not run and should. The first failure costs no time; before the next try there
 * is a pause, and each further one doubles it, until it has run well for long.
 */
void pace_failed(struct lrm_service *service, const struct service_policy *policy,
                 struct instant now);
/* A monitor says that it runs. */
void pace_runs(struct lrm_service *service, struct instant now);
/* It is no longer to run here: whoever asks for it again is not made to wait. */
void pace_forget(struct lrm_service *service);

/* The workers of one step. */
struct turns {
    int n_left;
    bool takes_starts; /* stops, which make room, go first */
    bool has_put_off;  /* a start that waits for that */
};

struct turns turns_of(const struct lrm *lrm, const struct policy *policy);
/* Takes a worker; false: not now, and a job's end is the time to ask again. */
bool turns_take(struct turns *turns, enum job_kind kind);
