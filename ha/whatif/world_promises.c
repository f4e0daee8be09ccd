/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Order, workers and quarantine as promises; see world_promises.h. */
#include "ha/whatif/world_promises.h"

/* It runs, and its node has said so; what this very step decides of it comes after. */
static bool has_come_up(const struct world *world, service_id service)
{
    const struct service *before = &world->agreed.services[service];
    const struct service_view *view = &world->view.services[service];

    return before->state == SERVICE_STARTED && node_in(view->running_on, before->node) &&
           (before->is_running || view->result == JOB_DONE);
}

static bool is_in_order(const struct world *world, const struct rule *rule, service_id service)
{
    bool is_named = false;

    for (int i = 0; i < rule->n_others; i++)
        is_named |= rule->others[i] == service;
    for (int i = 0; i < rule->n_services && is_named; i++) {
        service_id first = rule->services[i];

        /* Worked out anew: a mistake of those who decide must not hide itself here. */
        if (world->policy->services[first].requested == REQUESTED_STARTED &&
            !world->proposed.services[first].is_held && !has_come_up(world, first))
            return false;
    }
    return true;
}

static void check_order(struct world *world, const struct change *change)
{
    bool runs_already = world->view.services[change->service].running_on != 0;

    if (runs_already || world->proposed.arming.state != ARMED ||
        (change->from != SERVICE_REQUEST_START && change->from != SERVICE_RECOVERY))
        return;
    for (rule_id id = 0; id < world->policy->n_rules; id++) {
        const struct rule *rule = &world->policy->rules[id];

        if (rule->kind == RULE_BEFORE && !is_in_order(world, rule, change->service))
            world_break(world, "starts before what it needs", change->service, change->node);
    }
}

void world_check_change(struct world *world, const struct change *change)
{
    if (change->service == SERVICE_NONE || change->to != SERVICE_STARTED)
        return;
    check_order(world, change);
    if (change->from == SERVICE_RECOVERY &&
        world->proposed.nodes[change->node].state != NODE_ONLINE)
        world_break(world, "is recovered where nothing may start", change->service, change->node);
}

void world_check_proposal(struct world *world)
{
    int n_aside = 0;

    for (node_id id = 0; id < world->policy->n_nodes; id++)
        n_aside += world->proposed.nodes[id].is_quarantined;
    if (n_aside > 0 && 2 * n_aside >= world->policy->n_nodes)
        world_break(world, "too many nodes are set aside", SERVICE_NONE, NODE_NONE);
}

static int count_workers(const struct world *world, const struct world_node *node)
{
    int count = 0;

    for (service_id service = 0; service < world->policy->n_services; service++) {
        const struct world_job *at = &node->jobs[service];

        count += at->is_active && at->job.kind != JOB_MONITOR;
    }
    return count;
}

void world_check_workers(struct world *world, const struct world_node *node,
                         const struct lrm_outcome *begun)
{
    int workers = world->policy->scheduling.workers;

    for (int i = 0; i < begun->n_jobs; i++) {
        if (workers && begun->jobs[i].kind != JOB_MONITOR && count_workers(world, node) > workers)
            world_break(world, "more jobs than workers", begun->jobs[i].service, node->lrm.self);
    }
}
