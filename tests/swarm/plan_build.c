/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan as the drill that plays it. */
#include <stdio.h>
#include <string.h>

#include "ha/base/text.h"
#include "tests/swarm/plan.h"

struct builder {
    const struct plan *plan;
    struct arena *arena;
    struct drill_step *steps;
    int *from;
    int n_steps;
    int generation;
    enum requested_state requested[PLAN_SERVICES_MAX];
};

static service_id *ids_of(struct builder *b, uint32_t services, int *n)
{
    service_id *ids = arena_alloc(b->arena, PLAN_SERVICES_MAX * sizeof(ids[0]));
    service_id id = 0;

    *n = 0;
    for (int i = 0; i < PLAN_SERVICES_MAX; i++) {
        if (!(b->plan->services[i].generations >> b->generation & 1))
            continue;
        if (services >> i & 1)
            ids[(*n)++] = id;
        id++;
    }
    return ids;
}

static void add_rule(struct builder *b, struct policy *policy, struct rule *rules,
                     const struct plan_rule *from)
{
    struct rule *rule = &rules[policy->n_rules];

    *rule = (struct rule){
        .kind = from->kind,
        .is_strict = from->is_strict,
        .n_tiers = from->n_tiers,
    };
    snprintf(rule->name, sizeof(rule->name), "r%d", (int)(from - b->plan->rules));
    memcpy(rule->tiers, from->tiers, sizeof(from->tiers));
    rule->services = ids_of(b, from->services, &rule->n_services);
    rule->others = ids_of(b, from->others, &rule->n_others);
    /* What a generation leaves of it may be nothing. */
    policy->n_rules += rule->n_services > 0 && (rule->kind != RULE_BEFORE || rule->n_others > 0);
}

/* By priority, the highest first, then by name: as they stand. */
static const service_id *put_in_order(struct builder *b, const struct policy *policy)
{
    service_id *order = arena_alloc(b->arena, PLAN_SERVICES_MAX * sizeof(order[0]));

    for (service_id id = 0; id < policy->n_services; id++) {
        int at = id;

        for (; at > 0 && policy->services[order[at - 1]].priority < policy->services[id].priority;
             at--)
            order[at] = order[at - 1];
        order[at] = id;
    }
    return order;
}

static const struct policy *build_policy(struct builder *b)
{
    const struct plan *plan = b->plan;
    struct policy *policy = arena_alloc(b->arena, sizeof(*policy));
    struct service_policy *services =
        arena_alloc(b->arena, PLAN_SERVICES_MAX * sizeof(services[0]));
    struct rule *rules = arena_alloc(b->arena, PLAN_RULES_MAX * sizeof(rules[0]));

    text_copy(policy->cluster, sizeof(policy->cluster), "swarm");
    policy->network = "lan";
    policy->timing = timing_of_network("lan", duration_ms(0), duration_ms(10000));
    policy->shutdown = plan->shutdown;
    policy->scheduling = plan->scheduling;
    policy->storm = plan->storm;
    policy->quarantine = plan->quarantine;
    policy->n_nodes = plan->n_nodes;
    for (int i = 0; i < plan->n_nodes; i++) {
        policy->nodes[i] =
            (struct node_policy){.votes = 1, .cpus_milli = 8000, .memory = (int64_t)1 << 30};
        text_copy(policy->nodes[i].name, NODE_NAME_MAX, plan_nodes[i]);
    }
    policy->services = services;
    policy->rules = rules;
    for (int i = 0; i < PLAN_SERVICES_MAX; i++) {
        if (!(plan->services[i].generations >> b->generation & 1))
            continue;
        services[policy->n_services] = plan->services[i].policy;
        services[policy->n_services++].requested = b->requested[i];
    }
    policy->in_order = put_in_order(b, policy);
    for (int i = 0; i < PLAN_RULES_MAX; i++) {
        if (plan->rules[i].generations >> b->generation & 1)
            add_rule(b, policy, rules, &plan->rules[i]);
    }
    return policy;
}

static void forget_requests(struct builder *b)
{
    for (int i = 0; i < PLAN_SERVICES_MAX; i++)
        b->requested[i] = b->plan->services[i].policy.requested;
}

bool plan_event_counts(const struct plan *plan, const struct plan_event *event, int generation)
{
    return event->is_taken && !event->is_impossible &&
           (event->service == SERVICE_NONE ||
            (plan->services[event->service].generations >> generation & 1));
}

static struct drill_step *add_step(struct builder *b, struct drill_step step, int from)
{
    b->from[b->n_steps] = from;
    b->steps[b->n_steps] = step;
    return &b->steps[b->n_steps++];
}

static void add_sides(struct builder *b, struct drill_step *step)
{
    node_set *sides = arena_alloc(b->arena, 2 * sizeof(sides[0]));

    sides[0] = step->nodes;
    sides[1] = (((node_set)1 << b->plan->n_nodes) - 1) & ~step->nodes;
    step->sides = sides;
    step->n_sides = 2;
}

static void add_event(struct builder *b, int at, struct duration now)
{
    const struct plan_event *event = &b->plan->events[at];
    struct drill_step *step = add_step(b,
                                       (struct drill_step){
                                           .at = now,
                                           .verb = event->verb,
                                           .line = at + 1,
                                           .text = "",
                                           .nodes = event->nodes,
                                           .fault = event->fault,
                                           .exit_code = event->exit_code,
                                           .lasts = event->lasts,
                                           .number = event->number,
                                       },
                                       at);

    if (event->service != SERVICE_NONE)
        step->service = plan_services[event->service];
    if (event->verb == DRILL_PARTITION)
        add_sides(b, step);
    if (event->verb == DRILL_USAGE)
        step->memory = (int64_t)event->number << 16;
    if (event->verb != DRILL_CHANGE_POLICY)
        return;
    step->service = NULL;
    if (event->service != SERVICE_NONE) {
        b->requested[event->service] = (enum requested_state)event->number;
    } else {
        b->generation = event->number;
        forget_requests(b);
    }
    step->policy = build_policy(b);
}

static void add_plain(struct builder *b, enum drill_verb verb, struct duration at, int number)
{
    add_step(b,
             (struct drill_step){
                 .at = at,
                 .verb = verb,
                 .text = "",
                 .nodes = ((node_set)1 << b->plan->n_nodes) - 1,
                 .number = number,
             },
             -1);
}

const struct drill *plan_build(const struct plan *plan, struct arena *arena, int **from)
{
    int steps_max = PLAN_EVENTS_MAX + PLAN_HEALS + 4;
    struct builder b = {.plan = plan, .arena = arena};
    struct drill *drill = arena_alloc(arena, sizeof(*drill));
    struct duration now = {0};

    b.steps = arena_alloc(arena, (size_t)steps_max * sizeof(b.steps[0]));
    b.from = arena_alloc(arena, (size_t)steps_max * sizeof(b.from[0]));
    forget_requests(&b);
    *drill = (struct drill){.name = "swarm", .policy = build_policy(&b), .steps = b.steps};
    if (plan->is_unkind)
        add_plain(&b, DRILL_UNKIND, now, (int)plan->seed);
    add_plain(&b, DRILL_POWER_ON, now, 0);
    for (int i = 0; i < PLAN_EVENTS_MAX; i++) {
        const struct plan_event *event = &plan->events[i];

        now.ms += event->is_taken ? event->gap.ms : 0;
        if (plan_event_counts(plan, event, b.generation))
            add_event(&b, i, now);
    }
    for (int i = 0; i < PLAN_HEALS; i++, now.ms += PLAN_HEAL_EVERY_MS)
        add_plain(&b, DRILL_HEAL, now, 0);
    add_plain(&b, DRILL_EXPECT_QUORUM, now, 1);
    add_plain(&b, DRILL_EXPECT_SETTLED, now, 0);
    b.steps[b.n_steps - 1].within.ms = PLAN_SETTLE_MS;
    drill->n_steps = b.n_steps;
    if (from)
        *from = b.from;
    return drill;
}
