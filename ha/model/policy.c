/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking up names; see policy.h. */
#include "ha/model/policy.h"

#include <string.h>

node_id policy_find_node(const struct policy *policy, const char *name)
{
    int low = 0, high = policy->n_nodes;

    while (low < high) {
        int middle = low + (high - low) / 2;
        int order = strcmp(name, policy->nodes[middle].name);

        if (order == 0)
            return (node_id)middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NODE_NONE;
}

service_id policy_find_service(const struct policy *policy, const char *name)
{
    service_id low = 0, high = policy->n_services;

    while (low < high) {
        service_id middle = low + (high - low) / 2;
        int order = strcmp(name, policy->services[middle].name);

        if (order == 0)
            return middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return SERVICE_NONE;
}

enum shutdown_policy policy_when_leaving(const struct policy *policy, enum leaving leaving)
{
    if (leaving == LEAVING_RESTART)
        return SHUTDOWN_FREEZE;
    if (policy->shutdown != SHUTDOWN_CONDITIONAL)
        return policy->shutdown;
    return leaving == LEAVING_REBOOT ? SHUTDOWN_FREEZE : SHUTDOWN_FAILOVER;
}
