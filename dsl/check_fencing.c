/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Level 4: fence devices that do not help when they are needed, and times that are cut short by
 * others.
 */
#include <string.h>

#include "dsl/check.h"
#include "dsl/times.h"
#include "ha/whatif/predict.h"

static const char *name_of(const struct policy *policy, node_id node)
{
    return policy->nodes[node].name;
}

/* A parameter whose value is an address of a node that the device turns off. */
static const struct setting *find_own_address(const struct policy *policy,
                                              const struct fence_device *device, node_id *node)
{
    for (int i = 0; i < device->n_settings; i++) {
        const char *value = device->settings[i].value;

        NODE_SET_EACH(id, device->fences)
        {
            for (int k = 0; value && k < policy->nodes[id].n_addresses; k++) {
                if (strcmp(value, policy->nodes[id].addresses[k]) != 0)
                    continue;
                *node = id;
                return &device->settings[i];
            }
        }
    }
    return NULL;
}

static void check_hosts(struct resolution *r)
{
    const struct policy *policy = r->policy;

    for (int i = 0; i < policy->n_devices; i++) {
        const struct fence_device *device = &policy->devices[i];
        node_id node = NODE_NONE;
        const struct setting *setting = find_own_address(policy, device, &node);
        struct diagnostic *entry;

        if (!setting)
            continue;
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_DEVICE_ON_NODE,
                                syntax_place(r->tree, r->device_at[i].name_at), device->name,
                                setting->value, name_of(policy, node));
        diagnostics_hint(r->diagnostics, entry,
                         "its management processor, power switch or hypervisor has an address of "
                         "its own");
    }
}

/* Where some have a device the others are easily forgotten; without watchdogs T0401 is said. */
static void check_unfenced(struct resolution *r)
{
    const struct policy *policy = r->policy;
    node_set bare = (node_set)(((uint64_t)1 << policy->n_nodes) - 1);

    for (int i = 0; i < policy->n_devices; i++)
        bare &= ~policy->devices[i].fences;
    if (policy->n_devices > 0 && bare && policy->timing.watchdog.ms)
        diagnostics_add(r->diagnostics, DIAGNOSTIC_NO_DEVICE,
                        syntax_place(r->tree, r->node_at[node_set_first(bare)]),
                        check_any_of(r, bare),
                        times_told(r->arena, timing_recovery_wait(&policy->timing)));
}

/* To stop it or move it, as the shutdown policy has it; of what moves only its own time counts. */
static struct duration own_time(const struct policy *policy, service_id id)
{
    const struct service_policy *service = &policy->services[id];
    bool is_live = policy->shutdown == SHUTDOWN_MIGRATE && service->migrate == MIGRATE_LIVE;

    return is_live ? service->migrate_timeout : service->stop_timeout;
}

/* A node that shuts down waits so long for its services, and not longer. */
static void check_leaving(struct resolution *r)
{
    const struct policy *policy = r->policy;
    size_t n = (size_t)policy->n_services;
    struct duration *first = arena_alloc(r->arena, n * sizeof(first[0]));
    service_id slowest = SERVICE_NONE;
    int64_t longest = LEAVE_MS;
    struct diagnostic *entry;

    if (policy->shutdown != SHUTDOWN_MIGRATE)
        predict_stop(policy, first);
    for (service_id id = 0; id < policy->n_services; id++) {
        int64_t ms = first[id].ms + own_time(policy, id).ms;

        if (policy->services[id].requested != REQUESTED_STARTED || ms <= longest)
            continue;
        longest = ms;
        slowest = id;
    }
    if (slowest == SERVICE_NONE)
        return;
    entry = diagnostics_add(
        r->diagnostics, DIAGNOSTIC_STOP_TOO_LONG,
        syntax_place(r->tree, r->sources[slowest].name_at), policy->services[slowest].name,
        times_told(r->arena, duration_ms(longest)), times_told(r->arena, duration_ms(LEAVE_MS)));
    if (first[slowest].ms)
        diagnostics_hint(r->diagnostics, entry,
                         "%s of it are for what stops before it: give that a shorter stop timeout",
                         times_told(r->arena, first[slowest]));
    else
        diagnostics_hint(r->diagnostics, entry, "write: %s timeout %s",
                         own_time(policy, slowest).ms == policy->services[slowest].stop_timeout.ms
                             ? "stop"
                             : "migrate",
                         times_exact(r->arena, duration_ms(LEAVE_MS)));
}

void check_fencing(struct resolution *r)
{
    check_hosts(r);
    check_unfenced(r);
    /* Where the order goes round in a circle there is no longest way. */
    if (r->diagnostics->n_errors == 0)
        check_leaving(r);
}
