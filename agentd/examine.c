/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one node has to say about a pushed policy; see examine.h. */
#include "agentd/examine.h"

#include <string.h>

#include "agentd/control.h"
#include "agentd/refusal.h"
#include "dsl/policy_text.h"
#include "ha/base/json.h"

json_t *examine_agents_of(const struct policy *policy)
{
    json_t *names = json_object();
    const char *last = NULL;

    for (service_id id = 0; policy && id < policy->n_services; id++) {
        const char *agent = policy->services[id].agent;

        /* Thousands of services have one agent, and mostly one after the other. */
        if (!agent || (last && strcmp(agent, last) == 0))
            continue;
        json_object_set_new(names, agent, json_true());
        last = agent;
    }
    return names;
}

/* The nodes that a strict rule leaves to each of its services. */
static node_set left_by(const struct rule *rule, const node_set *places, node_set all)
{
    node_set left = rule->kind == RULE_ON ? 0 : all;

    for (int i = 0; i < rule->n_tiers && rule->kind == RULE_ON; i++)
        left |= rule->tiers[i];
    for (int i = 0; i < rule->n_services && rule->kind == RULE_TOGETHER; i++)
        left &= places[rule->services[i]];
    return left;
}

static bool take_away(const struct policy *policy, node_set *places, node_set all)
{
    bool is_changed = false;

    for (rule_id at = 0; at < policy->n_rules; at++) {
        const struct rule *rule = &policy->rules[at];
        node_set left = rule->is_strict ? left_by(rule, places, all) : all;

        for (int i = 0; i < rule->n_services; i++) {
            is_changed = is_changed || (places[rule->services[i]] & ~left) != 0;
            places[rule->services[i]] &= left;
        }
    }
    return is_changed;
}

/* By service: the nodes that strict rules leave to it; services kept together share theirs. */
static node_set *places_of(struct arena *arena, const struct policy *policy)
{
    node_set all =
        policy->n_nodes == NODES_MAX ? ~(node_set)0 : node_bit((node_id)policy->n_nodes) - 1;
    node_set *places = arena_alloc(arena, ((size_t)policy->n_services + 1) * sizeof(*places));

    for (service_id id = 0; id < policy->n_services; id++)
        places[id] = all;
    /* Each round takes nodes away, so it ends. */
    while (take_away(policy, places, all))
        continue;
    return places;
}

/*
 * A service that may come here and cannot be run here would only end in error. What the policy in
 * force asks for already is no reason: a package that is gone must not keep all from mending it.
 */
static json_t *missing_agent(struct arena *arena, const struct examination *examination,
                             const struct catalog *catalog, const struct policy *policy)
{
    node_id self = policy_find_node(policy, examination->node);
    const node_set *places = self == NODE_NONE ? NULL : places_of(arena, policy);
    const char *installed = NULL;

    for (service_id id = 0; places && id < policy->n_services; id++) {
        const struct service_policy *service = &policy->services[id];

        if (!service->agent || service->requested == REQUESTED_IGNORED ||
            !node_in(places[id], self) || json_object_get(examination->known, service->agent) ||
            (installed && strcmp(installed, service->agent) == 0))
            continue;
        if (catalog->find(catalog->context, service->agent).standing != AGENT_NOT_INSTALLED) {
            installed = service->agent;
            continue;
        }
        return json_pack(
            "{s:o,s:o,s:i}", "error",
            json_sprintf("agent %s is not installed here, and %s may come here", service->agent,
                         service->name),
            "hint",
            json_sprintf("install it on %s, or keep the service on other nodes", examination->node),
            "code", CONTROL_EXIT_REFUSED);
    }
    return NULL;
}

static json_t *errors_of(const struct diagnostics *diagnostics, const char *words, int code)
{
    return json_pack("{s:s,s:o,s:s,s:i}", "error", words, "diagnostics",
                     diagnostics_json(diagnostics), "hint",
                     "nothing was changed; mend them and push again", "code", code);
}

/* By the agents that are here; what is worked out on the way is not kept. */
static json_t *agents_problem(const struct examination *examination, const struct catalog *catalog,
                              const struct policy *policy)
{
    const char *text = examination->text;
    struct arena *arena = arena_new();
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));
    json_t *problem = missing_agent(arena, examination, catalog, policy);

    diagnostics_init(diagnostics, arena, examination->file, text, strlen(text));
    if (!problem)
        policy_check_agents(arena, catalog, text, strlen(text), diagnostics);
    if (diagnostics->n_errors > 0)
        problem = errors_of(diagnostics, "the policy has errors, by what the agents there say",
                            CONTROL_EXIT_REFUSED);
    arena_free(arena);
    return problem;
}

json_t *examine_policy(struct arena *arena, const struct examination *examination,
                       const struct catalog *catalog, struct policy **policy)
{
    const char *file = examination->file, *text = examination->text;
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));
    json_t *problem;

    *policy = arena_alloc(arena, sizeof(**policy));
    diagnostics_init(diagnostics, arena, file, text, strlen(text));
    if (!policy_rehearse(arena, file, text, strlen(text), *policy, diagnostics, REHEARSE_BRIEFLY))
        return errors_of(diagnostics, "the policy has errors", CONTROL_EXIT_FAILED);
    problem = refusal_of(NULL, *policy);
    return problem ? problem : agents_problem(examination, catalog, *policy);
}
