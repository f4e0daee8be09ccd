/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a drill changes about its policy. Whatever adds or takes services away goes through
 * the text again, so that patterns match and rules follow; what was changed on services
 * before is kept.
 */
#include "dsl/drill_policy.h"

#include <string.h>

#include "dsl/conflict.h"
#include "dsl/policy_text.h"
#include "dsl/values.h"

static bool is_removed(const struct drill_policy *p, const char *name)
{
    for (int i = 0; i < p->n_removed; i++) {
        if (p->removed[i] && strcmp(p->removed[i], name) == 0)
            return true;
    }
    return false;
}

/* The ids of one list without those that are gone. */
static int keep_ids(struct drill_policy *p, const service_id *map, const service_id **ids,
                    int n_ids)
{
    service_id *kept = arena_alloc(p->arena, (size_t)(n_ids + 1) * sizeof(kept[0]));
    int n_kept = 0;

    for (int i = 0; i < n_ids; i++) {
        if (map[(*ids)[i]] != SERVICE_NONE)
            kept[n_kept++] = map[(*ids)[i]];
    }
    *ids = kept;
    return n_kept;
}

static void keep_rules(struct drill_policy *p, struct policy *policy, const service_id *map)
{
    struct rule *rules =
        arena_alloc(p->arena, (size_t)(policy->n_rules + 1) * sizeof(policy->rules[0]));
    int n_rules = 0;

    for (int i = 0; i < policy->n_rules; i++) {
        struct rule rule = policy->rules[i];

        rule.n_services = keep_ids(p, map, &rule.services, rule.n_services);
        rule.n_others = keep_ids(p, map, &rule.others, rule.n_others);
        if (rule.n_services > 0 && (rule.kind != RULE_BEFORE || rule.n_others > 0))
            rules[n_rules++] = rule;
    }
    policy->rules = rules;
    policy->n_rules = n_rules;
}

/* What the text says, less what was removed; services that were there before stay as they were. */
static void rebuild(struct drill_policy *p)
{
    struct policy *policy = arena_alloc(p->arena, sizeof(*policy));
    const struct policy *all = p->all;
    size_t count = (size_t)all->n_services + 1;
    struct service_policy *services = arena_alloc(p->arena, count * sizeof(services[0]));
    service_id *map = arena_alloc(p->arena, count * sizeof(map[0]));

    *policy = *all;
    policy->n_services = 0;
    for (service_id id = 0; id < all->n_services; id++) {
        const struct service_policy *service = &all->services[id];
        service_id before = p->now ? policy_find_service(p->now, service->name) : SERVICE_NONE;

        map[id] = is_removed(p, service->name) ? SERVICE_NONE : policy->n_services;
        if (map[id] != SERVICE_NONE)
            services[policy->n_services++] =
                before == SERVICE_NONE ? *service : p->now->services[before];
    }
    policy->services = services;
    keep_ids(p, map, &policy->in_order, all->n_services);
    keep_rules(p, policy, map);
    p->now = p->resolution->policy = policy;
}

/* Right but for rules that cannot be kept beside each other. */
static bool is_right_but_for_rules(const struct diagnostics *found)
{
    int n_conflicts = 0;

    for (int i = 0; i < found->n_list; i++)
        n_conflicts +=
            conflict_is_code(found->list[i].code) && found->list[i].severity == SEVERITY_ERROR;
    return n_conflicts == found->n_errors;
}

/* Nobody may take such a drill for a leave to push; said once, not for each service added. */
static void set_aside(struct drill_policy *p, struct resolution *resolution,
                      const struct diagnostics *found, struct location at)
{
    const char *names = conflict_set_aside(resolution);
    struct diagnostic *entry = NULL;

    if (p->set_aside && strcmp(p->set_aside, names) == 0)
        return;
    p->set_aside = names;
    for (int i = 0; i < found->n_list; i++) {
        const struct diagnostic *error = &found->list[i];

        if (error->severity == SEVERITY_ERROR)
            entry = diagnostics_add(p->diagnostics, DIAGNOSTIC_RULES_SET_ASIDE, at, found->file,
                                    error->at.line, error->words);
    }
    if (entry && *names)
        diagnostics_hint(p->diagnostics, entry, "this drill sets aside %s", names);
}

/* Compiles the text as it is now; messages about it are told as one about the drill. */
static bool compile(struct drill_policy *p, const struct tree *tree, const struct syntax *at,
                    const char *file)
{
    struct diagnostics *found = arena_alloc(p->arena, sizeof(*found));
    struct resolution *resolution = arena_alloc(p->arena, sizeof(*resolution));
    struct policy *policy = arena_alloc(p->arena, sizeof(*policy));
    struct diagnostic *entry;

    resolution->policy = policy;
    if (policy_resolve(p->arena, file, p->text, p->length, resolution, found) ||
        is_right_but_for_rules(found)) {
        if (found->n_errors)
            set_aside(p, resolution, found, syntax_place(tree, at));
        resolution->diagnostics = p->diagnostics;
        resolution->tree = tree;
        resolution->is_over_policy = true;
        p->resolution = resolution;
        p->all = policy;
        return true;
    }
    for (int i = 0; i < found->n_list; i++) {
        if (found->list[i].severity != SEVERITY_ERROR)
            continue;
        entry = diagnostics_add(p->diagnostics, DIAGNOSTIC_POLICY_IS_WRONG, syntax_place(tree, at),
                                file, found->list[i].at.line, found->list[i].words);
        diagnostics_hint(p->diagnostics, entry, "tenuto policy check shows all that is wrong");
        break;
    }
    return false;
}

static bool has_same_nodes(const struct policy *a, const struct policy *b)
{
    bool is_same = a->n_nodes == b->n_nodes;

    for (int i = 0; is_same && i < a->n_nodes; i++)
        is_same = strcmp(a->nodes[i].name, b->nodes[i].name) == 0;
    return is_same;
}

void drill_policy_begin(struct drill_policy *p, const struct resolution *resolution)
{
    p->resolution = arena_alloc(p->arena, sizeof(*p->resolution));
    *p->resolution = *resolution;
    p->resolution->is_over_policy = true;
    p->all = resolution->policy;
    rebuild(p);
}

bool drill_policy_read(struct drill_policy *p, const struct tree *tree, const struct syntax *value)
{
    const char *name = value_string(tree, value);
    const struct policy *before = p->now;
    struct err err = {.text = ""};

    p->text = p->source->read(p->source->context, p->arena, name, &p->length, &err);
    if (!p->text) {
        diagnostics_add(p->diagnostics, DIAGNOSTIC_NO_FILE, syntax_place(tree, value), err.text);
        return false;
    }
    if (!compile(p, tree, value, name))
        return false;
    if (before && !has_same_nodes(before, p->all)) {
        diagnostics_add(p->diagnostics, DIAGNOSTIC_OTHER_NODES, syntax_place(tree, value), name);
        return false;
    }
    if (p->all->n_services > WORLD_SERVICES_MAX) {
        diagnostics_add(p->diagnostics, DIAGNOSTIC_LIMIT, syntax_place(tree, value),
                        p->all->n_services, "services in a drill", WORLD_SERVICES_MAX);
        return false;
    }
    p->n_removed = 0;
    p->now = NULL;
    rebuild(p);
    return true;
}

struct service_policy *drill_policy_copy(struct drill_policy *p)
{
    struct policy *policy = arena_alloc(p->arena, sizeof(*policy));
    size_t bytes = (size_t)p->now->n_services * sizeof(p->now->services[0]);
    struct service_policy *services = arena_alloc(p->arena, bytes + 1);

    *policy = *p->now;
    memcpy(services, p->now->services, bytes);
    policy->services = services;
    p->now = p->resolution->policy = policy;
    return services;
}

bool drill_policy_add(struct drill_policy *p, const struct tree *tree,
                      const struct syntax *statement)
{
    const struct syntax *names = syntax_part(statement, SYNTAX_NAMES);
    bool is_new = false;

    for (const struct syntax *at = syntax_inside(statement); at; at = at->next) {
        if (at->is_broken)
            return false;
    }
    for (const struct syntax *at = names->child; at; at = at->next) {
        const char *name = syntax_text(tree, at);

        if (policy_find_service(p->now, name) != SERVICE_NONE) {
            diagnostics_add(p->diagnostics, DIAGNOSTIC_DUPLICATE, syntax_place(tree, at),
                            "services", name);
            return false;
        }
        is_new = is_new || policy_find_service(p->all, name) == SERVICE_NONE;
        for (int i = 0; i < p->n_removed; i++) {
            if (p->removed[i] && strcmp(p->removed[i], name) == 0)
                p->removed[i] = NULL;
        }
    }
    if (is_new) {
        p->text = arena_printf(p->arena, "%.*s\nservice%s\n", (int)p->length, p->text,
                               syntax_text(tree, statement) + strlen("add"));
        p->length = strlen(p->text);
        if (!compile(p, tree, names, "the policy with what is added here"))
            return false;
    }
    rebuild(p);
    return true;
}

void drill_policy_remove(struct drill_policy *p, const service_id *services, int n_services)
{
    size_t count = (size_t)(p->n_removed + n_services);
    const char **removed = arena_alloc(p->arena, (count + 1) * sizeof(removed[0]));

    for (int i = 0; i < p->n_removed; i++)
        removed[i] = p->removed[i];
    for (int i = 0; i < n_services; i++)
        removed[p->n_removed + i] = p->now->services[services[i]].name;
    p->removed = removed;
    p->n_removed = (int)count;
    rebuild(p);
}
