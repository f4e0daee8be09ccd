/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The manager alone with obedient nodes; see settle.h. */
#include "ha/whatif/settle.h"

#include <string.h>

#include "ha/base/text.h"

void settle_all_here(struct settling *settling, struct instant now)
{
    const struct policy *policy = settling->policy;
    struct cluster_view *view = settling->view;

    cluster_view_init(view, policy->n_nodes, policy->n_services);
    view->now = view->stamp = now;
    view->is_quorate = true;
    view->self = 0;
    for (node_id node = 0; node < policy->n_nodes; node++) {
        view->nodes[node] = (struct node_view){
            .is_member = true,
            .has_report = true,
            .is_armed = true,
            .last_beat = now,
            .dead_at = INSTANT_NEVER,
        };
        /* A boot of another name would be one more reset. */
        text_copy(view->nodes[node].boot_id, BOOT_ID_MAX,
                  settling->state->nodes[node].boot_id[0] ? settling->state->nodes[node].boot_id
                                                          : "imagined");
    }
}

void settle_silence(struct settling *settling, node_id node)
{
    struct cluster_view *view = settling->view;

    view->nodes[node].is_member = view->nodes[node].has_report = false;
    for (service_id service = 0; service < view->n_services; service++)
        view->services[service].running_on &= ~node_bit(node);
    while (view->self < view->n_nodes - 1 && !view->nodes[view->self].is_member)
        view->self++;
}

void settle_prove_off(struct settling *settling, node_id node)
{
    settle_silence(settling, node);
    settling->view->nodes[node].is_proven_off = true;
    settling->view->nodes[node].dead_at = settling->view->now;
}

/* What the node in charge says of the present cause, if it can say anything. */
static void obey(const struct service *record, struct service_view *service)
{
    switch (record->state) {
    case SERVICE_STARTED: service->running_on = node_bit(record->node); break;
    case SERVICE_MIGRATE: service->running_on = node_bit(record->target); break;
    case SERVICE_RELOCATE:
    case SERVICE_REQUEST_STOP:
    case SERVICE_STOPPED: service->running_on = 0; break;
    case SERVICE_REQUEST_START:
    case SERVICE_FREEZE:
    case SERVICE_FENCE:
    case SERVICE_RECOVERY:
    case SERVICE_ERROR:
    case SERVICE_ABSENT: return;
    }
    service->result = JOB_DONE;
}

static void all_obey(struct settling *settling)
{
    struct cluster_view *view = settling->view;

    for (service_id service = 0; service < view->n_services; service++) {
        const struct service *record = &settling->state->services[service];

        view->services[service].result = JOB_NONE;
        if (record->node != NODE_NONE && view->nodes[record->node].is_member)
            obey(record, &view->services[service]);
    }
}

static void tell(const struct settling *settling)
{
    for (int i = 0; settling->change && i < settling->outcome->n_changes; i++)
        settling->change(settling->context, &settling->outcome->changes[i]);
}

/* Nothing changed: time passes to what the manager waits for; false if it waits for nothing. */
static bool pass_time(struct settling *settling, struct instant end)
{
    struct cluster_view *view = settling->view;
    struct instant due = settling->outcome->wake_at;
    int64_t span = instant_since(due, view->now).ms;

    if (due.ms == INSTANT_NEVER.ms || due.ms > end.ms || span <= 0)
        return false;
    view->now = due;
    view->stamp = instant_after(view->stamp, duration_ms(span));
    return true;
}

static void step(struct settling *settling)
{
    all_obey(settling);
    settling->state->version++;
    settling->n_steps++;
    crm_step(settling->state, settling->policy, settling->view, settling->outcome);
    tell(settling);
}

void settle_push(struct settling *settling)
{
    struct cluster_view *view = settling->view;
    node_set told = 0;

    for (node_id node = 0; node < view->n_nodes; node++) {
        if (view->nodes[node].has_report)
            told |= node_bit(node);
        view->nodes[node].has_report = false;
    }
    step(settling);
    NODE_SET_EACH(node, told) view->nodes[node].has_report = true;
}

bool settle_run(struct settling *settling)
{
    struct instant end = instant_after(settling->view->now, duration_ms(SETTLE_SPAN_MS));

    for (int i = 0; i < SETTLE_STEPS_MAX; i++) {
        step(settling);
        if (settling->outcome->n_changes == 0 && !pass_time(settling, end))
            return true;
    }
    return false;
}
