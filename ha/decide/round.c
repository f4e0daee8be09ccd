/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The step that goes on, and the two functions that change a state; see round.h. */
#include "ha/decide/round.h"

#include <assert.h>
#include <string.h>

#include "ha/decide/affinity.h"
#include "ha/decide/source.h"

void round_init(struct round *round, struct ha_state *state, const struct policy *policy,
                const struct cluster_view *view, struct outcome *outcome)
{
    assert(state->n_nodes == policy->n_nodes && view->n_nodes == policy->n_nodes);
    assert(state->n_services == policy->n_services && view->n_services == policy->n_services);
    *round = (struct round){
        .state = state,
        .policy = policy,
        .view = view,
        .outcome = outcome,
        .work = &outcome->work,
    };
    for (node_id node = 0; node < policy->n_nodes; node++)
        round->all |= node_bit(node);
    round->work->seats.tries_left = SEAT_TRIES_MAX;
    affinity_prepare(round);
}

static node_set bit_if(bool is_so, node_id node)
{
    return is_so ? node_bit(node) : 0;
}

/*
 * Off by an operator's word, of this very boot: that stands for a watchdog, too, so it needs no
 * time, nor that its services were guarded by one.
 */
static bool is_confirmed_off(const struct node *record, const struct node_view *view)
{
    return record->is_confirmed && record->state == NODE_FENCE && !view->is_member &&
           (!view->boot_id[0] || strcmp(record->boot_id, view->boot_id) == 0);
}

void round_see_nodes(struct round *round)
{
    round->members = round->reported = round->proven = round->historic = round->usable = 0;
    round->freezing = 0;
    for (node_id node = 0; node < round->policy->n_nodes; node++) {
        const struct node_view *view = &round->view->nodes[node];
        const struct node *record = &round->state->nodes[node];
        bool is_member = view->is_member, is_leaving = record->leaving != LEAVING_NOT;
        /* Of what runs without a watchdog neither time nor the records prove anything. */
        bool is_accountable = !is_member && !record->is_released;

        round->members |= bit_if(is_member, node);
        round->reported |= bit_if(is_member && view->has_report, node);
        round->proven |= bit_if(is_accountable && view->is_proven_off, node);
        round->proven |= bit_if(is_confirmed_off(record, view), node);
        round->historic |= bit_if(is_accountable && view->is_history_known, node);
        round->usable |= bit_if(is_member && !is_leaving && record->state == NODE_ONLINE, node);
        round->freezing |= bit_if(
            is_leaving && policy_when_leaving(round->policy, record->leaving) == SHUTDOWN_FREEZE,
            node);
    }
}

void round_add_change(struct round *round, struct change change)
{
    struct outcome *outcome = round->outcome;

    assert(outcome->n_changes < outcome->changes_max);
    outcome->changes[outcome->n_changes++] = change;
}

void round_note_node(struct round *round, node_id id, struct reason why)
{
    why.line = source_line(round->policy, SERVICE_NONE, &why);
    round->state->nodes[id].why = why;
}

void round_change_node(struct round *round, node_id id, enum node_state to, struct reason why)
{
    struct node *node = &round->state->nodes[id];

    why.line = source_line(round->policy, SERVICE_NONE, &why);
    assert(node_state_may_follow(node->state, to));
    round_add_change(round, (struct change){
                                .service = SERVICE_NONE,
                                .node = id,
                                .from = (int)node->state,
                                .to = (int)to,
                                .why = why,
                            });
    node->state = to;
    node->since = round->view->stamp;
    node->why = why;
}

struct verdict verdict_of(const struct round *round, service_id id)
{
    const struct service *service = &round->state->services[id];
    struct verdict verdict;

    /*
     * Field by field, straight into the caller's: each service has a verdict in each step, most
     * say nothing, and clearing and copying the words of a reason that nobody reads took longer
     * than all the rest of such a step.
     */
    verdict.next = service->state;
    verdict.node = service->node;
    verdict.target = service->target;
    verdict.why.code = REASON_NONE;
    verdict.why.node = verdict.why.other = NODE_NONE;
    verdict.why.with = SERVICE_NONE;
    verdict.why.rule = RULE_NONE;
    verdict.why.number = 0;
    verdict.why.line = 0;
    verdict.why.words[0] = '\0';
    verdict.kind = VERDICT_STAY;
    verdict.asks = false;
    verdict.is_running = service->is_running;
    verdict.stays_put = service->stays_put;
    verdict.is_held = service->is_held;
    verdict.takes_partners = false;
    verdict.fallback = service->fallback;
    verdict.tried = service->tried;
    verdict.n_failed = service->n_failed;
    return verdict;
}

/* A wait is written down once, not anew with each number that counts down in it. */
static void write_wait(struct service *service, const struct reason *why)
{
    if (service->why.code != why->code || service->why.node != why->node ||
        service->why.rule != why->rule || service->why.with != why->with ||
        service->why.line != why->line)
        service->why = *why;
}

void round_change_service(struct round *round, service_id id, const struct verdict *verdict)
{
    struct service *service = &round->state->services[id];
    struct reason why;

    if (verdict->kind == VERDICT_STAY)
        return;
    why = verdict->why;
    why.line = source_line(round->policy, id, &why);
    if (verdict->kind == VERDICT_WAIT) {
        write_wait(service, &why);
        return;
    }
    assert(service_state_may_follow(service->state, verdict->next));
    round_add_change(round, (struct change){
                                .service = id,
                                .node = verdict->node,
                                .from = (int)service->state,
                                .to = (int)verdict->next,
                                .why = why,
                            });
    affinity_forget(round, id);
    if (service->state != verdict->next || verdict->asks)
        service->since = round->view->stamp;
    service->state = verdict->next;
    service->node = verdict->node;
    service->target = verdict->target;
    service->why = why;
    service->is_running = verdict->is_running;
    service->stays_put = verdict->stays_put;
    service->is_held = verdict->is_held;
    service->fallback = verdict->fallback;
    service->tried = verdict->tried;
    service->n_failed = verdict->n_failed;
    if (verdict->asks)
        service->cause = round->state->version;
    affinity_count(round, id);
}

bool round_answers(const struct round *round, node_id node)
{
    enum node_state state = node == NODE_NONE ? NODE_GONE : round->state->nodes[node].state;

    return node_in(round->reported, node) && (state == NODE_ONLINE || state == NODE_MAINTENANCE);
}

void round_wake(struct round *round, struct instant at)
{
    if (instant_before(round->view->now, at))
        round->outcome->wake_at = instant_earliest(round->outcome->wake_at, at);
}

bool round_has_passed(struct round *round, struct instant since, struct duration span)
{
    struct duration left = instant_since(instant_after(since, span), round->view->stamp);

    if (left.ms <= 0)
        return true;
    round_wake(round, instant_after(round->view->now, left));
    return false;
}

bool round_lease_has_ended(const struct round *round, node_id node)
{
    return node_in(round->lost, node) || round->state->nodes[node].state == NODE_FENCE;
}
