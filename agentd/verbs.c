/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each verb of the control protocol does; see verbs.h. */
#include "agentd/verbs.h"

#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "agentd/audit.h"
#include "agentd/call.h"
#include "agentd/control_server.h"
#include "agentd/current.h"
#include "agentd/rows.h"
#include "dsl/suggest.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
#include "ha/model/codec.h"

/* What a node without the others knows is old; whoever reads it must be told. */
json_t *call_done_of(const struct agent *agent)
{
    if (agent->member && agent->status.is_quorate && agent->status.is_in_sync)
        return NULL;
    return json_pack("{s:b,s:s,s:i}", "stale", 1, "reason", rows_why_not_quorate(agent), "code",
                     CONTROL_EXIT_NO_QUORUM);
}

static void rows_and_done(const struct call *call, json_t *rows)
{
    json_t *row;
    size_t i;

    json_array_foreach(rows, i, row) session_row(call->session, call->id, json_incref(row));
    json_decref(rows);
    session_done(call->session, call->id, call_done_of(call->agent));
}

/* Of whom the reason speaks, for those who look for its cause. */
static void set_about(json_t *row, const json_t *why)
{
    static const char *const members[][2] = {
        {"node", "node"}, {"other", "other"}, {"with", "service"}, {"rule", "rule"}};
    json_t *about = json_object();

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        json_t *value = json_object_get(why, members[i][0]);

        if (value)
            json_object_set(about, members[i][1], value);
    }
    if (json_object_size(about) > 0)
        json_object_set(row, "about", about);
    json_decref(about);
}

/* One change of a patch, as an event: what, from, to, where, why, by whom. */
static json_t *event_of(const json_t *patch, const json_t *change)
{
    const json_t *why = json_object_get(change, "why");
    json_t *row = json_pack("{s:I,s:s}", "at", (json_int_t)json_int(patch, "stamp", 0), "by",
                            json_text(patch, "by", ""));
    const char *kind = "node", *subject = json_text(change, "node", "");

    json_object_set_new(row, "version", json_integer(json_int(patch, "version", 0)));
    json_object_set_new(row, "why", json_string(json_text(why, "text", "")));
    json_object_set_new(row, "code", json_string(json_text(why, "code", "")));
    json_object_set_new(row, "line", json_integer(json_int(why, "line", 0)));
    json_object_set_new(row, "from", json_string(json_text(change, "from", "")));
    json_object_set_new(row, "to", json_string(json_text(change, "to", "")));
    if (json_object_get(patch, "policy"))
        json_object_set(row, "policy", json_object_get(patch, "policy"));
    set_about(row, why);
    if (json_text(change, "service", NULL)) {
        kind = "service";
        subject = json_text(change, "service", "");
        json_object_set_new(row, "service", json_string(subject));
        if (json_text(change, "node", NULL))
            json_object_set_new(row, "node", json_string(json_text(change, "node", "")));
    } else if (json_object_get(change, "policy")) {
        kind = "policy";
        subject = "policy";
        json_object_set_new(row, "to",
                            json_sprintf("version %lld", (long long)json_int(change, "policy", 0)));
    } else if (json_text(change, "leader", NULL)) {
        kind = "leader";
        subject = "leader";
        json_object_set_new(row, "to", json_string(json_text(change, "leader", "")));
    } else if (!json_text(change, "node", NULL)) {
        kind = subject = "cluster";
    }
    json_object_set_new(row, "kind", json_string(kind));
    json_object_set_new(row, "subject", json_string(subject));
    return row;
}

json_t *verb_events_of(const json_t *patch)
{
    json_t *rows = json_array(), *change;
    size_t i;

    json_array_foreach(json_object_get(patch, "changes"), i, change)
        json_array_append_new(rows, event_of(patch, change));
    return rows;
}

json_t *verb_snapshot(struct agent *agent)
{
    return json_pack("{s:o,s:o,s:o,s:o,s:O,s:I}", "status", rows_cluster(agent), "nodes",
                     rows_nodes(agent), "services", rows_services(agent), "fence",
                     rows_fence(agent), "events", agent->recent, "now",
                     (json_int_t)agent_wall_ms());
}

static json_t *look_at_status(const struct call *call)
{
    return rows_cluster(call->agent);
}

/* It tells of a node without the others, too, so it is no failure that it may be old. */
static void answer_status(const struct call *call, json_t *row, const char *why_old)
{
    json_object_set_new(row, "current", json_boolean(!why_old));
    if (why_old)
        json_object_set_new(row, "reason", json_string(why_old));
    session_row(call->session, call->id, row);
    session_done(call->session, call->id, NULL);
}

static void verb_cluster_status(const struct call *call)
{
    current_ask(call, look_at_status, answer_status);
}

static void verb_cluster_nodes(const struct call *call)
{
    rows_and_done(call, rows_nodes(call->agent));
}

static void verb_ha_status(const struct call *call)
{
    json_t *done = call_done_of(call->agent), *confirm = rows_confirm(call->agent);
    autojson *rows = rows_services(call->agent);
    json_t *row;
    size_t i;

    json_array_foreach(rows, i, row) session_row(call->session, call->id, json_incref(row));
    if (json_is_object(confirm)) {
        done = done ? done : json_object();
        json_object_set(done, "confirm", confirm);
    }
    json_decref(confirm);
    session_done(call->session, call->id, done);
}

static void verb_watch(const struct call *call)
{
    session_watch(call->session, call->id);
}

/*
 * Names that are near enough to be meant, at most two: a name without its type is compared with
 * names without theirs, and may be that of two services.
 */
static int nearest_services(const struct policy *policy, const char *name, const char *found[2])
{
    struct suggestion suggestion = suggestion_for(name);
    int n_found = 0;

    for (service_id id = 0; id < policy->n_services; id++) {
        const char *whole = policy->services[id].name;
        const char *bare = strchr(whole, ':');
        int before = suggestion.distance;

        suggestion_consider(&suggestion, bare && !strchr(name, ':') ? bare + 1 : whole);
        if (suggestion.distance < before)
            n_found = 0;
        else if (n_found != 1 || before != 0 || !bare || strcmp(bare + 1, name) != 0)
            continue;
        found[n_found++] = whole;
    }
    return n_found;
}

/* The service that an argument names, or an error with the nearest name. */
service_id call_service(const struct call *call, const char *name)
{
    const struct policy *policy = call->agent->knowledge.policy;
    service_id id = policy && name ? policy_find_service(policy, name) : SERVICE_NONE;
    const char *nearest[2];
    char hint[2 * SERVICE_NAME_MAX + 32];
    struct text text;
    int n_nearest;

    if (id != SERVICE_NONE)
        return id;
    n_nearest = policy && name ? nearest_services(policy, name, nearest) : 0;
    text_init(&text, hint, sizeof(hint));
    if (n_nearest == 2)
        text_add(&text, "did you mean %s or %s?", nearest[0], nearest[1]);
    else if (n_nearest == 1)
        text_add(&text, "did you mean %s?", nearest[0]);
    else
        text_add(&text, "tenuto ha status lists them");
    session_error(call->session, call->id, CONTROL_EXIT_FAILED, hint, "no service is called \"%s\"",
                  name ? name : "");
    return SERVICE_NONE;
}

/* All records as they lie in the ledger; whoever plans reads them with the codec. */
/* The records go on changing under those who look at them. */
static json_t *look_at_state(const struct call *call)
{
    const struct agent *agent = call->agent;

    if (!agent->member)
        return NULL;
    return json_pack("{s:I, s:o}", "version", (json_int_t)agent->status.head.version, "records",
                     json_copy((json_t *)member_records(agent->member)));
}

static void answer_state(const struct call *call, json_t *row, const char *why_old)
{
    if (!row) {
        session_error(call->session, call->id, CONTROL_EXIT_UNAVAILABLE,
                      "is corosync running on this node?",
                      "this agent has not reached the cluster yet");
        return;
    }
    json_object_set_new(row, "current", json_boolean(!why_old));
    if (why_old)
        json_object_set_new(row, "reason", json_string(why_old));
    session_row(call->session, call->id, row);
    session_done(call->session, call->id, current_done(why_old));
}

static void verb_ha_state(const struct call *call)
{
    current_ask(call, look_at_state, answer_state);
}

enum verb {
#define VERB(id, name, arguments, where, role, columns, help) VERB_##id,
#include "agentd/verbs.def"
#undef VERB
    VERBS
};

static const struct verb_row {
    const char *name;
    enum control_role role;
} verb_rows[] = {
#define VERB(id, name, arguments, where, role, columns, help) {name, ROLE_##role},
#include "agentd/verbs.def"
#undef VERB
};

/* Those that are done by the program itself have no function here. */
static void (*const verb_runs[VERBS])(const struct call *call) = {
    [VERB_POLICY_PUSH] = verb_policy_push,
    [VERB_POLICY_SHOW] = verb_policy_show,
    [VERB_POLICY_HISTORY] = verb_policy_history,
    [VERB_POLICY_CONFIRM] = verb_policy_confirm,
    [VERB_POLICY_ABORT] = verb_policy_abort,
    [VERB_CLUSTER_STATUS] = verb_cluster_status,
    [VERB_CLUSTER_NODES] = verb_cluster_nodes,
    [VERB_CLUSTER_ADOPT] = verb_cluster_adopt,
    [VERB_CLUSTER_REMOVE] = verb_cluster_remove,
    [VERB_CLUSTER_EXPECTED] = verb_cluster_expected,
    [VERB_CLUSTER_DEPART] = verb_cluster_depart,
    [VERB_CLUSTER_DRAFT] = verb_cluster_draft,
    [VERB_CLUSTER_ADMIT] = verb_cluster_admit,
    [VERB_CLUSTER_WITHDRAW] = verb_cluster_withdraw,
    [VERB_WITNESS_ADMIT] = verb_witness_admit,
    [VERB_WITNESS_DISMISS] = verb_witness_dismiss,
    [VERB_HA_STATE] = verb_ha_state,
    [VERB_HA_STATUS] = verb_ha_status,
    [VERB_NODE_LEAVING] = verb_node_leaving,
    [VERB_HA_START] = verb_ha_start,
    [VERB_HA_STOP] = verb_ha_stop,
    [VERB_HA_RESTART] = verb_ha_restart,
    [VERB_HA_MIGRATE] = verb_ha_migrate,
    [VERB_HA_RELOCATE] = verb_ha_relocate,
    [VERB_HA_CLEAR] = verb_ha_clear,
    [VERB_HA_MAINTENANCE] = verb_ha_maintenance,
    [VERB_HA_DISARM] = verb_ha_disarm,
    [VERB_HA_ARM] = verb_ha_arm,
    [VERB_HA_WHY] = verb_ha_why,
    [VERB_HA_WHY_NOT] = verb_ha_why_not,
    [VERB_FENCE_STATUS] = verb_fence_status,
    [VERB_FENCE_CONFIRM] = verb_fence_confirm,
    [VERB_FENCE_HISTORY] = verb_fence_history,
    [VERB_EVENTS] = verb_events,
    [VERB_WATCH] = verb_watch,
};

void verb_run(struct agent *agent, struct session *session, const json_t *request)
{
    const char *name = json_text(request, "verb", "");
    struct call call = {.agent = agent,
                        .session = session,
                        .request = request,
                        .args = json_object_get(request, "args"),
                        .id = json_int(request, "id", 0)};

    for (int i = 0; i < VERBS; i++) {
        if (!verb_runs[i] || strcmp(verb_rows[i].name, name) != 0)
            continue;
        if (verb_rows[i].role > ROLE_VIEWER)
            audit_begin(agent, session, request, name);
        if (session_role(session) < verb_rows[i].role) {
            session_error(session, call.id, CONTROL_EXIT_NO_PERMISSION, "use sudo",
                          "%s may look at this cluster but not change it", session_user(session));
            return;
        }
        verb_runs[i](&call);
        audit_begun(agent, session, call.id);
        return;
    }
    session_error(session, call.id, CONTROL_EXIT_USAGE, "tenuto help lists the verbs",
                  "this agent knows no verb \"%s\"", name);
}
