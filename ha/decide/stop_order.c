/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is stopped before what; see stop_order.h. */
#include "ha/decide/stop_order.h"

bool stop_order_matters(const struct policy *policy)
{
    for (rule_id rule = 0; rule < policy->n_rules; rule++) {
        if (policy->rules[rule].kind == RULE_BEFORE)
            return true;
    }
    return false;
}

/* One that cannot be stopped is waited for by nobody: it would be for ever. */
static bool is_still_here(const struct lrm *lrm, service_id id)
{
    const struct lrm_service *service = &lrm->services[id];

    return service->is_leaving && service->phase != LRM_IDLE && service->phase != LRM_STUCK;
}

/* Of a node that is not in the cluster nobody knows when it will have stopped it. */
static bool is_stopped_elsewhere(const struct lrm *lrm, const struct ha_state *agreed,
                                 const struct service *service)
{
    enum node_state node;

    if (service->state != SERVICE_REQUEST_STOP || service->node == lrm->self ||
        service->node == NODE_NONE)
        return false;
    node = agreed->nodes[service->node].state;
    return node == NODE_ONLINE || node == NODE_MAINTENANCE;
}

static bool is_waited_for(const struct lrm *lrm, const struct rule *rule,
                          const struct ha_state *agreed)
{
    for (int i = 0; i < rule->n_others; i++) {
        service_id other = rule->others[i];

        if (is_still_here(lrm, other) ||
            is_stopped_elsewhere(lrm, agreed, &agreed->services[other]))
            return true;
    }
    return false;
}

void stop_order_mark(struct lrm *lrm, const struct policy *policy, const struct ha_state *agreed)
{
    for (rule_id id = 0; id < policy->n_rules; id++) {
        const struct rule *rule = &policy->rules[id];

        if (rule->kind != RULE_BEFORE || !is_waited_for(lrm, rule, agreed))
            continue;
        for (int i = 0; i < rule->n_services; i++)
            lrm->services[rule->services[i]].has_to_stay = true;
    }
}
