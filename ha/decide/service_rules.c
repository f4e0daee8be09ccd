/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The life of a service. A rule looks at one service in one state and returns
 * a verdict: what its record becomes, and why. Rules touch nothing; the verdict
 * is checked against the .def rows and carried out in one place.
 */
#include "ha/decide/service_rules.h"

#include "ha/decide/affinity.h"
#include "ha/decide/idle_rules.h"
#include "ha/decide/move.h"
#include "ha/decide/order.h"
#include "ha/decide/pause.h"
#include "ha/decide/placement.h"

struct reason service_why_not_wanted(const struct round *round, service_id id)
{
    if (round->state->services[id].is_held)
        return reason_of(REASON_HELD);
    return reason_of(round->policy->services[id].requested == REQUESTED_DISABLED
                         ? REASON_WANTED_DISABLED
                         : REASON_WANTED_STOPPED);
}

enum preference service_preference(const struct round *round, service_id id)
{
    const struct service *service = &round->state->services[id];

    switch (service->state) {
    case SERVICE_STARTED:
    case SERVICE_MIGRATE:
    case SERVICE_RELOCATE:
    case SERVICE_FREEZE: return PREFER_STAYING;
    /* Back already: nothing is gained by another place. */
    case SERVICE_FENCE:
    case SERVICE_RECOVERY:
        return node_in(round->usable, service->node) ? PREFER_STAYING : PREFER_BEST;
    default: return round->policy->scheduling.rebalances_on_start ? PREFER_BEST : PREFER_STAYING;
    }
}

/* ---- a service that runs ------------------------------------------------------------------- */

static struct verdict it_runs(const struct service_case *c)
{
    struct verdict verdict = case_stay(c);

    if (c->record->is_running)
        return verdict;
    verdict.kind = VERDICT_CHANGE;
    verdict.is_running = true;
    verdict.n_failed = 0;
    verdict.tried &= ~node_bit(c->record->node);
    if (c->record->fallback == c->record->node)
        verdict.fallback = NODE_NONE;
    verdict.why = reason_on(REASON_RUNS_NOW, c->record->node);
    return verdict;
}

/* Tried as often as allowed on this node: the next one, or a person. */
static struct verdict it_failed(const struct service_case *c)
{
    struct verdict verdict = case_ask(c, SERVICE_ERROR, c->record->node, c->record->why);
    bool is_hard = c->result == JOB_HARD;
    struct placement place;

    verdict.tried |= node_bit(c->record->node);
    verdict.n_failed += is_hard ? 0 : 1;
    if (c->result == JOB_FATAL) {
        verdict.why = case_failure(c, REASON_NO_NODE_CAN_RUN_IT, NODE_NONE);
        return verdict;
    }
    verdict.why = case_failure(c, REASON_START_FAILED_FOR_GOOD, NODE_NONE);
    if (verdict.n_failed > c->policy->relocate_max)
        return verdict;
    placement_find(c->round, c->id, PREFER_UNTRIED, verdict.tried, &place);
    if (place.node != NODE_NONE) {
        verdict.next = SERVICE_RELOCATE;
        verdict.target = place.node;
        verdict.takes_partners = true;
        verdict.fallback = move_fallback(c->round, c->id, place.node);
        verdict.why =
            case_failure(c, is_hard ? REASON_NODE_CANNOT_RUN_IT : REASON_START_FAILED, place.node);
    } else if (place.step == LOST_UNSAFE) {
        return case_wait(c, place.why);
    } else if (!is_hard) {
        verdict.next = SERVICE_STARTED;
        verdict.why = case_failure(c, REASON_START_FAILED_RETRY, NODE_NONE);
    }
    return verdict;
}

static bool may_leave(const struct service_case *c)
{
    node_id node = c->record->node;
    bool is_driven = c->round->state->nodes[node].state == NODE_MAINTENANCE;
    bool is_left_alone = c->round->state->nodes[node].leaving != LEAVING_NOT && !is_driven;
    struct reason why;

    if (!case_is_answering(c) || !(c->record->is_running || is_driven) || is_left_alone ||
        c->policy->migrate == MIGRATE_NEVER || c->record->cause == c->round->state->version)
        return false;
    /* Of our own will nothing is stopped that could not be started again. */
    if (!is_driven && order_is_stuck(c->round, c->id, &why))
        return false;
    return move_may_be_tried(c->round, c->id);
}

static struct verdict it_may_move(const struct service_case *c)
{
    struct placement place;
    struct verdict verdict;

    if (placement_stays(c->round, c->id) || !may_leave(c))
        return case_stay(c);
    placement_find(c->round, c->id, service_preference(c->round, c->id), c->record->tried, &place);
    if (place.node == c->record->node || place.node == NODE_NONE)
        return case_stay(c);
    verdict = move_verdict(c->round, c->id, place.node, move_reason(c->round, c->id, &place), true);
    verdict.fallback = move_fallback(c->round, c->id, place.node);
    return verdict;
}

static struct verdict started(const struct service_case *c)
{
    struct verdict verdict;
    struct reason pause;
    enum node_state node = c->round->state->nodes[c->record->node].state;

    if (case_has_lost_its_node(c))
        return case_lose_node(c);
    /* Merely silent: it may be running there, and that is as good as running. */
    if (node != NODE_ONLINE && node != NODE_MAINTENANCE)
        return case_stay(c);
    if (!case_is_wanted(c) && !case_is_answering(c))
        return case_wait(c, reason_on(REASON_WAITS_FOR_REPORT, c->record->node));
    if (!case_is_wanted(c))
        return case_ask(c, SERVICE_REQUEST_STOP, c->record->node, case_why_not_wanted(c));
    if (c->result == JOB_FAILED || c->result == JOB_HARD || c->result == JOB_FATAL)
        return it_failed(c);
    if (c->result == JOB_DONE && !c->record->is_running)
        return it_runs(c);
    if (!pause_is_news(c->round, c->id, &pause))
        return it_may_move(c);
    verdict = it_may_move(c);
    return verdict.kind == VERDICT_STAY ? case_wait(c, pause) : verdict;
}

/* ---- a service that is left alone ---------------------------------------------------------- */

static bool is_to_freeze(const struct service_case *c)
{
    enum service_state state = c->record->state;

    return node_in(c->round->freezing, c->record->node) && case_is_answering(c) &&
           (state == SERVICE_STARTED || state == SERVICE_STOPPED || state == SERVICE_REQUEST_STOP);
}

static struct verdict be_frozen(const struct service_case *c)
{
    node_id node = c->record->node;
    bool is_restart = c->round->state->nodes[node].leaving == LEAVING_RESTART;
    enum reason_code code = is_restart ? REASON_FROZEN_FOR_RESTART : REASON_FROZEN_FOR_SHUTDOWN;
    struct verdict verdict = case_become(c, SERVICE_FREEZE, reason_on(code, node));

    verdict.is_running = c->record->state != SERVICE_STOPPED;
    return verdict;
}

/* What may be running is its node's again; what did not run is placed like any other. */
static struct verdict thaw(const struct service_case *c)
{
    struct reason why = reason_on(REASON_THAWED, c->record->node);
    node_set holders = placement_holders(c->round, c->id) & ~node_bit(c->record->node);

    /* Somebody may have moved it by hand meanwhile. */
    if (c->record->is_running && holders && !node_in(c->view->running_on, c->record->node))
        return case_wait(c, placement_wait(c->round, c->id, holders));
    if (c->record->is_running)
        return case_ask(c, case_is_wanted(c) ? SERVICE_STARTED : SERVICE_REQUEST_STOP,
                        c->record->node, why);
    if (!case_is_wanted(c) && !c->view->running_on)
        return case_become(c, SERVICE_STOPPED, why);
    return case_become(c, SERVICE_REQUEST_START, why);
}

/* Its node went to come back: services wait for it, though not for ever. */
static bool is_left_down(const struct service_case *c)
{
    return node_in(c->round->freezing, c->record->node) &&
           !round_has_passed(c->round, c->record->since, duration_ms(FREEZE_MAX_MS));
}

static struct verdict freeze(const struct service_case *c)
{
    node_id node = c->record->node;
    struct verdict verdict;

    if (node == NODE_NONE || (case_is_answering(c) && !node_in(c->round->freezing, node)))
        return thaw(c);
    if (is_left_down(c))
        return case_stay(c);
    if (!case_has_lost_its_node(c))
        return case_wait_for_node(c);
    verdict = case_lose_node(c);
    if (node_in(c->round->freezing, node)) {
        verdict.why.code = REASON_FROZEN_TOO_LONG;
        verdict.why.number = FREEZE_MAX_MS;
    }
    return verdict;
}

/* ---- a service that moves or stops --------------------------------------------------------- */

/* Its node has let go of it: the target has it, if that still can take it. */
static struct verdict it_has_left(const struct service_case *c)
{
    node_id from = c->record->node, to = c->record->target;
    node_set holders = placement_holders(c->round, c->id) & ~node_bit(to);
    struct reason first, why = reason_on(REASON_MOVED, from);
    struct verdict verdict;

    why.other = to;
    if (from == to)
        why.code = REASON_RESTARTS;
    if (!node_in(c->round->usable, to)) {
        /* What was moved live may run there: that node is to be proven off first. */
        if (c->record->state == SERVICE_MIGRATE && !node_in(c->round->members, to) &&
            node_in(placement_holders(c->round, c->id), to))
            return case_wait(c, placement_wait(c->round, c->id, node_bit(to)));
        why.code = REASON_TARGET_LOST;
        return case_become(c, SERVICE_REQUEST_START, why);
    }
    /* Rules and neighbours may have changed meanwhile; what was moved live runs there already. */
    if (case_is_wanted(c) && c->record->state == SERVICE_RELOCATE &&
        !move_still_fits(c->round, c->id, &why))
        return case_become(c, SERVICE_REQUEST_START, why);
    if (holders)
        return case_wait(c, placement_wait(c->round, c->id, holders));
    if (case_is_wanted(c) && c->record->state == SERVICE_RELOCATE &&
        order_holds(c->round, c->id, &first))
        return case_wait(c, first);
    verdict = case_ask(c, case_is_wanted(c) ? SERVICE_STARTED : SERVICE_REQUEST_STOP, to, why);
    verdict.stays_put = false;
    return verdict;
}

/* Its node failed to hand over what it could not start, and its group is where it is to go. */
static bool is_handed_over_again(const struct service_case *c)
{
    struct reason why;

    return !c->record->stays_put && case_is_answering(c) && move_is_awaited(c->round, c->id) &&
           move_still_fits(c->round, c->id, &why);
}

/* No try is used up where it has just failed, and those that went before it are not turned back. */
static struct verdict hand_over_again(const struct service_case *c)
{
    struct reason why = case_failure(c, REASON_HANDED_OVER_AGAIN, c->record->target);
    struct verdict verdict;

    affinity_name_partner(c->round, c->id, c->record->target, &why);
    why.node = c->record->node;
    if (!round_has_passed(c->round, c->record->since, duration_ms(MOVE_RETRY_MS)))
        return case_wait(c, why);
    verdict = move_verdict(c->round, c->id, c->record->target, why, false);
    verdict.stays_put = true;
    return verdict;
}

/* Its node could not let go of it. What does not run is not started where it may not be either. */
static struct verdict it_could_not_leave(const struct service_case *c)
{
    struct reason why = case_failure(c, REASON_STOP_FAILED_STAYS, NODE_NONE);
    bool is_here = node_in(c->view->running_on, c->record->node);
    node_set holders = placement_holders(c->round, c->id) & ~node_bit(c->record->node);
    struct verdict verdict = case_ask(c, SERVICE_STARTED, c->record->node, why);
    struct placement place;

    /* Its node had let go before, and others may have heard, alone, that it is theirs now. */
    if (!is_here && node_in(c->view->running_on, c->record->target))
        return it_has_left(c);
    if (!is_here && holders)
        return case_wait(c, placement_wait(c->round, c->id, holders));
    if (!is_here && is_handed_over_again(c))
        return hand_over_again(c);

    if (!is_here)
        placement_find(c->round, c->id, PREFER_STAYING, c->record->tried, &place);
    if (!is_here && place.node != c->record->node)
        verdict = case_become(c, SERVICE_REQUEST_START, why);
    verdict.stays_put = true;
    return verdict;
}

static struct verdict moving(const struct service_case *c)
{
    bool is_here = node_in(c->view->running_on, c->record->node);

    if (case_has_lost_its_node(c))
        return case_lose_node(c);
    if (!case_is_wanted(c) && (is_here || c->result == JOB_FAILED))
        return case_ask(c, SERVICE_REQUEST_STOP, c->record->node, case_why_not_wanted(c));
    if (c->result == JOB_NONE)
        return case_wait_for_node(c);
    return c->result == JOB_DONE ? it_has_left(c) : it_could_not_leave(c);
}

static struct verdict request_stop(const struct service_case *c)
{
    if (case_has_lost_its_node(c))
        return case_lose_node(c);
    if (c->result == JOB_NONE)
        return case_wait_for_node(c);
    if (c->result == JOB_DONE)
        return case_become(c, SERVICE_STOPPED, reason_on(REASON_STOPPED_NOW, c->record->node));
    return case_become(c, SERVICE_ERROR, case_failure(c, REASON_STOP_FAILED, NODE_NONE));
}

static struct verdict (*const rules[SERVICE_STATES + 1])(const struct service_case *) = {
    [SERVICE_REQUEST_START] = idle_request_start,
    [SERVICE_STARTED] = started,
    [SERVICE_REQUEST_STOP] = request_stop,
    [SERVICE_STOPPED] = idle_stopped,
    [SERVICE_MIGRATE] = moving,
    [SERVICE_RELOCATE] = moving,
    [SERVICE_FREEZE] = freeze,
    [SERVICE_FENCE] = idle_fence,
    [SERVICE_RECOVERY] = idle_recovery,
    [SERVICE_ERROR] = idle_error,
    [SERVICE_ABSENT] = idle_absent,
};

static struct verdict service_decide(const struct service_case *c)
{
    if (c->policy->requested != REQUESTED_IGNORED)
        return is_to_freeze(c) ? be_frozen(c) : rules[c->record->state](c);
    if (c->record->state == SERVICE_ABSENT)
        return case_stay(c);
    return case_become(c, SERVICE_ABSENT, reason_of(REASON_WANTED_IGNORED));
}

bool service_step(struct round *round, service_id id)
{
    struct service *record = &round->state->services[id];
    bool has_changed = false;

    /* Whatever failed on a node that was lost may work on the next boot of it. */
    record->tried &= ~round->lost;
    record->is_held = record->is_held && round->policy->services[id].requested == REQUESTED_STARTED;
    for (int i = 0; i < CHANGES_EACH_MAX; i++) {
        struct service_case c = {
            .round = round,
            .id = id,
            .record = record,
            .policy = &round->policy->services[id],
            .view = &round->view->services[id],
            .result = record->cause == round->state->version ? JOB_NONE
                                                             : round->view->services[id].result,
        };
        struct verdict verdict = service_decide(&c);

        round_change_service(round, id, &verdict);
        if (verdict.takes_partners && verdict.kind == VERDICT_CHANGE) {
            struct reason why = reason_on(REASON_PARTNER_FAILED, verdict.node);

            move_partners_of_failed(round, id, verdict.target, why);
        }
        if (verdict.kind != VERDICT_CHANGE)
            break;
        has_changed = true;
        /* All that are to start are known before the first of them is given a place. */
        if (verdict.next == SERVICE_REQUEST_START)
            break;
    }
    return has_changed;
}
