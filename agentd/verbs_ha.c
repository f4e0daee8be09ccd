/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verbs that ask the one who decides for something: each becomes a command that all members
 * know, and, if its sender wants to wait for the end, a goal that this node watches for.
 */
#include <string.h>

#include "agentd/agent.h"
#include "agentd/call.h"
#include "agentd/control_server.h"
#include "agentd/follow.h"
#include "agentd/leaving.h"
#include "agentd/off_word.h"
#include "agentd/requests.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
#include "ha/model/codec.h"

/* "jin (new fan)" */
static void who_and_why(const struct call *call, char *words, size_t size)
{
    const char *user = call_author(call);
    const char *because = json_text(call->request, "because", "");
    struct text text;

    text_init(&text, words, size);
    text_add(&text, because[0] ? "%s (%s)" : "%s%s", user, because);
}

/* How long to follow it: 0 says not at all. */
static struct duration patience_of(const struct call *call)
{
    const json_t *wait = json_object_get(call->request, "wait");

    if (json_is_true(wait))
        return duration_ms(FOLLOW_MS);
    return duration_ms(json_is_integer(wait) ? json_integer_value(wait) : 0);
}

static bool times_are_right(const struct call *call)
{
    int64_t lasts = json_int(call->request, "for", 0), wait = patience_of(call).ms;
    const char *option = lasts < 0 || lasts > SUSPENDED_MAX_MS ? "for" : "--wait";

    if (lasts >= 0 && lasts <= SUSPENDED_MAX_MS && wait >= 0 && wait <= SUSPENDED_MAX_MS)
        return true;
    session_error(call->session, call->id, CONTROL_EXIT_USAGE, "times are like 30s, 5m, 2h or 1d",
                  "%s takes a time of at most a year", option);
    return false;
}

static void send_command(const struct call *call, struct command command, enum goal_kind kind)
{
    const struct policy *policy = call->agent->knowledge.policy;
    struct err err = {{0}};
    struct goal goal = {.kind = kind, .patience = patience_of(call)};
    json_t *body;
    int code;

    if (!times_are_right(call))
        return;
    /* A word about a silence is not kept for another one. */
    if (command.kind == COMMAND_CONFIRM)
        goal.patience = duration_ms(0);
    command.lasts = duration_ms(json_int(call->request, "for", 0));
    who_and_why(call, command.words, sizeof(command.words));
    if (command.service != SERVICE_NONE)
        text_copy(goal.service, sizeof(goal.service), policy->services[command.service].name);
    if (command.node != NODE_NONE)
        text_copy(goal.node, sizeof(goal.node), policy->nodes[command.node].name);
    body = json_pack("{s:s,s:I,s:o}", "kind", "command", "patience", (json_int_t)goal.patience.ms,
                     "command", codec_command(&command, policy));
    if (!requests_send(call->agent, call->session, call->id, body, &code, &err))
        session_error(call->session, call->id, code, "tenuto cluster status shows who is here",
                      "nothing was asked of the cluster: %s", err.text);
    else if (goal.patience.ms > 0)
        requests_set_goal(call->agent, call->session, call->id, &goal);
    json_decref(body);
}

static bool has_policy(const struct call *call)
{
    if (call->agent->knowledge.policy)
        return true;
    session_error(call->session, call->id, CONTROL_EXIT_FAILED,
                  "push one with: tenuto policy push FILE", "no policy was pushed yet");
    return false;
}

static node_id need_node(const struct call *call, const char *name)
{
    node_id node = name ? policy_find_node(call->agent->knowledge.policy, name) : NODE_NONE;

    if (node == NODE_NONE)
        session_error(call->session, call->id, CONTROL_EXIT_FAILED,
                      "tenuto cluster nodes lists them", "no node is called \"%s\"",
                      name ? name : "");
    return node;
}

static void ask_of_service(const struct call *call, enum command_kind kind, enum goal_kind goal)
{
    struct command command = {.kind = kind, .node = NODE_NONE};

    command.service = call_service(call, call_argument(call, 0));
    if (command.service != SERVICE_NONE)
        send_command(call, command, goal);
}

void verb_ha_start(const struct call *call)
{
    ask_of_service(call, COMMAND_START, GOAL_STARTED);
}

void verb_ha_stop(const struct call *call)
{
    ask_of_service(call, COMMAND_STOP, GOAL_STOPPED);
}

void verb_ha_restart(const struct call *call)
{
    ask_of_service(call, COMMAND_RESTART, GOAL_RESTARTED);
}

void verb_ha_clear(const struct call *call)
{
    ask_of_service(call, COMMAND_CLEAR, GOAL_SETTLED);
}

static void move(const struct call *call, enum command_kind kind)
{
    struct command command = {.kind = kind, .node = NODE_NONE};

    command.service = call_service(call, call_argument(call, 0));
    if (command.service != SERVICE_NONE)
        command.node = need_node(call, call_argument(call, 1));
    if (command.node != NODE_NONE)
        send_command(call, command, GOAL_MOVED);
}

void verb_ha_migrate(const struct call *call)
{
    move(call, COMMAND_MIGRATE);
}

void verb_ha_relocate(const struct call *call)
{
    move(call, COMMAND_RELOCATE);
}

/* The first argument is one of two words; which, or 0 and the session knows. */
static int choice(const struct call *call, const char *first, const char *second)
{
    const char *word = call_argument(call, 0);

    if (word && strcmp(word, first) == 0)
        return 1;
    if (word && strcmp(word, second) == 0)
        return 2;
    session_error(call->session, call->id, CONTROL_EXIT_USAGE, NULL,
                  "\"%s\" is neither \"%s\" nor \"%s\"", word ? word : "", first, second);
    return 0;
}

void verb_ha_maintenance(const struct call *call)
{
    int which = has_policy(call) ? choice(call, "on", "off") : 0;
    node_id node = which ? need_node(call, call_argument(call, 1)) : NODE_NONE;
    struct command command = {
        .kind = which == 1 ? COMMAND_MAINTENANCE_ON : COMMAND_MAINTENANCE_OFF,
        .service = SERVICE_NONE,
        .node = node,
    };

    if (node != NODE_NONE)
        send_command(call, command, which == 1 ? GOAL_EMPTY : GOAL_ONLINE);
}

void verb_ha_disarm(const struct call *call)
{
    int which = has_policy(call) ? choice(call, "freeze", "ignore") : 0;
    struct command command = {
        .kind = which == 1 ? COMMAND_DISARM_FREEZE : COMMAND_DISARM_IGNORE,
        .service = SERVICE_NONE,
        .node = NODE_NONE,
    };

    if (which)
        send_command(call, command, GOAL_DISARMED);
}

void verb_ha_arm(const struct call *call)
{
    struct command command = {.kind = COMMAND_ARM, .service = SERVICE_NONE, .node = NODE_NONE};

    if (has_policy(call))
        send_command(call, command, GOAL_ARMED);
}

void verb_fence_confirm(const struct call *call)
{
    node_id node = has_policy(call) ? need_node(call, call_argument(call, 0)) : NODE_NONE;
    struct command command = {.kind = COMMAND_CONFIRM, .service = SERVICE_NONE, .node = node};
    struct err err = {{0}};

    if (node == NODE_NONE)
        return;
    if (strcmp(json_text(call->request, "typed", ""), call_argument(call, 0)) != 0)
        session_error(call->session, call->id, CONTROL_EXIT_USAGE,
                      "look at the machine; if its power is off, type its name once more: --typed",
                      "nobody has sworn that %s is off", call_argument(call, 0));
    else if (call->agent->status.is_quorate && !off_word_may_be(call->agent, node, &err))
        session_error(call->session, call->id, CONTROL_EXIT_FAILED,
                      "tenuto fence status shows who is silent", "%s", err.text);
    else
        send_command(call, command, GOAL_NONE);
}

void verb_node_leaving(const struct call *call)
{
    const char *word = call_argument(call, 0);
    enum leaving how = word ? leaving_of_name(word) : LEAVINGS;
    int64_t within = json_int(call->request, "within", LEAVE_MS);

    if (how == LEAVINGS || how == LEAVING_NOT)
        session_error(call->session, call->id, CONTROL_EXIT_USAGE, NULL,
                      "\"%s\" is none of restart, reboot, poweroff", word ? word : "");
    else if (within <= 0 || within > SUSPENDED_MAX_MS)
        session_error(call->session, call->id, CONTROL_EXIT_USAGE,
                      "times are like 30s, 5m, 2h or 1d", "within takes a time of at most a year");
    else
        leaving_begin(call->agent, how, duration_ms(within), call->session, call->id);
}
