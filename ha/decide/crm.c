/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One step of the manager: nodes, then commands, then services by priority, these again
 * until none has more to say. It ends because a service that was asked something
 * is left alone for the rest of the step, and each gets there in a few changes.
 */
#include "ha/decide/crm.h"

#include <assert.h>

#include "ha/decide/arming.h"
#include "ha/decide/commands.h"
#include "ha/decide/node_rules.h"
#include "ha/decide/order.h"
#include "ha/decide/quarantine.h"
#include "ha/decide/rebalance.h"
#include "ha/decide/round.h"
#include "ha/decide/service_rules.h"
#include "ha/decide/storm.h"

/* One service may make room for the next; chains longer than this go on in the next step. */
#define SWEEPS_MAX 8

/* Room for one more service and all that may have to move with it. */
static bool has_room(const struct round *round)
{
    const struct outcome *outcome = round->outcome;

    return outcome->changes_max - outcome->n_changes >=
           CHANGES_EACH_MAX + round->policy->n_services;
}

/* All that are new are counted where they are before the first of any is given a place. */
static void newcomers_step(struct round *round)
{
    for (int place = 0; place < round->policy->n_services; place++) {
        service_id service = policy_in_turn(round->policy, place);

        if (round->state->services[service].state == SERVICE_ABSENT)
            service_step(round, service);
    }
}

static void services_step(struct round *round)
{
    bool has_changed = true, is_armed = round->state->arming.state == ARMED;

    if (is_armed)
        newcomers_step(round);
    for (int sweep = 0; sweep < SWEEPS_MAX && has_changed; sweep++) {
        has_changed = false;
        order_prepare(round);
        for (int place = 0; place < round->policy->n_services; place++) {
            service_id service = policy_in_turn(round->policy, place);

            /* The first sweep always has room; a later one may go on in the next step. */
            if (sweep > 0 && !has_room(round)) {
                has_changed = true;
                break;
            }
            if (is_armed || arming_is_under_way(round, service))
                has_changed |= service_step(round, service);
        }
    }
    if (has_changed)
        round->outcome->wake_at = round->view->now;
}

/* A silent node is looked at again when it will be proven off. */
static void wake_for_nodes(struct round *round)
{
    for (node_id node = 0; node < round->policy->n_nodes; node++) {
        if (round->state->nodes[node].state == NODE_UNKNOWN)
            round_wake(round, round->view->nodes[node].dead_at);
    }
}

void crm_step(struct ha_state *state, const struct policy *policy, const struct cluster_view *view,
              struct outcome *outcome)
{
    struct round round;

    outcome->n_changes = outcome->n_answers = 0;
    outcome->fences = 0;
    outcome->wake_at = INSTANT_NEVER;
    if (!view->is_quorate)
        return;
    assert(outcome->changes_max >= CHANGES_OF(policy->n_nodes, policy->n_services));
    round_init(&round, state, policy, view, outcome);
    state->manager = view->self;
    nodes_step(&round);
    round_see_nodes(&round);
    order_prepare(&round);
    arming_end_in_time(&round);
    commands_step(&round);
    if (state->arming.state == ARMED)
        quarantine_yield(&round);
    storm_step(&round);
    if (state->arming.state == ARMED)
        rebalance_step(&round);
    if (state->arming.state <= DISARMING)
        services_step(&round);
    arming_step(&round);
    wake_for_nodes(&round);
}
