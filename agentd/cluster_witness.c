/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A witness comes and goes. What was asked for becomes one patch: the policy's text, the
 * certificates, and a trial. corosync.conf follows by itself (cluster_lead.c), and corosync-qdevice
 * after it (cluster.c); a trial that does not end well takes all of it back.
 */
#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "agentd/cluster.h"
#include "agentd/control.h"
#include "agentd/patch.h"
#include "agentd/push.h"
#include "dsl/edit.h"
#include "ha/base/json.h"
#include "ha/base/log.h"
#include "ha/model/votes.h"

/* All nodes write, reload, start and connect within some 10 s; each vote more takes a second. */
#define TRIAL_MS 60000

/* ---- what is wanted -------------------------------------------------------------------------- */

/* The policy's order is by name, corosync's by id: so a node of its own is said. */
static node_id tie_node(const struct policy *policy)
{
    const struct quorum_policy *quorum = &policy->quorum;

    if (quorum->tie_breaker == TIE_NODES && quorum->n_tie_nodes > 0)
        return quorum->tie_nodes[0];
    return quorum->tie_breaker == TIE_HIGHEST ? (node_id)(policy->n_nodes - 1) : 0;
}

void cluster_device_of_policy(const struct policy *policy, struct corosync_conf *wanted)
{
    struct corosync_device *device = &wanted->device;
    int at;

    memset(device, 0, sizeof(*device));
    if (!policy->quorum.witness || policy->n_nodes == 0 || votes_of_witness(policy) < 1)
        return;
    text_copy(device->host, sizeof(device->host), policy->quorum.witness);
    device->is_lms = policy->quorum.algorithm == WITNESS_LMS;
    device->votes = votes_of_witness(policy);
    at = corosync_conf_find(wanted, policy->nodes[tie_node(policy)].name);
    device->tie_node = at < 0 ? DEVICE_TIE_LOWEST : wanted->nodes[at].nodeid;
}

static bool is_uneven(const struct policy *policy)
{
    for (node_id id = 0; id < policy->n_nodes; id++) {
        if (policy->nodes[id].votes != 1)
            return true;
    }
    return false;
}

bool cluster_accepts_witness(const struct agent *agent, const struct policy *policy,
                             const struct corosync_device *wanted, struct err *err)
{
    const struct corosync_device *active = &agent->cluster->active.device;
    const char *host = policy->quorum.witness;

    if (!host)
        return true;
    if (strlen(host) >= CONF_ADDRESS_MAX)
        return err_set(err, "the name of the witness, %s, is too long", host);
    if (!wanted->host[0])
        return err_set(err, "a witness has nothing to decide where all nodes have one vote");
    if (!wanted->is_lms && is_uneven(policy))
        return err_set(err,
                       "a witness with ffsplit needs nodes with one vote each; write: witness %s "
                       "lms",
                       host);
    if (active->host[0] && strcmp(active->host, wanted->host) == 0 &&
        active->is_lms != wanted->is_lms)
        return err_set(err,
                       "the witness votes by %s, and would have to by %s: \"tenuto witness "
                       "remove\", and add it again afterwards",
                       active->is_lms ? "lms" : "ffsplit", wanted->is_lms ? "lms" : "ffsplit");
    if (policy->n_nodes > WITNESS_NODES_MAX)
        return err_set(err,
                       "a witness is for two nodes so far, not for %d: go without one (where it "
                       "votes already: \"tenuto witness remove\" before more nodes join)",
                       policy->n_nodes);
    return true;
}

static json_t *refused(const char *words, const char *hint)
{
    return json_pack("{s:s,s:s,s:i}", "error", words, "hint", hint, "code", CONTROL_EXIT_REFUSED);
}

json_t *cluster_witness_problem(const struct policy *now, const struct policy *pushed)
{
    const char *has = now->quorum.witness, *says = pushed->quorum.witness;
    struct err words = {{0}}, hint = {{0}};

    if ((!has && !says) || (has && says && strcmp(has, says) == 0))
        return NULL;
    if (!says) {
        err_set(&words, "the policy leaves out the witness %s, which votes in this cluster", has);
        err_set(&hint, "a witness goes with: tenuto witness remove");
    } else if (!has) {
        err_set(&words, "the policy names a witness, %s, and this cluster has none", says);
        err_set(&hint, "a witness comes with: tenuto witness add %s", says);
    } else {
        err_set(&words, "the policy names %s as the witness, and %s votes in this cluster", says,
                has);
        err_set(&hint,
                "one goes before another comes: tenuto witness remove, then tenuto "
                "witness add %s",
                says);
    }
    return refused(words.text, hint.text);
}

/* ---- one patch ------------------------------------------------------------------------------- */

static void set_words(struct agent *agent, json_t *patch, const json_t *push, const char *words)
{
    json_object_set_new(patch, "push",
                        json_pack("{s:s,s:I,s:s}", "id", json_text(push, "id", ""), "version",
                                  (json_int_t)agent->knowledge.policy_version + 1, "words", words));
}

/* The policy edited, understood and accepted, as a patch; NULL with err. */
static json_t *edited(struct agent *agent, const struct edit_request *request, const char *author,
                      const char *message, struct err *err)
{
    const char *text = agent->knowledge.text;
    struct arena *arena = arena_new();
    struct edit_result *result = arena_alloc(arena, sizeof(*result));
    struct policy *policy = arena_alloc(arena, sizeof(*policy));
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));
    json_t *patch = NULL;

    if (edit_run(arena, "policy", text, strlen(text), request, result, err)) {
        diagnostics_init(diagnostics, arena, "policy", result->text, strlen(result->text));
        if (!policy_compile(arena, "policy", result->text, strlen(result->text), policy,
                            diagnostics))
            err_set(err, "%s", diagnostics_text(diagnostics, false));
        else if (cluster_accepts(agent, policy, err)) {
            patch = patch_new(agent);
            push_set_policy(agent, patch, result->text, author, message);
        }
    }
    arena_free(arena);
    return patch;
}

static bool may_add(struct agent *agent, struct instant now, const json_t *push, struct err *err)
{
    const struct policy *policy = agent->knowledge.policy;

    if (policy->quorum.witness)
        return err_set(err, "this cluster has a witness, %s: \"tenuto witness remove\" comes first",
                       policy->quorum.witness);
    if (!json_flag(push, "dry", false) && !json_text(push, "bundle", "")[0])
        return err_set(err, "the certificates of the witness are missing");
    return cluster_may_change(agent, now, err);
}

static json_t *add(struct agent *agent, const json_t *push, struct err *err)
{
    const char *host = json_text(push, "node", ""), *algorithm = json_text(push, "algorithm", "");
    const char *const words[] = {host, algorithm};
    const struct edit_request request = {
        .kind = EDIT_WITNESS_ADD, .name = "", .words = words, .n_words = algorithm[0] ? 2 : 1};
    char message[CONF_ADDRESS_MAX + 32];
    json_t *patch;

    snprintf(message, sizeof(message), "the witness %.*s comes", CONF_ADDRESS_MAX, host);
    patch = edited(agent, &request, json_text(push, "author", "?"), message, err);
    if (!patch)
        return NULL;
    patch_set(json_object_get(patch, "set"), KEY_COROSYNC, "",
              cluster_record_with_witness(agent, agent_wall_ms() + TRIAL_MS, ""));
    json_object_set_new(json_object_get(patch, "set"), KEY_WITNESS,
                        json_string(json_text(push, "bundle", "")));
    set_words(agent, patch, push,
              "the witness is in the policy; it stays when it votes on every node within 60 s");
    return patch;
}

static json_t *taken_out(struct agent *agent, const char *author, const char *message,
                         const char *fell, struct err *err)
{
    static const struct edit_request request = {.kind = EDIT_WITNESS_REMOVE, .name = ""};
    json_t *patch = edited(agent, &request, author, message, err);

    if (!patch)
        return NULL;
    patch_set(json_object_get(patch, "set"), KEY_COROSYNC, "",
              cluster_record_with_witness(agent, 0, fell));
    patch_delete(patch, KEY_WITNESS, "");
    return patch;
}

json_t *cluster_witness_patch(struct agent *agent, struct instant now, const json_t *push,
                              json_t **problem)
{
    bool is_add = strcmp(json_text(push, "what", ""), "witness add") == 0;
    bool is_dry = json_flag(push, "dry", false);
    struct err err = {{0}};
    json_t *patch = NULL;

    if (is_add && may_add(agent, now, push, &err))
        patch = add(agent, push, &err);
    else if (!is_add && !agent->knowledge.policy->quorum.witness)
        err_set(&err, "this cluster has no witness");
    else if (!is_add && cluster_may_change(agent, now, &err))
        patch = taken_out(agent, json_text(push, "author", "?"), "the witness goes", "", &err);
    if (patch && is_dry) {
        json_decref(patch);
        *problem = json_pack("{s:s,s:i}", "error", "", "code", CONTROL_EXIT_OK);
        return NULL;
    }
    if (!patch)
        *problem = refused(err.text, "nothing was changed");
    else if (!is_add)
        set_words(agent, patch, push, "the witness is out of the policy; corosync follows");
    return patch;
}

/* ---- the trial ------------------------------------------------------------------------------- */

/* Every node of the list says so; else the words say who does not. */
static bool votes_everywhere(const struct agent *agent, struct err *words)
{
    const struct corosync_conf *active = &agent->cluster->active;

    for (int i = 0; i < active->n_nodes; i++) {
        const struct conf_said *said = cluster_said(agent, active->nodes[i].nodeid);
        const char *name = active->nodes[i].name;

        switch (said->witness) {
        case WITNESS_VOTES: break;
        case WITNESS_NONE:
        case WITNESS_OFF:
            return err_set(words, "node %s: corosync-qdevice does not run there%s%s", name,
                           said->problem[0] ? ": " : "", said->problem);
        case WITNESS_SILENT:
            return err_set(words,
                           "node %s does not reach the witness, or it knows no certificate "
                           "of this cluster",
                           name);
        case WITNESS_IDLE: return err_set(words, "the witness gives node %s no vote", name);
        }
    }
    return true;
}

static void announce(json_t *patch, const char *to, const char *words)
{
    json_array_append_new(
        json_object_get(patch, "changes"),
        json_pack("{s:s,s:s,s:{s:s}}", "from", "", "to", to, "why", "text", words));
}

static bool end_trial(struct agent *agent, struct instant now)
{
    json_t *patch = patch_new(agent);
    struct err words;

    err_set(&words, "the witness %s votes on every node", agent->cluster->active.device.host);
    patch_set(json_object_get(patch, "set"), KEY_COROSYNC, "",
              cluster_record_with_witness(agent, 0, ""));
    announce(patch, "witness votes", words.text);
    patch_propose(agent, now, patch, 0);
    return true;
}

static bool take_back(struct agent *agent, struct instant now, const char *why)
{
    struct err err = {{0}}, words;
    char fell[sizeof(agent->cluster->fell)];
    json_t *patch;

    text_copy(fell, sizeof(fell), why);
    err_set(&words, "the witness was taken back: %s", fell);
    log_warning("%s", words.text);
    patch = taken_out(agent, "tenuto", words.text, fell, &err);
    if (!patch) {
        /* Somebody's rules need it by now, say: it stays as the policy has it. */
        log_warning("and the policy cannot do without it: %s", err.text);
        patch = patch_new(agent);
        patch_set(json_object_get(patch, "set"), KEY_COROSYNC, "",
                  cluster_record_with_witness(agent, 0, fell));
    }
    announce(patch, "witness taken back", words.text);
    patch_propose(agent, now, patch, 0);
    return true;
}

bool cluster_try_witness(struct agent *agent, struct instant now)
{
    const struct cluster *cluster = agent->cluster;
    const struct policy *policy = agent->knowledge.policy;
    struct err words = {{0}};
    bool is_complete;

    if (!cluster->trial_until)
        return false;
    if (cluster->problem[0])
        return take_back(agent, now, cluster->problem);
    is_complete = cluster->active.device.host[0] && policy->quorum.witness &&
                  cluster->active.device.votes == votes_of_witness(policy);
    if (is_complete && votes_everywhere(agent, &words))
        return end_trial(agent, now);
    if (agent_wall_ms() < cluster->trial_until)
        return false;
    return take_back(agent, now,
                     words.text[0]       ? words.text
                     : cluster->waits[0] ? cluster->waits
                                         : "it was not in corosync.conf in time");
}

/* ---- for people ------------------------------------------------------------------------------ */

json_t *cluster_witness_row(const struct agent *agent)
{
    const struct cluster *cluster = agent->cluster;
    const struct corosync_device *device = &cluster->active.device;
    const struct policy *policy = agent->knowledge.policy;
    const char *host = policy ? policy->quorum.witness : NULL;
    json_t *nodes;

    if (!cluster->is_managed || (!host && !device->host[0] && !cluster->fell[0]))
        return json_null();
    nodes = json_array();
    for (int i = 0; device->host[0] && i < cluster->active.n_nodes; i++) {
        const struct corosync_node *node = &cluster->active.nodes[i];
        node_id at = roster_find(&agent->roster, node->nodeid);
        bool is_here = at != NODE_NONE && node_in(agent->status.agents, at);

        json_array_append_new(
            nodes, json_pack("{s:s,s:s}", "node", node->name, "state",
                             witness_word(is_here ? cluster_said(agent, node->nodeid)->witness
                                                  : WITNESS_NONE)));
    }
    return json_pack("{s:s,s:s,s:i,s:s,s:s,s:o}", "host",
                     device->host[0] ? device->host
                     : host          ? host
                                     : "",
                     "algorithm", device->is_lms ? "lms" : "ffsplit", "votes", device->votes,
                     "state",
                     !host                  ? (device->host[0] ? "goes" : "")
                     : !device->host[0]     ? "comes"
                     : cluster->trial_until ? "on trial"
                                            : "votes",
                     "fell", cluster->fell, "nodes", nodes);
}
