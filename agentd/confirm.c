/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Policies that wait to be confirmed, and the way back; see confirm.h. */
#include "agentd/confirm.h"

#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "agentd/control.h"
#include "agentd/patch.h"
#include "agentd/push.h"
#include "agentd/refusal.h"
#include "ha/base/arena.h"
#include "ha/base/json.h"
#include "ha/base/log.h"
#include "ha/base/text.h"
#include "ha/decide/confirm.h"

/* A way back that is held up is looked at anew as soon as the view changes, and this often. */
#define HELD_LOOK_MS 1000

const json_t *confirm_waiting(const struct agent *agent)
{
    const json_t *confirm = agent->knowledge.confirm;

    return (uint64_t)json_int(confirm, "version", 0) == agent->knowledge.policy_version ? confirm
                                                                                        : NULL;
}

void confirm_begin(struct agent *agent, json_t *patch, int64_t span_ms, const char *author)
{
    const struct knowledge *now = &agent->knowledge;
    json_t *nodes = json_array(), *errors = json_array();
    int64_t version = (int64_t)now->policy_version;

    for (node_id node = 0; node < now->policy->n_nodes; node++) {
        if (now->agreed->nodes[node].state == NODE_ONLINE)
            json_array_append_new(nodes, json_string(now->policy->nodes[node].name));
    }
    for (service_id id = 0; id < now->policy->n_services; id++) {
        if (now->agreed->services[id].state == SERVICE_ERROR)
            json_array_append_new(errors, json_string(now->policy->services[id].name));
    }
    patch_set(json_object_get(patch, "set"), KEY_CONFIRM, "",
              json_pack("{s:I,s:I,s:s,s:I,s:s,s:o,s:o}", "version", (json_int_t)version + 1, "back",
                        (json_int_t)version, "text", now->text, "until",
                        (json_int_t)(json_int(patch, "stamp", 0) + span_ms), "author", author,
                        "nodes", nodes, "errors", errors));
}

json_t *confirm_in_the_way(const struct agent *agent)
{
    const json_t *confirm = confirm_waiting(agent);
    int64_t left = json_int(confirm, "until", 0) - agent->knowledge.stamp;

    if (!confirm)
        return NULL;
    if (left > json_int(confirm, "until", 0) - agent_wall_ms())
        left = json_int(confirm, "until", 0) - agent_wall_ms();
    return json_pack(
        "{s:o,s:s,s:i}", "error",
        json_sprintf("version %lld, which %s pushed, waits %lld s more to be confirmed",
                     (long long)json_int(confirm, "version", 0), json_text(confirm, "author", "?"),
                     (long long)(left > 0 ? (left + 999) / 1000 : 0)),
        "hint", "first: tenuto policy confirm, or tenuto policy abort", "code",
        CONTROL_EXIT_UNDER_WAY);
}

static json_t *change_of(const struct agent *agent, const struct reason *why, const char *author)
{
    return json_pack("{s:I,s:s,s:o}", "policy", (json_int_t)agent->knowledge.policy_version,
                     "author", author, "why", codec_reason(why, agent->knowledge.policy));
}

/* What is said of the version that brings the text of before back is the reason for it. */
static void fall_back(struct agent *agent, json_t *patch, const struct reason *why,
                      const char *author)
{
    const json_t *confirm = agent->knowledge.confirm;
    char words[REASON_TEXT_MAX];

    reason_text(why, agent->knowledge.policy, words, sizeof(words));
    json_array_append_new(json_object_get(patch, "changes"), change_of(agent, why, author));
    push_set_policy(agent, patch, json_text(confirm, "text", ""), author, words);
    patch_delete(patch, KEY_CONFIRM, "");
}

/*
 * Why the text of before may not come back now; NULL: it may. The way back brings times like any
 * push: a node that is away would not hear of longer ones, and be called off too early.
 */
static json_t *way_back_problem(const struct agent *agent)
{
    const char *text = json_text(agent->knowledge.confirm, "text", "");
    struct arena *arena;
    struct diagnostics *diagnostics;
    struct policy *back;
    json_t *problem = NULL;

    if (!agent->status.is_by_witness || !agent->knowledge.policy)
        return NULL;
    arena = arena_new();
    diagnostics = arena_alloc(arena, sizeof(*diagnostics));
    back = arena_alloc(arena, sizeof(*back));
    diagnostics_init(diagnostics, arena, "policy", text, strlen(text));
    if (policy_compile(arena, "policy", text, strlen(text), back, diagnostics))
        problem = refusal_of_times(agent->knowledge.policy, back);
    arena_free(arena);
    return problem;
}

json_t *confirm_end_patch(struct agent *agent, const json_t *push, json_t **problem)
{
    const char *author = json_text(push, "author", "?");
    bool is_confirmed = strcmp(json_text(push, "what", ""), "confirm") == 0;
    int64_t version = (int64_t)agent->knowledge.policy_version;
    struct reason why = reason_of(is_confirmed ? REASON_CONFIRMED : REASON_TAKEN_BACK);
    const json_t *confirm = confirm_waiting(agent);
    json_t *patch, *words;

    if (!confirm) {
        *problem = json_pack("{s:s,s:s,s:i}", "error", "no policy waits to be confirmed", "hint",
                             "tenuto policy history shows what came and went", "code",
                             CONTROL_EXIT_FAILED);
        return NULL;
    }
    *problem = is_confirmed ? NULL : way_back_problem(agent);
    if (*problem)
        return NULL;
    patch = patch_new(agent);
    why.number = version;
    text_copy(why.words, sizeof(why.words), author);
    if (is_confirmed) {
        patch_delete(patch, KEY_CONFIRM, "");
        json_array_append_new(json_object_get(patch, "changes"), change_of(agent, &why, author));
        words = json_sprintf("version %lld is confirmed and stays", (long long)version);
    } else {
        fall_back(agent, patch, &why, author);
        words = json_sprintf("version %lld has the text of version %lld", (long long)++version,
                             (long long)json_int(confirm, "back", 0));
    }
    json_object_set_new(patch, "push",
                        json_pack("{s:s,s:I,s:o}", "id", json_text(push, "id", ""), "version",
                                  (json_int_t)version, "words", words));
    return patch;
}

/* The record by today's ids; in_error has a place for each service. */
static struct confirmation read_record(const struct knowledge *knowledge, bool *in_error)
{
    const json_t *confirm = knowledge->confirm;
    struct confirmation confirmation = {.version = (uint64_t)json_int(confirm, "version", 0),
                                        .until = {json_int(confirm, "until", 0)},
                                        .in_error = in_error};
    json_t *each;
    size_t i;

    json_array_foreach(json_object_get(confirm, "nodes"), i, each)
    {
        const char *name = json_string_value(each);
        node_id node = name ? policy_find_node(knowledge->policy, name) : NODE_NONE;

        confirmation.nodes |= node == NODE_NONE ? 0 : node_bit(node);
    }
    json_array_foreach(json_object_get(confirm, "errors"), i, each)
    {
        const char *name = json_string_value(each);
        service_id id = name ? policy_find_service(knowledge->policy, name) : SERVICE_NONE;

        if (id != SERVICE_NONE)
            in_error[id] = true;
    }
    return confirmation;
}

bool confirm_decide(struct agent *agent, struct instant now, struct instant *wake_at)
{
    const struct knowledge *knowledge = &agent->knowledge;
    struct confirmation confirmation;
    struct instant stamp = {agent_wall_ms()}, look_at;
    struct reason why;
    bool *in_error, fails;
    autojson *problem = NULL;
    json_t *patch;

    *wake_at = INSTANT_NEVER;
    if (!confirm_waiting(agent) || !knowledge->policy)
        return false;
    if (stamp.ms < knowledge->stamp)
        stamp.ms = knowledge->stamp;
    in_error = xcalloc((size_t)knowledge->policy->n_services + 1, sizeof(*in_error));
    confirmation = read_record(knowledge, in_error);
    fails = confirm_fails(&confirmation, knowledge->agreed, stamp, &look_at, &why);
    free(in_error);
    if (!fails) {
        *wake_at = instant_after(now, instant_since(look_at, stamp));
        return false;
    }
    problem = way_back_problem(agent);
    if (problem) {
        log_debug("the policy that was not confirmed stays for now: %s",
                  json_text(problem, "error", ""));
        *wake_at = instant_after(now, duration_ms(HELD_LOOK_MS));
        return false;
    }
    patch = patch_new(agent);
    fall_back(agent, patch, &why, "tenuto");
    patch_propose(agent, now, patch, 0);
    return true;
}
