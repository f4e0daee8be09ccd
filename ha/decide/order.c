/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What starts before what; see order.h. Each rule is looked at once for all it names. */
#include "ha/decide/order.h"

/* Who is not wanted binds nobody: that is how a person goes on without it. */
static bool is_binding(const struct round *round, service_id service)
{
    return service_is_wanted(&round->state->services[service], &round->policy->services[service]);
}

/* Its node says so in this ring; one that is silent may be about to die. */
static bool is_ready(const struct round *round, service_id id)
{
    const struct service *service = &round->state->services[id];

    return service->state == SERVICE_STARTED && service->is_running &&
           node_in(round->reported, service->node) &&
           node_in(round->view->services[id].running_on, service->node) &&
           !round_lease_has_ended(round, service->node);
}

static service_id first_missing(const struct round *round, const struct rule *rule)
{
    for (int i = 0; i < rule->n_services; i++) {
        if (is_binding(round, rule->services[i]) && !is_ready(round, rule->services[i]))
            return rule->services[i];
    }
    return SERVICE_NONE;
}

static void begin(struct round *round)
{
    struct crm_work *work = round->work;

    for (service_id service = 0; service < round->policy->n_services; service++)
        work->waits[service] = (struct order_wait){.with = SERVICE_NONE};
    work->has_order = true;
}

void order_prepare(struct round *round)
{
    struct crm_work *work = round->work;

    work->has_order = false;
    for (rule_id id = 0; id < round->policy->n_rules; id++) {
        const struct rule *rule = &round->policy->rules[id];
        service_id missing;

        if (rule->kind != RULE_BEFORE)
            continue;
        if (!work->has_order)
            begin(round);
        missing = first_missing(round, rule);
        for (int i = 0; i < rule->n_others && missing != SERVICE_NONE; i++) {
            struct order_wait *wait = &work->waits[rule->others[i]];

            if (wait->with == SERVICE_NONE)
                *wait = (struct order_wait){.with = missing, .rule = id};
        }
    }
}

bool order_holds(const struct round *round, service_id service, struct reason *why)
{
    const struct order_wait *wait = &round->work->waits[service];
    bool has_failed;

    /* To disarm, what is under way is brought to its end. */
    if (!round->work->has_order || wait->with == SERVICE_NONE ||
        round->state->arming.state == DISARMING)
        return false;
    has_failed = round->state->services[wait->with].state == SERVICE_ERROR;
    *why = reason_of(has_failed ? REASON_WAITS_FOR_FAILED : REASON_WAITS_FOR_FIRST);
    why->with = wait->with;
    why->rule = wait->rule;
    return true;
}

bool order_is_stuck(const struct round *round, service_id service, struct reason *why)
{
    if (!order_holds(round, service, why))
        return false;
    switch (round->state->services[why->with].state) {
    case SERVICE_STARTED:
    case SERVICE_MIGRATE:
    case SERVICE_RELOCATE: return false;
    default: return true;
    }
}

static bool names(const service_id *services, int count, service_id service)
{
    for (int i = 0; i < count; i++) {
        if (services[i] == service)
            return true;
    }
    return false;
}

bool order_leads_its_group(const struct round *round, service_id service)
{
    for (rule_id id = 0; id < round->policy->n_rules; id++) {
        const struct rule *rule = &round->policy->rules[id];

        if (rule->kind != RULE_BEFORE || !names(rule->services, rule->n_services, service))
            continue;
        for (int i = 0; i < rule->n_others; i++) {
            if (round->work->bonds[rule->others[i]].leader == round->work->bonds[service].leader)
                return true;
        }
    }
    return false;
}
