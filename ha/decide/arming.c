/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Disarming and arming; see arming.h. */
#include "ha/decide/arming.h"

#include "ha/decide/affinity.h"
#include "ha/decide/storm.h"

void arming_change(struct round *round, enum arming_state to, struct reason why)
{
    round_add_change(round, (struct change){
                                .service = SERVICE_NONE,
                                .node = NODE_NONE,
                                .from = (int)round->state->arming.state,
                                .to = (int)to,
                                .why = why,
                            });
    round->state->arming.state = to;
}

bool arming_is_under_way(const struct round *round, service_id id)
{
    const struct service *service = &round->state->services[id];
    enum job_code result = round->view->services[id].result;
    struct reason why;

    switch (service->state) {
    case SERVICE_MIGRATE:
    case SERVICE_RELOCATE:
    case SERVICE_RECOVERY: return true;
    /* Nothing of it runs anywhere, and nobody knows when it may be recovered. */
    case SERVICE_FENCE: return !storm_holds(round, service->node, &why);
    case SERVICE_STARTED:
        if (round_lease_has_ended(round, service->node) && service->cause != round->state->version)
            return true;
        /* Its start is not yet answered; one that failed is frozen as it is. */
        return !service->is_running && node_in(round->reported, service->node) &&
               (result == JOB_NONE || result == JOB_DONE ||
                service->cause == round->state->version);
    default: return false;
    }
}

/* Somebody who is waited for to be proven off while services are on it. */
static node_id silent_node(const struct round *round)
{
    for (node_id node = 0; node < round->policy->n_nodes; node++) {
        if (round->state->nodes[node].state == NODE_UNKNOWN && round->work->present[node] > 0 &&
            !round->state->nodes[node].is_released &&
            round->view->nodes[node].dead_at.ms != INSTANT_NEVER.ms)
            return node;
    }
    return NODE_NONE;
}

static void freeze_all(struct round *round)
{
    for (service_id id = 0; id < round->policy->n_services; id++) {
        struct verdict verdict = verdict_of(round, id);

        if (verdict.next != SERVICE_STARTED && verdict.next != SERVICE_STOPPED &&
            verdict.next != SERVICE_REQUEST_STOP && verdict.next != SERVICE_REQUEST_START)
            continue;
        verdict.kind = VERDICT_CHANGE;
        verdict.is_running =
            verdict.next == SERVICE_STARTED || verdict.next == SERVICE_REQUEST_STOP;
        verdict.next = SERVICE_FREEZE;
        verdict.why = reason_of(REASON_FROZEN_BY_DISARMING);
        round_change_service(round, id, &verdict);
    }
}

/* From now on silence proves nothing of any node that may run something. */
static void release(struct round *round)
{
    for (node_id node = 0; node < round->policy->n_nodes; node++) {
        enum node_state state = round->state->nodes[node].state;

        if (state != NODE_FENCE && state != NODE_GONE)
            round->state->nodes[node].is_released = true;
    }
    if (!round->state->arming.ignores)
        freeze_all(round);
    arming_change(round, RELEASING, reason_of(REASON_DISARM_RELEASES));
}

static void finish_what_is_under_way(struct round *round)
{
    for (service_id id = 0; id < round->policy->n_services; id++) {
        if (arming_is_under_way(round, id))
            return;
    }
    if (silent_node(round) == NODE_NONE)
        release(round);
}

/* Members that are armed, as far as they have said. */
static node_set armed_nodes(const struct round *round)
{
    node_set armed = 0;

    NODE_SET_EACH(node, round->members)
    {
        armed |= round->view->nodes[node].is_armed ? node_bit(node) : 0;
    }
    return armed;
}

void arming_step(struct round *round)
{
    if (round->state->arming.state == DISARMING)
        finish_what_is_under_way(round);
    if (round->state->arming.state == RELEASING && !armed_nodes(round))
        arming_change(round, DISARMED, reason_of(REASON_DISARM_DONE));
}

/*
 * Found on another node, or nowhere that we can see: then it must not simply be started where it
 * was. Its node has to let go of it first, because it may be about to do what it was told last.
 */
static void take_where_found(struct round *round, service_id id)
{
    node_set running = round->view->services[id].running_on;
    struct verdict verdict = verdict_of(round, id);
    node_id found = node_set_count(running) == 1 ? node_set_first(running) : NODE_NONE;
    /* On a node that was declared off it cannot stay. */
    bool is_moved = found != NODE_NONE && round->state->nodes[found].state != NODE_FENCE;
    /* What was stopped before it was frozen is missing nowhere. */
    bool is_here =
        verdict.next == SERVICE_STARTED || (verdict.next == SERVICE_FREEZE && verdict.is_running);

    if (!is_here || verdict.node == NODE_NONE || node_in(running, verdict.node))
        return;
    verdict.kind = VERDICT_CHANGE;
    verdict.is_running = false;
    verdict.asks = true;
    verdict.why = reason_of(is_moved ? REASON_FOUND_MOVED : REASON_FOUND_STOPPED);
    verdict.next = is_moved ? SERVICE_STARTED : SERVICE_REQUEST_STOP;
    if (is_moved)
        verdict.node = found;
    verdict.why.node = verdict.node;
    round_change_service(round, id, &verdict);
}

bool arming_may_end(const struct round *round, struct reason *why_not)
{
    node_set unheard = round->members & ~round->reported, armed = armed_nodes(round);

    /* Nobody has been let go yet. */
    if (round->state->arming.state <= DISARMING)
        return true;
    /* What was moved by hand has to be found, and not started where it was. */
    *why_not = reason_of(REASON_REFUSED_UNHEARD);
    why_not->node = node_set_first(unheard);
    if (unheard)
        return false;
    /* Only then is a beat that says "armed" newer than the letting go, and proves something. */
    *why_not = reason_of(REASON_REFUSED_LETTING_GO);
    why_not->node = node_set_first(armed);
    return !armed;
}

void arming_end_in_time(struct round *round)
{
    struct arming *arming = &round->state->arming;
    struct reason why_not;

    if (arming->state != ARMED && arming->until.ms &&
        round_has_passed(round, arming->until, duration_ms(0)) && arming_may_end(round, &why_not))
        arming_end(round, reason_of(REASON_ARM_TIME_UP));
}

void arming_end(struct round *round, struct reason why)
{
    bool was_let_go = round->state->arming.state == DISARMED;

    arming_change(round, ARMED, why);
    for (service_id id = 0; id < round->policy->n_services && was_let_go; id++) {
        if (round->state->arming.ignores)
            take_where_found(round, id);
    }
    round->state->arming.ignores = false;
    round->state->arming.until = INSTANT_UNKNOWN;
}
