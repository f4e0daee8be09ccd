/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Checks and proposes pushed policies; see push.h. */
#include "agentd/push.h"

#include <string.h>

#include "agentd/agent.h"
#include "agentd/control.h"
#include "agentd/patch.h"
#include "agentd/requests.h"
#include "agentd/resource.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
#include "ha/model/codec.h"

static void tell_refused(struct agent *agent, const json_t *push, json_t *error)
{
    autojson *message = json_pack("{s:s,s:s,s:o}", "kind", "refused", "id",
                                  json_text(push, "id", ""), "error", error);

    member_tell(agent->member, message, NULL);
    requests_push_done(agent, json_text(push, "id", ""));
}

/* Node names must be those that corosync knows: one list forms the ring, the other names it. */
static json_t *roster_problem(const struct agent *agent, const struct policy *policy)
{
    const char *unknown = NULL, *missing = NULL;

    for (node_id node = 0; node < policy->n_nodes; node++) {
        if (roster_find_name(&agent->roster, policy->nodes[node].name) == NODE_NONE)
            unknown = policy->nodes[node].name;
    }
    for (node_id at = 0; at < agent->roster.n_nodes; at++) {
        if (policy_find_node(policy, agent->roster.nodes[at].name) == NODE_NONE)
            missing = agent->roster.nodes[at].name;
    }
    if (unknown)
        return json_pack("{s:o,s:s,s:i}", "error",
                         json_sprintf("corosync's node list has no node \"%s\"", unknown), "hint",
                         "name the nodes as corosync.conf does, or add it there first", "code",
                         CONTROL_EXIT_REFUSED);
    if (missing)
        return json_pack("{s:o,s:s,s:i}", "error",
                         json_sprintf("the policy says nothing of node \"%s\", which is in "
                                      "corosync's node list",
                                      missing),
                         "hint",
                         "give it a node statement; a node leaves the cluster before it leaves "
                         "the policy",
                         "code", CONTROL_EXIT_REFUSED);
    return NULL;
}

/* What no agent of this version can run would only end in error; drills may speak of it. */
static json_t *type_problem(const struct policy *policy)
{
    for (service_id id = 0; id < policy->n_services; id++) {
        const struct service_policy *service = &policy->services[id];

        if (!resource_kind_of(service->type) && service->requested != REQUESTED_IGNORED)
            return json_pack("{s:o,s:s,s:i}", "error",
                             json_sprintf("%s: services of type %s cannot be run by the agents of "
                                          "this version",
                                          service->name, service->type),
                             "hint", "take it out, or give it: state ignored", "code",
                             CONTROL_EXIT_REFUSED);
    }
    return NULL;
}

static json_t *not_done(const char *what, const char *hint)
{
    return json_pack("{s:o,s:s,s:i}", "error",
                     json_sprintf("%s by the agents of this version", what), "hint", hint, "code",
                     CONTROL_EXIT_REFUSED);
}

/* A promise of the policy that nobody would keep: whoever relies on it loses a service, or data. */
static json_t *promise_problem(const struct policy *policy)
{
    const struct quorum_policy *quorum = &policy->quorum;

    if (quorum->witness || quorum->tie_breaker != TIE_UNSAID || quorum->waits_for_all ||
        quorum->is_last_man_standing || quorum->is_two_node)
        return not_done("what \"quorum\" says is not brought into corosync",
                        "take it out of the policy; corosync.conf is where it can be set today");
    if (policy->n_devices > 0)
        return not_done("fence devices are not used",
                        "take them out; the watchdog fences meanwhile");
    for (service_id id = 0; id < policy->n_services; id++) {
        const struct service_policy *service = &policy->services[id];

        for (int i = 0; i < service->n_settings; i++) {
            if (service->settings[i].secret)
                return not_done("secrets of services cannot be looked up",
                                "give the value itself, or let the agent read it from a file");
        }
    }
    return NULL;
}

static json_t *push_problem(struct agent *agent, const json_t *push)
{
    const char *text = json_text(push, "text", "");
    struct arena *arena = arena_new();
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));
    struct policy *policy = arena_alloc(arena, sizeof(*policy));
    const char *file = json_text(push, "file", "policy");
    int64_t base = json_int(push, "base", -1);
    json_t *problem;

    diagnostics_init(diagnostics, arena, file, text, strlen(text));
    if (base >= 0 && (uint64_t)base != agent->knowledge.policy_version)
        problem = json_pack(
            "{s:o,s:s,s:i}", "error",
            json_sprintf("version %llu is in force by now, not %lld",
                         (unsigned long long)agent->knowledge.policy_version, (long long)base),
            "hint", "look at what changed, then push again", "code", CONTROL_EXIT_STALE);
    else if (!policy_rehearse(arena, file, text, strlen(text), policy, diagnostics,
                              REHEARSE_BRIEFLY))
        problem =
            json_pack("{s:s,s:o,s:s,s:i}", "error", "the policy has errors", "diagnostics",
                      diagnostics_json(diagnostics), "hint",
                      "nothing was changed; mend them and push again", "code", CONTROL_EXIT_FAILED);
    else if (!(problem = roster_problem(agent, policy)) && !(problem = type_problem(policy)))
        problem = promise_problem(policy);
    arena_free(arena);
    return problem;
}

static void propose_push(struct agent *agent, struct instant now, const json_t *push)
{
    json_t *patch = patch_new(agent);
    json_t *set = json_object_get(patch, "set"), *changes = json_object_get(patch, "changes");
    int64_t version = (int64_t)agent->knowledge.policy_version + 1;
    const char *author = json_text(push, "author", "?");
    struct reason why = reason_of(REASON_PUSHED);

    patch_set(set, KEY_POLICY, "",
              json_pack("{s:I,s:s,s:I,s:s}", "version", (json_int_t)version, "author", author,
                        "stamp", (json_int_t)json_int(patch, "stamp", 0), "text",
                        json_text(push, "text", "")));
    json_object_set_new(
        patch, "push",
        json_pack("{s:s,s:I}", "id", json_text(push, "id", ""), "version", (json_int_t)version));
    text_copy(why.words, sizeof(why.words), author);
    json_array_append_new(changes,
                          json_pack("{s:I,s:s,s:o}", "policy", (json_int_t)version, "author",
                                    author, "why", codec_reason(&why, agent->knowledge.policy)));
    patch_propose(agent, now, patch, 0);
}

/* A push goes before a decision: what is decided next is decided under the new policy. */
bool push_decide(struct agent *agent, struct instant now)
{
    const json_t *push = requests_push(agent);
    json_t *problem;

    if (!push)
        return false;
    problem = push_problem(agent, push);
    if (problem) {
        tell_refused(agent, push, problem);
        return true;
    }
    propose_push(agent, now, push);
    return true;
}
