/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Level 4: the chain of times with its numbers, and the watchdog. The two
 * inequalities are those of the lease: safety is kept by construction, because others wait
 * as long as timing_recovery_wait says; liveness can be broken by a policy and is refused.
 */
#include <string.h>

#include "dsl/check.h"
#include "dsl/times.h"
#include "ha/whatif/predict.h"

/* The first place that has to do with times: the watchdog, else the cluster's statement. */
static struct location place_of_times(const struct resolution *r)
{
    if (r->watchdog)
        return syntax_place(r->tree, r->watchdog);
    return syntax_head_place(r->tree, r->statements[SYNTAX_CLUSTER]);
}

/* The least whole number of seconds that keeps the lease alive while a ring forms anew. */
static int least_watchdog(const struct policy *policy)
{
    struct timing timing;
    int seconds = 1;

    do {
        timing = timing_of_network(policy->network, policy->timing.token,
                                   duration_ms(1000 * (int64_t)seconds));
        seconds++;
    } while (timing.lease.ms + timing.watchdog.ms <=
             timing_liveness_floor(&timing, policy->n_nodes).ms);
    return seconds - 1;
}

static void check_liveness(struct resolution *r)
{
    const struct policy *policy = r->policy;
    const struct timing *timing = &policy->timing;
    struct duration held = duration_ms(timing->lease.ms + timing->watchdog.ms);
    struct duration floor = timing_liveness_floor(timing, policy->n_nodes);
    struct diagnostic *entry;

    if (timing->watchdog.ms == 0 || held.ms > floor.ms)
        return;
    entry = diagnostics_add(
        r->diagnostics, DIAGNOSTIC_LIVENESS, place_of_times(r),
        times_exact(r->arena, timing->lease), times_exact(r->arena, timing->watchdog),
        times_exact(r->arena, held), times_exact(r->arena, floor),
        times_exact(r->arena, timing_token(timing, policy->n_nodes)),
        times_exact(r->arena, timing->beat), times_exact(r->arena, timing->allowance));
    diagnostics_hint(r->diagnostics, entry, "write: watchdog %ds", least_watchdog(policy));
}

static void check_watchdog(struct resolution *r)
{
    struct diagnostic *entry;

    if (r->policy->timing.watchdog.ms != 0)
        return;
    entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_NO_WATCHDOG, place_of_times(r));
    diagnostics_hint(r->diagnostics, entry,
                     "every machine has one (softdog at least); write: watchdog 10s");
}

static void report_in_vain(struct resolution *r, service_id id, struct duration wait)
{
    const struct service_policy *service = &r->policy->services[id];

    diagnostics_add(r->diagnostics, DIAGNOSTIC_RECOVER_IN_VAIN,
                    syntax_place(r->tree, r->sources[id].name_at), service->name,
                    times_exact(r->arena, service->recover_within), times_exact(r->arena, wait));
}

/* Each link at its longest; the service's own start is the one that the policy can shorten. */
static void report_late(struct resolution *r, service_id id, const struct prediction *prediction)
{
    const struct service_policy *service = &r->policy->services[id];
    int64_t left = service->recover_within.ms - (prediction->total.ms - prediction->start.ms);
    struct diagnostic *entry;

    entry = diagnostics_add(
        r->diagnostics, DIAGNOSTIC_RECOVER_LATE, syntax_place(r->tree, r->sources[id].name_at),
        service->name, times_told(r->arena, prediction->total),
        times_exact(r->arena, service->recover_within), times_told(r->arena, prediction->notice),
        times_told(r->arena, prediction->proof), times_told(r->arena, prediction->first),
        times_told(r->arena, prediction->start));
    if (left >= 1000)
        diagnostics_hint(r->diagnostics, entry, "if it starts that fast, write: start timeout %ds",
                         (int)(left / 1000));
    else
        diagnostics_hint(r->diagnostics, entry,
                         "give what starts before it a shorter start timeout, or allow more");
}

static void check_recovery(struct resolution *r)
{
    struct duration wait = timing_recovery_wait(&r->policy->timing);
    size_t n = (size_t)r->policy->n_services;
    struct duration *first = arena_alloc(r->arena, n * sizeof(first[0]));
    bool is_asked = false;

    for (service_id id = 0; id < r->policy->n_services; id++)
        is_asked |= r->policy->services[id].recover_within.ms != 0;
    /* Where the order goes round in a circle nothing ever starts. */
    if (!is_asked || r->diagnostics->n_errors > 0)
        return;
    predict_first(r->policy, NULL, first);
    for (service_id id = 0; id < r->policy->n_services; id++) {
        struct duration within = r->policy->services[id].recover_within;
        struct prediction prediction = predict_recovery(r->policy, id, first[id]);

        if (within.ms != 0 && within.ms <= wait.ms)
            report_in_vain(r, id, wait);
        else if (within.ms != 0 && within.ms < prediction.total.ms)
            report_late(r, id, &prediction);
    }
}

void check_safety(struct resolution *r)
{
    check_watchdog(r);
    check_liveness(r);
    check_votes(r);
    check_fencing(r);
    check_addresses(r);
    check_recovery(r);
}
