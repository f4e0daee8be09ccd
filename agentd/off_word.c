/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether a word that a node is off may be taken, and whether it still holds; see off_word.h. */
#include "agentd/off_word.h"

#include <string.h>

#include "agentd/agent.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
#include "ha/model/codec.h"
#include "quorum/lease.h"

/* "INCARNATION NUMBER" of its newest beat. */
#define HEARD_MAX 48

static void newest_heard(const struct agent *agent, node_id node, char *heard)
{
    struct lease_status lease;
    struct text text;

    lease_status(member_lease(agent->member), agent->roster_of[node], agent_now(), &lease);
    text_init(&text, heard, HEARD_MAX);
    text_add(&text, "%llx %llu", (unsigned long long)lease.incarnation,
             (unsigned long long)lease.number);
}

bool off_word_may_be(const struct agent *agent, node_id node, struct err *err)
{
    const char *name = agent->knowledge.policy->nodes[node].name;
    node_id at = agent->roster_of[node];

    if (at == NODE_NONE)
        return err_set(err, "corosync does not list %s, so nothing waits for it to be off", name);
    if (node_in(agent->status.agents, at))
        return err_set(err, "%s is not off: its agent is in the cluster", name);
    if (node_in(agent->status.nodes, at))
        return err_set(err, "%s is not off: its corosync is in the ring, so the machine runs",
                       name);
    return true;
}

/* Whom it swears off; NODE_NONE: the message is no such word, or names nobody. */
static node_id sworn_off(const struct agent *agent, const json_t *message)
{
    const json_t *body = json_object_get(message, "command");
    struct command command;
    struct err err;

    if (!body || !agent->knowledge.policy ||
        !codec_read_command(body, agent->knowledge.policy, &command, &err) ||
        command.kind != COMMAND_CONFIRM)
        return NODE_NONE;
    return command.node;
}

void off_word_mark(const struct agent *agent, json_t *message)
{
    node_id node = sworn_off(agent, message);
    char heard[HEARD_MAX];

    if (node == NODE_NONE || agent->roster_of[node] == NODE_NONE)
        return;
    newest_heard(agent, node, heard);
    json_object_set_new(message, "heard", json_string(heard));
}

bool off_word_holds(const struct agent *agent, const json_t *message, struct err *err)
{
    const char *kind = json_text(json_object_get(message, "command"), "kind", "");
    node_id node = sworn_off(agent, message);
    char heard[HEARD_MAX];

    if (strcmp(kind, "confirm-off") != 0)
        return true;
    if (node == NODE_NONE)
        return err_set(err, "the node that was said to be off is not known here");
    if (!off_word_may_be(agent, node, err))
        return false;
    newest_heard(agent, node, heard);
    if (strcmp(json_text(message, "heard", ""), heard) == 0)
        return true;
    return err_set(err, "%s was heard after it was said to be off",
                   agent->knowledge.policy->nodes[node].name);
}
