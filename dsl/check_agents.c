/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Level 2, its last part: the parameters of services and devices against what their agents say
 * of themselves. Services are taken agent by agent, so that each agent is asked once. What is
 * set in defaults is wrong only if no agent of its services knows it.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dsl/check.h"
#include "dsl/judge_settings.h"
#include "dsl/suggest.h"
#include "ha/base/text.h"

/* A time limit of the policy beside an action that has one. */
struct limit {
    const char *action;
    const char *words; /* as the policy calls it */
    struct duration set;
};

/* start, stop, monitor, migrate. */
#define LIMITS 4

/* The services of one agent. */
struct crew {
    struct judge judge;
    const service_id *ids;
    int n_ids;
};

static const struct service_policy *service_of(const struct resolution *r, service_id id)
{
    return &r->policy->services[id];
}

/* The blocks that a service gets its settings from, the nearest first; some may be NULL. */
#define BLOCKS 3

static void blocks_of(const struct resolution *r, service_id id, struct service_block **blocks)
{
    blocks[0] = r->sources[id].block;
    blocks[1] = resolve_defaults(r, service_of(r, id)->type);
    blocks[2] = resolve_defaults(r, NULL);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, ((const struct service_set *)b)->name);
}

/* The statement that the value of a service's setting comes from. */
static struct service_set *set_of(const struct resolution *r, service_id id, const char *name)
{
    struct service_block *blocks[BLOCKS];
    struct service_set *set = NULL;

    blocks_of(r, id, blocks);
    for (int i = 0; i < BLOCKS && !set; i++) {
        if (blocks[i] && blocks[i]->n_sets > 0)
            set = bsearch(name, blocks[i]->sets, (size_t)blocks[i]->n_sets,
                          sizeof(blocks[i]->sets[0]), compare_names);
    }
    return set;
}

/* Where the policy says which agent it is. */
static struct location agent_place(const struct resolution *r, service_id id)
{
    struct service_block *blocks[BLOCKS];

    blocks_of(r, id, blocks);
    for (int i = 0; i < BLOCKS; i++) {
        if (blocks[i] && blocks[i]->agent_at)
            return syntax_place(r->tree, blocks[i]->agent_at->child);
    }
    return syntax_place(r->tree, r->sources[id].name_at);
}

/* What nobody can judge is nobody's mistake. */
static void leave_alone(const struct crew *crew)
{
    const struct resolution *r = crew->judge.resolution;

    for (int i = 0; i < crew->n_ids; i++) {
        const struct service_policy *service = service_of(r, crew->ids[i]);

        for (int k = 0; k < service->n_settings; k++)
            set_of(r, crew->ids[i], service->settings[k].name)->is_known = true;
    }
}

static void judge_set(struct judge *judge, struct service_set *set, const char *value)
{
    const struct agent_parameter *parameter =
        judge_find(judge->description, set->name, &set->is_known);

    if (!parameter) {
        set->stranger_to = set->stranger_to ? set->stranger_to : judge->description->name;
        return;
    }
    set->is_known = true;
    /* A secret is not here to be looked at. */
    if (!set->is_judged && value)
        set->is_judged = judge_value(judge, parameter, set->at, value);
}

struct wearer {
    const struct agent_description *agent;
    const struct service_policy *service;
};

/* A parameter that is nearly called so is not missing: it is misspelt, and that is said. */
static bool service_has(const void *context, const char *name)
{
    const struct wearer *wearer = context;

    for (int i = 0; i < wearer->service->n_settings; i++) {
        const char *set = wearer->service->settings[i].name;
        struct suggestion suggestion;

        if (strcmp(set, name) == 0)
            return true;
        if (agent_find_parameter(wearer->agent, set))
            continue;
        suggestion = suggestion_for(set);
        suggestion_consider(&suggestion, name);
        if (suggestion.best || strcasecmp(set, name) == 0)
            return true;
    }
    return false;
}

static void judge_service(struct judge *judge, service_id id)
{
    struct resolution *r = judge->resolution;
    const struct service_policy *service = service_of(r, id);
    struct service_block *block = r->sources[id].block;
    struct wearer wearer = {.agent = judge->description, .service = service};

    for (int i = 0; i < service->n_settings; i++)
        judge_set(judge, set_of(r, id, service->settings[i].name), service->settings[i].value);
    if (block->is_reported || block->has_broken || block->statement->is_broken)
        return;
    block->is_reported = judge_missing(judge, syntax_place(r->tree, r->sources[id].name_at),
                                       service->name, service_has, &wearer);
}

/* "migrate live" where this service's own words, or those for its type, ask for it. */
static const struct syntax *live_at(const struct resolution *r, service_id id)
{
    struct service_block *blocks[BLOCKS];

    if (service_of(r, id)->migrate != MIGRATE_LIVE)
        return NULL;
    blocks_of(r, id, blocks);
    for (int i = 0; i < 2; i++) {
        const struct syntax *at = blocks[i] ? syntax_inside(blocks[i]->statement) : NULL;

        for (; at; at = at->next) {
            if (at->kind == SYNTAX_MIGRATE && !at->is_broken && at->child->kind == SYNTAX_WORD)
                return at;
        }
    }
    return NULL;
}

static void check_actions(struct crew *crew)
{
    static const char *const needed[] = {"start", "stop", "monitor"};
    struct judge *judge = &crew->judge;
    struct resolution *r = judge->resolution;
    const char *name = judge->description->name;
    const struct syntax *live = NULL;

    if (judge->description->n_actions == 0)
        return;
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (!agent_find_action(judge->description, needed[i]))
            diagnostics_add(r->diagnostics, DIAGNOSTIC_NO_ACTION, agent_place(r, crew->ids[0]),
                            name, needed[i], "no service can be run by it");
    }
    for (int i = 0; i < crew->n_ids && !live; i++)
        live = live_at(r, crew->ids[i]);
    for (int i = 0; live && i < 2; i++) {
        const char *action = i == 0 ? "migrate_to" : "migrate_from";
        struct diagnostic *entry;

        if (agent_find_action(judge->description, action))
            continue;
        entry =
            diagnostics_add(r->diagnostics, DIAGNOSTIC_NO_ACTION, syntax_head_place(r->tree, live),
                            name, action, "its services are stopped and started when they move");
        diagnostics_hint(r->diagnostics, entry, "say what happens: migrate restart");
        break;
    }
}

/* What the policy gives beside what the agent advises; set.ms 0: it does not matter here. */
static struct limit limit_of(const struct service_policy *service, int which)
{
    struct duration none = {0};

    switch (which) {
    case 0: return (struct limit){"start", "start timeout", service->start_timeout};
    case 1: return (struct limit){"stop", "stop timeout", service->stop_timeout};
    case 2: return (struct limit){"monitor", "monitor timeout", service->monitor_timeout};
    default: break;
    }
    return (struct limit){"migrate_to", "migrate timeout",
                          service->migrate == MIGRATE_LIVE ? service->migrate_timeout : none};
}

/* "start timeout 2m (not 1m), stop timeout 2m (not 1m)"; NULL: the service has all it needs. */
static const char *lacks_of(struct resolution *r, const struct agent_description *agent,
                            service_id id)
{
    char bytes[256];
    struct text text;

    text_init(&text, bytes, sizeof(bytes));
    for (int which = 0; which < LIMITS; which++) {
        struct limit limit = limit_of(service_of(r, id), which);
        const struct agent_action *action = agent_find_action(agent, limit.action);

        if (!action || limit.set.ms == 0 || limit.set.ms >= action->timeout_ms)
            continue;
        text_add(&text, "%s%s ", text.length > 0 ? ", " : "", limit.words);
        text_add_ms(&text, action->timeout_ms);
        text_add(&text, " (not ");
        text_add_ms(&text, limit.set.ms);
        text_add(&text, ")");
    }
    return text.length > 0 ? arena_strdup(r->arena, bytes) : NULL;
}

/* Only advice, and said once for all services of the agent. */
static void compare_limits(struct crew *crew)
{
    struct judge *judge = &crew->judge;
    struct resolution *r = judge->resolution;
    const char *lacks = NULL, *who;
    service_id first = SERVICE_NONE;
    int n = 0;

    for (int i = 0; i < crew->n_ids; i++) {
        const char *its = lacks_of(r, judge->description, crew->ids[i]);

        if (its && n++ == 0) {
            first = crew->ids[i];
            lacks = its;
        }
    }
    if (n == 0)
        return;
    who = service_of(r, first)->name;
    if (n > 1)
        who = arena_printf(r->arena, "%s (and %d more)", who, n - 1);
    diagnostics_add(r->diagnostics, DIAGNOSTIC_TIMEOUT_SHORT,
                    syntax_place(r->tree, r->sources[first].name_at), judge->description->name, who,
                    lacks);
}

static void judge_crew(struct crew *crew)
{
    struct resolution *r = crew->judge.resolution;

    if (!judge_ask(&crew->judge, service_of(r, crew->ids[0])->agent,
                   agent_place(r, crew->ids[0]))) {
        leave_alone(crew);
        return;
    }
    for (int i = 0; i < crew->n_ids; i++)
        judge_service(&crew->judge, crew->ids[i]);
    check_actions(crew);
    compare_limits(crew);
}

static void report_strangers(struct judge *judge, struct service_block *block)
{
    for (; block; block = block->next) {
        for (int i = 0; i < block->n_sets; i++) {
            const struct service_set *set = &block->sets[i];

            if (set->stranger_to && !set->is_known)
                judge_stranger(judge, set->at, set->name, set->stranger_to);
        }
    }
}

static bool device_has(const void *context, const char *name)
{
    /* What to do, and with which plug, is said anew with each call. */
    static const char *const ours[] = {"action", "plug", "port", "nodename"};
    const struct fence_device *device = context;

    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (strcmp(name, ours[i]) == 0)
            return true;
    }
    for (int i = 0; i < device->n_settings; i++) {
        if (strcmp(device->settings[i].name, name) == 0)
            return true;
    }
    return false;
}

static bool is_whole(const struct syntax *statement)
{
    for (const struct syntax *at = syntax_inside(statement); at; at = at->next) {
        if (at->is_broken)
            return false;
    }
    return !statement->is_broken;
}

static void judge_device(struct judge *judge, int device)
{
    struct resolution *r = judge->resolution;
    const struct fence_device *policy = &r->policy->devices[device];
    const struct device_source *source = &r->device_at[device];

    if (!policy->agent || !source->agent_at || !agent_is_fence(policy->agent) ||
        !judge_ask(judge, policy->agent, syntax_place(r->tree, source->agent_at->child)))
        return;
    for (int i = 0; i < source->n_sets; i++) {
        const struct service_set *set = &source->sets[i];
        const struct agent_parameter *parameter =
            agent_find_parameter(judge->description, set->name);

        if (parameter)
            judge_value(judge, parameter, set->at, set->value);
        else
            judge_stranger(judge, set->at, set->name, policy->agent);
    }
    if (is_whole(source->statement))
        judge_missing(judge, syntax_place(r->tree, source->name_at),
                      arena_printf(r->arena, "device %s", policy->name), device_has, policy);
    if (judge->description->n_actions > 0 && !agent_find_action(judge->description, "off"))
        diagnostics_add(r->diagnostics, DIAGNOSTIC_NO_ACTION,
                        syntax_place(r->tree, source->agent_at->child), policy->agent, "off",
                        "it cannot prove that a node is off");
}

static int compare_agents(const void *a, const void *b, void *context)
{
    const struct resolution *r = context;
    service_id left = *(const service_id *)a, right = *(const service_id *)b;
    int order = strcmp(service_of(r, left)->agent, service_of(r, right)->agent);

    return order != 0 ? order : left < right ? -1 : left > right;
}

/* Those that an agent runs, sorted by its name. */
static int sort_services(struct resolution *r, service_id *ids)
{
    int n = 0;

    for (service_id id = 0; id < r->policy->n_services; id++) {
        const char *agent = service_of(r, id)->agent;

        if (agent && agent_name_is_valid(agent))
            ids[n++] = id;
    }
    if (n > 0)
        qsort_r(ids, (size_t)n, sizeof(ids[0]), compare_agents, r);
    return n;
}

static int crew_size(const struct resolution *r, const service_id *ids, int n_ids)
{
    int n = 1;

    while (n < n_ids && strcmp(service_of(r, ids[n])->agent, service_of(r, ids[0])->agent) == 0)
        n++;
    return n;
}

void check_agents(struct resolution *r, const struct catalog *catalog)
{
    size_t n_services = (size_t)r->policy->n_services;
    service_id *ids = arena_alloc(r->arena, n_services * sizeof(ids[0]));
    size_t n_names_max = n_services + (size_t)r->policy->n_devices;
    const char **names = arena_alloc(r->arena, n_names_max * sizeof(names[0]));
    struct crew crew = {.judge = {.resolution = r, .catalog = catalog}};
    int n_ids = sort_services(r, ids), n_names = 0;

    for (int i = 0; i < n_ids; i += crew_size(r, ids + i, n_ids - i))
        names[n_names++] = service_of(r, ids[i])->agent;
    for (int i = 0; i < r->policy->n_devices; i++) {
        if (r->policy->devices[i].agent)
            names[n_names++] = r->policy->devices[i].agent;
    }
    if (catalog->prepare && n_names > 0)
        catalog->prepare(catalog->context, names, n_names);
    for (int i = 0; i < n_ids; i += crew.n_ids) {
        crew.ids = ids + i;
        crew.n_ids = crew_size(r, ids + i, n_ids - i);
        judge_crew(&crew);
    }
    for (int i = 0; i < r->policy->n_devices; i++)
        judge_device(&crew.judge, i);
    report_strangers(&crew.judge, r->blocks);
    report_strangers(&crew.judge, r->defaults);
}
