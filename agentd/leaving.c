/* SPDX-License-Identifier: GPL-3.0-or-later */
/* This node goes, in good order; see leaving.h. */
#include "agentd/leaving.h"

#include <stdlib.h>

#include "agentd/agent.h"
#include "agentd/control_server.h"
#include "ha/base/json.h"
#include "ha/base/log.h"

/* Of the time that it has, for moving services away; the rest is for stopping what is left. */
#define MOVING_PERCENT 60

struct farewell {
    struct session *session; /* who waits; NULL: it has gone */
    int64_t reply_to;
    struct instant move_until, end_at;
    struct instant let_go_at; /* the watchdog is closed since then; NEVER: it is not */
    int n_left;               /* services here, as told last */
};

void leaving_begin(struct agent *agent, enum leaving how, struct duration within,
                   struct session *session, int64_t reply_to)
{
    struct instant now = agent_now();

    if (!lrm_leave(agent->lrm, how)) {
        session_error(session, reply_to, CONTROL_EXIT_FAILED,
                      "its agent starts anew with the machine", "this node goes down already (%s)",
                      leaving_name(agent->leaving));
        return;
    }
    if (agent->farewell && agent->farewell->session)
        session_error(agent->farewell->session, agent->farewell->reply_to, CONTROL_EXIT_FAILED,
                      NULL, "somebody asked for it anew: %s", leaving_name(how));
    leaving_end(agent);
    agent->farewell = xcalloc(1, sizeof(*agent->farewell));
    *agent->farewell = (struct farewell){
        .session = session,
        .reply_to = reply_to,
        .move_until = instant_after(now, duration_ms(within.ms * MOVING_PERCENT / 100)),
        .end_at = instant_after(now, within),
        .let_go_at = INSTANT_NEVER,
        .n_left = -1,
    };
    agent->leaving = how;
    agent->must_report = true;
    log_info("this node goes (%s); its agent ends within %lld s", leaving_name(how),
             (long long)within.ms / 1000);
}

/* The others can hear us; then they have to know before we go. */
static bool is_known_to_others(const struct agent *agent)
{
    node_id self = agent->policy_of[agent->roster.self];

    if (!agent->status.is_quorate || !agent->status.is_in_sync || self == NODE_NONE)
        return true;
    return agent->knowledge.agreed->nodes[self].leaving == agent->leaving;
}

bool leaving_is_ready(const struct agent *agent)
{
    if (agent->leaving == LEAVING_NOT)
        return false;
    if (!agent->member || !agent->knowledge.policy || !agent->hands)
        return agent->n_orphans == 0;
    /* What runs on unguarded must be known to the others for good; see is_let_go in play.c. */
    if (agent->leaving == LEAVING_RESTART && !agent_is_durable(agent))
        return false;
    return agent->n_orphans == 0 && is_known_to_others(agent) &&
           lrm_may_leave(agent->lrm, agent->knowledge.policy, agent->knowledge.agreed);
}

static int count_left(const struct agent *agent)
{
    int n_left = agent->n_orphans;

    for (service_id id = 0; id < agent->lrm->n_services; id++)
        n_left += lrm_may_be_running(agent->lrm, id);
    return n_left;
}

static void tell_progress(struct agent *agent)
{
    struct farewell *farewell = agent->farewell;
    int n_left = count_left(agent);

    if (n_left == farewell->n_left)
        return;
    farewell->n_left = n_left;
    if (farewell->session)
        session_row(farewell->session, farewell->reply_to,
                    json_pack("{s:i,s:o}", "left", n_left, "words",
                              json_sprintf("%d service%s may be running here", n_left,
                                           n_left == 1 ? "" : "s")));
}

static void go(struct agent *agent, bool is_in_order)
{
    struct farewell *farewell = agent->farewell;
    const char *words = is_in_order ? "nothing here needs this agent any more: it ends"
                                    : "its time is over: the agent ends, and what is still here is "
                                      "left to the watchdog";

    log_info("%s", words);
    if (farewell->session && is_in_order)
        session_done(farewell->session, farewell->reply_to, json_pack("{s:s}", "words", words));
    else if (farewell->session)
        session_error(farewell->session, farewell->reply_to, CONTROL_EXIT_FAILED,
                      "tenuto events says what could not be moved or stopped", "%s", words);
    farewell->session = NULL;
    sd_event_exit(agent->loop, 0);
}

/* Two beats that say so: silence after them proves at once that nothing of ours is left here. */
static struct duration last_words(const struct agent *agent)
{
    return duration_ms(agent->knowledge.policy ? 2 * agent->knowledge.policy->timing.beat.ms : 0);
}

/* Without a keeper nobody can tell, and what runs here may be guarded still. */
static bool is_closed(const struct agent *agent)
{
    enum feeding_state state = feeding_state(agent->feeding);

    return state == FEEDING_DISARMED || (state == FEEDING_AWAY && count_left(agent) == 0);
}

struct instant leaving_turn(struct agent *agent, struct instant now)
{
    struct farewell *farewell = agent->farewell;
    struct instant next;

    if (!farewell)
        return INSTANT_NEVER;
    tell_progress(agent);
    if (!leaving_is_ready(agent) || !is_closed(agent))
        farewell->let_go_at = INSTANT_NEVER;
    else if (farewell->let_go_at.ms == INT64_MAX)
        farewell->let_go_at = now;
    next = instant_after(farewell->let_go_at, last_words(agent));
    if (instant_reached(now, next)) {
        go(agent, true);
        return INSTANT_NEVER;
    }
    if (instant_reached(now, farewell->end_at)) {
        go(agent, false);
        return INSTANT_NEVER;
    }
    if (instant_reached(now, farewell->move_until)) {
        lrm_stop_the_rest(agent->lrm);
        return instant_earliest(next, farewell->end_at);
    }
    return instant_earliest(next, farewell->move_until);
}

void leaving_forget(struct agent *agent, const struct session *session)
{
    if (agent->farewell && agent->farewell->session == session)
        agent->farewell->session = NULL;
}

void leaving_end(struct agent *agent)
{
    free(agent->farewell);
    agent->farewell = NULL;
}
