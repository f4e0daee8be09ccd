/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The fencing block: how losses are counted, and the devices that turn nodes off. Devices name
 * nodes, so they are read once these are known.
 */
#include <string.h>

#include "dsl/resolve.h"
#include "dsl/values.h"
#include "ha/base/text.h"

#define SECOND 1000
#define MINUTE (60 * SECOND)
/* Over this a device answers too late to be of use beside the lease. */
#define DEVICE_TIMEOUT_MOST (10 * MINUTE)
#define DEVICE_TIMEOUT_USUAL MINUTE

static void read_frequency(struct resolution *r, const struct syntax *at, struct bounds bounds,
                           struct frequency *frequency)
{
    const struct syntax *times = at->child;

    frequency->line = syntax_line(r->tree, at);
    if (strcmp(syntax_text(r->tree, times), "none") == 0)
        frequency->times = 0;
    else if (value_count(r->tree, times, bounds, &frequency->times))
        value_duration(r->tree, times->next, (struct bounds){"the time", MINUTE, 24 * 60 * MINUTE},
                       &frequency->within);
}

void resolve_fencing(struct resolution *r, const struct syntax *statement)
{
    const struct syntax *storm = NULL, *quarantine = NULL;

    for (const struct syntax *at = syntax_inside(statement); at; at = at->next) {
        if (!at->is_broken && at->kind == SYNTAX_WATCHDOG)
            resolve_once(r, &r->watchdog, at);
        else if (!at->is_broken && at->kind == SYNTAX_STORM && resolve_once(r, &storm, at))
            read_frequency(r, at, (struct bounds){"the storm", 1, NODES_MAX}, &r->policy->storm);
        else if (!at->is_broken && at->kind == SYNTAX_QUARANTINE &&
                 resolve_once(r, &quarantine, at))
            read_frequency(r, at, (struct bounds){"the quarantine", 1, FALLS_MAX},
                           &r->policy->quarantine);
    }
}

static bool agent_is_valid(const char *agent)
{
    /* It becomes a part of a path, so it may not hold a slash. */
    return strncmp(agent, "fence_", 6) == 0 && agent[6] &&
           agent[strspn(agent, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789_-")] == '\0' &&
           strlen(agent) < AGENT_NAME_MAX;
}

static void read_agent(struct resolution *r, struct fence_device *device, const struct syntax *at)
{
    const char *with_prefix;
    struct diagnostic *entry;

    device->agent = syntax_text(r->tree, at->child);
    if (agent_is_valid(device->agent))
        return;
    entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_BAD_FENCE_AGENT,
                            syntax_place(r->tree, at->child), device->agent);
    with_prefix = arena_printf(r->arena, "fence_%s", device->agent);
    if (strncmp(device->agent, "fence_", 6) != 0 && agent_is_valid(with_prefix))
        diagnostics_suggest(r->diagnostics, entry, with_prefix);
    else
        diagnostics_hint(r->diagnostics, entry,
                         "it is written fence_NAME, as in fence_ipmilan, which is"
                         " /usr/sbin/fence_ipmilan");
}

static void read_setting(struct resolution *r, struct fence_device *device,
                         struct device_source *source, const struct syntax *at)
{
    switch (at->kind) {
    case SYNTAX_DEVICE_AGENT:
        source->agent_at = at;
        read_agent(r, device, at);
        break;
    case SYNTAX_FENCES:
        source->fences_at = at;
        device->fences = resolve_node_list(r, at->child);
        break;
    case SYNTAX_LEVEL:
        source->level_at = at;
        value_count(r->tree, at->child, (struct bounds){"the level", 1, FENCE_LEVELS_MAX},
                    &device->level);
        break;
    case SYNTAX_RETRY:
        value_count(r->tree, at->child, (struct bounds){"retry", 0, 10}, &device->retry);
        break;
    case SYNTAX_DELAY:
        value_duration(r->tree, at->child, (struct bounds){"the delay", 0, MINUTE}, &device->delay);
        break;
    case SYNTAX_DEVICE_TIMEOUT:
        value_duration(r->tree, at->child,
                       (struct bounds){"the time limit", SECOND, DEVICE_TIMEOUT_MOST},
                       &device->timeout);
        break;
    default: break; /* the "set"s are read together */
    }
}

static void read_device(struct resolution *r, struct fence_device *device,
                        struct device_source *source)
{
    const struct syntax *first[SYNTAX_KINDS] = {0};
    bool has_broken = source->statement->is_broken;
    struct setting *settings;

    source->sets = resolve_sets(r, source->statement, SYNTAX_DEVICE_SET, &source->n_sets);
    for (const struct syntax *at = syntax_inside(source->statement); at; at = at->next) {
        has_broken = has_broken || at->is_broken;
        if (!at->is_broken && at->kind != SYNTAX_DEVICE_SET &&
            resolve_once(r, &first[at->kind], at))
            read_setting(r, device, source, at);
    }
    settings = arena_alloc(r->arena, (size_t)source->n_sets * sizeof(settings[0]));
    for (int i = 0; i < source->n_sets; i++)
        settings[i] =
            (struct setting){source->sets[i].name, source->sets[i].value, source->sets[i].secret};
    device->settings = settings;
    device->n_settings = source->n_sets;
    if (!has_broken && !source->agent_at)
        resolve_incomplete(r, source->statement, "which agent works it", "agent fence_NAME");
    if (!has_broken && !source->fences_at)
        resolve_incomplete(r, source->statement, "which nodes it turns off", "fences NODE, NODE");
}

/* Makes room at the device's place by name; NULL if there is none left for it. */
static struct fence_device *insert_device(struct resolution *r, struct fence_device *list,
                                          const struct syntax *statement)
{
    const struct syntax *name = syntax_part(statement, SYNTAX_NAME);
    const char *word = syntax_text(r->tree, name);
    int at = r->policy->n_devices;

    if (at == FENCE_DEVICES_MAX) {
        diagnostics_add(r->diagnostics, DIAGNOSTIC_LIMIT, syntax_place(r->tree, name), at + 1,
                        "fence devices", FENCE_DEVICES_MAX);
        return NULL;
    }
    for (int i = 0; i < r->policy->n_devices; i++) {
        if (strcmp(list[i].name, word) == 0) {
            resolve_duplicate(r, name, "fence devices", r->device_at[i].name_at);
            return NULL;
        }
    }
    for (; at > 0 && strcmp(list[at - 1].name, word) > 0; at--) {
        list[at] = list[at - 1];
        r->device_at[at] = r->device_at[at - 1];
    }
    r->policy->n_devices++;
    r->device_at[at] = (struct device_source){.statement = statement, .name_at = name};
    list[at] = (struct fence_device){.level = 1,
                                     .retry = 1,
                                     .timeout = {DEVICE_TIMEOUT_USUAL},
                                     .line = syntax_line(r->tree, statement)};
    text_copy(list[at].name, sizeof(list[at].name), word);
    return &list[at];
}

static void declare_devices(struct resolution *r, struct fence_device *list,
                            const struct syntax *statement)
{
    for (const struct syntax *at = syntax_inside(statement); at; at = at->next) {
        const struct syntax *name = at->kind == SYNTAX_DEVICE ? syntax_part(at, SYNTAX_NAME) : NULL;
        struct fence_device *device;

        if (!name)
            continue;
        if (!node_name_is_valid(syntax_text(r->tree, name))) {
            resolve_bad_name(r, name, "fence device", RULE_NAME_MAX - 1);
            continue;
        }
        device = insert_device(r, list, at);
        if (device)
            read_device(r, device, &r->device_at[device - list]);
    }
}

/* Both have to succeed, or one steps in for the other: only the policy can know. */
static void check_levels(struct resolution *r, int device)
{
    const struct fence_device *list = r->policy->devices;
    struct diagnostic *entry;

    for (int other = 0; other < device; other++) {
        node_id node = node_set_first(list[device].fences & list[other].fences);

        if (node == NODE_NONE || (r->device_at[device].level_at && r->device_at[other].level_at))
            continue;
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_LEVEL_UNSAID,
                                syntax_place(r->tree, r->device_at[device].name_at),
                                r->policy->nodes[node].name, list[other].name);
        diagnostics_note(r->diagnostics, entry, syntax_place(r->tree, r->device_at[other].name_at),
                         "the other is here");
        diagnostics_hint(r->diagnostics, entry,
                         "\"level 1\" in both if both have to succeed, as with two power supplies;"
                         " \"level 2\" in the one that is tried when the other has failed");
        return;
    }
}

void resolve_devices(struct resolution *r, const struct syntax *statement)
{
    struct fence_device *list;
    const struct device_source *first = NULL;

    if (!statement)
        return;
    list = arena_alloc(r->arena, FENCE_DEVICES_MAX * sizeof(list[0]));
    declare_devices(r, list, statement);
    r->policy->devices = list;
    for (int i = 0; i < r->policy->n_devices; i++) {
        check_levels(r, i);
        if (!first || r->device_at[i].statement->first < first->statement->first)
            first = &r->device_at[i];
    }
    if (first)
        resolve_not_acted_on(r, first->statement, "device",
                             "a push is refused while the policy has one: a lost node is only known"
                             " to be off by its watchdog");
}
