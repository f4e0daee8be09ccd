/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of a cluster, as "ha state" tells them; see plan_state.h. */
#include "console/plan_state.h"

#include <stdlib.h>

#include "ha/base/arena.h"
#include "ha/base/json.h"
#include "ha/model/codec.h"

json_t *plan_state_read(const char *file, struct err *err)
{
    json_error_t error;
    json_t *state = json_load_file(file, 0, &error);

    if (state && json_is_object(json_object_get(state, "records")))
        return state;
    if (state)
        err_set(err, "that file holds no state of a cluster");
    else
        err_set(err, "%s", error.text);
    json_decref(state);
    return NULL;
}

void plan_outcome_init(struct outcome *outcome, const struct policy *policy)
{
    *outcome = (struct outcome){.changes_max = CHANGES_OF(policy->n_nodes, policy->n_services)};
    outcome->changes = xcalloc((size_t)outcome->changes_max, sizeof(outcome->changes[0]));
}

static void add_record(json_t *records, const char *key, const char *name, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
    char place[SERVICE_NAME_MAX + 16];

    snprintf(place, sizeof(place), "%s%s", key, name);
    json_object_set_new(records, place, json_string(text));
    json_decref(value);
    free(text);
}

static json_t *records_of(const struct policy *policy, const struct ha_state *state)
{
    json_t *records = json_object();

    add_record(records, KEY_CLUSTER, "", codec_cluster(state));
    for (node_id node = 0; node < policy->n_nodes; node++)
        add_record(records, KEY_NODE, policy->nodes[node].name,
                   codec_node(&state->nodes[node], policy));
    for (service_id id = 0; id < policy->n_services; id++)
        add_record(records, KEY_SERVICE, policy->services[id].name,
                   codec_service(&state->services[id], policy));
    return records;
}

json_t *plan_state_imagine(const struct policy *policy)
{
    struct ha_state *state = xcalloc(1, sizeof(*state));
    struct cluster_view *view = xcalloc(1, sizeof(*view));
    struct outcome *outcome = xcalloc(1, sizeof(*outcome));
    struct settling settling = {.policy = policy, .state = state, .view = view, .outcome = outcome};
    json_int_t version;
    json_t *records;

    ha_state_init(state, policy->n_nodes, policy->n_services);
    plan_outcome_init(outcome, policy);
    settle_all_here(&settling, (struct instant){PLAN_BEGIN_MS});
    settle_run(&settling);
    records = records_of(policy, state);
    /* Causes are versions: a state older than they would mistake old results for new ones. */
    version = (json_int_t)state->version;
    free(outcome->changes);
    free(outcome);
    free(view);
    free(state);
    return json_pack("{s:I, s:o}", "version", version, "records", records);
}
