/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What becomes of a service that runs nowhere; see idle_rules.h. */
#include "ha/decide/idle_rules.h"

#include "ha/decide/move.h"
#include "ha/decide/order.h"
#include "ha/decide/service_rules.h"
#include "ha/decide/storm.h"

struct verdict idle_stopped(const struct service_case *c)
{
    node_set elsewhere = c->view->running_on & ~node_bit(c->record->node);
    node_id runs_on = node_set_first(elsewhere);

    if (case_is_wanted(c))
        return case_become(c, SERVICE_REQUEST_START, reason_of(REASON_WANTED_STARTED));
    /* Whoever runs it heard, alone, that it has to start it, and is back: it is stopped again. */
    if (round_answers(c->round, runs_on))
        return case_become(c, SERVICE_REQUEST_START,
                           reason_on(REASON_RUNS_WHERE_IT_MAY_NOT, runs_on));
    /* A stopped service has a home too, on a node that is there; a disabled one has not. */
    if (c->policy->requested == REQUESTED_STOPPED && case_has_lost_its_node(c))
        return case_lose_node(c);
    return case_stay(c);
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
        return case_become(c, SERVICE_STOPPED, case_why_not_wanted(c));
    NODE_SET_EACH(node, c->view->running_on)
    {
        if (round_answers(c->round, node))
            return case_ask(c, SERVICE_REQUEST_STOP, node, case_why_not_wanted(c));
    }
    return case_wait(c, placement_wait(c->round, c->id, holders));
}

/* From where it was last it is handed over, running or not, if somebody is there to do that. */
static struct verdict begin_on(const struct service_case *c, const struct placement *place)
{
    if (place->node == c->record->node || !case_is_answering(c))
        return case_ask(c, SERVICE_STARTED, place->node, place->why);
    if (!move_may_be_tried(c->round, c->id))
        return case_stay(c);
    return move_verdict(c->round, c->id, place->node, place->why, false);
}

struct verdict idle_request_start(const struct service_case *c)
{
    struct placement place;
    struct reason first;
    node_id holder;

    if (!case_is_wanted(c))
        return stop_before_start(c);
    if (!c->view->running_on && order_holds(c->round, c->id, &first))
        return case_wait(c, first);
    placement_find(c->round, c->id, service_preference(c->round, c->id), c->record->tried, &place);
    if (place.node != NODE_NONE)
        return begin_on(c, &place);
    holder = place.step == LOST_UNSAFE ? only_holder(c) : NODE_NONE;
    if (holder != NODE_NONE)
        return case_ask(c, SERVICE_REQUEST_STOP, holder,
                        reason_on(REASON_RUNS_WHERE_IT_MAY_NOT, holder));
    return case_wait(c, place.why);
}

struct verdict idle_fence(const struct service_case *c)
{
    enum node_state node = c->round->state->nodes[c->record->node].state;
    bool is_back = node == NODE_ONLINE || node == NODE_MAINTENANCE;
    struct verdict verdict = case_stay(c);
    struct reason why;

    /* It had to be proven off before: a node that is back has lost what it ran. */
    if (!case_has_lost_its_node(c) && !is_back)
        return verdict;
    if (case_is_wanted(c) && storm_holds(c->round, c->record->node, &why))
        return case_wait(c, why);
    verdict.kind = VERDICT_CHANGE;
    verdict.next = SERVICE_RECOVERY;
    verdict.why = reason_on(REASON_LEASE_HAS_ENDED, c->record->node);
    return verdict;
}

struct verdict idle_recovery(const struct service_case *c)
{
    struct placement place;
    struct reason first;

    if (case_is_wanted(c) && order_holds(c->round, c->id, &first))
        return case_wait(c, first);
    placement_find(c->round, c->id, service_preference(c->round, c->id), c->record->tried, &place);
    if (place.node == NODE_NONE && c->policy->requested == REQUESTED_DISABLED)
        return case_become(c, SERVICE_STOPPED, case_why_not_wanted(c));
    if (place.node == NODE_NONE)
        return case_wait(c, place.why);
    return case_ask(c, case_is_wanted(c) ? SERVICE_STARTED : SERVICE_REQUEST_STOP, place.node,
                    place.why);
}

struct verdict idle_error(const struct service_case *c)
{
    struct verdict verdict;

    if (c->policy->requested != REQUESTED_DISABLED)
        return case_stay(c);
    verdict = case_ask(c, SERVICE_STOPPED, c->record->node, case_why_not_wanted(c));
    verdict.tried = 0;
    verdict.n_failed = 0;
    return verdict;
}

/*
 * New in the policy, or no longer to be ignored: somebody may have been running it meanwhile, and
 * the state, which has no record of it, cannot vouch for anybody. All must have told, or be off.
 */
struct verdict idle_absent(const struct service_case *c)
{
    node_set unheard = c->round->all & ~c->round->reported & ~c->round->proven;
    struct verdict verdict;

    if (unheard)
        return case_wait(c, placement_wait(c->round, c->id, unheard));
    if (case_is_wanted(c) || c->view->running_on)
        verdict = case_become(c, SERVICE_REQUEST_START, reason_of(REASON_ADDED));
    else if (node_in(c->round->members & ~c->round->reported, c->record->node))
        return case_wait(c, placement_wait(c->round, c->id, node_bit(c->record->node)));
    else if (case_is_answering(c))
        return case_ask(c, SERVICE_REQUEST_STOP, c->record->node, case_why_not_wanted(c));
    else
        verdict = case_become(c, SERVICE_STOPPED, case_why_not_wanted(c));
    if (c->view->running_on)
        verdict.node = node_set_first(c->view->running_on);
    return verdict;
}
