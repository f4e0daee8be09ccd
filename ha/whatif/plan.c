/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Before and after, for each service; see plan.h. */
#include "ha/whatif/plan.h"

#include <assert.h>

#include "ha/decide/affinity.h"
#include "ha/decide/presence.h"

/* Where it runs, as far as the state goes: during a move still where it was. */
static node_id place_of(const struct service *service)
{
    return service_uses(service) ? service->node : NODE_NONE;
}

static void on_change(void *context, const struct change *change)
{
    struct planning *planning = context;
    struct plan_note *note;

    if (change->service == SERVICE_NONE)
        return;
    note = &planning->notes[change->service];
    /* That it runs now is no news: it was decided before. */
    if (change->from == change->to)
        return;
    if (!note->is_noted) {
        planning->noted[planning->n_noted++] = change->service;
        note->is_noted = true;
        note->why = change->why;
    }
    note->was_live |= change->to == SERVICE_MIGRATE;
    note->was_down |= change->to == SERVICE_RELOCATE || change->to == SERVICE_REQUEST_STOP ||
                      change->to == SERVICE_STOPPED || change->to == SERVICE_REQUEST_START ||
                      change->to == SERVICE_FENCE;
    /* To be started says little: why there says more. */
    if (change->to == SERVICE_STARTED && change->from == SERVICE_REQUEST_START)
        note->why = change->why;
}

static enum plan_deed deed_of(const struct planning *planning, service_id id, node_id to)
{
    const struct service_policy *policy = &planning->settling.policy->services[id];
    const struct service *record = &planning->settling.state->services[id];
    const struct plan_note *note = &planning->notes[id];

    if (to != NODE_NONE && note->from == NODE_NONE)
        return PLAN_START;
    if (to != NODE_NONE && note->from != to)
        return note->was_live && !note->was_down ? PLAN_MOVE_LIVE : PLAN_MOVE;
    if (to != NODE_NONE)
        return note->was_down ? PLAN_RESTART : PLAN_NOTHING;
    if (note->from != NODE_NONE)
        return record->state == SERVICE_ABSENT ? PLAN_LET_GO : PLAN_STOP;
    return service_is_wanted(record, policy) ? PLAN_WAIT : PLAN_NOTHING;
}

static void add_step(struct planning *planning, struct plan *plan, service_id id)
{
    const struct service *record = &planning->settling.state->services[id];
    const struct plan_note *note = &planning->notes[id];
    node_id to = place_of(record);
    enum plan_deed deed = deed_of(planning, id, to);

    plan->n_deeds[deed]++;
    if (deed == PLAN_NOTHING)
        return;
    plan->steps[plan->n_steps++] = (struct plan_step){
        .service = id,
        .deed = deed,
        .from = note->from,
        .to = to,
        .why = deed == PLAN_WAIT || !note->is_noted ? record->why : note->why,
    };
}

/* How long each service is at it by itself; then who waits for whom is known. */
static void predict_outages(struct planning *planning, struct plan *plan)
{
    const struct policy *policy = planning->settling.policy;

    for (service_id id = 0; id < policy->n_services; id++)
        planning->takes[id] = duration_ms(0);
    for (int i = 0; i < plan->n_steps; i++) {
        struct plan_step *step = &plan->steps[i];
        const struct service_policy *service = &policy->services[step->service];
        bool is_stopped = step->deed == PLAN_MOVE || step->deed == PLAN_RESTART;

        if (step->deed != PLAN_START && !is_stopped)
            continue;
        step->outage.start = service->start_timeout;
        if (is_stopped)
            step->outage.stop = service->stop_timeout;
        planning->takes[step->service] = outage_total(&step->outage);
    }
    predict_first(policy, planning->takes, planning->first);
    for (int i = 0; i < plan->n_steps; i++) {
        if (plan->steps[i].outage.start.ms > 0)
            plan->steps[i].outage.first = planning->first[plan->steps[i].service];
    }
}

void plan_run(struct planning *planning, struct plan *plan)
{
    struct settling *settling = &planning->settling;

    *plan = (struct plan){.n_steps = 0};
    planning->n_noted = 0;
    for (service_id id = 0; id < settling->policy->n_services; id++)
        planning->notes[id] = (struct plan_note){.from = place_of(&settling->state->services[id])};
    settling->context = planning;
    settling->change = on_change;
    settle_push(settling);
    plan->is_settled = settle_run(settling);
    for (int i = 0; i < planning->n_noted; i++)
        add_step(planning, plan, planning->noted[i]);
    for (service_id id = 0; id < settling->policy->n_services; id++) {
        if (!planning->notes[id].is_noted)
            add_step(planning, plan, id);
    }
    predict_outages(planning, plan);
}

const char *plan_deed_name(enum plan_deed deed)
{
    static const char *const names[] = {
        [PLAN_NOTHING] = "nothing",     [PLAN_START] = "start", [PLAN_STOP] = "stop",
        [PLAN_MOVE_LIVE] = "move live", [PLAN_MOVE] = "move",   [PLAN_RESTART] = "restart",
        [PLAN_LET_GO] = "let go",       [PLAN_WAIT] = "wait",
    };

    assert(deed <= PLAN_WAIT);
    return names[deed];
}
