/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decides pushed policies, and proposes them; see push.h. */
#include "agentd/push.h"

#include <string.h>

#include "agentd/agent.h"
#include "agentd/change.h"
#include "agentd/cluster.h"
#include "agentd/confirm.h"
#include "agentd/control.h"
#include "agentd/patch.h"
#include "agentd/refusal.h"
#include "agentd/requests.h"
#include "agentd/verdict.h"
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

/* Nodes and a witness come and go by verbs that take care that a quorum stays one. */
static json_t *nodes_problem(const struct agent *agent, const struct policy *policy)
{
    const struct policy *now = agent->knowledge.policy;
    const char *added = NULL, *missing = NULL;
    json_t *problem = cluster_witness_problem(now, policy);
    struct err err = {{0}};

    if (problem)
        return problem;

    for (node_id node = 0; node < policy->n_nodes; node++) {
        if (policy_find_node(now, policy->nodes[node].name) == NODE_NONE)
            added = policy->nodes[node].name;
    }
    for (node_id node = 0; node < now->n_nodes; node++) {
        if (policy_find_node(policy, now->nodes[node].name) == NODE_NONE)
            missing = now->nodes[node].name;
    }
    if (added)
        return json_pack("{s:o,s:s,s:i}", "error",
                         json_sprintf("node %s is no node of this cluster", added), "hint",
                         "nodes join with: tenuto cluster invite NODE ADDRESS", "code",
                         CONTROL_EXIT_REFUSED);
    if (missing)
        return json_pack("{s:o,s:s,s:i}", "error",
                         json_sprintf("the policy says nothing of node %s, which is in this "
                                      "cluster",
                                      missing),
                         "hint",
                         "nodes go with: tenuto cluster leave, or tenuto cluster remove NODE",
                         "code", CONTROL_EXIT_REFUSED);
    if (cluster_accepts(agent, policy, &err))
        return NULL;
    return json_pack("{s:s,s:s,s:i}", "error", err.text, "hint",
                     "corosync.conf is written from the policy", "code", CONTROL_EXIT_REFUSED);
}

/* By what is agreed, whatever the text says: nobody need be waited for to know that. */
static json_t *push_problem(const struct agent *agent, const json_t *push)
{
    const struct knowledge *now = &agent->knowledge;
    json_t *problem = confirm_in_the_way(agent);
    int64_t base = json_int(push, "base", -1);

    /* Until it is decided, nobody knows what the next one would come back to. */
    if (problem)
        return problem;
    if (json_int(push, "confirm", 0) > 0 && !now->policy)
        return json_pack("{s:s,s:s,s:i}", "error", "there is no policy yet to come back to", "hint",
                         "push the first one without --confirm", "code", CONTROL_EXIT_FAILED);
    if (base < 0 || (uint64_t)base == now->policy_version)
        return NULL;
    return json_pack("{s:o,s:s,s:i}", "error",
                     json_sprintf("version %llu is in force by now, not %lld",
                                  (unsigned long long)now->policy_version, (long long)base),
                     "hint", "look at what changed, then push again", "code", CONTROL_EXIT_STALE);
}

/* Of a policy that all members take: whether it fits this cluster, as it is now. */
static json_t *policy_problem(const struct agent *agent, const struct policy *policy)
{
    json_t *problem = agent->status.is_by_witness && agent->knowledge.policy
                          ? refusal_of_times(agent->knowledge.policy, policy)
                          : NULL;

    if (problem)
        return problem;
    if (!agent->cluster->is_managed || !agent->knowledge.policy)
        return refusal_of(&agent->roster, policy);
    return nodes_problem(agent, policy);
}

void push_set_policy(struct agent *agent, json_t *patch, const char *text, const char *author,
                     const char *message)
{
    json_t *set = json_object_get(patch, "set"), *changes = json_object_get(patch, "changes");
    int64_t version = (int64_t)agent->knowledge.policy_version + 1;
    struct reason why = reason_of(REASON_PUSHED);

    patch_set(set, KEY_POLICY, "",
              json_pack("{s:I,s:s,s:I,s:s,s:s,s:s}", "version", (json_int_t)version, "author",
                        author, "stamp", (json_int_t)json_int(patch, "stamp", 0), "message",
                        message, "push", json_text(json_object_get(patch, "push"), "id", ""),
                        "text", text));
    text_copy(why.words, sizeof(why.words), author);
    json_array_append_new(changes,
                          json_pack("{s:I,s:s,s:o}", "policy", (json_int_t)version, "author",
                                    author, "why", codec_reason(&why, agent->knowledge.policy)));
}

static void propose_push(struct agent *agent, struct instant now, const json_t *push)
{
    const char *author = json_text(push, "author", "?");
    int64_t version = (int64_t)agent->knowledge.policy_version + 1;
    int64_t span_ms = json_int(push, "confirm", 0);
    json_t *patch = patch_new(agent), *answer;

    answer =
        json_pack("{s:s,s:I}", "id", json_text(push, "id", ""), "version", (json_int_t)version);
    json_object_set_new(patch, "push", answer);
    push_set_policy(agent, patch, json_text(push, "text", ""), author,
                    json_text(push, "message", ""));
    if (span_ms > 0) {
        confirm_begin(agent, patch, span_ms, author);
        json_object_set_new(answer, "words",
                            json_sprintf("version %lld is in force; unless \"tenuto policy "
                                         "confirm\" comes within %lld s, version %lld comes back",
                                         (long long)version, (long long)(span_ms + 999) / 1000,
                                         (long long)version - 1));
    }
    patch_propose(agent, now, patch, 0);
}

static void decide_change(struct agent *agent, struct instant now, const json_t *push)
{
    const char *what = json_text(push, "what", "");
    bool is_end = strcmp(what, "confirm") == 0 || strcmp(what, "abort") == 0;
    json_t *problem = is_end ? NULL : confirm_in_the_way(agent), *patch = NULL;

    if (is_end)
        patch = confirm_end_patch(agent, push, &problem);
    else if (!problem)
        patch = change_patch(agent, now, push, &problem);
    if (patch)
        patch_propose(agent, now, patch, 0);
    else
        tell_refused(agent, push, problem);
}

/* A text: refused by what is agreed or by a member, proposed once all have accepted it. */
static bool decide_text(struct agent *agent, struct instant now, const json_t *push,
                        struct instant *wake_at)
{
    struct verdict_answer answer = {.error = push_problem(agent, push)};
    enum trial_state verdict = TRIAL_REFUSED;

    if (!answer.error)
        verdict = verdict_on(agent, now, json_text(push, "id", ""), &answer);
    if (verdict == TRIAL_AWAITED) {
        *wake_at = answer.wake_at;
        return false;
    }
    if (verdict == TRIAL_ACCEPTED)
        answer.error = policy_problem(agent, answer.policy);
    if (answer.error)
        tell_refused(agent, push, answer.error);
    else
        propose_push(agent, now, push);
    return true;
}

/* A push goes before a decision: what is decided next is decided under the new policy. */
bool push_decide(struct agent *agent, struct instant now, struct instant *wake_at)
{
    const json_t *push = requests_push(agent);

    *wake_at = INSTANT_NEVER;
    if (!push)
        return false;
    if (!json_object_get(push, "what"))
        return decide_text(agent, now, push, wake_at);
    decide_change(agent, now, push);
    return true;
}
