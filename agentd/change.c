/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One patch for each change of who belongs to the cluster; see change.h. */
#include "agentd/change.h"

#include <string.h>

#include "agentd/agent.h"
#include "agentd/cluster.h"
#include "agentd/control.h"
#include "agentd/patch.h"
#include "agentd/push.h"
#include "dsl/edit.h"
#include "ha/base/json.h"

static json_t *problem_of(const char *words, const char *hint)
{
    return json_pack("{s:s,s:s,s:i}", "error", words, "hint", hint, "code", CONTROL_EXIT_REFUSED);
}

static void set_push(struct agent *agent, json_t *patch, const json_t *push, const char *words)
{
    json_object_set_new(patch, "push",
                        json_pack("{s:s,s:I,s:s}", "id", json_text(push, "id", ""), "version",
                                  (json_int_t)agent->knowledge.policy_version + 1, "words", words));
}

/* ---- adopt ----------------------------------------------------------------------------------- */

static json_t *adopt(struct agent *agent, const json_t *push, json_t **problem)
{
    struct err err = {{0}};
    json_t *record = NULL, *patch;

    if (!agent->knowledge.policy)
        err_set(&err, "no policy was pushed yet");
    else if (cluster_accepts(agent, agent->knowledge.policy, &err) ||
             agent->cluster->active.n_nodes == 0)
        record = cluster_adopt(agent, &err);
    if (!record) {
        *problem = problem_of(err.text, "nothing was changed");
        return NULL;
    }
    patch = patch_new(agent);
    patch_set(json_object_get(patch, "set"), KEY_COROSYNC, "", record);
    set_push(agent, patch, push,
             "corosync.conf is written from the policy from now on; what it was before is kept "
             "beside it as corosync.conf.tenuto-old");
    return patch;
}

/* ---- who may go ------------------------------------------------------------------------------ */

static int services_of(const struct agent *agent, node_id node)
{
    const struct ha_state *agreed = agent->knowledge.agreed;
    int count = 0;

    for (service_id id = 0; id < agreed->n_services; id++) {
        const struct service *service = &agreed->services[id];

        if (service->state != SERVICE_ABSENT && service->state != SERVICE_STOPPED &&
            (service->node == node || service->target == node))
            count++;
    }
    return count;
}

/* Those who stay, and are here, hold a quorum of what is left. */
static bool is_quorum_without(const struct agent *agent, node_id at)
{
    int left = agent->roster.expected_votes - agent->roster.nodes[at].votes;
    int here = roster_votes(&agent->roster, agent->status.synced & ~node_bit(at));

    return 2 * (here + roster_witness(&agent->roster)) > left;
}

static bool may_remove(struct agent *agent, struct instant now, const char *name, struct err *err)
{
    node_id node = policy_find_node(agent->knowledge.policy, name);
    node_id at = roster_find_name(&agent->roster, name);
    struct lease_status lease;

    if (node == NODE_NONE)
        return err_set(err, "no node is called \"%s\"", name);
    if (at == NODE_NONE)
        return true;
    if (node_in(agent->status.agents, at))
        return err_set(err, "node %s is here: run \"tenuto cluster leave\" on it", name);
    /* Its agent may be back at any moment, and would stand outside with a corosync that runs on. */
    if (node_in(agent->status.nodes, at))
        return err_set(err,
                       "corosync still runs on node %s: start its agent and run \"tenuto cluster "
                       "leave\" there, or stop its corosync",
                       name);
    lease_status(member_lease(agent->member), at, now, &lease);
    if (!lease.is_proven_off)
        return err_set(err,
                       "node %s is not off for sure yet, and may be running services; that is "
                       "known in %lld s at the latest",
                       name, (long long)(instant_since(lease.dead_at, now).ms / 1000 + 1));
    if (services_of(agent, node) > 0)
        return err_set(err, "%d services are still on node %s, as far as the records say",
                       services_of(agent, node), name);
    if (!is_quorum_without(agent, at))
        return err_set(err, "without node %s those who are here would be no quorum of what is left",
                       name);
    return true;
}

static bool may_leave(const struct agent *agent, const char *name, struct err *err)
{
    node_id node = policy_find_node(agent->knowledge.policy, name);
    node_id at = roster_find_name(&agent->roster, name);

    if (node == NODE_NONE || at == NODE_NONE)
        return err_set(err, "no node is called \"%s\"", name);
    if (!node_in(agent->status.synced, at))
        return err_set(err, "node %s is not in sync with the others", name);
    if (agent->knowledge.policy->n_nodes == 1)
        return err_set(err, "node %s is the last of its cluster: there is nobody to leave to",
                       name);
    if (services_of(agent, node) > 0)
        return err_set(err, "%d services are still on node %s", services_of(agent, node), name);
    if (agent->knowledge.agreed->nodes[node].state != NODE_MAINTENANCE)
        return err_set(err, "node %s is not in maintenance, so it may be given services", name);
    if (!is_quorum_without(agent, at))
        return err_set(err,
                       "without node %s those who stay and are here would have %d of %d votes, "
                       "which is no quorum",
                       name, roster_votes(&agent->roster, agent->status.synced & ~node_bit(at)),
                       agent->roster.expected_votes - agent->roster.nodes[at].votes);
    return true;
}

/* ---- going ----------------------------------------------------------------------------------- */

/* A stopped service was there last; no policy knows the name any more. */
static void forget_in_services(struct agent *agent, json_t *patch, node_id node)
{
    const struct policy *policy = agent->knowledge.policy;

    for (service_id id = 0; id < policy->n_services; id++) {
        struct service service = agent->knowledge.agreed->services[id];

        if (service.state != SERVICE_STOPPED || (service.node != node && service.target != node))
            continue;
        service.node = service.node == node ? NODE_NONE : service.node;
        service.target = service.target == node ? NODE_NONE : service.target;
        patch_set(json_object_get(patch, "set"), KEY_SERVICE, policy->services[id].name,
                  codec_service(&service, policy));
    }
}

/* What was asked cannot be done to the text; diagnostics show where. */
static json_t *text_problem(const struct edit_result *result, const struct err *err,
                            const char *name, bool is_new)
{
    json_t *problem = json_pack(
        "{s:o,s:o,s:i}", "error",
        json_sprintf(is_new ? "the policy cannot take node %s: %s"
                            : "the policy cannot do without node %s: %s",
                     name, err->text),
        "hint",
        is_new ? json_string("nothing was changed")
               : json_sprintf("say otherwise what names %s, push that, then try again", name),
        "code", CONTROL_EXIT_REFUSED);

    if (result->diagnostics)
        json_object_set_new(problem, "diagnostics", diagnostics_json(result->diagnostics));
    return problem;
}

/* A text of the policy, understood; NULL with err. */
static const struct policy *compile(struct arena *arena, const char *text, struct err *err)
{
    struct policy *policy = arena_alloc(arena, sizeof(*policy));
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));

    diagnostics_init(diagnostics, arena, "policy", text, strlen(text));
    if (policy_compile(arena, "policy", text, strlen(text), policy, diagnostics))
        return policy;
    err_set(err, "%s", diagnostics_text(diagnostics, false));
    return NULL;
}

static json_t *without(struct agent *agent, const json_t *push, const char *name, json_t **problem)
{
    const struct edit_request request = {.kind = EDIT_NODE_REMOVE, .name = name};
    const char *text = agent->knowledge.text;
    struct arena *arena = arena_new();
    struct edit_result *result = arena_alloc(arena, sizeof(*result));
    const struct policy *policy;
    struct err err = {{0}};
    json_t *patch = NULL;

    if (edit_run(arena, "policy", text, strlen(text), &request, result, &err) &&
        (policy = compile(arena, result->text, &err)) && cluster_accepts(agent, policy, &err)) {
        patch = patch_new(agent);
        push_set_policy(agent, patch, result->text, json_text(push, "author", "?"),
                        arena_printf(arena, "node %s leaves", name));
        patch_delete(patch, KEY_NODE, name);
        forget_in_services(agent, patch, policy_find_node(agent->knowledge.policy, name));
        if (strcmp(agent->cluster->guest, name) == 0)
            patch_set(json_object_get(patch, "set"), KEY_COROSYNC, "",
                      cluster_record_with_guest(agent, ""));
        set_push(agent, patch, push,
                 arena_printf(arena,
                              "node %s is out of the policy; corosync's list follows, as \"tenuto "
                              "cluster status\" says",
                              name));
    } else {
        *problem = text_problem(result, &err, name, false);
    }
    arena_free(arena);
    return patch;
}

/* ---- coming ---------------------------------------------------------------------------------- */

static bool may_join(struct agent *agent, struct instant now, const char *name, struct err *err)
{
    if (!node_name_is_valid(name))
        return err_set(err,
                       "\"%s\" is no name for a node: a letter, then letters, digits, '-', '_' or "
                       "'.', at most %d characters",
                       name, NODE_NAME_MAX - 1);
    if (policy_find_node(agent->knowledge.policy, name) != NODE_NONE ||
        roster_find_name(&agent->roster, name) != NODE_NONE)
        return err_set(err, "a node called %s is in this cluster already", name);
    if (agent->roster.n_nodes >= NODES_MAX)
        return err_set(err, "a cluster has at most %d nodes", NODES_MAX);
    return cluster_may_change(agent, now, err);
}

static json_t *with(struct agent *agent, const json_t *push, const char *name, json_t **problem)
{
    const char *addresses = json_text(push, "addresses", ""), *text = agent->knowledge.text;
    const char *const words[] = {"address", addresses};
    const struct edit_request request = {
        .kind = EDIT_NODE_ADD, .name = name, .words = words, .n_words = 2};
    struct arena *arena = arena_new();
    struct edit_result *result = arena_alloc(arena, sizeof(*result));
    const struct policy *policy = NULL;
    struct err err = {{0}};
    json_t *patch = NULL;

    if (edit_run(arena, "policy", text, strlen(text), &request, result, &err))
        policy = compile(arena, result->text, &err);
    if (!policy || !cluster_accepts(agent, policy, &err)) {
        *problem = text_problem(result, &err, name, true);
    } else if (json_flag(push, "dry", false)) {
        *problem = json_pack("{s:s,s:i}", "error", "", "code", CONTROL_EXIT_OK);
    } else {
        patch = patch_new(agent);
        push_set_policy(agent, patch, result->text, json_text(push, "author", "?"),
                        arena_printf(arena, "node %s joins", name));
        patch_set(json_object_get(patch, "set"), KEY_COROSYNC, "",
                  cluster_record_with_guest(agent, name));
        set_push(agent, patch, push, arena_printf(arena, "node %s is in the policy", name));
    }
    arena_free(arena);
    return patch;
}

/* An invitation that came to nothing: the node has no vote yet, and runs nothing. */
static bool may_withdraw(const struct agent *agent, const char *name, struct err *err)
{
    node_id node = policy_find_node(agent->knowledge.policy, name);
    node_id at = roster_find_name(&agent->roster, name);

    if (node == NODE_NONE)
        return err_set(err, "no node is called \"%s\"", name);
    if (at != NODE_NONE && agent->roster.nodes[at].votes > 0)
        return err_set(err, "node %s has its vote already: it leaves with \"tenuto cluster leave\"",
                       name);
    if (services_of(agent, node) > 0)
        return err_set(err, "%d services are on node %s", services_of(agent, node), name);
    return true;
}

json_t *change_patch(struct agent *agent, struct instant now, const json_t *push, json_t **problem)
{
    const char *what = json_text(push, "what", ""), *node = json_text(push, "node", "");
    struct err err = {{0}};
    bool is_good = false;

    if (strcmp(what, "adopt") == 0)
        return adopt(agent, push, problem);
    if (strncmp(what, "witness", 7) == 0 && agent->cluster->is_managed && agent->knowledge.policy)
        return cluster_witness_patch(agent, now, push, problem);
    if (!agent->cluster->is_managed || !agent->knowledge.policy)
        err_set(&err, "corosync.conf is not written from the policy here: run \"tenuto cluster "
                      "adopt\" first");
    else if (strcmp(what, "leave") == 0)
        is_good = may_leave(agent, node, &err);
    else if (strcmp(what, "remove") == 0)
        is_good = may_remove(agent, now, node, &err);
    else if (strcmp(what, "withdraw") == 0)
        is_good = may_withdraw(agent, node, &err);
    else if (strcmp(what, "join") == 0)
        is_good = may_join(agent, now, node, &err);
    if (is_good)
        return strcmp(what, "join") == 0 ? with(agent, push, node, problem)
                                         : without(agent, push, node, problem);
    *problem = problem_of(err.text, "nothing was changed");
    return NULL;
}
