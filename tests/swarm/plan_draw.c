/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A cluster and its misfortunes, drawn from a seed. Rules are drawn so that a person could have
 * meant them; whether all services find a place is for the manager to find out.
 */
#include <string.h>

#include "ha/base/text.h"
#include "tests/swarm/plan.h"

const char *const plan_nodes[PLAN_NODES_MAX] = {"alpha", "beta", "delta", "epsilon", "eta",
                                                "gamma", "iota", "kappa", "zeta"};
const char *const plan_services[PLAN_SERVICES_MAX] = {"ocf:a", "ocf:b", "ocf:c", "ocf:d", "ocf:e",
                                                      "ocf:f", "ocf:g", "ocf:h", "ocf:i", "ocf:j"};

/* One world of so many is torn: most of what happens there comes in tears of so many events. */
#define TORN_EVERY 3
#define TEAR_PERCENT 85
#define TEAR_EVENTS 4
/* Nodes of a torn world fall often; where that is held against them is a world like this, too. */
#define TORN_AND_STRICT_EVERY 6

/* One world of so many has a link that comes and goes. */
#define LOOSE_EVERY 4
/* Exit codes with which an agent refuses to work. */
#define EXIT_REFUSED_LEAST 2
#define EXITS_REFUSED 5

/* A rule that says where leaves so many nodes, and no more services are kept apart. */
#define PLACES_LEAST 3

static int pick(struct random *random, const int *from, int n)
{
    return from[random_below(random, n)];
}

static node_set any_nodes(struct random *random, int n_nodes, int least)
{
    node_set nodes = 0;

    while (node_set_count(nodes) < (least < n_nodes ? least : n_nodes))
        nodes |= node_bit((node_id)random_below(random, n_nodes));
    for (node_id node = 0; node < n_nodes; node++)
        nodes |= random_chance(random, 30) ? node_bit(node) : 0;
    return nodes;
}

static uint32_t any_services(struct random *random, int n_services, int n)
{
    return (uint32_t)any_nodes(&(struct random){random_next(random)}, n_services, n) &
           (((uint32_t)1 << n_services) - 1);
}

/* ---- the policy ----------------------------------------------------------------------------- */

static unsigned any_generations(struct random *random)
{
    return random_chance(random, 80) ? 3u : random_chance(random, 50) ? 1u : 2u;
}

static void draw_service(struct plan_service *service, const char *name, struct random *random)
{
    static const int seconds[] = {4000, 10000, 20000};

    service->generations = any_generations(random);
    service->policy = (struct service_policy){
        .type = "ocf",
        .requested = random_chance(random, 85) ? REQUESTED_STARTED
                                               : (enum requested_state)random_below(random, 4),
        .migrate =
            random_chance(random, 90) ? (enum migrate_how)random_below(random, 2) : MIGRATE_NEVER,
        .restart_max = random_below(random, 3),
        .relocate_max = random_below(random, 3),
        .failback = random_chance(random, 60),
        .monitor_every = {pick(random, seconds, 3)},
        .monitor_timeout = {20000},
        .start_timeout = {pick(random, seconds, 3)},
        .stop_timeout = {pick(random, seconds, 3)},
        .cpus_milli = 1000 * random_below(random, 5),
        .memory = (int64_t)random_below(random, 256) << 20,
    };
    text_copy(service->policy.name, sizeof(service->policy.name), name);
}

static uint32_t bound_by(const struct plan *plan, enum rule_kind kind, bool is_strict, int n_rules)
{
    uint32_t services = 0;

    for (int i = 0; i < n_rules; i++) {
        const struct plan_rule *rule = &plan->rules[i];

        if (rule->kind == kind && rule->is_strict == is_strict)
            services |= rule->services;
    }
    return services;
}

static void draw_tiers(const struct plan *plan, struct plan_rule *rule, struct random *random)
{
    node_set left = any_nodes(random, plan->n_nodes, PLACES_LEAST);

    rule->n_tiers = 0;
    while (left && rule->n_tiers < PLAN_TIERS_MAX - 1) {
        node_set tier = left & any_nodes(random, plan->n_nodes, 1);

        if (tier)
            rule->tiers[rule->n_tiers++] = tier;
        left &= ~tier;
        if (!tier || random_chance(random, 30))
            break;
    }
    if (left)
        rule->tiers[rule->n_tiers++] = left;
}

static int count_strict_on(const struct plan *plan, int n_rules)
{
    int n = 0;

    for (int i = 0; i < n_rules; i++)
        n += plan->rules[i].kind == RULE_ON && plan->rules[i].is_strict;
    return n;
}

/* What checking a policy would refuse: more apart than places, partners without a common node. */
static void keep_sense(const struct plan *plan, struct plan_rule *rule, int at)
{
    int most = plan->n_nodes < PLACES_LEAST ? plan->n_nodes : PLACES_LEAST;

    while (rule->kind == RULE_APART && __builtin_popcount(rule->services) > most)
        rule->services &= rule->services - 1;
    if (!rule->is_strict || count_strict_on(plan, at) == 0)
        return;
    if (rule->kind == RULE_ON)
        rule->services &= ~bound_by(plan, RULE_TOGETHER, true, at);
    if (rule->kind == RULE_TOGETHER)
        rule->services &= ~bound_by(plan, RULE_ON, true, at);
}

/* A service has one rule of a kind at most, and none keeps apart what another keeps together. */
static void draw_rule(struct plan *plan, int at, int n_services, struct random *random)
{
    struct plan_rule *rule = &plan->rules[at];
    int size;

    rule->kind = (enum rule_kind)random_below(random, 4);
    rule->is_strict = rule->kind == RULE_BEFORE || random_chance(random, 60);
    rule->generations = any_generations(random);
    size = rule->kind == RULE_ON ? 1 : 2;
    rule->services = any_services(random, n_services, size);
    rule->services &= ~bound_by(plan, rule->kind, rule->is_strict, at);
    if (rule->kind == RULE_APART)
        rule->services &= ~bound_by(plan, RULE_TOGETHER, true, at);
    if (rule->kind == RULE_TOGETHER)
        rule->services &= ~bound_by(plan, RULE_APART, true, at);
    keep_sense(plan, rule, at);
    if (rule->kind == RULE_BEFORE) {
        /* The first before the others: no circle. */
        rule->others = rule->services & (rule->services - 1);
        rule->services ^= rule->others;
    }
    if (!rule->services || (rule->kind != RULE_ON && rule->kind != RULE_BEFORE &&
                            __builtin_popcount(rule->services) < 2))
        rule->generations = 0;
    if (rule->kind == RULE_BEFORE && !rule->others)
        rule->generations = 0;
    if (rule->kind != RULE_ON)
        return;
    draw_tiers(plan, rule, random);
}

/* Nor an order of nodes for what strict rules bind to others: wishes keep the first of it. */
static void forget_order(struct plan *plan, int n_rules)
{
    uint32_t bound =
        bound_by(plan, RULE_TOGETHER, true, n_rules) | bound_by(plan, RULE_APART, true, n_rules);

    for (int i = 0; i < n_rules; i++) {
        struct plan_rule *rule = &plan->rules[i];

        if (rule->kind != RULE_ON || !(rule->services & bound))
            continue;
        for (int tier = 1; rule->is_strict && tier < rule->n_tiers; tier++)
            rule->tiers[0] |= rule->tiers[tier];
        rule->n_tiers = 1;
    }
}

static void draw_policy(struct plan *plan, struct random *random)
{
    static const int nodes[] = {2, 3, 3, 3, 4, 5, 5, 7, 9};
    int n_services = 1 + random_below(random, PLAN_SERVICES_MAX);
    int n_rules = random_below(random, PLAN_RULES_MAX + 1);

    plan->n_nodes = pick(random, nodes, 9);
    plan->shutdown = (enum shutdown_policy)random_below(random, 4);
    plan->scheduling = (struct scheduling){
        .mode = (enum scheduling_mode)random_below(random, 3),
        .method = (enum scheduling_method)random_below(random, 2),
        .rebalances_on_start = random_chance(random, 30),
        .rebalances = random_chance(random, 40),
        .imbalance_millionths = 300000,
        .imbalance_hold = {1000 * random_below(random, 20)},
        .improve_millionths = 100000,
    };
    for (int i = 0; i < n_services; i++)
        draw_service(&plan->services[i], plan_services[i], random);
    plan->services[0].generations = 3;
    for (int i = 0; i < n_rules; i++)
        draw_rule(plan, i, n_services, random);
    forget_order(plan, n_rules);
}

/*
 * How patient the cluster is: limits on recoveries, trust and work, pauses and priorities. Windows
 * are short, so that all of them end while everything heals.
 */
static void draw_limits(struct plan *plan, uint64_t seed)
{
    struct random random = {.state = seed * 131 + 7};
    int within = 60000 + 1000 * random_below(&random, 60);

    /* Almost none: no text can say that there are none at all. */
    plan->scheduling.workers = WORKERS_MOST;
    for (int i = 0; i < PLAN_SERVICES_MAX; i++)
        plan->services[i].policy.restart_after.ms = 100;
    if (seed % TORN_AND_STRICT_EVERY == 0)
        plan->quarantine = (struct frequency){2, {within}, 0};
    if (random_chance(&random, 67))
        return;
    if (random_chance(&random, 40))
        plan->storm = (struct frequency){1 + random_below(&random, 2), {within}, 0};
    if (random_chance(&random, 40))
        plan->quarantine = (struct frequency){2 + random_below(&random, 2), {within}, 0};
    if (random_chance(&random, 40))
        plan->scheduling.workers = 1 + random_below(&random, 3);
    for (int i = 0; i < PLAN_SERVICES_MAX; i++) {
        struct service_policy *service = &plan->services[i].policy;

        if (random_chance(&random, 20))
            service->priority = random_below(&random, 3) - 1;
        if (random_chance(&random, 30))
            service->restart_after.ms = 1000 * (1 + random_below(&random, 5));
    }
}

/* ---- what happens --------------------------------------------------------------------------- */

/* How often a thing happens, among the others. */
static const struct chance {
    enum drill_verb verb;
    int weight;
    bool of_service;
    bool of_node;
} chances[] = {
    {DRILL_POWER_OFF, 6, false, true},
    {DRILL_POWER_ON, 10, false, true},
    {DRILL_CUT, 7, false, true},
    {DRILL_MEND, 11, false, true},
    {DRILL_PARTITION, 4, false, true},
    {DRILL_CRASH, 4, false, true},
    {DRILL_RESTART, 6, false, true},
    {DRILL_UPGRADE, 3, false, true},
    {DRILL_REBOOT, 4, false, true},
    {DRILL_SHUTDOWN, 2, false, true},
    {DRILL_STALL, 5, false, true},
    {DRILL_WAKE, 8, false, true},
    {DRILL_STORE_FAIL, 2, false, true},
    {DRILL_STORE_WORK, 4, false, true},
    {DRILL_FAIL, 12, true, true},
    {DRILL_KILL, 5, true, false},
    {DRILL_SLOW, 3, true, true},
    {DRILL_USAGE, 3, true, false},
    {DRILL_MOVED, 4, true, true},
    {DRILL_MIGRATE, 5, true, true},
    {DRILL_RELOCATE, 5, true, true},
    {DRILL_HOLD, 2, true, false},
    {DRILL_CLEAR, 4, true, false},
    {DRILL_MAINTENANCE_ON, 4, false, true},
    {DRILL_MAINTENANCE_OFF, 5, false, true},
    {DRILL_DISARM_FREEZE, 2, false, false},
    {DRILL_DISARM_IGNORE, 2, false, false},
    {DRILL_ARM, 8, false, false},
    {DRILL_CHANGE_POLICY, 8, true, false},
};
#define N_CHANCES ((int)(sizeof(chances) / sizeof(chances[0])))

static const struct chance *any_chance(struct random *random)
{
    int all = 0, at;

    for (int i = 0; i < N_CHANCES; i++)
        all += chances[i].weight;
    at = random_below(random, all);
    for (int i = 0; i < N_CHANCES; i++) {
        at -= chances[i].weight;
        if (at < 0)
            return &chances[i];
    }
    return &chances[0];
}

static int any_number(struct plan_event *event, struct random *random)
{
    switch (event->verb) {
    case DRILL_FAIL: return random_chance(random, 30) ? -1 : random_below(random, 5);
    case DRILL_SLOW: return 1000 * random_below(random, 25);
    case DRILL_USAGE: return 1000 * random_below(random, 5);
    case DRILL_CHANGE_POLICY: return random_below(random, event->service < 0 ? 2 : 4);
    default: return 0;
    }
}

static void draw_event(struct plan *plan, struct plan_event *event, struct random *random)
{
    const struct chance *chance = any_chance(random);
    /* Misfortunes like company: while a decision is on its way, the next one comes. */
    int kind = random_below(random, 100), ms = kind < 15 ? 30000 : kind < 50 ? 300 : 3000;

    *event = (struct plan_event){
        .is_taken = true,
        .gap = {random_below(random, ms)},
        .verb = chance->verb,
        .service = chance->of_service ? random_below(random, PLAN_SERVICES_MAX) : SERVICE_NONE,
        .fault = (enum world_fault)random_below(random, WORLD_FAULTS),
    };
    if (chance->of_node)
        event->nodes = node_bit((node_id)random_below(random, plan->n_nodes));
    if (chance->of_node && event->verb != DRILL_MIGRATE && event->verb != DRILL_RELOCATE &&
        event->verb != DRILL_MOVED && random_chance(random, 20))
        event->nodes = any_nodes(random, plan->n_nodes, 1);
    if ((event->verb == DRILL_FAIL || event->verb == DRILL_SLOW) && random_chance(random, 50))
        event->nodes = ((node_set)1 << plan->n_nodes) - 1;
    if (event->verb == DRILL_CHANGE_POLICY && random_chance(random, 30))
        event->service = SERVICE_NONE;
    event->number = any_number(event, random);
}

/*
 * A torn world: time and again something has just been decided when a few nodes lose sight of the
 * others, too few to keep these from deciding anew. What they alone have heard meanwhile happens so
 * seldom elsewhere that a swarm would need thousands of histories to see it.
 */
static void draw_tear(struct plan *plan, struct plan_event *event, int turn, struct random *random)
{
    static const enum drill_verb news[] = {DRILL_RELOCATE, DRILL_MIGRATE, DRILL_CHANGE_POLICY,
                                           DRILL_CHANGE_POLICY};
    static const int gaps[TEAR_EVENTS] = {4000, 300, 2500, 12000};

    *event = (struct plan_event){
        .is_taken = true,
        .gap = {random_below(random, gaps[turn])},
        .service = SERVICE_NONE,
    };
    if (turn < 2) {
        event->verb = news[random_below(random, 4)];
        event->service = random_below(random, PLAN_SERVICES_MAX);
        event->nodes = node_bit((node_id)random_below(random, plan->n_nodes));
        event->number = random_chance(random, 60) ? REQUESTED_STARTED : REQUESTED_STOPPED;
    } else if (turn == 2) {
        event->verb = random_chance(random, 70) ? DRILL_CUT : DRILL_PARTITION;
        while (node_set_count(event->nodes) < (plan->n_nodes - 1) / 2)
            event->nodes |= node_bit((node_id)random_below(random, plan->n_nodes));
    } else {
        event->verb = DRILL_MEND;
        event->nodes = ((node_set)1 << plan->n_nodes) - 1;
    }
}

/* Agents that refuse to work, and wishes that end by themselves. */
static void draw_details(struct plan *plan, uint64_t seed)
{
    struct random random = {.state = seed * 193 + 11};

    for (int i = 0; i < PLAN_EVENTS_MAX; i++) {
        struct plan_event *event = &plan->events[i];
        bool may_end = event->verb == DRILL_MAINTENANCE_ON || event->verb == DRILL_DISARM_FREEZE ||
                       event->verb == DRILL_DISARM_IGNORE;

        if (may_end && random_chance(&random, 50))
            event->lasts.ms = 1000 * (1 + random_below(&random, 40));
        if (event->verb == DRILL_FAIL && random_chance(&random, 30))
            event->exit_code = EXIT_REFUSED_LEAST + random_below(&random, EXITS_REFUSED);
    }
}

/*
 * A link that lets through what comes and not what goes, or one that is loose: the ring finds that
 * it cannot agree, forms without that node, hears it again, and so on, while the others decide.
 */
static void draw_loose_link(struct plan *plan, uint64_t seed)
{
    struct random random = {.state = seed * 389 + 17};
    int first = random_below(&random, PLAN_EVENTS_MAX / 2), n_turns = 3 + random_below(&random, 12);
    node_set nodes = node_bit((node_id)random_below(&random, plan->n_nodes));

    for (int i = 0; i < 2 * n_turns && first + i < PLAN_EVENTS_MAX; i++) {
        struct plan_event *event = &plan->events[first + i];

        /* Between its turns, now and then, something else happens. */
        if (event->is_taken && random_chance(&random, 25))
            continue;
        *event = (struct plan_event){
            .is_taken = true,
            .gap = {random_below(&random, i % 2 ? 700 : 2500)},
            .verb = i % 2 ? DRILL_MEND : DRILL_CUT,
            .service = SERVICE_NONE,
            .nodes = nodes,
        };
    }
}

void plan_draw(struct plan *plan, uint64_t seed)
{
    struct random random = {.state = seed * 77};
    bool is_torn = seed % TORN_EVERY == 0, is_tear = false;
    int n_events;

    memset(plan, 0, sizeof(*plan));
    plan->seed = seed;
    plan->is_unkind = true;
    draw_policy(plan, &random);
    draw_limits(plan, seed);
    n_events = 10 + random_below(&random, PLAN_EVENTS_MAX - 10);
    for (int i = 0; i < n_events; i++) {
        if (i % TEAR_EVENTS == 0)
            is_tear = is_torn && random_chance(&random, TEAR_PERCENT);
        if (is_tear)
            draw_tear(plan, &plan->events[i], i % TEAR_EVENTS, &random);
        else
            draw_event(plan, &plan->events[i], &random);
    }
    draw_details(plan, seed);
    if (seed % LOOSE_EVERY == 1)
        draw_loose_link(plan, seed);
    /* They have had time to begin. */
    plan->events[0].gap.ms = random_chance(&random, 80) ? 20000 : 0;
}
