/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The small cluster for tests; see scene.h. */
#include "tests/unit/ha/decide/scene.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "ha/base/arena.h"
#include "ha/base/text.h"

/* In the order of the alphabet, as a policy has them. */
static const char *const node_names[SCENE_NODES_MAX] = {
    "alpha", "beta", "gamma", "kappa", "omega", "sigma", "theta", "zeta",
};

struct scene *scene_new(int n_nodes, int n_services)
{
    struct scene *scene = xcalloc(1, sizeof(*scene));

    assert(n_nodes <= SCENE_NODES_MAX && n_services <= SCENE_SERVICES_MAX);
    scene->policy.n_nodes = n_nodes;
    scene->policy.n_services = n_services;
    scene->policy.services = scene->services;
    scene->policy.rules = scene->rules;
    scene->policy.timing = timing_of_network("lan", duration_ms(0), duration_ms(0));
    for (int i = 0; i < n_nodes; i++)
        text_copy(scene->policy.nodes[i].name, NODE_NAME_MAX, node_names[i]);
    for (int i = 0; i < n_services; i++) {
        struct service_policy *service = &scene->services[i];

        snprintf(service->name, sizeof(service->name), "ocf:%c", 'a' + i);
        service->requested = REQUESTED_STARTED;
        service->restart_max = 1;
        service->relocate_max = 1;
        service->failback = true;
        service->monitor_every = duration_ms(10000);
        service->monitor_timeout = service->start_timeout = service->stop_timeout =
            duration_ms(20000);
    }
    ha_state_init(&scene->state, n_nodes, n_services);
    cluster_view_init(&scene->view, n_nodes, n_services);
    scene->view.is_quorate = true;
    scene->view.self = 0;
    scene->view.now.ms = scene->view.stamp.ms = 100000;
    scene->outcome.changes = scene->changes;
    scene->outcome.changes_max = (int)(sizeof(scene->changes) / sizeof(scene->changes[0]));
    return scene;
}

struct rule *scene_rule(struct scene *scene, enum rule_kind kind, bool is_strict, uint32_t services)
{
    int id = scene->policy.n_rules++;
    struct rule *rule = &scene->rules[id];

    assert(id < SCENE_RULES_MAX);
    snprintf(rule->name, sizeof(rule->name), "r%d", id);
    rule->line = id + 10;
    rule->kind = kind;
    rule->is_strict = is_strict;
    rule->services = scene->named[id];
    for (service_id service = 0; service < scene->policy.n_services; service++) {
        if (services & 1u << service)
            scene->named[id][rule->n_services++] = service;
    }
    return rule;
}

void scene_tier(struct rule *rule, node_set nodes)
{
    rule->tiers[rule->n_tiers++] = nodes;
}

void scene_join_boot(struct scene *scene, node_id node, const char *boot_id)
{
    struct node_view *view = &scene->view.nodes[node];

    *view = (struct node_view){
        .is_member = true,
        .has_report = true,
        .last_beat = scene->view.now,
        .dead_at = INSTANT_NEVER,
    };
    text_copy(view->boot_id, sizeof(view->boot_id), boot_id);
}

void scene_join(struct scene *scene, node_set nodes)
{
    NODE_SET_EACH(node, nodes)
    {
        scene_join_boot(scene, node, "one");
    }
}

void scene_silence(struct scene *scene, node_id node)
{
    struct node_view *view = &scene->view.nodes[node];

    view->is_member = view->has_report = false;
    view->last_beat = scene->view.now;
    view->dead_at = instant_after(scene->view.now, timing_recovery_wait(&scene->policy.timing));
}

void scene_prove_off(struct scene *scene, node_id node)
{
    scene_silence(scene, node);
    scene->view.now = scene->view.stamp = scene->view.nodes[node].dead_at;
    scene->view.nodes[node].is_proven_off = true;
    for (service_id service = 0; service < scene->policy.n_services; service++)
        scene->view.services[service].running_on &= ~node_bit(node);
}

void scene_step(struct scene *scene)
{
    scene->state.version++;
    crm_step(&scene->state, &scene->policy, &scene->view, &scene->outcome);
    for (service_id service = 0; service < scene->policy.n_services; service++) {
        if (scene->state.services[service].cause == scene->state.version)
            scene->view.services[service].result = JOB_NONE;
    }
}

void scene_result(struct scene *scene, service_id service, enum job_code code)
{
    struct service_view *view = &scene->view.services[service];
    const struct service *record = &scene->state.services[service];
    bool runs = code == JOB_DONE && record->state == SERVICE_STARTED;

    view->result = code;
    view->exit_code = code == JOB_DONE ? 0 : 1;
    text_copy(view->words, sizeof(view->words), code == JOB_DONE ? "" : "no such device");
    view->running_on = runs ? node_bit(record->node) : 0;
}

static void obey(struct scene *scene, service_id service)
{
    const struct service *record = &scene->state.services[service];

    if (record->node == NODE_NONE || !scene->view.nodes[record->node].is_member)
        return;
    switch (record->state) {
    case SERVICE_STARTED:
    case SERVICE_RELOCATE:
    case SERVICE_MIGRATE:
    case SERVICE_REQUEST_STOP: scene_result(scene, service, JOB_DONE); break;
    default: break;
    }
}

void scene_settle(struct scene *scene)
{
    for (int i = 0; i < 20; i++) {
        for (service_id service = 0; service < scene->policy.n_services; service++)
            obey(scene, service);
        scene_step(scene);
        if (scene->outcome.n_changes == 0)
            return;
    }
    assert(false && "it never settles");
}

void scene_start(struct scene *scene)
{
    for (node_id node = 0; node < scene->policy.n_nodes; node++)
        scene_join_boot(scene, node, "one");
    scene_settle(scene);
}

bool scene_command(struct scene *scene, enum command_kind kind, service_id service, node_id node)
{
    scene->view.commands[0] = (struct command){
        .id = 7,
        .kind = kind,
        .service = service,
        .node = node,
        .lasts = scene->lasts,
    };
    text_copy(scene->view.commands[0].words, sizeof(scene->view.commands[0].words),
              scene->words ? scene->words : "");
    scene->view.n_commands = 1;
    scene_step(scene);
    scene->view.n_commands = 0;
    assert(scene->outcome.n_answers == 1 && scene->outcome.answers[0].command == 7);
    return scene->outcome.answers[0].is_accepted;
}

int scene_changes_of(const struct scene *scene, service_id service)
{
    int count = 0;

    for (int i = 0; i < scene->outcome.n_changes; i++)
        count += scene->changes[i].service == service;
    return count;
}

bool scene_has_change(const struct scene *scene, service_id service, enum service_state to,
                      enum reason_code why)
{
    for (int i = 0; i < scene->outcome.n_changes; i++) {
        const struct change *change = &scene->changes[i];

        if (change->service == service && change->to == (int)to && change->why.code == why)
            return true;
    }
    return false;
}

bool scene_has_node_change(const struct scene *scene, node_id node, enum node_state to,
                           enum reason_code why)
{
    for (int i = 0; i < scene->outcome.n_changes; i++) {
        const struct change *change = &scene->changes[i];

        if (change->service == SERVICE_NONE && change->node == node && change->to == (int)to &&
            change->why.code == why)
            return true;
    }
    return false;
}

bool scene_has_arming_change(const struct scene *scene, enum arming_state to, enum reason_code why)
{
    for (int i = 0; i < scene->outcome.n_changes; i++) {
        const struct change *change = &scene->changes[i];

        if (change->service == SERVICE_NONE && change->node == NODE_NONE && change->to == (int)to &&
            change->why.code == why)
            return true;
    }
    return false;
}

enum reason_code scene_answer(const struct scene *scene)
{
    return scene->outcome.answers[0].why.code;
}

void scene_pass(struct scene *scene, int64_t ms)
{
    scene->view.now.ms += ms;
    scene->view.stamp.ms += ms;
}
