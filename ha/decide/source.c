/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules and settings behind reasons; see source.h. What is built in has no line. */
#include "ha/decide/source.h"

static int line_of_service(const struct service_policy *service, enum reason_code code)
{
    switch (code) {
    case REASON_ADDED: return service->line;
    case REASON_WANTED_STARTED:
    case REASON_WANTED_STOPPED:
    case REASON_WANTED_DISABLED:
    case REASON_WANTED_IGNORED: return service->state_line ? service->state_line : service->line;
    case REASON_START_FAILED:
    case REASON_START_FAILED_FOR_GOOD: return service->relocate_line;
    case REASON_REFUSED_NEVER_MOVES: return service->migrate_line;
    case REASON_NO_FAILBACK: return service->failback_line;
    default: return 0;
    }
}

int source_line(const struct policy *policy, service_id service, const struct reason *why)
{
    if (why->rule >= 0 && why->rule < policy->n_rules)
        return policy->rules[why->rule].line;
    switch (why->code) {
    case REASON_NODE_SHUTS_DOWN:
    case REASON_NODE_EXPECTED_BACK:
    case REASON_NODE_IS_LEAVING:
    case REASON_FROZEN_FOR_SHUTDOWN: return policy->shutdown_line;
    case REASON_STORM: return policy->storm.line;
    case REASON_QUARANTINED: return policy->quarantine.line;
    case REASON_WAITS_FOR_TURN:
    case REASON_EVENS_OUT:
    case REASON_LEAST_STRAIN:
    case REASON_MORE_STRAIN: return policy->scheduling.line;
    default: break;
    }
    /* Who must be with it may be the one that never moves. */
    if (why->code == REASON_REFUSED_NEVER_MOVES)
        service = why->with;
    if (service < 0 || service >= policy->n_services)
        return why->line;
    return line_of_service(&policy->services[service], why->code);
}
