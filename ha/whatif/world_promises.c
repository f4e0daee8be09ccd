/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Order, workers, quarantine and storms as promises; see world_promises.h. */
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

/* ---- storms -------------------------------------------------------------------------------- */

/* For each death anew. */
static bool is_relieved(const struct node *node)
{
    return node->relieved_at.ms != INSTANT_UNKNOWN.ms &&
           !instant_before(node->relieved_at, node->since);
}

/* What a dead node ran is started elsewhere with leave only. */
static void check_relief(struct world *world, const struct change *change)
{
    const struct service *before = &world->agreed.services[change->service];
    const struct service *after = &world->proposed.services[change->service];
    const struct node *node;

    if (!world->policy->storm.times || change->from != SERVICE_FENCE ||
        change->to != SERVICE_RECOVERY || before->is_held || after->is_held ||
        world->policy->services[change->service].requested != REQUESTED_STARTED)
        return;
    node = &world->proposed.nodes[change->node];
    if (node->state == NODE_FENCE && node->leaving == LEAVING_NOT && !is_relieved(node))
        world_break(world, "is recovered in a storm", change->service, change->node);
}

/* Somebody said something about what it ran: a storm may be overruled. */
static bool is_asked_about(const struct world *world, node_id id)
{
    for (int i = 0; i < world->view.n_commands; i++) {
        service_id service = world->view.commands[i].service;

        if (service != SERVICE_NONE && (world->agreed.services[service].node == id ||
                                        world->proposed.services[service].node == id))
            return true;
    }
    return false;
}

/* Whenever leave is given, no more than so many nodes that are still down have had it lately. */
static void check_storm(struct world *world)
{
    const struct frequency *storm = &world->policy->storm;
    node_id given = NODE_NONE;
    int n_recent = 0;

    for (node_id id = 0; id < world->policy->n_nodes && storm->times; id++) {
        const struct node *node = &world->proposed.nodes[id];
        struct duration ago = instant_since(world->view.stamp, node->relieved_at);
        bool is_up = node->state == NODE_ONLINE && !node->is_quarantined;

        if (node->relieved_at.ms == INSTANT_UNKNOWN.ms || is_up || ago.ms >= storm->within.ms)
            continue;
        n_recent++;
        if (node->relieved_at.ms != world->agreed.nodes[id].relieved_at.ms &&
            !is_asked_about(world, id))
            given = id;
    }
    if (given != NODE_NONE && n_recent > storm->times)
        world_break(world, "more nodes than a storm allows", SERVICE_NONE, given);
}

/* -------------------------------------------------------------------------------------------- */

void world_check_change(struct world *world, const struct change *change)
{
    if (change->service == SERVICE_NONE)
        return;
    check_relief(world, change);
    if (change->to != SERVICE_STARTED)
        return;
    check_order(world, change);
    if (change->from == SERVICE_RECOVERY &&
        world->proposed.nodes[change->node].state != NODE_ONLINE)
        world_break(world, "is recovered where nothing may start", change->service, change->node);
}

void world_check_proposal(struct world *world)
{
    int n_aside = 0;

    check_storm(world);
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
