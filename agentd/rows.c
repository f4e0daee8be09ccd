/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows for people and programs; see rows.h. */
#include "agentd/rows.h"

#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "agentd/branches.h"
#include "agentd/cluster.h"
#include "agentd/confirm.h"
#include "agentd/expected.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
#include "ha/model/codec.h"
#include "quorum/wire.h"

static json_t *name_or_null(const struct agent *agent, node_id node)
{
    return node == NODE_NONE ? json_null() : json_string(agent->knowledge.policy->nodes[node].name);
}

const char *rows_why_not_quorate(const struct agent *agent)
{
    if (!agent->member)
        return agent->problem[0] ? agent->problem : "corosync was not reached yet";
    if (agent->problem[0])
        return agent->problem;
    if (!agent->status.is_quorate)
        return "fewer than a quorum of votes are here";
    if (agent->status.foreign && !agent->status.is_in_sync)
        return "the others speak another protocol of the ring: install the same release on all";
    if (agent->status.apart && !agent->status.is_in_sync)
        return "its corosync counts votes otherwise than those of the others";
    if (agent->status.waits_for_off)
        return "waiting until every node that is away is off for sure";
    return agent->status.is_in_sync ? "" : "catching up with the others";
}

static json_t *timing_row(const struct agent *agent)
{
    const struct timing *timing;

    if (!agent->knowledge.policy)
        return json_null();
    timing = &agent->knowledge.policy->timing;
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "token_ms", (json_int_t)timing->token.ms,
                     "watchdog_ms", (json_int_t)timing->watchdog.ms, "lease_ms",
                     (json_int_t)timing->lease.ms, "beat_ms", (json_int_t)timing->beat.ms,
                     "allowance_ms", (json_int_t)timing->allowance.ms, "recovery_wait_ms",
                     (json_int_t)timing_recovery_wait(timing).ms);
}

static json_t *policy_row(const struct agent *agent)
{
    if (!agent->knowledge.policy && agent->knowledge.beyond)
        return json_pack("{s:I}", "beyond", (json_int_t)agent->knowledge.beyond);
    if (!agent->knowledge.policy)
        return json_null();
    return json_pack("{s:I,s:s,s:I,s:I}", "version", (json_int_t)agent->knowledge.policy_version,
                     "author", agent->knowledge.author, "at",
                     (json_int_t)agent->knowledge.policy_stamp, "beyond",
                     (json_int_t)agent->knowledge.beyond);
}

static json_t *ledger_row(const struct agent *agent)
{
    const struct ledger_head *head = &agent->status.head;

    return json_pack("{s:o,s:I}", "epoch",
                     json_sprintf("%u.%llu", head->epoch.node, (unsigned long long)head->epoch.seq),
                     "version", (json_int_t)head->version);
}

static const char *keeper_word(const struct agent *agent)
{
    switch (feeding_state(agent->feeding)) {
    case FEEDING_AWAY: return "away";
    case FEEDING_DISARMED: return "disarmed";
    case FEEDING_ARMED: return "armed";
    case FEEDING_CONDEMNED: return "condemned";
    }
    return "?";
}

static int64_t lease_left_ms(const struct agent *agent, struct instant now)
{
    int64_t left = instant_since(agent->lease_until, now).ms;

    return left > 0 ? left : 0;
}

/* Whether the cluster acts at all, and when it does so again by itself. */
static json_t *arming_row(const struct agent *agent)
{
    const struct arming *arming = &agent->knowledge.agreed->arming;

    return json_pack("{s:s,s:b,s:o}", "state", arming_state_name(arming->state), "ignores",
                     arming->ignores, "until",
                     arming->until.ms ? json_integer(arming->until.ms) : json_null());
}

json_t *rows_confirm(const struct agent *agent)
{
    const json_t *confirm = confirm_waiting(agent);

    if (!confirm)
        return json_null();
    return json_pack("{s:I,s:I,s:I,s:s}", "version", (json_int_t)json_int(confirm, "version", 0),
                     "back", (json_int_t)json_int(confirm, "back", 0), "until",
                     (json_int_t)json_int(confirm, "until", 0), "author",
                     json_text(confirm, "author", "?"));
}

json_t *rows_cluster(struct agent *agent)
{
    const struct member_status *status = &agent->status;
    bool is_met = agent->member != NULL;
    json_t *row = json_object();

    json_object_set_new(
        row, "cluster",
        json_string(agent->knowledge.policy ? agent->knowledge.policy->cluster : ""));
    json_object_set_new(row, "node", json_string(agent_node(agent)));
    json_object_set_new(row, "quorate", json_boolean(is_met && status->is_quorate));
    json_object_set_new(row, "in_sync", json_boolean(is_met && status->is_in_sync));
    json_object_set_new(row, "reason", json_string(rows_why_not_quorate(agent)));
    json_object_set_new(row, "votes",
                        json_integer(is_met ? roster_votes(&agent->roster, status->agents) : 0));
    json_object_set_new(row, "expected", json_integer(agent->roster.expected_votes));
    json_object_set_new(row, "quorum", json_integer(agent->roster.quorum_votes));
    json_object_set_new(row, "forced", expected_row(agent));
    json_object_set_new(row, "witness_votes", json_integer(roster_witness(&agent->roster)));
    json_object_set_new(row, "by_witness", json_boolean(is_met && status->is_by_witness));
    json_object_set_new(row, "leader",
                        is_met && status->leader != NODE_NONE
                            ? json_string(agent->roster.nodes[status->leader].name)
                            : json_null());
    json_object_set_new(row, "policy", policy_row(agent));
    json_object_set_new(row, "confirm", rows_confirm(agent));
    json_object_set_new(row, "corosync", cluster_row(agent));
    json_object_set_new(row, "witness", cluster_witness_row(agent));
    json_object_set_new(row, "store", json_string(agent->settings.store));
    json_object_set_new(row, "protocol", json_pack("[i,i]", wire_major, wire_minor));
    json_object_set_new(row, "arming", arming_row(agent));
    json_object_set_new(row, "ledger", ledger_row(agent));
    json_object_set_new(row, "keeper", json_string(keeper_word(agent)));
    json_object_set_new(row, "armed", json_boolean(feeding_state(agent->feeding) == FEEDING_ARMED));
    json_object_set_new(row, "lease_ms", json_integer(lease_left_ms(agent, agent_now())));
    json_object_set_new(row, "timing", timing_row(agent));
    json_object_set_new(row, "branches", branches_row(agent));
    return row;
}

static int count_services(const struct agent *agent, node_id node)
{
    int count = 0;

    for (service_id id = 0; id < agent->knowledge.agreed->n_services; id++) {
        const struct service *service = &agent->knowledge.agreed->services[id];

        if (service->state != SERVICE_ABSENT && service->state != SERVICE_STOPPED &&
            service->node == node)
            count++;
    }
    return count;
}

static void set_why(json_t *row, const struct agent *agent, const struct reason *why,
                    struct instant since)
{
    char text[REASON_TEXT_MAX];

    reason_text(why, agent->knowledge.policy, text, sizeof(text));
    json_object_set_new(row, "why", json_string(text));
    json_object_set_new(row, "since", since.ms ? json_integer(since.ms) : json_null());
}

static json_t *addresses_row(const struct node_policy *node)
{
    json_t *row = json_array();

    for (int i = 0; i < node->n_addresses; i++)
        json_array_append_new(row, json_string(node->addresses[i]));
    return row;
}

static json_t *node_row(struct agent *agent, node_id at, struct instant now)
{
    const struct roster_node *known = &agent->roster.nodes[at];
    node_id id = agent->policy_of[at];
    struct lease_status lease;
    json_t *row;

    lease_status(member_lease(agent->member), at, now, &lease);
    row = json_pack("{s:s,s:i,s:s,s:b,s:b}", "node", known->name, "votes", known->votes, "role",
                    at == agent->status.leader          ? "leader"
                    : node_in(agent->status.agents, at) ? "member"
                                                        : "",
                    "member", node_in(agent->status.agents, at), "armed",
                    lease.is_armed && node_in(agent->status.agents, at));
    json_object_set_new(row, "lease_ms",
                        lease.is_heard ? json_integer(instant_since(now, lease.last_beat).ms)
                                       : json_null());
    if (agent->status.major[at])
        json_object_set_new(row, "protocol",
                            json_pack("[i,i]", agent->status.major[at], agent->status.minor[at]));
    if (node_in(agent->status.foreign, at))
        json_object_set_new(row, "foreign", json_true());
    if (id == NODE_NONE) {
        json_object_set_new(row, "state",
                            json_string(node_in(agent->status.agents, at) ? "online" : "unknown"));
        json_object_set_new(row, "why", json_string("no policy speaks of it"));
        json_object_set_new(row, "services", json_integer(0));
        return row;
    }
    json_object_set_new(row, "state",
                        json_string(node_state_name(agent->knowledge.agreed->nodes[id].state)));
    json_object_set_new(row, "services", json_integer(count_services(agent, id)));
    json_object_set_new(row, "addresses", addresses_row(&agent->knowledge.policy->nodes[id]));
    if (agent->knowledge.agreed->nodes[id].maintenance_until.ms)
        json_object_set_new(row, "maintenance_until",
                            json_integer(agent->knowledge.agreed->nodes[id].maintenance_until.ms));
    set_why(row, agent, &agent->knowledge.agreed->nodes[id].why,
            agent->knowledge.agreed->nodes[id].since);
    if (node_in(agent->status.foreign, at))
        json_object_set_new(
            row, "why",
            json_sprintf("its tenuto speaks protocol %d of the ring and ours %d, so "
                         "it takes no part: install the same release on all nodes",
                         agent->status.major[at], wire_major));
    return row;
}

json_t *rows_nodes(struct agent *agent)
{
    json_t *rows = json_array();
    struct instant now = agent_now();

    for (node_id at = 0; agent->member && at < agent->roster.n_nodes; at++)
        json_array_append_new(rows, node_row(agent, at, now));
    return rows;
}

/* By service: the nodes whose players say that it runs there; the caller frees. */
static node_set *running_sets(const struct agent *agent)
{
    const struct policy *policy = agent->knowledge.policy;
    node_set *running = xcalloc((size_t)policy->n_services, sizeof(*running));

    for (node_id at = 0; agent->member && at < agent->roster.n_nodes; at++) {
        json_t *each;
        size_t i;

        if (!agent->told[at].is_valid)
            continue;
        json_array_foreach(agent->told[at].rows, i, each)
        {
            service_id id = policy_find_service(policy, json_text(each, "service", ""));

            if (id != SERVICE_NONE && json_flag(each, "running", false))
                running[id] |= node_bit(at);
        }
    }
    return running;
}

static json_t *running_row(const struct agent *agent, node_set running)
{
    json_t *row = json_array();

    NODE_SET_EACH(at, running)
    {
        json_array_append_new(row, json_string(agent->roster.nodes[at].name));
    }
    return row;
}

static json_t *service_row(struct agent *agent, service_id id, node_set running)
{
    static const char *const wanted[] = {"started", "stopped", "disabled", "ignored"};
    const struct service_policy *policy = &agent->knowledge.policy->services[id];
    const struct service *service = &agent->knowledge.agreed->services[id];
    const struct reason by_hand = reason_of(REASON_HELD);
    bool is_stopped_by_hand = service->is_held && service->state == SERVICE_STOPPED;
    bool is_known = service->state != SERVICE_ABSENT;
    const char *state = is_known ? service_state_name(service->state)
                        : policy->requested == REQUESTED_IGNORED ? "ignored"
                                                                 : "queued";
    json_t *row = json_pack("{s:s,s:s,s:s}", "service", policy->name, "state", state, "wanted",
                            wanted[policy->requested]);

    if (service->state == SERVICE_STARTED && !service->is_running)
        json_object_set_new(row, "state", json_string("starting"));
    json_object_set_new(row, "node", is_known ? name_or_null(agent, service->node) : json_null());
    json_object_set_new(row, "target",
                        is_known ? name_or_null(agent, service->target) : json_null());
    json_object_set_new(row, "running", running_row(agent, running));
    if (service->is_held)
        json_object_set_new(row, "held", json_true());
    /* That it has stopped, everybody sees; whoever wonders why asks what wanted it so. */
    set_why(row, agent, is_stopped_by_hand ? &by_hand : &service->why, service->since);
    return row;
}

json_t *rows_service(struct agent *agent, service_id id)
{
    node_set *running = running_sets(agent);
    json_t *row = service_row(agent, id, running[id]);

    free(running);
    return row;
}

json_t *rows_services(struct agent *agent)
{
    const struct policy *policy = agent->knowledge.policy;
    json_t *rows = json_array();
    node_set *running;

    if (!policy)
        return rows;
    running = running_sets(agent);
    for (service_id id = 0; id < policy->n_services; id++)
        json_array_append_new(rows, service_row(agent, id, running[id]));
    free(running);
    return rows;
}

static const char *fence_word(const struct lease_status *lease, bool is_quorate)
{
    if (!is_quorate)
        return "not quorate: nothing is known";
    if (lease->is_member)
        return lease->is_armed ? "holds a lease" : "not armed";
    return lease->is_proven_off ? "proven off" : "silent, may still be running";
}

static json_t *fence_row(struct agent *agent, node_id at, struct instant now)
{
    struct lease_status lease;
    bool is_self = at == agent->roster.self;
    json_t *row;

    lease_status(member_lease(agent->member), at, now, &lease);
    row = json_pack("{s:s,s:s,s:b}", "node", agent->roster.nodes[at].name, "state",
                    fence_word(&lease, agent->status.is_quorate), "armed", lease.is_armed);
    json_object_set_new(row, "watchdog",
                        is_self ? json_string(agent->settings.watchdog) : json_null());
    json_object_set_new(row, "watchdog_ms",
                        lease.is_heard && lease.is_armed ? json_integer(lease.watchdog.ms)
                                                         : json_null());
    json_object_set_new(row, "lease_ms",
                        lease.is_heard ? json_integer(instant_since(now, lease.last_beat).ms)
                                       : json_null());
    if (lease.is_member || lease.dead_at.ms == INT64_MAX || !agent->status.is_quorate)
        json_object_set_new(row, "dead_in_ms", json_null());
    else
        json_object_set_new(row, "dead_in_ms",
                            json_integer(lease.is_proven_off || instant_reached(now, lease.dead_at)
                                             ? 0
                                             : instant_since(lease.dead_at, now).ms));
    if (is_self)
        json_object_set_new(row, "problem", json_string(feeding_problem(agent->feeding)));
    return row;
}

json_t *rows_fence(struct agent *agent)
{
    json_t *rows = json_array();
    struct instant now = agent_now();

    for (node_id at = 0; agent->member && at < agent->roster.n_nodes; at++)
        json_array_append_new(rows, fence_row(agent, at, now));
    return rows;
}
