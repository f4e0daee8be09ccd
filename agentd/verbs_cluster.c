/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verbs of a cluster's life. What changes it goes the way of a push: the leader decides on the
 * policy's text and the record of corosync.conf in one patch, or refuses with words.
 */
#include "agentd/agent.h"
#include "agentd/call.h"
#include "agentd/control_server.h"
#include "agentd/requests.h"
#include "ha/base/json.h"

static void ask_leader(const struct call *call, const char *what, const char *node)
{
    struct err err = {{0}};
    json_t *body = json_pack("{s:s,s:s,s:s,s:s}", "kind", "push", "what", what, "author",
                             session_user(call->session), "node", node);
    int code;

    if (!requests_send(call->agent, call->session, call->id, body, &code, &err))
        session_error(call->session, call->id, code, "tenuto cluster status shows who is here",
                      "nothing was changed: %s", err.text);
    json_decref(body);
}

void verb_cluster_adopt(const struct call *call)
{
    ask_leader(call, "adopt", "");
}

void verb_cluster_remove(const struct call *call)
{
    const char *node = call_argument(call, 0);

    if (node)
        ask_leader(call, "remove", node);
    else
        session_error(call->session, call->id, CONTROL_EXIT_USAGE, NULL, "which node?");
}

/* This node goes: the step of "cluster leave" that needs the others. */
void verb_cluster_depart(const struct call *call)
{
    ask_leader(call, "leave", agent_node(call->agent));
}
