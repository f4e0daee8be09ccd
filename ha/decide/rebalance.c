/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Automatic rebalancing; see rebalance.h. A candidate is a group that runs on one
 * node together with a node it could move to. All candidates are tried out on
 * paper; nothing moves while anything else does.
 */
#include "ha/decide/rebalance.h"

#include "ha/decide/affinity.h"
#include "ha/decide/load.h"
#include "ha/decide/move.h"
#include "ha/decide/order.h"

#define MILLION 1000000u

struct candidate {
    service_id head; /* the first of the group that runs */
    struct shift shift;
};

/* The search over all candidates; learning is for topsis only. */
struct balance {
    struct round *round;
    struct loads loads;
    struct topsis topsis;
    bool is_learning;
    struct candidate best;
    uint64_t best_score; /* more is better */
};

static bool may_move(const struct round *round, service_id id)
{
    const struct service *service = &round->state->services[id];
    struct reason why;

    return service->is_running && !order_is_stuck(round, id, &why) && !service->stays_put &&
           node_in(round->usable, service->node) && node_in(round->reported, service->node) &&
           round->policy->services[id].migrate != MIGRATE_NEVER;
}

/* Those of the group that run can go together; the group is handled with the first of them. */
static bool is_group_free(const struct round *round, service_id head)
{
    GROUP_EACH(round, member, head)
    {
        const struct service *service = &round->state->services[member];

        if (service->state == SERVICE_STARTED &&
            (member < head || service->node != round->state->services[head].node ||
             !may_move(round, member)))
            return false;
    }
    return true;
}

/* What those of the group that run take on a node. */
static struct usage taken_on(const struct round *round, service_id head, node_id node)
{
    bool is_dynamic = round->policy->scheduling.mode == SCHEDULING_DYNAMIC;
    struct usage takes = {0};

    GROUP_EACH(round, member, head)
    {
        const struct service_view *view = &round->view->services[member];
        struct usage one = load_of_service(round, member, node);

        if (round->state->services[member].state != SERVICE_STARTED)
            continue;
        takes.cpus_milli += is_dynamic ? view->used_cpus_milli : one.cpus_milli;
        takes.memory += is_dynamic ? view->used_memory : one.memory;
    }
    return takes;
}

static node_set targets_of(const struct round *round, service_id head)
{
    const struct bonds *group = bonds_of_group(round, head);
    node_set targets = round->usable & group->group_allowed;

    if (group->group_tiers != RULE_NONE) {
        const struct rule *rule = &round->policy->rules[group->group_tiers];
        int tier = 0;

        while (tier < rule->n_tiers && !(targets & rule->tiers[tier]))
            tier++;
        if (tier < rule->n_tiers)
            targets &= rule->tiers[tier];
    }
    return targets & ~affinity_apart(round, head, true) & ~round->state->services[head].tried &
           ~node_bit(round->state->services[head].node);
}

static void consider(struct balance *balance, const struct candidate *candidate)
{
    bool is_exhaustive = balance->round->policy->scheduling.method == METHOD_EXHAUSTIVE;
    struct alternative alternative;
    uint64_t score;

    if (is_exhaustive) {
        score = UINT64_MAX - loads_imbalance(&balance->loads, &candidate->shift);
    } else {
        alternative = loads_alternative(&balance->loads, &candidate->shift);
        if (balance->is_learning) {
            topsis_learn(&balance->topsis, &alternative);
            return;
        }
        score = topsis_score(&balance->topsis, &alternative);
    }
    if (balance->best.head == SERVICE_NONE || score > balance->best_score) {
        balance->best = *candidate;
        balance->best_score = score;
    }
}

static void consider_group(struct balance *balance, service_id head)
{
    const struct round *round = balance->round;
    const struct service *service = &round->state->services[head];
    struct candidate candidate = {.head = head, .shift = {.from = service->node}};
    struct usage takes, *left = &candidate.shift.from_used;

    if (service->state != SERVICE_STARTED || !is_group_free(round, head))
        return;
    takes = taken_on(round, head, service->node);
    *left = balance->loads.used[service->node];
    left->cpus_milli -= left->cpus_milli < takes.cpus_milli ? left->cpus_milli : takes.cpus_milli;
    left->memory -= left->memory < takes.memory ? left->memory : takes.memory;
    NODE_SET_EACH(node, targets_of(round, head))
    {
        takes = taken_on(round, head, node);
        candidate.shift.to = node;
        candidate.shift.to_used = balance->loads.used[node];
        candidate.shift.to_used.cpus_milli += takes.cpus_milli;
        candidate.shift.to_used.memory += takes.memory;
        consider(balance, &candidate);
    }
}

static void consider_all(struct balance *balance, bool is_learning)
{
    balance->is_learning = is_learning;
    for (service_id id = 0; id < balance->round->policy->n_services; id++)
        consider_group(balance, id);
}

static bool is_worth_it(const struct balance *balance, uint64_t before)
{
    uint64_t after = loads_imbalance(&balance->loads, &balance->best.shift);
    uint64_t least = (uint64_t)balance->round->policy->scheduling.improve_millionths;

    return after < before && (wide)(before - after) * MILLION >= (wide)before * least;
}

static void move_best(struct balance *balance, uint64_t imbalance)
{
    struct round *round = balance->round;
    const struct shift *shift = &balance->best.shift;
    struct reason why = reason_of(REASON_EVENS_OUT);
    struct verdict verdict;

    why.node = shift->from;
    why.other = shift->to;
    why.number = (int64_t)(((wide)imbalance * 100) >> FIXED_BITS);
    verdict = move_verdict(round, balance->best.head, shift->to, why, true);
    verdict.fallback = NODE_NONE;
    round_change_service(round, balance->best.head, &verdict);
    move_partners(round, balance->best.head, shift->to, why);
}

static bool is_anything_moving(const struct round *round)
{
    for (service_id id = 0; id < round->policy->n_services; id++) {
        enum service_state state = round->state->services[id].state;

        if (state == SERVICE_MIGRATE || state == SERVICE_RELOCATE)
            return true;
    }
    return false;
}

void rebalance_step(struct round *round)
{
    const struct scheduling *scheduling = &round->policy->scheduling;
    struct instant *since = &round->state->imbalanced_since;
    struct balance balance = {.round = round, .best = {.head = SERVICE_NONE}};
    uint64_t imbalance;

    if (!scheduling->rebalances || !load_is_weighed(round) || is_anything_moving(round)) {
        *since = INSTANT_UNKNOWN;
        return;
    }
    load_of_now(round, &balance.loads);
    imbalance = loads_imbalance(&balance.loads, NULL);
    if ((wide)imbalance * MILLION <= (wide)(unsigned)scheduling->imbalance_millionths
                                         << FIXED_BITS) {
        *since = INSTANT_UNKNOWN;
        return;
    }
    if (since->ms == INSTANT_UNKNOWN.ms) {
        *since = round->view->stamp;
        if (!scheduling->imbalance_hold.ms)
            round->outcome->wake_at = round->view->now;
    }
    /* Once a moment: services of this very step may change what another look would find. */
    if (!round_has_passed(round, *since, scheduling->imbalance_hold) ||
        since->ms == round->view->stamp.ms)
        return;
    /* Whether it helps or not, the next look is a full hold away. */
    *since = round->view->stamp;
    (void)round_has_passed(round, *since, scheduling->imbalance_hold);
    topsis_init(&balance.topsis);
    if (scheduling->method == METHOD_TOPSIS) {
        consider_all(&balance, true);
        topsis_settle(&balance.topsis);
    }
    consider_all(&balance, false);
    if (balance.best.head == SERVICE_NONE || !is_worth_it(&balance, imbalance))
        return;
    *since = INSTANT_UNKNOWN;
    move_best(&balance, imbalance);
}
