/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Services. Each defaults and each service statement is read once, into a block; a service
 * is then built from the words of this version, the defaults of all, the defaults of its
 * type and its own block, the later over the earlier.
 */
#include <stdlib.h>
#include <string.h>

#include "dsl/habit.h"
#include "dsl/resolve.h"
#include "dsl/service_settings.h"
#include "dsl/suggest.h"
#include "dsl/value_meant.h"
#include "dsl/values.h"
#include "ha/base/text.h"

static const struct service_type {
    const char *name;
    bool needs_agent;
    bool needs_address;
    bool is_run; /* by this version's agents */
} types[] = {
#define SERVICE_TYPE(name, needs_agent, needs_address, is_run, help)                               \
    {name, needs_agent, needs_address, is_run},
#include "dsl/service_type.def"
#undef SERVICE_TYPE
};

#define TYPES (sizeof(types) / sizeof(types[0]))

/* The services of a policy while they are declared, and the statement that is read. */
struct declaration {
    struct resolution *resolution;
    struct service_block *block;
    struct service_source *list;
    int n_list;
    int size;
};

static const struct service_type *find_type(const char *name, size_t length)
{
    for (size_t i = 0; i < TYPES; i++) {
        if (strlen(types[i].name) == length && memcmp(types[i].name, name, length) == 0)
            return &types[i];
    }
    return NULL;
}

static const struct service_type *type_of(const char *service)
{
    return find_type(service, strcspn(service, ":"));
}

static void consider_type(struct suggestion *suggestion, const char *type)
{
    if (habit_means(suggestion->word, type))
        suggestion_take(suggestion, type);
    suggestion_consider(suggestion, type);
}

static void report_type(struct resolution *r, struct location at, const char *type)
{
    struct suggestion suggestion = suggestion_for(type);
    struct diagnostic *entry;

    for (size_t i = 0; i < TYPES; i++)
        consider_type(&suggestion, types[i].name);
    at.length = (int)strlen(type);
    entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_UNKNOWN_TYPE, at, type);
    if (suggestion.best)
        diagnostics_suggest(r->diagnostics, entry, suggestion.best);
    else if (strchr(type, ':') && find_type(type, strcspn(type, ":")))
        diagnostics_hint(r->diagnostics, entry, "defaults are those of a type: defaults %.*s",
                         (int)strcspn(type, ":"), type);
    else
        diagnostics_hint(r->diagnostics, entry, "there are ocf, ip, unit, vm, ct and fa");
}

/* Behind a type that is one: the name is what cannot be. */
static const char *hint_of_name(struct resolution *r, const char *name)
{
    const char *agent = strchr(name, ':') ? meant_agent(r->arena, name) : NULL;

    if (agent && strcmp(agent, name) != 0)
        return arena_printf(r->arena,
                            "a service has a name of its own: service ocf:%s { agent %s }",
                            strchr(agent, ':') + 1, agent);
    if (type_of(name) && strchr(name, ':') && strlen(name) < SERVICE_NAME_MAX)
        return "behind the colon stand a letter or a digit, then letters, digits, \"-\", \"_\" and"
               " \".\"";
    return arena_printf(r->arena, "it is written type:name, as in ocf:web; at most %d characters",
                        SERVICE_NAME_MAX - 1);
}

static void report_service_name(struct resolution *r, const struct syntax *at, const char *name)
{
    struct diagnostic *entry;

    if (strchr(name, '*')) {
        diagnostics_add(r->diagnostics, DIAGNOSTIC_PATTERN_HERE, syntax_place(r->tree, at), name);
        return;
    }
    entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_BAD_NAME, syntax_place(r->tree, at), name,
                            "service");
    if (meant_service(r->arena, name) && type_of(meant_service(r->arena, name)))
        said_suggest(r, entry, at, name, meant_service(r->arena, name));
    else
        diagnostics_hint(r->diagnostics, entry, "%s", hint_of_name(r, name));
}

static bool declare_service(void *context, const struct syntax *at, const char *name)
{
    struct declaration *d = context;
    struct resolution *r = d->resolution;

    r->said.is_unsure_of_services |= !service_name_is_valid(name) || !type_of(name);
    if (!service_name_is_valid(name)) {
        if (!r->said.is_in_broken)
            report_service_name(r, at, name);
        return false;
    }
    if (!type_of(name)) {
        report_type(r, syntax_place(r->tree, at),
                    arena_strndup(r->arena, name, strcspn(name, ":")));
        return false;
    }
    if (d->n_list == SERVICES_MAX) {
        if (!r->is_over_services)
            diagnostics_add(r->diagnostics, DIAGNOSTIC_LIMIT, syntax_place(r->tree, at),
                            SERVICES_MAX + 1, "services", SERVICES_MAX);
        r->is_over_services = true;
        return false;
    }
    if (d->n_list == d->size) {
        d->size = d->size ? 2 * d->size : 64;
        d->list = xrealloc(d->list, (size_t)d->size * sizeof(d->list[0]));
    }
    d->list[d->n_list++] = (struct service_source){.name = name, .name_at = at, .block = d->block};
    return true;
}

static int compare_sources(const void *a, const void *b)
{
    const struct service_source *left = a;
    const struct service_source *right = b;
    int order = strcmp(left->name, right->name);

    if (order != 0)
        return order;
    return left->name_at->first < right->name_at->first ? -1 : 1;
}

/* Sorts, and keeps the first of those that bear one name. */
static void keep_sources(struct resolution *r, struct declaration *d)
{
    struct diagnostic *entry;
    int kept = 0;

    if (d->n_list > 0)
        qsort(d->list, (size_t)d->n_list, sizeof(d->list[0]), compare_sources);
    r->sources = arena_alloc(r->arena, (size_t)d->n_list * sizeof(r->sources[0]));
    for (int i = 0; i < d->n_list; i++) {
        if (kept == 0 || strcmp(r->sources[kept - 1].name, d->list[i].name) != 0) {
            r->sources[kept++] = d->list[i];
            continue;
        }
        entry =
            diagnostics_add(r->diagnostics, DIAGNOSTIC_DUPLICATE,
                            syntax_place(r->tree, d->list[i].name_at), "services", d->list[i].name);
        diagnostics_note(r->diagnostics, entry, syntax_place(r->tree, r->sources[kept - 1].name_at),
                         "the first is here");
    }
    r->policy->n_services = kept;
    free(d->list);
}

static void declare_services(struct resolution *r)
{
    struct declaration d = {.resolution = r};
    struct service_block **last = &r->blocks;

    for (const struct syntax *at = r->tree->policy->child; at; at = at->next) {
        const struct syntax *names = syntax_part(at, SYNTAX_NAMES);

        if (at->kind != SYNTAX_SERVICE || !names)
            continue;
        *last = d.block = service_settings_read(r, at);
        r->said.is_in_broken = at->is_broken;
        last = &d.block->next;
        for (const struct syntax *name = names->child; name; name = name->next)
            resolve_range(r, name, declare_service, &d);
        r->said.is_in_broken = false;
    }
    keep_sources(r, &d);
}

static const struct syntax *name_of_defaults(const struct service_block *block)
{
    const struct syntax *name = syntax_part(block->statement, SYNTAX_NAME);

    return name ? name : block->statement;
}

static void report_defaults(struct resolution *r, const struct syntax *statement,
                            const struct service_block *first)
{
    const char *title =
        first->type ? arena_printf(r->arena, "defaults %s", first->type) : "defaults";
    struct diagnostic *entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_STATED_TWICE,
                                               syntax_head_place(r->tree, statement), title);

    diagnostics_note(r->diagnostics, entry, syntax_head_place(r->tree, name_of_defaults(first)),
                     "the first is here; one statement says it all");
}

struct service_block *resolve_defaults(const struct resolution *r, const char *type)
{
    for (struct service_block *block = r->defaults; block; block = block->next) {
        if (type && block->type ? strcmp(type, block->type) == 0 : type == block->type)
            return block;
    }
    return NULL;
}

static void declare_defaults(struct resolution *r)
{
    for (const struct syntax *at = r->tree->policy->child; at; at = at->next) {
        const struct syntax *name = syntax_part(at, SYNTAX_NAME);
        const char *type = name ? syntax_text(r->tree, name) : NULL;
        struct service_block *block;

        /* What nobody knows may have been meant as defaults. */
        if (at->kind == SYNTAX_BROKEN)
            r->said.defaults_are_unsure = true;
        if (at->kind != SYNTAX_DEFAULTS)
            continue;
        r->said.defaults_are_unsure = r->said.defaults_are_unsure || at->is_broken;
        if (type && !find_type(type, strlen(type))) {
            if (!at->is_broken)
                report_type(r, syntax_place(r->tree, name), type);
            continue;
        }
        if (resolve_defaults(r, type) && at->is_broken)
            continue;
        if (resolve_defaults(r, type)) {
            report_defaults(r, at, resolve_defaults(r, type));
            r->said.defaults_are_unsure = true;
            continue;
        }
        block = service_settings_read(r, at);
        r->said.defaults_are_unsure = r->said.defaults_are_unsure || block->has_broken;
        block->type = type;
        block->next = r->defaults;
        r->defaults = block;
    }
}

struct service_block *resolve_on(const struct resolution *r, service_id service, bool is_strict)
{
    struct service_block *candidates[] = {
        r->sources[service].block,
        resolve_defaults(r, r->policy->services[service].type),
        resolve_defaults(r, NULL),
    };

    for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
        /* The nearest block that says where decides, whichever of the two words it uses. */
        if (candidates[i] && (candidates[i]->on_at[true] || candidates[i]->on_at[false]))
            return candidates[i]->on_at[is_strict] ? candidates[i] : NULL;
    }
    return NULL;
}

static void check_agent(struct resolution *r, const struct service_type *type,
                        const struct service_policy *service, struct service_source *source)
{
    struct service_block *block = source->block;
    struct diagnostic *entry;

    if (block->is_reported)
        return;
    if (type->needs_agent && !service->agent && !r->said.defaults_are_unsure &&
        !block->statement->is_broken && !block->has_broken) {
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_NO_AGENT,
                                syntax_place(r->tree, source->name_at), source->name);
        diagnostics_hint(r->diagnostics, entry,
                         "add to its block: agent PROVIDER:NAME, as in agent heartbeat:IPaddr2");
        block->is_reported = true;
    }
    if (!type->needs_agent && block->agent_at) {
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_NOT_FOR_TYPE,
                                syntax_head_place(r->tree, block->agent_at), type->name, "agent");
        diagnostics_hint(r->diagnostics, entry, "only services of type ocf are run by an agent");
        block->is_reported = true;
    }
}

static void check_address(struct resolution *r, const struct service_type *type,
                          struct service_source *source)
{
    struct service_block *block = source->block;
    struct diagnostic *entry;

    if (type->needs_address && !block->address_at && !block->statement->is_broken &&
        !block->has_broken) {
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_NO_SERVICE_ADDRESS,
                                syntax_place(r->tree, source->name_at), source->name);
        diagnostics_hint(r->diagnostics, entry, "add to its block: address 10.77.0.80/24");
    }
    if (!type->needs_address && block->address_at && !block->is_reported) {
        entry =
            diagnostics_add(r->diagnostics, DIAGNOSTIC_NOT_FOR_TYPE,
                            syntax_head_place(r->tree, block->address_at), type->name, "address");
        diagnostics_hint(r->diagnostics, entry, "only services of type ip are an address");
        block->is_reported = true;
    }
}

static void build_service(struct resolution *r, struct service_policy *service,
                          struct service_source *source)
{
    const struct service_type *type = type_of(source->name);

    text_copy(service->name, sizeof(service->name), source->name);
    service->type = type->name;
    service->line = syntax_line(r->tree, source->name_at);
    service_settings_begin(service);
    service_settings_apply(service, resolve_defaults(r, NULL));
    service_settings_apply(service, resolve_defaults(r, type->name));
    service_settings_apply(service, source->block);
    if (!type->needs_agent)
        service->agent = NULL;
    service_settings_sets(r, service, source);
    check_agent(r, type, service, source);
    check_address(r, type, source);
}

/* Said once a type, at the first service of it: which services those are is plain to see. */
static void warn_of_types(struct resolution *r)
{
    for (size_t i = 0; i < TYPES; i++) {
        const struct service_source *first = NULL;
        struct diagnostic *entry;
        bool is_managed = false;

        for (int k = 0; !types[i].is_run && k < r->policy->n_services; k++) {
            const struct service_source *source = &r->sources[k];

            if (type_of(source->name) != &types[i])
                continue;
            is_managed = is_managed || r->policy->services[k].requested != REQUESTED_IGNORED;
            if (!first || source->name_at->first < first->name_at->first)
                first = source;
        }
        if (!first)
            continue;
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_TYPE_NOT_RUN,
                                syntax_place(r->tree, first->name_at), types[i].name);
        if (is_managed)
            diagnostics_hint(r->diagnostics, entry,
                             "a push is refused while it has them; drills may play with them: "
                             "take them out, or give each: state ignored");
    }
}

/* Turns are taken by what the policy calls most urgent; ids are in the order of names. */
static int compare_turns(const void *a, const void *b, void *context)
{
    const struct service_policy *services = context;
    service_id left = *(const service_id *)a, right = *(const service_id *)b;

    if (services[left].priority != services[right].priority)
        return services[left].priority > services[right].priority ? -1 : 1;
    return left < right ? -1 : left > right;
}

static void order_services(struct resolution *r, struct service_policy *services)
{
    size_t n = (size_t)r->policy->n_services;
    service_id *in_order = arena_alloc(r->arena, n * sizeof(in_order[0]));

    for (size_t i = 0; i < n; i++)
        in_order[i] = (service_id)i;
    if (n > 0)
        qsort_r(in_order, n, sizeof(in_order[0]), compare_turns, services);
    r->policy->in_order = in_order;
}

void resolve_services(struct resolution *r)
{
    struct service_policy *services;

    declare_defaults(r);
    declare_services(r);
    services = arena_alloc(r->arena, (size_t)r->policy->n_services * sizeof(services[0]));
    r->policy->services = services;
    for (int i = 0; i < r->policy->n_services; i++)
        build_service(r, &services[i], &r->sources[i]);
    order_services(r, services);
    warn_of_types(r);
    if (r->secret_at)
        resolve_not_acted_on(r, r->secret_at, "secret",
                             "a push is refused while a service has one");
}
