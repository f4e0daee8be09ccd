/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What this node knows of the others, folded into the view that the core decides on; see view.h. */
#include "agentd/view.h"

#include <string.h>

#include "agentd/agent.h"
#include "agentd/requests.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
#include "ha/model/codec.h"

/* As it said in this ring; until it has said anything, as the state has it of this very boot. */
static enum leaving leaving_of(const struct agent *agent, node_id node, const char *boot_id)
{
    const struct told *told = &agent->told[agent->roster_of[node]];
    const struct node *record = &agent->knowledge.agreed->nodes[node];

    if (told->is_valid)
        return told->leaving;
    return strcmp(record->boot_id, boot_id) == 0 ? record->leaving : LEAVING_NOT;
}

static bool is_given(const struct agent *agent, service_id service, node_id node)
{
    return node_in(service_given(&agent->knowledge.agreed->services[service]), node);
}

/*
 * What it told last that it runs was given to it by what is agreed. Else it heard, alone, what the
 * others forgot, and was gone again before they took up what it told: the records do not have it.
 */
static bool is_accounted_for(const struct agent *agent, node_id node)
{
    const struct told *told = &agent->told[agent->roster_of[node]];
    const struct policy *policy = agent->knowledge.policy;
    json_t *each;
    size_t i;

    json_array_foreach(told->rows, i, each)
    {
        struct report_row row = {0};

        if (!json_flag(each, "running", true))
            continue;
        if (!codec_read_report_row(each, policy, &row, NULL) || !is_given(agent, row.service, node))
            return false;
    }
    json_array_foreach(told->orphans, i, each)
    {
        service_id service = policy_find_service(policy, json_string_value(each));

        if (service != SERVICE_NONE && !is_given(agent, service, node))
            return false;
    }
    return true;
}

static void view_node(struct agent *agent, node_id node, struct instant now)
{
    struct node_view *view = &agent->view->nodes[node];
    node_id at = agent->roster_of[node];
    struct lease_status lease;

    if (at == NODE_NONE) {
        /* corosync does not know it, so no ring with it was ever formed. */
        *view = (struct node_view){.is_proven_off = true, .is_history_known = true};
        return;
    }
    lease_status(member_lease(agent->member), at, now, &lease);
    view->is_member = node_in(agent->status.synced, at);
    view->has_report = view->is_member && agent->told[at].is_valid &&
                       agent->told[at].policy == agent->knowledge.policy_version;
    view->is_armed = lease.is_armed;
    view->is_proven_off = lease.is_proven_off && !view->is_member;
    /* Of use once it is gone only; until then it tells for itself. */
    view->is_history_known = lease.is_vouched && agent->told[at].has_told &&
                             (view->is_member || is_accounted_for(agent, node));
    view->is_unarmed = lease.is_heard && !lease.is_armed;
    view->last_beat = lease.last_beat;
    view->dead_at = lease.dead_at;
    text_copy(view->boot_id, sizeof(view->boot_id), lease.boot_id);
    view->leaving = leaving_of(agent, node, view->boot_id);
}

static void view_row(struct agent *agent, node_id node, const json_t *from)
{
    struct report_row row = {0};
    struct service_view *view;
    const struct service *service;

    if (!codec_read_report_row(from, agent->knowledge.policy, &row, NULL)) {
        /* Said in words of another version: it may run anything, as long as nobody knows better. */
        agent->view->nodes[node].has_report =
            agent->view->nodes[node].has_report && !json_flag(from, "running", true);
        return;
    }
    view = &agent->view->services[row.service];
    service = &agent->knowledge.agreed->services[row.service];
    if (row.is_running)
        view->running_on |= node_bit(node);
    if (row.cause != service->cause || node != service->node)
        return;
    view->result = row.result;
    view->exit_code = row.exit_code;
    view->pause = row.pause;
    memcpy(view->words, row.words, sizeof(view->words));
}

static void view_reports(struct agent *agent)
{
    const struct policy *policy = agent->knowledge.policy;

    for (node_id at = 0; at < agent->roster.n_nodes; at++) {
        const struct told *told = &agent->told[at];
        node_id node = agent->policy_of[at];
        json_t *each;
        size_t i;

        if (node == NODE_NONE || !told->is_valid)
            continue;
        json_array_foreach(told->rows, i, each) view_row(agent, node, each);
        /* A service that was taken out and put back may still run where it ran. */
        json_array_foreach(told->orphans, i, each)
        {
            service_id service = policy_find_service(policy, json_string_value(each));

            if (service != SERVICE_NONE)
                agent->view->services[service].running_on |= node_bit(node);
        }
    }
}

/* Who was asked to run something after it told last may be running it by now. */
static void view_asked_since(struct agent *agent)
{
    const struct ha_state *agreed = agent->knowledge.agreed;

    for (service_id id = 0; id < agreed->n_services; id++) {
        const struct service *service = &agreed->services[id];
        node_id at = service->node == NODE_NONE ? NODE_NONE : agent->roster_of[service->node];

        if (service->state == SERVICE_STARTED && at != NODE_NONE && agent->told[at].is_valid &&
            agent->told[at].version < service->cause)
            agent->view->services[id].running_on |= node_bit(service->node);
    }
}

void view_make(struct agent *agent, struct instant now)
{
    const struct policy *policy = agent->knowledge.policy;
    struct cluster_view *view = agent->view;
    int64_t stamp = agent_wall_ms();

    cluster_view_init(view, policy->n_nodes, policy->n_services);
    view->now = now;
    view->stamp.ms = stamp > agent->knowledge.stamp ? stamp : agent->knowledge.stamp;
    view->is_quorate = agent->status.is_quorate;
    view->self = agent->policy_of[agent->roster.self];
    for (node_id node = 0; node < policy->n_nodes; node++)
        view_node(agent, node, now);
    view_reports(agent);
    view_asked_since(agent);
    requests_into_view(agent);
}
