/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pauses and workers of a node's player; see pace.h. */
#include "ha/decide/pace.h"

#include <limits.h>

/* Doubled so often the shortest pause is over the longest. */
#define DOUBLINGS_MAX 16

static struct duration pause_after(const struct service_policy *policy, int n_strikes)
{
    struct duration pause = policy->restart_after;

    if (n_strikes < 2)
        return duration_ms(0);
    for (int i = 2; i < n_strikes && i < DOUBLINGS_MAX && pause.ms < RESTART_PAUSE_MAX_MS; i++)
        pause.ms *= 2;
    return pause.ms > RESTART_PAUSE_MAX_MS ? duration_ms(RESTART_PAUSE_MAX_MS) : pause;
}

void pace_failed(struct lrm_service *service, const struct service_policy *policy,
                 struct instant now)
{
    bool ran_well = service->well_since.ms != INSTANT_UNKNOWN.ms &&
                    instant_since(now, service->well_since).ms >= RESTART_FRESH_MS;

    service->n_strikes = ran_well ? 1 : service->n_strikes + 1;
    service->well_since = INSTANT_UNKNOWN;
    service->pause = pause_after(policy, service->n_strikes);
    service->due = instant_after(now, service->pause);
}

void pace_runs(struct lrm_service *service, struct instant now)
{
    if (service->well_since.ms == INSTANT_UNKNOWN.ms)
        service->well_since = now;
}

void pace_forget(struct lrm_service *service)
{
    service->n_strikes = 0;
    service->well_since = INSTANT_UNKNOWN;
    service->pause = duration_ms(0);
}

struct turns turns_of(const struct lrm *lrm, const struct policy *policy)
{
    int workers = policy->scheduling.workers;
    struct turns turns = {.n_left = workers ? workers : INT_MAX};

    for (service_id id = 0; id < lrm->n_services; id++) {
        const struct lrm_service *service = &lrm->services[id];

        if (service->has_job && service->phase != LRM_CHECKING)
            turns.n_left--;
    }
    return turns;
}

bool turns_take(struct turns *turns, enum job_kind kind)
{
    if (kind == JOB_MONITOR)
        return true;
    if (kind == JOB_START && !turns->takes_starts) {
        turns->has_put_off = true;
        return false;
    }
    if (turns->n_left <= 0)
        return false;
    turns->n_left--;
    return true;
}
