/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The chain of times of a recovery; see predict.h. */
#include "ha/whatif/predict.h"

/* When the last of them runs, at the latest. */
static struct duration end_of(const struct policy *policy, const struct rule *rule,
                              const struct duration *takes, const struct duration *first)
{
    struct duration end = {0};

    for (int i = 0; i < rule->n_services; i++) {
        const struct service_policy *service = &policy->services[rule->services[i]];
        struct duration own = takes ? takes[rule->services[i]] : service->start_timeout;
        int64_t ms = first[rule->services[i]].ms + own.ms;

        /* What is not wanted, or runs already, is not waited for. */
        if (service->requested == REQUESTED_STARTED && own.ms > 0 && ms > end.ms)
            end.ms = ms;
    }
    return end;
}

void predict_first(const struct policy *policy, const struct duration *takes,
                   struct duration *first)
{
    bool has_changed = true;

    for (service_id id = 0; id < policy->n_services; id++)
        first[id] = duration_ms(0);
    /*
     * The longest way through the rules, which never go round in a circle, has so many steps; to
     * and fro, because most chains are written in one direction or the other.
     */
    for (int pass = 0; pass < policy->n_rules && has_changed; pass++) {
        has_changed = false;
        for (rule_id id = 0; id < policy->n_rules; id++) {
            const struct rule *rule = &policy->rules[pass % 2 ? policy->n_rules - 1 - id : id];
            struct duration end = {0};

            if (rule->kind == RULE_BEFORE)
                end = end_of(policy, rule, takes, first);
            for (int i = 0; i < rule->n_others; i++) {
                has_changed |= end.ms > first[rule->others[i]].ms;
                if (end.ms > first[rule->others[i]].ms)
                    first[rule->others[i]] = end;
            }
        }
    }
}

struct prediction predict_recovery(const struct policy *policy, service_id service,
                                   struct duration first)
{
    struct prediction prediction = {
        .notice = timing_notice(&policy->timing, policy->n_nodes),
        .first = first,
        .start = policy->services[service].start_timeout,
    };
    struct duration wait = timing_recovery_wait(&policy->timing);

    if (wait.ms > prediction.notice.ms)
        prediction.proof.ms = wait.ms - prediction.notice.ms;
    prediction.total.ms =
        prediction.notice.ms + prediction.proof.ms + prediction.first.ms + prediction.start.ms;
    return prediction;
}
