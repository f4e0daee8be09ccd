/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may still be running, when that is known to be over, and which losses there were. */
#include "agentd/agent.h"
#include "agentd/call.h"
#include "agentd/control_server.h"
#include "agentd/fence_history.h"
#include "agentd/past.h"
#include "agentd/rows.h"
#include "agentd/verbs.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
#include "ha/model/timing.h"

/* Both inequalities of fencing, with the numbers of the policy in force. */
static json_t *words_of_times(const struct agent *agent)
{
    const struct policy *policy = agent->knowledge.policy;
    const struct timing *t = &policy->timing;
    struct duration wait = timing_recovery_wait(t),
                    needs = timing_liveness_floor(t, policy->n_nodes);
    char words[REASON_TEXT_MAX];
    struct text text;

    text_init(&text, words, sizeof(words));
    text_add(&text, "safe: who is silent is off after ");
    text_add_ms(&text, wait.ms);
    text_add(&text, " = lease ");
    text_add_ms(&text, t->lease.ms);
    text_add(&text, " + watchdog ");
    text_add_ms(&text, t->watchdog.ms);
    text_add(&text, " + allowance ");
    text_add_ms(&text, t->allowance.ms);
    if (t->witness.ms > 0) {
        text_add(&text, " + twice the witness's ");
        text_add_ms(&text, t->witness.ms);
    }
    text_add(&text, "\ncalm: lease + watchdog, ");
    text_add_ms(&text, t->lease.ms + t->watchdog.ms);
    text_add(&text, ", is more than a new ring takes, ");
    text_add_ms(&text, needs.ms);
    return json_pack("{s:s,s:I,s:I,s:I}", "words", words, "recovery_wait_ms", (json_int_t)wait.ms,
                     "lasts_ms", (json_int_t)(t->lease.ms + t->watchdog.ms), "ring_takes_ms",
                     (json_int_t)needs.ms);
}

void verb_fence_status(const struct call *call)
{
    const struct agent *agent = call->agent;
    bool has_times = agent->knowledge.policy && agent->knowledge.policy->timing.watchdog.ms > 0;
    autojson *rows = rows_fence(call->agent);
    json_t *done = call_done_of(agent), *row;
    size_t i;

    json_array_foreach(rows, i, row) session_row(call->session, call->id, json_incref(row));
    if (!done && has_times)
        done = words_of_times(agent);
    session_done(call->session, call->id, done);
}

static void losses_free(void *rest)
{
    fence_history_free(rest);
}

static void answer_patches(void *context, const struct question *question, json_t *value,
                           const struct err *err)
{
    struct asking *asking = context;
    struct fence_history *losses = asking->rest;
    json_t *patch, *row;
    size_t i;

    (void)question;
    if (!value) {
        past_fail(asking, err);
        return;
    }
    json_array_foreach(value, i, patch)
    {
        autojson *events = asking->session ? verb_events_of(patch) : NULL;

        fence_history_take(losses, events);
    }
    json_array_foreach(fence_history_rows(losses), i, row)
    {
        if (asking->session)
            session_row(asking->session, asking->id, json_incref(row));
    }
    if (asking->session)
        session_done(asking->session, asking->id, NULL);
    past_end(asking);
}

void verb_fence_history(const struct call *call)
{
    struct asking *asking = past_begin(call, fence_history_new(), losses_free);

    if (!asking)
        return;
    past_ask(asking,
             &(struct question){.kind = QUESTION_PATCHES,
                                .from_ms = json_int(call->request, "since", 0),
                                .limit = EVENTS_KEPT_MAX},
             answer_patches);
}
