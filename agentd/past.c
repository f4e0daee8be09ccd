/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who waits for an answer about the past; see past.h. */
#include "agentd/past.h"

#include <stdlib.h>

#include "agentd/agent.h"
#include "agentd/control_server.h"
#include "agentd/verbs.h"

struct asking *past_begin(const struct call *call, void *rest, void (*rest_free)(void *rest))
{
    struct asking *asking;
    int n_waiting = 0;

    for (struct asking *each = call->agent->asking; each; each = each->next)
        n_waiting += each->session == call->session ? CONTROL_CLIENTS_MAX : 1;
    if (n_waiting >= CONTROL_CLIENTS_MAX) {
        session_error(call->session, call->id, CONTROL_EXIT_UNAVAILABLE, "wait for the answer",
                      "a question about the past is being answered already");
        if (rest_free)
            rest_free(rest);
        return NULL;
    }
    asking = xcalloc(1, sizeof(*asking));
    *asking = (struct asking){
        .next = call->agent->asking,
        .agent = call->agent,
        .session = call->session,
        .id = call->id,
        .rest = rest,
        .rest_free = rest_free,
    };
    call->agent->asking = asking;
    return asking;
}

void past_ask(struct asking *asking, const struct question *question, history_answer *answer)
{
    history_ask(asking->agent->history, question, answer, asking);
}

void past_fail(struct asking *asking, const struct err *err)
{
    if (asking->session)
        session_error(asking->session, asking->id, CONTROL_EXIT_FAILED, NULL, "%s", err->text);
    past_end(asking);
}

void past_end(struct asking *asking)
{
    struct asking **link = &asking->agent->asking;

    while (*link != asking)
        link = &(*link)->next;
    *link = asking->next;
    if (asking->rest_free)
        asking->rest_free(asking->rest);
    free(asking);
}

void verbs_forget(struct agent *agent, const struct session *session)
{
    for (struct asking *each = agent->asking; each; each = each->next) {
        if (each->session == session)
            each->session = NULL;
    }
}

void verbs_end(struct agent *agent)
{
    while (agent->asking)
        past_end(agent->asking);
}
