/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The conductor: when this node leads, what is known becomes a view, the core
 * decides, and the difference goes to the ledger as one patch. Nothing is done
 * here; it is done by the players when the patch has taken effect.
 */
#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "agentd/cluster.h"
#include "agentd/confirm.h"
#include "agentd/patch.h"
#include "agentd/push.h"
#include "agentd/recorder.h"
#include "agentd/view.h"
#include "ha/base/json.h"
#include "ha/base/log.h"
#include "ha/decide/retire.h"
#include "ha/model/codec.h"

#define LOOK_AGAIN_MS 50
/* A quorum is in sync at once, the last one a disk's moment later: it is not lost for that. */
#define CATCHING_UP_MS 500

static void set_cluster(struct agent *agent, json_t *set)
{
    autojson *old = codec_cluster(agent->knowledge.agreed);
    json_t *new = codec_cluster(agent->next);

    if (json_equal(old, new))
        json_decref(new);
    else
        patch_set(set, KEY_CLUSTER, "", new);
}

static void set_nodes(struct agent *agent, json_t *set)
{
    const struct policy *policy = agent->knowledge.policy;

    for (node_id node = 0; node < policy->n_nodes; node++) {
        autojson *old = codec_node(&agent->knowledge.agreed->nodes[node], policy);
        json_t *new = codec_node(&agent->next->nodes[node], policy);

        if (json_equal(old, new))
            json_decref(new);
        else
            patch_set(set, KEY_NODE, policy->nodes[node].name, new);
    }
}

static void set_services(struct agent *agent, json_t *patch)
{
    json_t *set = json_object_get(patch, "set");
    const struct policy *policy = agent->knowledge.policy;

    for (service_id id = 0; id < policy->n_services; id++) {
        const struct service *before = &agent->knowledge.agreed->services[id];
        const struct service *after = &agent->next->services[id];
        json_t *old, *new;

        if (memcmp(before, after, sizeof(*before)) == 0)
            continue;
        if (after->state == SERVICE_ABSENT) {
            if (before->state != SERVICE_ABSENT)
                patch_delete(patch, KEY_SERVICE, policy->services[id].name);
            continue;
        }
        old = codec_service(before, policy);
        new = codec_service(after, policy);
        if (json_equal(old, new))
            json_decref(new);
        else
            patch_set(set, KEY_SERVICE, policy->services[id].name, new);
        json_decref(old);
    }
}

/* The nodes whose players say that they still run a service of that name, which is in no policy. */
static node_set orphaned_on(const struct agent *agent, const char *name)
{
    node_set nodes = 0;

    for (node_id node = 0; node < agent->knowledge.policy->n_nodes; node++) {
        node_id at = agent->roster_of[node];
        json_t *each;
        size_t i;

        json_array_foreach(at == NODE_NONE ? NULL : agent->told[at].orphans, i, each)
        {
            if (strcmp(json_string_value(each), name) == 0)
                nodes |= node_bit(node);
        }
    }
    return nodes;
}

static json_t *change_of_removed(const char *name, const json_t *record, const struct reason *why,
                                 const struct policy *policy)
{
    const char *text = json_string_value(record);
    autojson *value = text ? json_read(text, strlen(text), NULL) : NULL;

    return json_pack("{s:s,s:s,s:s,s:o}", "service", name, "from", json_text(value, "state", ""),
                     "to", "removed", "why", codec_reason(why, policy));
}

/* What left the policy: its record stays until the core says that it may go. */
static void delete_records(struct agent *agent, json_t *patch, json_t *changes)
{
    const struct policy *policy = agent->knowledge.policy;
    struct reason why;
    const char *key;
    json_t *each;

    json_object_foreach((json_t *)member_records(agent->member), key, each)
    {
        const char *name = key + strlen(KEY_SERVICE);

        if (strncmp(key, KEY_SERVICE, strlen(KEY_SERVICE)) != 0 ||
            policy_find_service(policy, name) != SERVICE_NONE ||
            !retire_service(agent->next, agent->view, orphaned_on(agent, name), &why))
            continue;
        patch_delete(patch, KEY_SERVICE, name);
        json_array_append_new(changes, change_of_removed(name, each, &why, policy));
    }
}

/* A change of the one who decides is an event of its own. */
static void set_manager(struct agent *agent, json_t *set, json_t *changes)
{
    const char *self = agent_node(agent);
    struct reason why = reason_of(REASON_LEADS);

    if (strcmp(agent->knowledge.manager, self) == 0)
        return;
    why.node = agent->view->self;
    patch_set(set, KEY_MANAGER, "", json_pack("{s:s}", "node", self));
    json_array_append_new(changes, json_pack("{s:s,s:s,s:o}", "leader", self, "from",
                                             agent->knowledge.manager, "why",
                                             codec_reason(&why, agent->knowledge.policy)));
}

static json_t *patch_of_outcome(struct agent *agent)
{
    const struct policy *policy = agent->knowledge.policy;
    json_t *patch = patch_new(agent);
    json_t *set = json_object_get(patch, "set"), *changes = json_object_get(patch, "changes");
    json_t *answers = json_array();

    json_object_set_new(patch, "stamp", json_integer(agent->view->stamp.ms));
    set_manager(agent, set, changes);
    set_cluster(agent, set);
    set_nodes(agent, set);
    set_services(agent, patch);
    for (int i = 0; i < agent->outcome->n_changes; i++)
        json_array_append_new(changes, codec_change(&agent->outcome->changes[i], policy));
    for (int i = 0; i < agent->outcome->n_answers; i++)
        json_array_append_new(answers, codec_answer(&agent->outcome->answers[i], policy));
    delete_records(agent, patch, changes);
    json_object_set_new(patch, "answers", answers);
    return patch;
}

static bool patch_is_empty(const json_t *patch)
{
    return json_object_size(json_object_get(patch, "set")) == 0 &&
           json_array_size(json_object_get(patch, "delete")) == 0 &&
           json_array_size(json_object_get(patch, "answers")) == 0;
}

/* The roster's bits, from those of the policy. */
static node_set fences_in_roster(const struct agent *agent)
{
    node_set fences = 0;

    NODE_SET_EACH(node, agent->outcome->fences)
    fences |= node_bit(agent->roster_of[node]);
    return fences;
}

/* Somebody is due to be proven off, but a beat of ours must come back first: no instant says so. */
static bool waits_for_a_beat(const struct agent *agent, struct instant now)
{
    for (int i = 0; i < agent->view->n_nodes; i++) {
        const struct node_view *node = &agent->view->nodes[i];

        if (!node->is_member && !node->is_proven_off && instant_reached(now, node->dead_at))
            return true;
    }
    return false;
}

static void record(struct agent *agent)
{
    const struct outcome *outcome = agent->outcome;

    recorder_step(agent->recorder,
                  &(struct flight){
                      .node = agent_node(agent),
                      .policy_version = agent->knowledge.policy_version,
                      .policy_text = agent->knowledge.text,
                  },
                  &(struct record_step){
                      .policy = agent->knowledge.policy,
                      .view = agent->view,
                      .before = agent->knowledge.agreed,
                      .after = agent->next,
                      .answers = outcome->answers,
                      .n_answers = outcome->n_answers,
                      .fences = outcome->fences,
                  });
}

/* Who lets go of a watchdog, or arms one, says so in its beats: no message tells of it. */
static void notice_armed(struct agent *agent, struct instant now)
{
    node_set armed = 0;

    for (node_id at = 0; at < agent->roster.n_nodes; at++) {
        struct lease_status lease;

        lease_status(member_lease(agent->member), at, now, &lease);
        armed |= lease.is_armed && lease.is_member ? node_bit(at) : 0;
    }
    if (armed != agent->armed_seen)
        agent->must_decide = true;
    agent->armed_seen = armed;
}

/* Somebody who is here is not in sync yet, or does not count alike yet, and will in a moment. */
static bool is_catching_up(const struct agent *agent, struct instant now)
{
    const struct member_status *status = &agent->status;

    return (status->agents & ~status->synced) != 0 &&
           instant_before(now, instant_after(agent->changed_at, duration_ms(CATCHING_UP_MS)));
}

/*
 * Who cannot read the policy in force decides nothing by the one before. Where others are here that
 * can, perhaps, this agent ends: the next one is the youngest, and leads last.
 */
static bool is_beyond_us(struct agent *agent)
{
    if (!agent->knowledge.beyond)
        return false;
    if (node_set_count(agent->status.synced) > 1) {
        log_error("version %llu of the policy is in force, which this tenutod cannot read: it ends,"
                  " so that another node leads; install the release that the others have",
                  (unsigned long long)agent->knowledge.beyond);
        sd_event_exit(agent->loop, 1);
    }
    return true;
}

/* A verdict has come, and nothing else has: a push that still waits is no reason for a step of all
 * services. false: it was decided, or all must be looked at. */
static bool look_at_push(struct agent *agent, struct instant now)
{
    struct instant push_at;

    if (is_catching_up(agent, now))
        return false;
    agent->must_look_at_push = false;
    if (push_decide(agent, now, &push_at))
        agent->must_decide = true;
    agent->decide_at = instant_earliest(agent->decide_at, push_at);
    return true;
}

void conduct(struct agent *agent, struct instant now)
{
    struct outcome *outcome = agent->outcome;
    struct instant confirm_at, push_at;
    json_t *patch;

    if (!agent->status.is_leader) {
        /* What is due is for the next leader; should that be us again, all of it is looked at. */
        agent->decide_at = INSTANT_NEVER;
        agent->must_decide = true;
        return;
    }
    if (agent->status.has_proposal || is_beyond_us(agent))
        return;
    notice_armed(agent, now);
    if (!agent->must_decide && !instant_reached(now, agent->decide_at) &&
        (!agent->must_look_at_push || look_at_push(agent, now)))
        return;
    if (is_catching_up(agent, now)) {
        agent->must_decide = agent->must_look_at_push = false;
        agent->decide_at = instant_after(now, duration_ms(LOOK_AGAIN_MS));
        return;
    }
    agent->must_decide = agent->must_look_at_push = false;
    agent->decide_at = INSTANT_NEVER;
    if (push_decide(agent, now, &push_at) || confirm_decide(agent, now, &confirm_at) ||
        cluster_decide(agent, now)) {
        agent->must_decide = true;
        return;
    }
    confirm_at = instant_earliest(confirm_at, push_at);
    agent->decide_at = instant_earliest(cluster_wake(agent, now), confirm_at);
    if (!agent->knowledge.policy || agent->policy_of[agent->roster.self] == NODE_NONE)
        return;
    view_make(agent, now);
    ha_state_copy(agent->next, agent->knowledge.agreed);
    agent->next->version = agent->status.head.version + 1;
    outcome->changes = agent->changes;
    outcome->changes_max = CHANGES_MAX;
    crm_step(agent->next, agent->knowledge.policy, agent->view, outcome);
    agent->decide_at = outcome->wake_at;
    if (waits_for_a_beat(agent, now))
        agent->decide_at = instant_after(now, duration_ms(LOOK_AGAIN_MS));
    agent->decide_at = instant_earliest(agent->decide_at, cluster_wake(agent, now));
    agent->decide_at = instant_earliest(agent->decide_at, confirm_at);
    patch = patch_of_outcome(agent);
    if (patch_is_empty(patch))
        json_decref(patch);
    else
        patch_propose(agent, now, patch, fences_in_roster(agent));
    /* Nobody waits for the record: of thousands of services a full step takes a while. */
    record(agent);
}
