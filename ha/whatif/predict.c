/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The chain of times of a recovery; see predict.h. */
#include "ha/whatif/predict.h"

/* In which order services start or, turned round, stop. */
struct order {
    const struct policy *policy;
    const struct duration *takes; /* NULL: all of them, each within its timeout */
    struct duration *first;
    bool is_stop;
};

/* One side of a rule: who goes first, and who waits for all of them. */
struct side {
    const service_id *services;
    int n_services;
};

static struct side side_of(const struct rule *rule, bool is_first)
{
    return is_first ? (struct side){rule->services, rule->n_services}
                    : (struct side){rule->others, rule->n_others};
}

static struct duration own_time(const struct order *order, service_id id)
{
    const struct service_policy *service = &order->policy->services[id];

    if (order->takes)
        return order->takes[id];
    return order->is_stop ? service->stop_timeout : service->start_timeout;
}

/* When the last of them is done, at the latest. */
static struct duration end_of(const struct order *order, struct side side)
{
    struct duration end = {0};

    for (int i = 0; i < side.n_services; i++) {
        service_id id = side.services[i];
        struct duration own = own_time(order, id);
        int64_t ms = order->first[id].ms + own.ms;

        /* What is not wanted, or runs already, is not waited for. */
        if (order->policy->services[id].requested == REQUESTED_STARTED && own.ms > 0 && ms > end.ms)
            end.ms = ms;
    }
    return end;
}

static bool take_rule(const struct order *order, const struct rule *rule)
{
    struct duration end = end_of(order, side_of(rule, !order->is_stop));
    struct side waiting = side_of(rule, order->is_stop);
    bool has_changed = false;

    for (int i = 0; i < waiting.n_services; i++) {
        struct duration *wait = &order->first[waiting.services[i]];

        has_changed |= end.ms > wait->ms;
        if (end.ms > wait->ms)
            *wait = end;
    }
    return has_changed;
}

/*
 * The longest way through the rules, which never go round in a circle, has so many steps; to and
 * fro, because most chains are written in one direction or the other.
 */
static void add_up(const struct order *order)
{
    const struct policy *policy = order->policy;
    bool has_changed = true;

    for (service_id id = 0; id < policy->n_services; id++)
        order->first[id] = duration_ms(0);
    for (int pass = 0; pass < policy->n_rules && has_changed; pass++) {
        has_changed = false;
        for (rule_id id = 0; id < policy->n_rules; id++) {
            const struct rule *rule = &policy->rules[pass % 2 ? policy->n_rules - 1 - id : id];

            if (rule->kind == RULE_BEFORE)
                has_changed |= take_rule(order, rule);
        }
    }
}

void predict_first(const struct policy *policy, const struct duration *takes,
                   struct duration *first)
{
    add_up(&(struct order){.policy = policy, .takes = takes, .first = first});
}

void predict_stop(const struct policy *policy, struct duration *first)
{
    add_up(&(struct order){.policy = policy, .first = first, .is_stop = true});
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
