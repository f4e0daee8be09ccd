/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the agreed records and a text to what would happen; see plan.h. */
#include "console/plan.h"

#include <stdlib.h>
#include <string.h>

#include "console/agents.h"
#include "console/ask.h"
#include "console/local_file.h"
#include "console/plan_state.h"
#include "console/plan_work.h"
#include "dsl/policy_text.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
#include "ha/model/codec.h"

/* ---- the state ------------------------------------------------------------------------------- */

static void take_node(struct proposal *p, const char *name, const json_t *value)
{
    node_id id = policy_find_node(p->after.policy, name);
    struct node node;
    struct err err;

    if (id != NODE_NONE && codec_read_node(value, p->after.policy, &node, &err))
        p->agreed->nodes[id] = node;
}

static void take_service(struct proposal *p, const char *name, const json_t *value)
{
    service_id id = policy_find_service(p->after.policy, name);
    struct service service;
    struct err err;

    if (id == SERVICE_NONE) {
        if (json_text(value, "node", NULL) && strcmp(json_text(value, "state", ""), "stopped") != 0)
            json_array_append_new(p->removed, json_pack("{s:s, s:s, s:s, s:s, s:s}", "kind", "step",
                                                        "service", name, "deed", "stop", "from",
                                                        json_text(value, "node", ""), "why",
                                                        "it is no longer in the policy"));
        return;
    }
    if (codec_read_service(value, p->after.policy, &service, &err))
        p->agreed->services[id] = service;
}

static void take_record(struct proposal *p, const char *key, const json_t *record)
{
    const char *text = json_is_string(record) ? json_string_value(record) : "";
    struct err err;
    autojson *value = json_read(text, strlen(text), &err);

    if (!value)
        return;
    if (strcmp(key, KEY_CLUSTER) == 0)
        codec_read_cluster(value, p->agreed, &err);
    else if (strncmp(key, KEY_NODE, strlen(KEY_NODE)) == 0)
        take_node(p, key + strlen(KEY_NODE), value);
    else if (strncmp(key, KEY_SERVICE, strlen(KEY_SERVICE)) == 0)
        take_service(p, key + strlen(KEY_SERVICE), value);
}

/* Who is away is away in the copy too; a state that knows of no node means all. */
static void see_nodes(struct proposal *p, struct settling *settling)
{
    settle_all_here(settling, (struct instant){PLAN_BEGIN_MS});
    for (node_id node = 0; node < p->after.policy->n_nodes; node++) {
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
    const struct policy *policy = p->after.policy;
    const char *key;
    json_t *record;

    ha_state_init(p->agreed, policy->n_nodes, policy->n_services);
    json_object_foreach(json_object_get(p->state, "records"), key, record)
        take_record(p, key, record);
    p->agreed->version = (uint64_t)json_int(p->state, "version", 0);
    plan_outcome_init(p->outcome, policy);
    *settling = (struct settling){
        .policy = policy, .state = p->agreed, .view = p->view, .outcome = p->outcome};
    see_nodes(p, settling);
    plan_run(p->planning, p->plan);
    free(p->outcome->changes);
}

/* ---- the two policies ------------------------------------------------------------------------ */

static void read_side(struct proposal *p, struct plan_side *side)
{
    struct diagnostics *spare = arena_alloc(p->arena, sizeof(*spare));

    side->found = arena_alloc(p->arena, sizeof(*side->found));
    side->policy = arena_alloc(p->arena, sizeof(*side->policy));
    side->is_right =
        policy_check(p->arena, side->file, side->text, side->length, side->found,
                     &side->survival) &&
        policy_compile(p->arena, side->file, side->text, side->length, side->policy, spare);
    agents_check(p->settings, p->arena, side->text, side->length, side->found);
}

/* False: what is wrong has been shown. */
static bool is_right(struct proposal *p, const struct plan_side *side)
{
    char words[160];

    if (side->is_right)
        return true;
    snprintf(words, sizeof(words), "%d error%s in %s; nothing can be planned",
             side->found->n_errors, side->found->n_errors == 1 ? "" : "s",
             side == &p->after ? "the policy" : side->file);
    if (p->output->maker != &output_json)
        fputs(diagnostics_text(side->found, p->output->errors_in_colour), p->output->err);
    output_error(p->output, CONTROL_EXIT_FAILED, words, NULL);
    return false;
}

/* The policy that the state says is in force. */
static void take_policy(struct proposal *p)
{
    const json_t *record = json_object_get(json_object_get(p->state, "records"), KEY_POLICY);
    const char *text = json_is_string(record) ? json_string_value(record) : "";
    struct err err;
    autojson *value = json_read(text, strlen(text), &err);

    if (!json_text(value, "text", NULL))
        return;
    p->version = json_int(value, "version", 0);
    p->before.file = arena_printf(p->arena, "version %lld", (long long)p->version);
    p->before.text = arena_strdup(p->arena, json_text(value, "text", ""));
    p->before.length = strlen(p->before.text);
    read_side(p, &p->before);
}

/* CONTROL_EXIT_OK, or the code with which it ends here. */
static int take_file(struct proposal *p, const char *file)
{
    struct err err;
    char *text = local_read_file(file, &p->before.length, &err);

    if (!text)
        return output_error(p->output, CONTROL_EXIT_FAILED, err.text, NULL);
    p->before.file = file;
    p->before.text = arena_strndup(p->arena, text, p->before.length);
    free(text);
    read_side(p, &p->before);
    return is_right(p, &p->before) ? CONTROL_EXIT_OK : CONTROL_EXIT_FAILED;
}

static int find_state(struct proposal *p, const struct plan_question *question,
                      const struct settings *settings)
{
    int code = CONTROL_EXIT_OK;
    struct err err = {{0}};

    if (question->against)
        code = take_file(p, question->against);
    if (code != CONTROL_EXIT_OK)
        return code;
    if (question->state)
        p->state = plan_state_read(question->state, &err);
    else if (question->against)
        p->state = plan_state_imagine(p->before.policy);
    else
        p->state = ask_row(settings, "ha state", p->output, &code);
    if (!p->state && err.text[0])
        return output_error(p->output, CONTROL_EXIT_FAILED, err.text,
                            "write one with: tenuto ha state >FILE");
    if (p->state && !question->against)
        take_policy(p);
    return code;
}

/* ---- the verb -------------------------------------------------------------------------------- */

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
    if (p->before.is_right || !p->before.text)
        p->is_compared = difference_find(p->arena, p->before.text, p->after.text, &p->difference);
    code = plan_write(p);
    json_decref(p->removed);
    free(p->plan);
    free(p->planning);
    free(p->outcome);
    free(p->view);
    free(p->agreed);
    return code;
}

int plan_text(const struct plan_question *question, const struct settings *settings,
              struct output *output, int64_t *version)
{
    struct proposal proposal = {.arena = arena_new(), .output = output, .settings = settings};
    int code = CONTROL_EXIT_FAILED;

    proposal.after = (struct plan_side){
        .file = question->file, .text = question->text, .length = question->length};
    read_side(&proposal, &proposal.after);
    /* What is in force may have come from where other agents are installed; this has not. */
    proposal.after.is_right = proposal.after.is_right && proposal.after.found->n_errors == 0;
    if (is_right(&proposal, &proposal.after))
        code = find_state(&proposal, question, settings);
    if (proposal.state)
        code = run(&proposal);
    *version = proposal.version;
    json_decref(proposal.state);
    arena_free(proposal.arena);
    return code;
}

int plan_policy(const json_t *request, const struct settings *settings, struct output *output)
{
    const json_t *file = json_array_get(json_object_get(request, "args"), 0);
    struct plan_question question = {
        .file = json_string_value(file),
        .state = json_text(request, "state", NULL),
        .against = json_text(request, "against", NULL),
    };
    struct err err = {{0}};
    char *text = local_read_file(question.file, &question.length, &err);
    int64_t version;
    int code;

    if (!text)
        return output_error(output, CONTROL_EXIT_FAILED, err.text, NULL);
    question.text = text;
    code = plan_text(&question, settings, output, &version);
    free(text);
    return code;
}
