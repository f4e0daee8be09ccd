/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Following what was asked for to its end; see follow.h. */
#include "agentd/follow.h"

#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "agentd/control_server.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

struct following {
    struct following *next;
    struct session *session;
    int64_t reply_to;
    struct goal goal;
    struct instant expires;
};

enum progress { UNDER_WAY, REACHED, FAILED };

/* Words of the record itself: its reason says what happened. */
static void add_why(struct text *words, const struct agent *agent, const struct reason *why)
{
    char text[REASON_TEXT_MAX];

    reason_text(why, agent->knowledge.policy, text, sizeof(text));
    text_add(words, ": %s", text);
}

static enum progress say_service(const struct agent *agent, const struct service *service,
                                 enum progress progress, struct text *words)
{
    const struct policy *policy = agent->knowledge.policy;

    text_add(words, "it is %s%s", service->state == SERVICE_ERROR ? "in " : "",
             service->state == SERVICE_STARTED && !service->is_running
                 ? "starting"
                 : service_state_name(service->state));
    if (service->node != NODE_NONE)
        text_add(words, " on %s", policy->nodes[service->node].name);
    if (progress != REACHED)
        add_why(words, agent, &service->why);
    return progress;
}

static enum progress look_at_service(const struct agent *agent, const struct goal *goal,
                                     struct text *words)
{
    const struct policy *policy = agent->knowledge.policy;
    service_id id = policy_find_service(policy, goal->service);
    const struct service *service =
        id == SERVICE_NONE ? NULL : &agent->knowledge.agreed->services[id];
    node_id node = policy_find_node(policy, goal->node);
    enum progress progress = UNDER_WAY;
    bool runs, is_stopped;

    if (!service) {
        text_add(words, "it is no longer in the policy");
        return FAILED;
    }
    runs = service->state == SERVICE_STARTED && service->is_running;
    is_stopped = service->state == SERVICE_STOPPED;
    switch (goal->kind) {
    case GOAL_STOPPED: progress = is_stopped ? REACHED : UNDER_WAY; break;
    case GOAL_SETTLED: progress = runs || is_stopped ? REACHED : UNDER_WAY; break;
    case GOAL_MOVED:
        if (service->node == node)
            progress = runs || is_stopped ? REACHED : UNDER_WAY;
        else if (is_stopped || service->state == SERVICE_STARTED)
            progress = FAILED;
        break;
    default:
        if (runs)
            progress = REACHED;
        else if (is_stopped || service->stays_put)
            progress = FAILED;
    }
    if (service->state == SERVICE_ERROR)
        progress = FAILED;
    return say_service(agent, service, progress, words);
}

/* One that still uses the node, or SERVICE_NONE. */
static service_id guest_of(const struct agent *agent, node_id node)
{
    const struct ha_state *agreed = agent->knowledge.agreed;

    for (service_id id = 0; id < agreed->n_services; id++) {
        const struct service *service = &agreed->services[id];

        if (service->state != SERVICE_ABSENT && service->state != SERVICE_STOPPED &&
            service->node == node)
            return id;
    }
    return SERVICE_NONE;
}

static enum progress look_at_node(const struct agent *agent, const struct goal *goal,
                                  struct text *words)
{
    const struct policy *policy = agent->knowledge.policy;
    node_id id = policy_find_node(policy, goal->node);
    const struct node *node = id == NODE_NONE ? NULL : &agent->knowledge.agreed->nodes[id];
    service_id guest;

    if (!node) {
        text_add(words, "it is no longer in the policy");
        return FAILED;
    }
    text_add(words, "%s is %s%s", goal->node, node->state == NODE_MAINTENANCE ? "in " : "",
             node_state_name(node->state));
    if (node->wants_maintenance != (goal->kind == GOAL_EMPTY)) {
        add_why(words, agent, &node->why);
        return FAILED;
    }
    if (goal->kind == GOAL_ONLINE)
        return node->state == NODE_ONLINE ? REACHED : UNDER_WAY;
    guest = guest_of(agent, id);
    if (guest == SERVICE_NONE) {
        text_add(words, " and has no services");
        return node->state == NODE_MAINTENANCE ? REACHED : UNDER_WAY;
    }
    text_add(words, ", and %s is still there", policy->services[guest].name);
    add_why(words, agent, &agent->knowledge.agreed->services[guest].why);
    return UNDER_WAY;
}

static enum progress look_at_arming(const struct agent *agent, const struct goal *goal,
                                    struct text *words)
{
    enum arming_state state = agent->knowledge.agreed->arming.state;
    bool wants_armed = goal->kind == GOAL_ARMED;

    text_add(words, "the cluster is %s", arming_state_name(state));
    if (state == (wants_armed ? ARMED : DISARMED))
        return REACHED;
    /* Somebody else asked for the opposite meanwhile. */
    return wants_armed || state == ARMED ? FAILED : UNDER_WAY;
}

static enum progress look(const struct agent *agent, const struct goal *goal, struct text *words)
{
    if (goal->kind == GOAL_DISARMED || goal->kind == GOAL_ARMED)
        return look_at_arming(agent, goal, words);
    if (goal->kind == GOAL_EMPTY || goal->kind == GOAL_ONLINE)
        return look_at_node(agent, goal, words);
    return look_at_service(agent, goal, words);
}

static void finish(struct following **link)
{
    struct following *following = *link;

    *link = following->next;
    free(following);
}

static bool is_in_error(const struct agent *agent, const struct goal *goal)
{
    service_id id = policy_find_service(agent->knowledge.policy, goal->service);

    return id != SERVICE_NONE && agent->knowledge.agreed->services[id].state == SERVICE_ERROR;
}

/* true: it has ended, and its sender knows. */
static bool tell_end(struct agent *agent, const struct following *each)
{
    char said[2 * REASON_TEXT_MAX];
    struct text words;

    text_init(&words, said, sizeof(said));
    switch (look(agent, &each->goal, &words)) {
    case UNDER_WAY: return false;
    case REACHED:
        session_done(each->session, each->reply_to, json_pack("{s:s}", "words", said));
        return true;
    case FAILED:
        session_error(each->session, each->reply_to, CONTROL_EXIT_FAILED,
                      is_in_error(agent, &each->goal)
                          ? "once that is mended, \"tenuto ha clear SERVICE\" tries it again"
                          : NULL,
                      "it failed: %s", said);
        return true;
    }
    return false;
}

void follow_begin(struct agent *agent, struct session *session, int64_t reply_to,
                  const struct goal *goal)
{
    struct following *each = xcalloc(1, sizeof(*each));

    *each = (struct following){
        .next = agent->following,
        .session = session,
        .reply_to = reply_to,
        .goal = *goal,
        .expires = instant_after(agent_now(), goal->patience),
    };
    agent->following = each;
}

/* What happens to its service, to its node and what is there, or to the cluster. */
static bool concerns(const struct goal *goal, const json_t *row)
{
    const char *kind = json_text(row, "kind", ""), *subject = json_text(row, "subject", "");

    if (goal->service[0])
        return strcmp(kind, "service") == 0 && strcmp(subject, goal->service) == 0;
    if (!goal->node[0])
        return strcmp(kind, "cluster") == 0;
    return strcmp(subject, goal->node) == 0 || strcmp(json_text(row, "node", ""), goal->node) == 0;
}

void follow_committed(struct agent *agent, const json_t *rows)
{
    struct following **link = &agent->following;

    while (*link) {
        const struct following *each = *link;
        json_t *row;
        size_t i;

        json_array_foreach(rows, i, row)
        {
            if (concerns(&each->goal, row))
                session_row(each->session, each->reply_to, json_incref(row));
        }
        if (agent->knowledge.policy && tell_end(agent, each))
            finish(link);
        else
            link = &(*link)->next;
    }
}

struct instant follow_expire(struct agent *agent, struct instant now)
{
    struct following **link = &agent->following;
    struct instant next = INSTANT_NEVER;

    while (*link) {
        const struct following *each = *link;
        char said[2 * REASON_TEXT_MAX] = "";
        struct text words;

        if (!instant_reached(now, each->expires)) {
            next = instant_earliest(next, each->expires);
            link = &(*link)->next;
            continue;
        }
        text_init(&words, said, sizeof(said));
        if (agent->knowledge.policy)
            look(agent, &each->goal, &words);
        session_error(each->session, each->reply_to, CONTROL_EXIT_UNDER_WAY,
                      "it goes on by itself; tenuto events --follow shows how",
                      "it is still under way after %lld s: %s",
                      (long long)each->goal.patience.ms / 1000, said);
        finish(link);
    }
    return next;
}

void follow_forget(struct agent *agent, const struct session *session)
{
    struct following **link = &agent->following;

    while (*link) {
        if ((*link)->session == session)
            finish(link);
        else
            link = &(*link)->next;
    }
}

int follow_count(const struct agent *agent)
{
    int count = 0;

    for (const struct following *each = agent->following; each; each = each->next)
        count++;
    return count;
}

void follow_end(struct agent *agent)
{
    while (agent->following)
        finish(&agent->following);
}
