/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clusters to be measured; see problem.h. */
#include "tests/bench/problem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ha/base/text.h"

/* Nobody needs more steps than that; who does has gone astray. */
#define STEPS_MAX 100
#define SERVICES_A_RULE 10
#define GROUPS 10
#define GIB ((int64_t)1 << 30)

static const char *const kind_names[PROBLEM_KINDS] = {
    [PROBLEM_BASIC] = "basic", [PROBLEM_STATIC] = "static", [PROBLEM_DYNAMIC] = "dynamic",
    [PROBLEM_RULES] = "rules", [PROBLEM_GROUPS] = "groups",
};

const char *problem_kind_name(enum problem_kind kind)
{
    return kind_names[kind];
}

/* ---- the policy ---------------------------------------------------------------------------- */

static void add_nodes(struct policy *policy, int n_nodes)
{
    policy->n_nodes = n_nodes;
    for (node_id id = 0; id < n_nodes; id++) {
        struct node_policy *node = &policy->nodes[id];

        snprintf(node->name, sizeof(node->name), "node%02d", id + 1);
        node->votes = 1;
        node->cpus_milli = 64000;
        node->memory = 512 * GIB;
    }
}

/* Of several sizes, as real ones are. */
static void add_services(struct policy *policy, struct arena *arena, int n_services)
{
    struct service_policy *services =
        arena_alloc(arena, (size_t)n_services * sizeof(struct service_policy));

    for (service_id id = 0; id < n_services; id++) {
        struct service_policy *service = &services[id];

        snprintf(service->name, sizeof(service->name), "ocf:service%05d", id + 1);
        service->type = "ocf";
        service->agent = "heartbeat:Dummy";
        service->requested = REQUESTED_STARTED;
        service->restart_max = service->relocate_max = 1;
        service->failback = true;
        service->monitor_every = duration_ms(10000);
        service->monitor_timeout = service->start_timeout = service->stop_timeout =
            duration_ms(20000);
        service->cpus_milli = 100 * (1 + id % 7);
        service->memory = (1 + id % 5) * (GIB / 4);
    }
    policy->services = services;
    policy->n_services = n_services;
}

/* Of each ten services two keep together, or three like to be apart, or four prefer some nodes. */
static void make_rule(struct rule *rule, rule_id id, const struct policy *policy, service_id *named)
{
    static const enum rule_kind kinds[] = {RULE_TOGETHER, RULE_APART, RULE_ON};

    snprintf(rule->name, sizeof(rule->name), "rule%04d", id + 1);
    rule->kind = kinds[id % 3];
    rule->is_strict = rule->kind == RULE_TOGETHER;
    rule->services = named;
    rule->n_services = 2 + id % 3;
    for (int i = 0; i < rule->n_services; i++)
        named[i] = (service_id)(id * SERVICES_A_RULE + i);
    if (rule->kind == RULE_ON) {
        rule->n_tiers = 1;
        rule->tiers[0] = node_bit((node_id)(id % policy->n_nodes)) |
                         node_bit((node_id)((id + 1) % policy->n_nodes));
    }
}

static void add_rules(struct policy *policy, struct arena *arena)
{
    int n_rules = policy->n_services / SERVICES_A_RULE;
    struct rule *rules = arena_alloc(arena, (size_t)n_rules * sizeof(struct rule));
    service_id *named = arena_alloc(arena, (size_t)n_rules * SERVICES_A_RULE * sizeof(service_id));

    assert(n_rules <= RULES_MAX);
    for (rule_id id = 0; id < n_rules; id++)
        make_rule(&rules[id], id, policy, &named[id * SERVICES_A_RULE]);
    policy->rules = rules;
    policy->n_rules = n_rules;
}

/* All of a tenth but its last stay together, and the last is kept apart from the first. */
static void add_groups(struct policy *policy, struct arena *arena)
{
    int size = policy->n_services / GROUPS;
    struct rule *rules = arena_alloc(arena, 2 * GROUPS * sizeof(struct rule));
    service_id *named =
        arena_alloc(arena, (size_t)(policy->n_services + 2 * GROUPS) * sizeof(service_id));

    for (int i = 0; i < GROUPS; i++) {
        struct rule *together = &rules[2 * i], *apart = &rules[2 * i + 1];
        service_id first = i * size;

        *together = (struct rule){.kind = RULE_TOGETHER, .is_strict = true, .services = named};
        while (together->n_services < size - 1)
            *named++ = first + together->n_services++;
        *apart = (struct rule){.kind = RULE_APART, .is_strict = true, .services = named};
        *named++ = first;
        *named++ = first + size - 1;
        apart->n_services = 2;
        snprintf(together->name, sizeof(together->name), "group%d", i + 1);
        snprintf(apart->name, sizeof(apart->name), "apart%d", i + 1);
    }
    policy->rules = rules;
    policy->n_rules = 2 * GROUPS;
}

/* ---- the view ------------------------------------------------------------------------------ */

static void join_all(struct problem *problem)
{
    for (node_id id = 0; id < problem->policy.n_nodes; id++) {
        struct node_view *node = &problem->view.nodes[id];

        node->is_member = node->has_report = node->is_armed = true;
        node->last_beat = problem->view.now;
        node->dead_at = INSTANT_NEVER;
        text_copy(node->boot_id, sizeof(node->boot_id), "first");
    }
}

/* What it needs is what it is measured to use, once it runs. */
static void measure_on(struct problem *problem, service_id id, node_id node)
{
    struct service_view *view = &problem->view.services[id];

    view->used_cpus_milli = problem->policy.services[id].cpus_milli;
    view->used_memory = problem->policy.services[id].memory;
    problem->view.nodes[node].used_cpus_milli += view->used_cpus_milli;
    problem->view.nodes[node].used_memory += view->used_memory;
}

/* Every player has done what it was told last. */
static void obey(struct problem *problem)
{
    for (node_id id = 0; id < problem->policy.n_nodes; id++) {
        problem->view.nodes[id].used_cpus_milli = 0;
        problem->view.nodes[id].used_memory = 0;
    }
    for (service_id id = 0; id < problem->policy.n_services; id++) {
        const struct service *service = &problem->state.services[id];
        struct service_view *view = &problem->view.services[id];
        bool is_asked = service->state == SERVICE_STARTED || service->state == SERVICE_RELOCATE;

        view->result = JOB_NONE;
        view->running_on = 0;
        if (!is_asked || !problem->view.nodes[service->node].is_member)
            continue;
        view->result = JOB_DONE;
        if (service->state != SERVICE_STARTED)
            continue;
        view->running_on = node_bit(service->node);
        if (problem->policy.scheduling.mode == SCHEDULING_DYNAMIC)
            measure_on(problem, id, service->node);
    }
}

struct problem *problem_new(int n_services, int n_nodes, enum problem_kind kind)
{
    static const enum scheduling_mode modes[PROBLEM_KINDS] = {
        [PROBLEM_STATIC] = SCHEDULING_STATIC,
        [PROBLEM_DYNAMIC] = SCHEDULING_DYNAMIC,
    };
    struct problem *problem = xcalloc(1, sizeof(*problem));

    problem->arena = arena_new();
    problem->policy.timing = timing_of_network("lan", duration_ms(0), duration_ms(0));
    problem->policy.scheduling.mode = modes[kind];
    add_nodes(&problem->policy, n_nodes);
    add_services(&problem->policy, problem->arena, n_services);
    if (kind == PROBLEM_RULES)
        add_rules(&problem->policy, problem->arena);
    if (kind == PROBLEM_GROUPS)
        add_groups(&problem->policy, problem->arena);
    ha_state_init(&problem->state, n_nodes, n_services);
    cluster_view_init(&problem->view, n_nodes, n_services);
    lrm_init(&problem->player, 0, n_services);
    problem->view.is_quorate = true;
    problem->view.now.ms = problem->view.stamp.ms = 1000000;
    problem->outcome.changes = xcalloc(CHANGES_MAX, sizeof(struct change));
    problem->outcome.changes_max = CHANGES_MAX;
    join_all(problem);
    return problem;
}

void problem_free(struct problem *problem)
{
    arena_free(problem->arena);
    free(problem->outcome.changes);
    free(problem);
}

/* ---- what happens -------------------------------------------------------------------------- */

static int64_t processor_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void problem_step(struct problem *problem)
{
    int64_t begin;

    problem->state.version++;
    begin = processor_ns();
    crm_step(&problem->state, &problem->policy, &problem->view, &problem->outcome);
    problem->step_ns += processor_ns() - begin;
    problem->n_steps++;
}

static bool all_run(const struct problem *problem)
{
    for (service_id id = 0; id < problem->policy.n_services; id++) {
        const struct service *service = &problem->state.services[id];

        if (service->state != SERVICE_STARTED || !service->is_running ||
            !problem->view.nodes[service->node].is_member)
            return false;
    }
    return true;
}

bool problem_settle(struct problem *problem)
{
    for (int i = 0; i < STEPS_MAX; i++) {
        problem_step(problem);
        if (all_run(problem))
            return true;
        obey(problem);
    }
    return false;
}

void problem_kill(struct problem *problem, node_id id)
{
    struct node_view *node = &problem->view.nodes[id];

    node->is_member = node->has_report = false;
    node->last_beat = problem->view.now;
    node->dead_at = instant_after(problem->view.now, timing_recovery_wait(&problem->policy.timing));
    node->is_history_known = true;
    problem_step(problem); /* it is merely silent yet */
    problem->view.now = problem->view.stamp = node->dead_at;
    node->is_proven_off = true;
    obey(problem);
}

void problem_keep(struct problem *problem)
{
    ha_state_copy(&problem->before, &problem->state);
}

void problem_return(struct problem *problem)
{
    ha_state_copy(&problem->state, &problem->before);
    obey(problem);
}

int problem_count_on(const struct problem *problem, node_id node)
{
    int count = 0;

    for (service_id id = 0; id < problem->policy.n_services; id++)
        count += problem->state.services[id].node == node;
    return count;
}
