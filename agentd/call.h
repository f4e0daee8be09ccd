/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One request of a client while its verb runs: for the files that hold the verbs, nobody else. */
#pragma once

#include <jansson.h>

#include "ha/base/id.h"

struct agent;
struct session;

struct call {
    struct agent *agent;
    struct session *session;
    const json_t *request;
    const json_t *args;
    int64_t id;
};

static inline const char *call_argument(const struct call *call, size_t which)
{
    return json_string_value(json_array_get(call->args, which));
}

/* The service that an argument names, or an error with the nearest name. */
service_id call_service(const struct call *call, const char *name);
/* What ends an answer about the present: that it is old, where this node is without the others. */
json_t *call_done_of(const struct agent *agent);

/* verbs_policy.c: policies that are pushed, and those that were. */
/* In whose name it is asked. */
const char *call_author(const struct call *call);
void verb_policy_push(const struct call *call);
void verb_policy_show(const struct call *call);
void verb_policy_history(const struct call *call);
void verb_policy_confirm(const struct call *call);
void verb_policy_abort(const struct call *call);

/* verbs_ha.c: what is asked of the one who decides. */
void verb_node_leaving(const struct call *call);
void verb_ha_start(const struct call *call);
void verb_ha_stop(const struct call *call);
void verb_ha_restart(const struct call *call);
void verb_ha_migrate(const struct call *call);
void verb_ha_relocate(const struct call *call);
void verb_ha_clear(const struct call *call);
void verb_ha_maintenance(const struct call *call);
void verb_ha_disarm(const struct call *call);
void verb_ha_arm(const struct call *call);
void verb_fence_confirm(const struct call *call);

/* verbs_fence.c: who is off, and who was. */
void verb_fence_status(const struct call *call);
void verb_fence_history(const struct call *call);

/* verbs_events.c: what happened. */
void verb_events(const struct call *call);

/* verbs_cluster.c: nodes that come and go. */
void verb_cluster_adopt(const struct call *call);
void verb_cluster_remove(const struct call *call);
void verb_cluster_expected(const struct call *call);
void verb_cluster_depart(const struct call *call);
void verb_cluster_draft(const struct call *call);
void verb_cluster_admit(const struct call *call);
void verb_cluster_withdraw(const struct call *call);
void verb_witness_admit(const struct call *call);
void verb_witness_dismiss(const struct call *call);

/* verbs_why.c: explanations. */
void verb_ha_why(const struct call *call);
void verb_ha_why_not(const struct call *call);
