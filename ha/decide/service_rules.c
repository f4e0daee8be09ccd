/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The life of a service. A rule looks at one service in one state and returns
 * a verdict: what its record becomes, and why. Rules touch nothing; the verdict
 * is checked against the .def rows and carried out in one place.
 */
#include "ha/decide/service_rules.h"

#include <string.h>

#include "ha/base/text.h"
#include "ha/decide/affinity.h"
#include "ha/decide/move.h"
#include "ha/decide/order.h"
#include "ha/decide/pause.h"
#include "ha/decide/placement.h"
#include "ha/decide/storm.h"

struct service_case {
    struct round *round;
    service_id id;
    const struct service *record;
    const struct service_policy *policy;
    const struct service_view *view;
    enum job_code
        result; /* for the present cause; nothing can be known of one asked in this step */
};

static struct verdict stay(const struct service_case *c)
{
    return verdict_of(c->round, c->id);
}

static struct verdict wait_for(const struct service_case *c, struct reason why)
{
    struct verdict verdict = stay(c);

    verdict.kind = VERDICT_WAIT;
    verdict.why = why;
    return verdict;
}

static struct verdict become(const struct service_case *c, enum service_state next,
                             struct reason why)
{
    struct verdict verdict = stay(c);

    verdict.kind = VERDICT_CHANGE;
    verdict.next = next;
    verdict.target = NODE_NONE;
    verdict.is_running = false;
    verdict.why = why;
    return verdict;
}

/* The same, and the node in charge is asked to make it so. */
static struct verdict ask(const struct service_case *c, enum service_state next, node_id node,
                          struct reason why)
{
    struct verdict verdict = become(c, next, why);

    verdict.node = node;
    verdict.asks = true;
    return verdict;
}

/* What the player said went wrong, in its own words. */
static struct reason failure(const struct service_case *c, enum reason_code code, node_id next)
{
    struct reason why = reason_on(code, c->record->node);

    why.other = next;
    why.number = c->view->exit_code;
    text_copy(why.words, sizeof(why.words), c->view->words);
    return why;
}

struct reason service_why_not_wanted(const struct round *round, service_id id)
{
    if (round->state->services[id].is_held)
        return reason_of(REASON_HELD);
    return reason_of(round->policy->services[id].requested == REQUESTED_DISABLED
                         ? REASON_WANTED_DISABLED
                         : REASON_WANTED_STOPPED);
}

static bool is_wanted(const struct service_case *c)
{
    return service_is_wanted(c->record, c->policy);
}

static struct reason why_not_wanted(const struct service_case *c)
{
    return service_why_not_wanted(c->round, c->id);
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

/* What was given to a rebooted node in this very step is given to its new boot. */
static bool has_lost_its_node(const struct service_case *c)
{
    return c->record->node != NODE_NONE && c->record->cause != c->round->state->version &&
           round_lease_has_ended(c->round, c->record->node);
}

static struct verdict its_node_is_lost(const struct service_case *c)
{
    bool is_back = node_in(c->round->rebooted, c->record->node);
    enum reason_code code = is_back ? REASON_ITS_NODE_REBOOTED : REASON_ITS_NODE_IS_OFF;
    struct verdict verdict = become(c, SERVICE_FENCE, reason_on(code, c->record->node));

    /* Half way through a live move the target may have it already. */
    if (c->record->state == SERVICE_MIGRATE)
        verdict.target = c->record->target;
    return verdict;
}

static bool is_answering(const struct service_case *c)
{
    return round_answers(c->round, c->record->node);
}

/*
 * Its node went while nothing guarded it: only its return proves anything, which a person has to
 * bring about.
 */
static struct verdict wait_for_node(const struct service_case *c)
{
    const struct node *node = &c->round->state->nodes[c->record->node];

    if (node->state != NODE_UNKNOWN || !node->is_released)
        return stay(c);
    return wait_for(c, reason_on(REASON_WAITS_FOR_RETURN, c->record->node));
}

/* ---- a service that runs ------------------------------------------------------------------- */

static struct verdict it_runs(const struct service_case *c)
{
    struct verdict verdict = stay(c);

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
    struct verdict verdict = ask(c, SERVICE_ERROR, c->record->node, c->record->why);
    bool is_hard = c->result == JOB_HARD;
    struct placement place;

    verdict.tried |= node_bit(c->record->node);
    verdict.n_failed += is_hard ? 0 : 1;
    if (c->result == JOB_FATAL) {
        verdict.why = failure(c, REASON_NO_NODE_CAN_RUN_IT, NODE_NONE);
        return verdict;
    }
    verdict.why = failure(c, REASON_START_FAILED_FOR_GOOD, NODE_NONE);
    if (verdict.n_failed > c->policy->relocate_max)
        return verdict;
    placement_find(c->round, c->id, PREFER_UNTRIED, verdict.tried, &place);
    if (place.node != NODE_NONE) {
        verdict.next = SERVICE_RELOCATE;
        verdict.target = place.node;
        verdict.takes_partners = true;
        verdict.fallback = move_fallback(c->round, c->id, place.node);
        verdict.why =
            failure(c, is_hard ? REASON_NODE_CANNOT_RUN_IT : REASON_START_FAILED, place.node);
    } else if (place.step == LOST_UNSAFE) {
        return wait_for(c, place.why);
    } else if (!is_hard) {
        verdict.next = SERVICE_STARTED;
        verdict.why = failure(c, REASON_START_FAILED_RETRY, NODE_NONE);
    }
    return verdict;
}

static bool may_leave(const struct service_case *c)
{
    node_id node = c->record->node;
    bool is_driven = c->round->state->nodes[node].state == NODE_MAINTENANCE;
    bool is_left_alone = c->round->state->nodes[node].leaving != LEAVING_NOT && !is_driven;
    struct reason why;

    if (!is_answering(c) || !(c->record->is_running || is_driven) || is_left_alone ||
        c->policy->migrate == MIGRATE_NEVER || c->record->cause == c->round->state->version)
        return false;
    /* Of our own will nothing is stopped that could not be started again. */
    if (!is_driven && order_is_stuck(c->round, c->id, &why))
        return false;
    return move_may_be_tried(c->round, c->id);
}

/* Most services, most of the time; saves the search. */
static bool has_no_cause_to_leave(const struct service_case *c)
{
    return node_in(c->round->usable, c->record->node) && c->record->fallback == NODE_NONE &&
           bonds_are_none(c->round, c->id);
}

static struct verdict it_may_move(const struct service_case *c)
{
    struct placement place;
    struct verdict verdict;

    if (!may_leave(c) || has_no_cause_to_leave(c))
        return stay(c);
    placement_find(c->round, c->id, service_preference(c->round, c->id), c->record->tried, &place);
    if (place.node == c->record->node || place.node == NODE_NONE)
        return stay(c);
    verdict = move_verdict(c->round, c->id, place.node, move_reason(c->round, c->id, &place), true);
    verdict.fallback = move_fallback(c->round, c->id, place.node);
    return verdict;
}

static struct verdict started(const struct service_case *c)
{
    struct verdict verdict;
    struct reason pause;
    enum node_state node = c->round->state->nodes[c->record->node].state;

    if (has_lost_its_node(c))
        return its_node_is_lost(c);
    /* Merely silent: it may be running there, and that is as good as running. */
    if (node != NODE_ONLINE && node != NODE_MAINTENANCE)
        return stay(c);
    if (!is_wanted(c) && !is_answering(c))
        return wait_for(c, reason_on(REASON_WAITS_FOR_REPORT, c->record->node));
    if (!is_wanted(c))
        return ask(c, SERVICE_REQUEST_STOP, c->record->node, why_not_wanted(c));
    if (c->result == JOB_FAILED || c->result == JOB_HARD || c->result == JOB_FATAL)
        return it_failed(c);
    if (c->result == JOB_DONE && !c->record->is_running)
        return it_runs(c);
    if (!pause_is_news(c->round, c->id, &pause))
        return it_may_move(c);
    verdict = it_may_move(c);
    return verdict.kind == VERDICT_STAY ? wait_for(c, pause) : verdict;
}

/* ---- a service that is left alone ---------------------------------------------------------- */

static bool is_to_freeze(const struct service_case *c)
{
    enum service_state state = c->record->state;

    return node_in(c->round->freezing, c->record->node) && is_answering(c) &&
           (state == SERVICE_STARTED || state == SERVICE_STOPPED || state == SERVICE_REQUEST_STOP);
}

static struct verdict be_frozen(const struct service_case *c)
{
    node_id node = c->record->node;
    bool is_restart = c->round->state->nodes[node].leaving == LEAVING_RESTART;
    enum reason_code code = is_restart ? REASON_FROZEN_FOR_RESTART : REASON_FROZEN_FOR_SHUTDOWN;
    struct verdict verdict = become(c, SERVICE_FREEZE, reason_on(code, node));

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
        return wait_for(c, placement_wait(c->round, c->id, holders));
    if (c->record->is_running)
        return ask(c, is_wanted(c) ? SERVICE_STARTED : SERVICE_REQUEST_STOP, c->record->node, why);
    if (!is_wanted(c) && !c->view->running_on)
        return become(c, SERVICE_STOPPED, why);
    return become(c, SERVICE_REQUEST_START, why);
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

    if (node == NODE_NONE || (is_answering(c) && !node_in(c->round->freezing, node)))
        return thaw(c);
    if (is_left_down(c))
        return stay(c);
    if (!has_lost_its_node(c))
        return wait_for_node(c);
    verdict = its_node_is_lost(c);
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

    why.other = to;
    if (from == to)
        why.code = REASON_RESTARTS;
    if (!node_in(c->round->usable, to)) {
        why.code = REASON_TARGET_LOST;
        return become(c, SERVICE_REQUEST_START, why);
    }
    /* Rules and neighbours may have changed meanwhile; what was moved live runs there already. */
    if (is_wanted(c) && c->record->state == SERVICE_RELOCATE &&
        !move_still_fits(c->round, c->id, &why))
        return become(c, SERVICE_REQUEST_START, why);
    if (holders)
        return wait_for(c, placement_wait(c->round, c->id, holders));
    if (is_wanted(c) && c->record->state == SERVICE_RELOCATE &&
        order_holds(c->round, c->id, &first))
        return wait_for(c, first);
    return ask(c, is_wanted(c) ? SERVICE_STARTED : SERVICE_REQUEST_STOP, to, why);
}

/* Its node could not let go of it. What does not run is not started where it may not be either. */
static struct verdict it_could_not_leave(const struct service_case *c)
{
    struct reason why = failure(c, REASON_STOP_FAILED_STAYS, NODE_NONE);
    bool is_here = node_in(c->view->running_on, c->record->node);
    struct verdict verdict = ask(c, SERVICE_STARTED, c->record->node, why);
    struct placement place;

    if (!is_here)
        placement_find(c->round, c->id, PREFER_STAYING, c->record->tried, &place);
    if (!is_here && place.node != c->record->node)
        verdict = become(c, SERVICE_REQUEST_START, why);
    verdict.stays_put = true;
    return verdict;
}

static struct verdict moving(const struct service_case *c)
{
    bool is_here = node_in(c->view->running_on, c->record->node);

    if (has_lost_its_node(c))
        return its_node_is_lost(c);
    if (!is_wanted(c) && (is_here || c->result == JOB_FAILED))
        return ask(c, SERVICE_REQUEST_STOP, c->record->node, why_not_wanted(c));
    if (c->result == JOB_NONE)
        return wait_for_node(c);
    return c->result == JOB_DONE ? it_has_left(c) : it_could_not_leave(c);
}

static struct verdict request_stop(const struct service_case *c)
{
    if (has_lost_its_node(c))
        return its_node_is_lost(c);
    if (c->result == JOB_NONE)
        return wait_for_node(c);
    if (c->result == JOB_DONE)
        return become(c, SERVICE_STOPPED, reason_on(REASON_STOPPED_NOW, c->record->node));
    return become(c, SERVICE_ERROR, failure(c, REASON_STOP_FAILED, NODE_NONE));
}

/* ---- a service that runs nowhere ----------------------------------------------------------- */

static struct verdict stopped(const struct service_case *c)
{
    node_set elsewhere = c->view->running_on & ~node_bit(c->record->node);
    node_id runs_on = node_set_first(elsewhere);

    if (is_wanted(c))
        return become(c, SERVICE_REQUEST_START, reason_of(REASON_WANTED_STARTED));
    /* Whoever runs it heard, alone, that it has to start it, and is back: it is stopped again. */
    if (round_answers(c->round, runs_on))
        return become(c, SERVICE_REQUEST_START, reason_on(REASON_RUNS_WHERE_IT_MAY_NOT, runs_on));
    /* A stopped service has a home too, on a node that is there; a disabled one has not. */
    if (c->policy->requested == REQUESTED_STOPPED && has_lost_its_node(c))
        return its_node_is_lost(c);
    return stay(c);
}

/*
 * Who alone runs it and can be asked: it was ignored there, or nobody is in charge and one node
 * alone heard that it was. Where another is in charge the player stops it unasked.
 */
static node_id only_holder(const struct service_case *c)
{
    node_set holders = placement_holders(c->round, c->id);
    node_id node = c->record->node == NODE_NONE ? node_set_first(holders) : c->record->node;

    return holders == node_bit(node) && round_answers(c->round, node) ? node : NODE_NONE;
}

/*
 * It is not to run, and somebody may be running it: whoever does is asked to stop, wherever the
 * record says that it was last. One that is away may have heard, alone, that it has to start it.
 */
static struct verdict stop_before_start(const struct service_case *c)
{
    node_set holders = placement_holders(c->round, c->id);

    if (!holders)
        return become(c, SERVICE_STOPPED, why_not_wanted(c));
    NODE_SET_EACH(node, c->view->running_on)
    {
        if (round_answers(c->round, node))
            return ask(c, SERVICE_REQUEST_STOP, node, why_not_wanted(c));
    }
    return wait_for(c, placement_wait(c->round, c->id, holders));
}

/* From where it was last it is handed over, running or not, if somebody is there to do that. */
static struct verdict begin_on(const struct service_case *c, const struct placement *place)
{
    if (place->node == c->record->node || !is_answering(c))
        return ask(c, SERVICE_STARTED, place->node, place->why);
    if (!move_may_be_tried(c->round, c->id))
        return stay(c);
    return move_verdict(c->round, c->id, place->node, place->why, false);
}

static struct verdict request_start(const struct service_case *c)
{
    struct placement place;
    struct reason first;
    node_id holder;

    if (!is_wanted(c))
        return stop_before_start(c);
    if (!c->view->running_on && order_holds(c->round, c->id, &first))
        return wait_for(c, first);
    placement_find(c->round, c->id, service_preference(c->round, c->id), c->record->tried, &place);
    if (place.node != NODE_NONE)
        return begin_on(c, &place);
    holder = place.step == LOST_UNSAFE ? only_holder(c) : NODE_NONE;
    if (holder != NODE_NONE)
        return ask(c, SERVICE_REQUEST_STOP, holder,
                   reason_on(REASON_RUNS_WHERE_IT_MAY_NOT, holder));
    return wait_for(c, place.why);
}

static struct verdict fence(const struct service_case *c)
{
    enum node_state node = c->round->state->nodes[c->record->node].state;
    bool is_back = node == NODE_ONLINE || node == NODE_MAINTENANCE;
    struct verdict verdict = stay(c);
    struct reason why;

    /* It had to be proven off before: a node that is back has lost what it ran. */
    if (!has_lost_its_node(c) && !is_back)
        return verdict;
    if (is_wanted(c) && storm_holds(c->round, c->record->node, &why))
        return wait_for(c, why);
    verdict.kind = VERDICT_CHANGE;
    verdict.next = SERVICE_RECOVERY;
    verdict.why = reason_on(REASON_LEASE_HAS_ENDED, c->record->node);
    return verdict;
}

static struct verdict recovery(const struct service_case *c)
{
    struct placement place;
    struct reason first;

    if (is_wanted(c) && order_holds(c->round, c->id, &first))
        return wait_for(c, first);
    placement_find(c->round, c->id, service_preference(c->round, c->id), c->record->tried, &place);
    if (place.node == NODE_NONE && c->policy->requested == REQUESTED_DISABLED)
        return become(c, SERVICE_STOPPED, why_not_wanted(c));
    if (place.node == NODE_NONE)
        return wait_for(c, place.why);
    return ask(c, is_wanted(c) ? SERVICE_STARTED : SERVICE_REQUEST_STOP, place.node, place.why);
}

static struct verdict error(const struct service_case *c)
{
    struct verdict verdict;

    if (c->policy->requested != REQUESTED_DISABLED)
        return stay(c);
    verdict = ask(c, SERVICE_STOPPED, c->record->node, why_not_wanted(c));
    verdict.tried = 0;
    verdict.n_failed = 0;
    return verdict;
}

/*
 * New in the policy, or no longer to be ignored: somebody may have been running it meanwhile, and
 * the state, which has no record of it, cannot vouch for anybody. All must have told, or be off.
 */
static struct verdict absent(const struct service_case *c)
{
    node_set unheard = c->round->all & ~c->round->reported & ~c->round->proven;
    struct verdict verdict;

    if (unheard)
        return wait_for(c, placement_wait(c->round, c->id, unheard));
    if (is_wanted(c) || c->view->running_on)
        verdict = become(c, SERVICE_REQUEST_START, reason_of(REASON_ADDED));
    else if (node_in(c->round->members & ~c->round->reported, c->record->node))
        return wait_for(c, placement_wait(c->round, c->id, node_bit(c->record->node)));
    else if (is_answering(c))
        return ask(c, SERVICE_REQUEST_STOP, c->record->node, why_not_wanted(c));
    else
        verdict = become(c, SERVICE_STOPPED, why_not_wanted(c));
    if (c->view->running_on)
        verdict.node = node_set_first(c->view->running_on);
    return verdict;
}

static struct verdict (*const rules[SERVICE_STATES + 1])(const struct service_case *) = {
    [SERVICE_REQUEST_START] = request_start,
    [SERVICE_STARTED] = started,
    [SERVICE_REQUEST_STOP] = request_stop,
    [SERVICE_STOPPED] = stopped,
    [SERVICE_MIGRATE] = moving,
    [SERVICE_RELOCATE] = moving,
    [SERVICE_FREEZE] = freeze,
    [SERVICE_FENCE] = fence,
    [SERVICE_RECOVERY] = recovery,
    [SERVICE_ERROR] = error,
    [SERVICE_ABSENT] = absent,
};

static struct verdict service_decide(const struct service_case *c)
{
    if (c->policy->requested != REQUESTED_IGNORED)
        return is_to_freeze(c) ? be_frozen(c) : rules[c->record->state](c);
    if (c->record->state == SERVICE_ABSENT)
        return stay(c);
    return become(c, SERVICE_ABSENT, reason_of(REASON_WANTED_IGNORED));
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

            move_partners(round, id, verdict.target, why);
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
