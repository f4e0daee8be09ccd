/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * "ha why" and "ha why-not". What was decided comes from the stored records, what holds a service
 * and what would come next from the core's own explanation on the agreed state, so every agent can
 * answer. The answer is rows: "now", then what led to it or the nodes, then "next".
 */
#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "agentd/chain.h"
#include "agentd/control_server.h"
#include "agentd/past.h"
#include "agentd/rows.h"
#include "agentd/verbs.h"
#include "agentd/view.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
#include "ha/decide/why.h"
#include "ha/model/codec.h"

/* More pushes within one story, and the lines of the older ones are given by number alone. */
#define POLICIES_MAX 16

/* A push and the first decision by it have few others between them: reports, a new leader. */
#define PUSH_BEFORE_MAX 20

/* An explanation that is being put together while the past is asked. */
struct story {
    char service[SERVICE_NAME_MAX];
    char node[NODE_NAME_MAX]; /* why-not: "" for all of them */
    bool is_whole;
    size_t n_earlier;
    json_t *rows;     /* what led to now */
    json_t *policies; /* by version as text: what the store has of it */
    uint64_t versions[POLICIES_MAX];
    int n_versions, n_asked;
};

static void story_free(void *rest)
{
    struct story *story = rest;

    json_decref(story->rows);
    json_decref(story->policies);
    free(story);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static json_t *row_of(const struct agent *agent, const char *kind, const struct reason *why)
{
    json_t *row = codec_reason(why, agent->knowledge.policy);
    json_t *text = json_object_get(row, "text");
    int64_t line = json_int(row, "line", 0);
    json_t *about =
        json_pack("{s:O*,s:O*,s:O*}", "node", json_object_get(row, "node"), "other",
                  json_object_get(row, "other"), "service", json_object_get(row, "with"));

    json_object_set_new(row, "kind", json_string(kind));
    json_object_set(row, "why", text);
    json_object_set_new(row, "about", about);
    json_object_del(row, "text");
    json_object_del(row, "node");
    json_object_del(row, "other");
    json_object_del(row, "with");
    if (line > 0) {
        json_object_set_new(row, "policy",
                            json_integer((json_int_t)agent->knowledge.policy_version));
        json_object_set_new(row, "policy_line", chain_line(agent->knowledge.text, line));
    }
    return row;
}

static bool is_quorate(const struct agent *agent)
{
    return agent->member && agent->status.is_quorate && agent->status.is_in_sync &&
           agent->policy_of[agent->roster.self] != NODE_NONE;
}

/* All is tried out in the room of the manager, which makes it anew before each decision. */
static struct why_world world_of(struct agent *agent)
{
    view_make(agent, agent_now());
    agent->outcome->changes = agent->changes;
    agent->outcome->changes_max = CHANGES_MAX;
    return (struct why_world){
        .policy = agent->knowledge.policy,
        .agreed = agent->knowledge.agreed,
        .view = agent->view,
        .scratch = agent->next,
        .outcome = agent->outcome,
    };
}

static void send_now(const struct asking *asking, service_id id)
{
    const struct service *service = &asking->agent->knowledge.agreed->services[id];
    json_t *row = row_of(asking->agent, "now", &service->why);
    autojson *present = rows_service(asking->agent, id);
    node_id node = service->node;
    bool is_member = node != NODE_NONE && asking->agent->roster_of[node] != NODE_NONE &&
                     node_in(asking->agent->status.agents, asking->agent->roster_of[node]);

    json_object_set_new(row, "is_node_here", json_boolean(is_member));
    json_object_update_missing(row, present);
    session_row(asking->session, asking->id, row);
}

static void set_node(const struct agent *agent, json_t *row, const char *key, node_id node)
{
    if (node != NODE_NONE)
        json_object_set_new(row, key, json_string(agent->knowledge.policy->nodes[node].name));
}

/* What it waits for, or where it would go. */
static void send_next(const struct asking *asking, service_id id)
{
    struct agent *agent = asking->agent;
    struct why_world world = world_of(agent);
    struct explanation why;
    struct prospect prospect;
    json_t *row;

    why_explain(&world, id, &why);
    if (why.held.code != REASON_NONE)
        session_row(asking->session, asking->id, row_of(agent, "held", &why.held));
    if (!why_after_loss(&world, id, &prospect))
        return;
    row = row_of(agent, "next", &prospect.why);
    set_node(agent, row, "lost", prospect.lost);
    set_node(agent, row, "node", prospect.node);
    session_row(asking->session, asking->id, row);
}

/* ---- why ------------------------------------------------------------------------------------- */

static void finish_why(struct asking *asking)
{
    struct story *story = asking->rest;
    const struct policy *policy = asking->agent->knowledge.policy;
    service_id id = policy ? policy_find_service(policy, story->service) : SERVICE_NONE;
    json_t *row, *done = call_done_of(asking->agent);
    size_t i;

    if (!done)
        done = json_object();
    if (asking->session) {
        if (id != SERVICE_NONE)
            send_now(asking, id);
        json_array_foreach(story->rows, i, row)
            session_row(asking->session, asking->id, json_incref(row));
        if (id != SERVICE_NONE && is_quorate(asking->agent))
            send_next(asking, id);
        json_object_set_new(done, "earlier", json_integer((json_int_t)story->n_earlier));
        session_done(asking->session, asking->id, json_incref(done));
    }
    json_decref(done);
    past_end(asking);
}

/* The line behind each decision as it was in the policy by which it was decided. */
static void fill_in_lines(struct story *story)
{
    json_t *row;
    size_t i;

    json_array_foreach(story->rows, i, row)
    {
        char version[24];
        struct text text;
        const json_t *policy;

        text_init(&text, version, sizeof(version));
        text_add(&text, "%lld", (long long)json_int(row, "policy", 0));
        policy = json_object_get(story->policies, version);
        if (policy && json_int(row, "line", 0) > 0)
            json_object_set_new(
                row, "policy_line",
                chain_line(json_text(policy, "text", ""), json_int(row, "line", 0)));
    }
}

static void ask_next_policy(struct asking *asking);

static void on_policy(void *context, const struct question *question, json_t *value,
                      const struct err *err)
{
    struct asking *asking = context;
    struct story *story = asking->rest;

    /* A version that the store does not have any more is shown by its number. */
    (void)err;
    if (value) {
        char version[24];
        struct text text;

        text_init(&text, version, sizeof(version));
        text_add(&text, "%llu", (unsigned long long)question->version);
        json_object_set(story->policies, version, value);
    }
    ask_next_policy(asking);
}

static void ask_next_policy(struct asking *asking)
{
    struct story *story = asking->rest;
    struct question question = {.kind = QUESTION_POLICY};

    if (story->n_asked == story->n_versions) {
        fill_in_lines(story);
        finish_why(asking);
        return;
    }
    question.version = story->versions[story->n_asked++];
    past_ask(asking, &question, on_policy);
}

static void need_policy(struct story *story, uint64_t version)
{
    for (int i = 0; i < story->n_versions; i++) {
        if (story->versions[i] == version)
            return;
    }
    if (version > 0 && story->n_versions < POLICIES_MAX)
        story->versions[story->n_versions++] = version;
}

static void tell_story(struct asking *asking, json_t *rows)
{
    struct story *story = asking->rest;

    json_decref(story->rows);
    story->rows = rows;
    /* The newest first: they are the ones whose words are wanted. */
    for (size_t at = json_array_size(rows); at-- > 0;) {
        const json_t *row = json_array_get(rows, at);

        if (json_int(row, "line", 0) > 0)
            need_policy(story, (uint64_t)json_int(row, "policy", 0));
    }
    ask_next_policy(asking);
}

static json_t *events_of(const json_t *patches)
{
    json_t *events = json_array(), *patch;
    size_t i;

    json_array_foreach(patches, i, patch)
    {
        autojson *rows = verb_events_of(patch);

        json_array_extend(events, rows);
    }
    return events;
}

static json_t *events_about(const json_t *patches, const char *service)
{
    autojson *all = events_of(patches);
    json_t *events = json_array(), *event;
    size_t i;

    json_array_foreach(all, i, event)
    {
        if (strcmp(json_text(event, "service", ""), service) == 0)
            json_array_append(events, event);
    }
    return events;
}

/* Its node, while that is neither well nor off: then it is the reason for what is not done. */
static const char *waited_for(const struct agent *agent, const char *name)
{
    const struct policy *policy = agent->knowledge.policy;
    service_id id = policy ? policy_find_service(policy, name) : SERVICE_NONE;
    const struct ha_state *agreed = agent->knowledge.agreed;
    node_id node = id == SERVICE_NONE ? NODE_NONE : agreed->services[id].node;

    if (node == NODE_NONE || agreed->nodes[node].state == NODE_ONLINE)
        return NULL;
    return policy->nodes[node].name;
}

/* All that happened since the story began, by whomever. */
static void on_causes(void *context, const struct question *question, json_t *value,
                      const struct err *err)
{
    struct asking *asking = context;
    struct story *story = asking->rest;
    autojson *events = NULL;

    (void)question;
    if (!value) {
        past_fail(asking, err);
        return;
    }
    events = events_of(value);
    tell_story(asking, chain_of(events, story->service, waited_for(asking->agent, story->service)));
}

static void on_decisions(void *context, const struct question *question, json_t *value,
                         const struct err *err)
{
    struct question causes = {.kind = QUESTION_PATCHES, .limit = EVENTS_KEPT_MAX};
    struct asking *asking = context;
    struct story *story = asking->rest;
    json_t *own;
    int64_t version;

    (void)question;
    if (!value) {
        past_fail(asking, err);
        return;
    }
    own = events_about(value, story->service);
    if (story->is_whole || json_array_size(own) == 0) {
        tell_story(asking, own);
        return;
    }
    story->n_earlier = chain_begin(own);
    version = json_int(json_array_get(own, story->n_earlier), "version", 1);
    json_decref(own);
    /* What brought a new service is a push shortly before its first decision. */
    version -= story->n_earlier == 0 ? PUSH_BEFORE_MAX : 1;
    causes.after = version > 0 ? (uint64_t)version : 0;
    past_ask(asking, &causes, on_causes);
}

static struct asking *story_begin(const struct call *call)
{
    struct story *story = xcalloc(1, sizeof(*story));

    text_copy(story->service, sizeof(story->service), call_argument(call, 0));
    story->is_whole = json_flag(call->request, "all", false);
    story->rows = json_array();
    story->policies = json_object();
    return past_begin(call, story, story_free);
}

void verb_ha_why(const struct call *call)
{
    struct question question = {.kind = QUESTION_PATCHES, .limit = EVENTS_KEPT_MAX};
    struct asking *asking;

    if (call_service(call, call_argument(call, 0)) == SERVICE_NONE)
        return;
    text_copy(question.subject, sizeof(question.subject), call_argument(call, 0));
    asking = story_begin(call);
    if (asking)
        past_ask(asking, &question, on_decisions);
}

/* ---- why not --------------------------------------------------------------------------------- */

/* What its last start there ended with, in the words of its agent. */
static void set_failure(json_t *row, const json_t *own, const char *node)
{
    for (size_t at = json_array_size(own); at-- > 0;) {
        const json_t *event = json_array_get(own, at);
        enum reason_code code = reason_of_name(json_text(event, "code", ""));
        const char *where = json_text(json_object_get(event, "about"), "node", "");

        if (!reason_names(code, 'w') || strcmp(where, node) != 0)
            continue;
        json_object_set(row, "failure", json_object_get(event, "why"));
        json_object_set(row, "failure_at", json_object_get(event, "at"));
        return;
    }
}

static void send_candidate(const struct asking *asking, const struct explanation *why, node_id node)
{
    const struct story *story = asking->rest;
    const char *name = asking->agent->knowledge.policy->nodes[node].name;
    const struct node *agreed = &asking->agent->knowledge.agreed->nodes[node];
    json_t *row = row_of(asking->agent, "node", &why->lost[node]);

    json_object_set_new(row, "node", json_string(name));
    json_object_set_new(row, "step", json_integer(why->place.lost[node]));
    /* Numbers in its reason are of that time. */
    if (why->place.lost[node] == LOST_UNUSABLE && agreed->since.ms)
        json_object_set_new(row, "since", json_integer(agreed->since.ms));
    if (why->place.lost[node] == LOST_TRIED)
        set_failure(row, story->rows, name);
    session_row(asking->session, asking->id, row);
}

static void send_candidates(const struct asking *asking, service_id id)
{
    const struct story *story = asking->rest;
    const struct policy *policy = asking->agent->knowledge.policy;
    struct why_world world = world_of(asking->agent);
    struct explanation why;

    why_explain(&world, id, &why);
    if (why.held.code != REASON_NONE)
        session_row(asking->session, asking->id, row_of(asking->agent, "held", &why.held));
    for (node_id node = 0; node < policy->n_nodes; node++) {
        if (!story->node[0] || strcmp(policy->nodes[node].name, story->node) == 0)
            send_candidate(asking, &why, node);
    }
}

static void on_failures(void *context, const struct question *question, json_t *value,
                        const struct err *err)
{
    struct asking *asking = context;
    struct story *story = asking->rest;
    struct agent *agent = asking->agent;
    const struct policy *policy = agent->knowledge.policy;
    service_id id = policy ? policy_find_service(policy, story->service) : SERVICE_NONE;

    (void)question;
    if (!value) {
        past_fail(asking, err);
        return;
    }
    json_decref(story->rows);
    story->rows = events_about(value, story->service);
    if (asking->session && id != SERVICE_NONE) {
        send_now(asking, id);
        /* Without the others nothing is placed, and nothing known of where it could be. */
        if (is_quorate(agent))
            send_candidates(asking, id);
    }
    if (asking->session)
        session_done(asking->session, asking->id, call_done_of(agent));
    past_end(asking);
}

void verb_ha_why_not(const struct call *call)
{
    struct question question = {.kind = QUESTION_PATCHES, .limit = EVENTS_KEPT_MAX};
    const char *node = call_argument(call, 1);
    struct asking *asking;
    struct story *story;

    if (call_service(call, call_argument(call, 0)) == SERVICE_NONE)
        return;
    if (node && policy_find_node(call->agent->knowledge.policy, node) == NODE_NONE) {
        session_error(call->session, call->id, CONTROL_EXIT_FAILED,
                      "tenuto cluster nodes lists them", "no node is called \"%s\"", node);
        return;
    }
    text_copy(question.subject, sizeof(question.subject), call_argument(call, 0));
    asking = story_begin(call);
    if (!asking)
        return;
    story = asking->rest;
    text_copy(story->node, sizeof(story->node), node ? node : "");
    past_ask(asking, &question, on_failures);
}
