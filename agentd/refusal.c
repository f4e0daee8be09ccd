/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Why a policy without errors is not put into force here; see refusal.h. */
#include "agentd/refusal.h"

#include "agentd/control.h"
#include "agentd/resource.h"

/* Node names must be those that corosync knows: one list forms the ring, the other names it. */
static json_t *roster_problem(const struct roster *roster, const struct policy *policy)
{
    const char *unknown = NULL, *missing = NULL;

    for (node_id node = 0; node < policy->n_nodes; node++) {
        if (roster_find_name(roster, policy->nodes[node].name) == NODE_NONE)
            unknown = policy->nodes[node].name;
    }
    for (node_id at = 0; at < roster->n_nodes; at++) {
        if (policy_find_node(policy, roster->nodes[at].name) == NODE_NONE)
            missing = roster->nodes[at].name;
    }
    if (unknown)
        return json_pack("{s:o,s:s,s:i}", "error",
                         json_sprintf("corosync's node list has no node \"%s\"", unknown), "hint",
                         "name the nodes as corosync.conf does, or add it there first", "code",
                         CONTROL_EXIT_REFUSED);
    if (missing)
        return json_pack("{s:o,s:s,s:i}", "error",
                         json_sprintf("the policy says nothing of node \"%s\", which is in "
                                      "corosync's node list",
                                      missing),
                         "hint",
                         "give it a node statement; a node leaves the cluster before it leaves "
                         "the policy",
                         "code", CONTROL_EXIT_REFUSED);
    return NULL;
}

/* What no agent of this version can run would only end in error; drills may speak of it. */
static json_t *type_problem(const struct policy *policy)
{
    for (service_id id = 0; id < policy->n_services; id++) {
        const struct service_policy *service = &policy->services[id];

        if (!resource_kind_of(service->type) && service->requested != REQUESTED_IGNORED)
            return json_pack("{s:o,s:s,s:i}", "error",
                             json_sprintf("%s: services of type %s cannot be run by the agents of "
                                          "this version",
                                          service->name, service->type),
                             "hint", "take it out, or give it: state ignored", "code",
                             CONTROL_EXIT_REFUSED);
    }
    return NULL;
}

static json_t *not_done(const char *what, const char *hint)
{
    return json_pack("{s:o,s:s,s:i}", "error",
                     json_sprintf("%s by the agents of this version", what), "hint", hint, "code",
                     CONTROL_EXIT_REFUSED);
}

/* A promise of the policy that nobody would keep: whoever relies on it loses a service, or data. */
static json_t *promise_problem(const struct policy *policy)
{
    const struct quorum_policy *quorum = &policy->quorum;

    if ((quorum->tie_breaker != TIE_UNSAID && !quorum->witness) || quorum->is_last_man_standing ||
        quorum->is_two_node)
        return not_done("a tie-breaker without a witness, last-man-standing and two-node are not "
                        "acted on",
                        "take it out: agents act with more than half of the nodes' votes, or not"
                        " at all");
    if (quorum->waits_for_all)
        return not_done("wait-for-all is not written into corosync.conf",
                        "take it out: who comes first waits for a majority, and no longer");
    if (policy->n_devices > 0)
        return not_done("fence devices are not used",
                        "take them out; the watchdog fences meanwhile");
    for (service_id id = 0; id < policy->n_services; id++) {
        const struct service_policy *service = &policy->services[id];

        for (int i = 0; i < service->n_settings; i++) {
            if (service->settings[i].secret)
                return not_done("secrets of services cannot be looked up",
                                "give the value itself, or let the agent read it from a file");
        }
    }
    return NULL;
}

json_t *refusal_of(const struct roster *roster, const struct policy *policy)
{
    json_t *problem = roster ? roster_problem(roster, policy) : NULL;

    /* Where corosync.conf is ours the push was compared with what is in force. */
    if (roster && !problem && policy->quorum.witness)
        problem = json_pack("{s:o,s:o,s:i}", "error",
                            json_sprintf("the policy names a witness, %s, and this cluster has "
                                         "none",
                                         policy->quorum.witness),
                            "hint",
                            json_sprintf("take it out and push; it comes with: tenuto cluster "
                                         "adopt, then tenuto witness add %s",
                                         policy->quorum.witness),
                            "code", CONTROL_EXIT_REFUSED);
    if (!problem)
        problem = type_problem(policy);
    return problem ? problem : promise_problem(policy);
}

json_t *refusal_of_times(const struct policy *now, const struct policy *pushed)
{
    bool is_longer_watchdog = pushed->timing.watchdog.ms > now->timing.watchdog.ms;

    if (!is_longer_watchdog && pushed->timing.lease.ms <= now->timing.lease.ms)
        return NULL;
    return json_pack("{s:o,s:s,s:i}", "error",
                     json_sprintf("a longer %s cannot be set while only the witness makes a quorum",
                                  is_longer_watchdog ? "watchdog" : "lease"),
                     "hint",
                     "the node that is away would not know of it, and wait too short a time; push "
                     "when it is back",
                     "code", CONTROL_EXIT_REFUSED);
}
