/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Group and quorum of corosync, as sources of the loop; see corosync.h. */
#include "agentd/corosync.h"

#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "agentd/cluster.h"
#include "agentd/control_server.h"
#include "agentd/expected.h"
#include "ha/base/log.h"
#include "ha/base/text.h"

#define GROUP_NAME "tenuto"
/* corosync needs a few hundred ms to start; asking more often would only fill its log. */
#define REOPEN_MS 200
/* What a joiner is told of the past. */
#define HISTORY_TOLD 500

static void on_ring(void *context, struct ring_id ring, const uint32_t *nodeids, int n_nodeids)
{
    struct agent *agent = context;

    /* Only our connection broke and the ring went on: what it delivered meanwhile is lost to us. */
    if (agent->lost_ring.seq && ring_compare(agent->lost_ring, ring) == 0) {
        log_warning("corosync stayed but its messages were lost; this agent starts anew");
        sd_event_exit(agent->loop, 1);
        return;
    }
    member_ring(agent->member, agent_now(), ring, nodeids, n_nodeids);
}

static void on_members(void *context, const struct group_peer *members, int n_members,
                       const struct group_peer *joined, int n_joined, const struct group_peer *left,
                       int n_left)
{
    struct agent *agent = context;

    (void)joined;
    (void)n_joined;
    expected_members(agent, members, n_members);
    member_group(agent->member, agent_now(), members, n_members, left, n_left);
}

static void on_message(void *context, struct group_peer from, const void *bytes, size_t length)
{
    struct agent *agent = context;
    struct err err = {{0}};

    if (!member_message(agent->member, agent_now(), from, bytes, length, &err))
        log_warning("a message from node %u was passed over: %s", from.nodeid, err.text);
}

static void on_quorum(void *context, bool is_quorate, struct ring_id ring)
{
    struct agent *agent = context;

    member_quorum(agent->member, agent_now(), is_quorate, ring);
}

/* Nodes or votes may be others; the member says from when on they count. */
static void on_reloaded(void *context)
{
    struct agent *agent = context;
    struct roster roster;
    struct err err = {{0}};

    cluster_reloaded(agent);
    if (membership_read_roster(&roster, &err))
        member_set_roster(agent->member, agent_now(), expected_take(agent, &roster));
    else
        log_warning("corosync has read its configuration anew, which says nothing good for this "
                    "agent, and it keeps what it knows: %s",
                    err.text);
}

static const struct group_events group_events = {
    .ring = on_ring,
    .members = on_members,
    .message = on_message,
};
static const struct membership_events membership_events = {
    .quorum = on_quorum,
    .reloaded = on_reloaded,
};

static int on_group_fd(sd_event_source *source, int fd, uint32_t events, void *context)
{
    struct agent *agent = context;
    struct err err = {{0}};

    (void)source;
    (void)fd;
    (void)events;
    if (agent->group && !group_dispatch(agent->group, &err))
        corosync_lost(agent, err.text);
    return 0;
}

static int on_membership_fd(sd_event_source *source, int fd, uint32_t events, void *context)
{
    struct agent *agent = context;
    struct err err = {{0}};

    (void)source;
    (void)fd;
    (void)events;
    if (agent->membership && !membership_dispatch(agent->membership, &err))
        corosync_lost(agent, err.text);
    return 0;
}

void corosync_close(struct agent *agent)
{
    agent->group_source = sd_event_source_disable_unref(agent->group_source);
    agent->membership_source = sd_event_source_disable_unref(agent->membership_source);
    agent->reload_source = sd_event_source_disable_unref(agent->reload_source);
    if (agent->group)
        group_close(agent->group);
    if (agent->membership)
        membership_close(agent->membership);
    agent->group = NULL;
    agent->membership = NULL;
}

void corosync_lost(struct agent *agent, const char *why)
{
    if (strcmp(agent->problem, why) != 0)
        log_warning("not in the cluster: %s", why);
    text_copy(agent->problem, sizeof(agent->problem), why);
    corosync_close(agent);
    if (agent->member) {
        agent->lost_ring = agent->status.ring;
        member_lost(agent->member, agent_now());
    }
    agent->reopen_at = instant_after(agent_now(), duration_ms(REOPEN_MS));
    control_changed(agent->control);
}

/* The first time: who we are, and a member of our own. Later the node list must be the same. */
static bool meet(struct agent *agent, struct err *err)
{
    struct member_config config = {.incarnation = agent->incarnation};
    struct timing timing = timing_of_network("lan", duration_ms(0), duration_ms(0));
    json_t *records = NULL, *history;

    if (!membership_read_roster(&config.roster, err))
        return false;
    expected_take(agent, &config.roster);
    if (agent->member) {
        const struct roster_node *before = &agent->roster.nodes[agent->roster.self];
        const struct roster_node *self = &config.roster.nodes[config.roster.self];

        if (self->nodeid == before->nodeid && strcmp(self->name, before->name) == 0) {
            member_set_roster(agent->member, agent_now(), &config.roster);
            return agent_joined(agent, err);
        }
        log_warning("this node has another name or nodeid by now; its agent starts anew with it");
        sd_event_exit(agent->loop, 1);
        return err_set(err, "this node has another name or nodeid by now");
    }
    if (!store_read(agent->store, &records, &config.head, err))
        return false;
    if (agent->knowledge.policy)
        timing = agent->knowledge.policy->timing;
    config.timing = (struct lease_timing){.watchdog = timing.watchdog,
                                          .beat = timing.beat,
                                          .lease = timing.lease,
                                          .allowance = timing.allowance,
                                          .witness = timing.witness};
    text_copy(config.boot_id, sizeof(config.boot_id), agent->boot_id);
    config.records = records;
    config.history = history = store_history(agent->store, 0, NULL, HISTORY_TOLD, NULL);
    agent->roster = config.roster;
    agent->member = member_new(&config, agent_now());
    /* Until the keeper has said otherwise: the agent before us may have left it armed. */
    lease_set_armed(member_lease(agent->member), true);
    json_decref(records);
    json_decref(history);
    return agent_joined(agent, err);
}

static bool corosync_open(struct agent *agent, struct err *err)
{
    if (!meet(agent, err))
        return false;
    agent->membership = membership_open(&membership_events, agent, err);
    if (!agent->membership)
        return false;
    agent->group = group_open(GROUP_NAME, &group_events, agent, err);
    if (!agent->group)
        return false;
    if (sd_event_add_io(agent->loop, &agent->group_source, group_fd(agent->group), EPOLLIN,
                        on_group_fd, agent) < 0 ||
        sd_event_add_io(agent->loop, &agent->membership_source, membership_fd(agent->membership),
                        EPOLLIN, on_membership_fd, agent) < 0 ||
        sd_event_add_io(agent->loop, &agent->reload_source, membership_reload_fd(agent->membership),
                        EPOLLIN, on_membership_fd, agent) < 0)
        return err_set(err, "cannot watch corosync's descriptors");
    /* Before the beats, the order of everything. */
    sd_event_source_set_priority(agent->group_source, SD_EVENT_PRIORITY_IMPORTANT);
    sd_event_source_set_priority(agent->membership_source, SD_EVENT_PRIORITY_IMPORTANT);
    return true;
}

void corosync_turn(struct agent *agent, struct instant now)
{
    struct err err = {{0}};

    if (agent->group) {
        if (group_flush(agent->group, &err) < 0)
            corosync_lost(agent, err.text);
        return;
    }
    if (!instant_reached(now, agent->reopen_at))
        return;
    if (!corosync_open(agent, &err)) {
        corosync_lost(agent, err.text);
        return;
    }
    agent->problem[0] = '\0';
    cluster_reloaded(agent);
    log_info("connected to corosync as node %s", agent_node(agent));
}
