/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the agreed records and a text to what would happen; see plan.h. */
#include "console/plan.h"

#include <stdlib.h>
#include <string.h>

#include "console/ask.h"
#include "console/local_file.h"
#include "dsl/policy_text.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
#include "ha/model/codec.h"
#include "ha/whatif/plan.h"

/* Where the imagined clocks begin: past every lease that began before. */
#define BEGIN_MS 1000000

struct proposal {
    struct arena *arena;
    struct output *output;
    const char *file;
    struct policy *policy; /* the new one */
    const char *survival;  /* of the new one, as a sentence */
    const char *survived;  /* of the one in force, or NULL */
    json_t *state;         /* the row of "ha state" */
    struct ha_state *agreed;
    struct cluster_view *view;
    struct outcome *outcome;
    struct planning *planning;
    struct plan *plan;
    json_t *removed; /* rows of services that the new policy does not know any more */
};

/* ---- the state ------------------------------------------------------------------------------- */

static json_t *read_state(const char *file, struct output *output, int *code)
{
    json_error_t error;
    json_t *state = json_load_file(file, 0, &error);

    if (state && json_is_object(json_object_get(state, "records")))
        return state;
    json_decref(state);
    *code = output_error(output, CONTROL_EXIT_FAILED,
                         state ? "that file holds no state of a cluster" : error.text,
                         "write one with: tenuto ha state >FILE");
    return NULL;
}

static void take_node(struct proposal *p, const char *name, const json_t *value)
{
    node_id id = policy_find_node(p->policy, name);
    struct node node;
    struct err err;

    if (id != NODE_NONE && codec_read_node(value, p->policy, &node, &err))
        p->agreed->nodes[id] = node;
}

static void take_service(struct proposal *p, const char *name, const json_t *value)
{
    service_id id = policy_find_service(p->policy, name);
    struct service service;
    struct err err;

    if (id == SERVICE_NONE) {
        if (json_text(value, "node", NULL) && strcmp(json_text(value, "state", ""), "stopped") != 0)
            json_array_append_new(p->removed,
                                  json_pack("{s:s, s:s, s:s, s:s}", "service", name, "deed", "stop",
                                            "from", json_text(value, "node", ""), "why",
                                            "it is no longer in the policy"));
        return;
    }
    if (codec_read_service(value, p->policy, &service, &err))
        p->agreed->services[id] = service;
}

/* The policy in force, to say what it survives. */
static void take_policy(struct proposal *p, const json_t *value)
{
    const char *text = json_text(value, "text", "");
    struct diagnostics *found = arena_alloc(p->arena, sizeof(*found));

    policy_check(p->arena, "policy", text, strlen(text), found, &p->survived);
}

static void take_record(struct proposal *p, const char *key, const json_t *record)
{
    const char *text = json_is_string(record) ? json_string_value(record) : "";
    struct err err;
    autojson *value = json_read(text, strlen(text), &err);

    if (!value)
        return;
    if (strcmp(key, KEY_POLICY) == 0)
        take_policy(p, value);
    else if (strcmp(key, KEY_CLUSTER) == 0)
        codec_read_cluster(value, p->agreed, &err);
    else if (strncmp(key, KEY_NODE, strlen(KEY_NODE)) == 0)
        take_node(p, key + strlen(KEY_NODE), value);
    else if (strncmp(key, KEY_SERVICE, strlen(KEY_SERVICE)) == 0)
        take_service(p, key + strlen(KEY_SERVICE), value);
}

/* Who is away is away in the copy too; a state that knows of no node means all. */
static void see_nodes(struct proposal *p, struct settling *settling)
{
    settle_all_here(settling, (struct instant){BEGIN_MS});
    for (node_id node = 0; node < p->policy->n_nodes; node++) {
        const struct node *record = &p->agreed->nodes[node];

        if (!record->boot_id[0])
            continue;
        if (record->state == NODE_FENCE || record->state == NODE_GONE)
            settle_prove_off(settling, node);
        else if (record->state == NODE_UNKNOWN)
            settle_silence(settling, node);
    }
}

static void imagine(struct proposal *p)
{
    struct settling *settling = &p->planning->settling;
    const char *key;
    json_t *record;

    ha_state_init(p->agreed, p->policy->n_nodes, p->policy->n_services);
    json_object_foreach(json_object_get(p->state, "records"), key, record)
        take_record(p, key, record);
    p->agreed->version = (uint64_t)json_int(p->state, "version", 0);
    p->outcome->changes_max = CHANGES_OF(p->policy->n_nodes, p->policy->n_services);
    p->outcome->changes = xcalloc((size_t)p->outcome->changes_max, sizeof(p->outcome->changes[0]));
    *settling = (struct settling){
        .policy = p->policy, .state = p->agreed, .view = p->view, .outcome = p->outcome};
    see_nodes(p, settling);
    plan_run(p->planning, p->plan);
    free(p->outcome->changes);
}

/* ---- words ----------------------------------------------------------------------------------- */

static const char *name_or_nothing(const struct policy *policy, node_id node)
{
    return node == NODE_NONE ? NULL : policy->nodes[node].name;
}

static json_t *row_of(const struct proposal *p, const struct plan_step *step)
{
    char why[REASON_TEXT_MAX];

    reason_text(&step->why, p->policy, why, sizeof(why));
    return json_pack("{s:s, s:s, s:s*, s:s*, s:s}", "service",
                     p->policy->services[step->service].name, "deed", plan_deed_name(step->deed),
                     "from", name_or_nothing(p->policy, step->from), "to",
                     name_or_nothing(p->policy, step->to), "why", why);
}

static void write_row(struct output *output, const json_t *row)
{
    const char *from = json_text(row, "from", NULL), *to = json_text(row, "to", NULL);
    char where[2 * NODE_NAME_MAX + 8];

    if (output->maker == &output_json) {
        output_row(output, row);
        return;
    }
    snprintf(where, sizeof(where), "%s%s%s%s", from ? from : "", from && to ? " -> " : "",
             to && !from ? "on " : "", to && (!from || strcmp(from, to) != 0) ? to : "");
    /* A name and two nodes fill a line; why has the next one to itself. */
    fprintf(output->out, "  %-9s %-28s %s\n            %s\n", json_text(row, "deed", ""),
            json_text(row, "service", ""), where, json_text(row, "why", ""));
}

static int write_plan(struct proposal *p)
{
    struct output *output = p->output;
    bool is_text = output->maker != &output_json;
    size_t n_rows = json_array_size(p->removed) + (size_t)p->plan->n_steps;
    json_t *each;
    size_t i;

    if (is_text)
        fprintf(output->out, n_rows ? "would happen:\n" : "nothing would start, stop or move\n");
    json_array_foreach(p->removed, i, each) write_row(output, each);
    for (int at = 0; at < p->plan->n_steps; at++) {
        autojson *row = row_of(p, &p->plan->steps[at]);

        write_row(output, row);
    }
    if (is_text && p->survived && strcmp(p->survived, p->survival) == 0) {
        fprintf(output->out, "as before, it %s\n", p->survival);
    } else if (is_text) {
        if (p->survived)
            fprintf(output->out, "the policy in force %s\n", p->survived);
        fprintf(output->out, "%s %s\n", p->file, p->survival);
    } else {
        autojson *sum =
            json_pack("{s:i, s:s, s:s*, s:b}", "steps", (int)n_rows, "survival", p->survival,
                      "survival_before", p->survived, "settled", p->plan->is_settled);

        output_row(output, sum);
    }
    if (is_text && !p->plan->is_settled)
        fprintf(output->out, "and it does not come to rest: these are the first steps\n");
    return n_rows ? PLAN_EXIT_CHANGES : PLAN_EXIT_NOTHING;
}

/* ---- the verb -------------------------------------------------------------------------------- */

/* The new policy, checked in full; false: what is wrong has been shown. */
static bool compile(struct proposal *p, const char *text, size_t length)
{
    struct diagnostics *found = arena_alloc(p->arena, sizeof(*found));
    char words[64];

    p->policy = arena_alloc(p->arena, sizeof(*p->policy));
    if (policy_check(p->arena, p->file, text, length, found, &p->survival))
        return policy_compile(p->arena, p->file, text, length, p->policy, found);
    snprintf(words, sizeof(words), "%d error%s in the policy; nothing can be planned",
             found->n_errors, found->n_errors == 1 ? "" : "s");
    if (p->output->maker != &output_json)
        fputs(diagnostics_text(found, p->output->errors_in_colour), p->output->err);
    output_error(p->output, CONTROL_EXIT_FAILED, words, NULL);
    return false;
}

static int run(struct proposal *p)
{
    int code;

    p->agreed = xcalloc(1, sizeof(*p->agreed));
    p->view = xcalloc(1, sizeof(*p->view));
    p->outcome = xcalloc(1, sizeof(*p->outcome));
    p->planning = xcalloc(1, sizeof(*p->planning));
    p->plan = xcalloc(1, sizeof(*p->plan));
    p->removed = json_array();
    imagine(p);
    code = write_plan(p);
    json_decref(p->removed);
    free(p->plan);
    free(p->planning);
    free(p->outcome);
    free(p->view);
    free(p->agreed);
    return code;
}

int plan_policy(const json_t *request, const struct settings *settings, struct output *output)
{
    const char *state_file = json_text(request, "state", NULL);
    const json_t *file = json_array_get(json_object_get(request, "args"), 0);
    struct proposal proposal = {.output = output, .file = json_string_value(file)};
    int code = CONTROL_EXIT_FAILED;
    struct err err = {{0}};
    size_t length;
    char *text = local_read_file(proposal.file, &length, &err);

    if (!text)
        return output_error(output, CONTROL_EXIT_FAILED, err.text, NULL);
    proposal.arena = arena_new();
    if (compile(&proposal, text, length)) {
        proposal.state = state_file ? read_state(state_file, output, &code)
                                    : ask_row(settings, "ha state", output, &code);
        if (proposal.state)
            code = run(&proposal);
        json_decref(proposal.state);
    }
    arena_free(proposal.arena);
    free(text);
    return code;
}
