/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writing the flight record; see codec_record.h. What is as it was is found by comparing bytes,
 * so that a step on which nothing is new costs next to nothing.
 */
#include "ha/model/codec_record.h"

#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"
#include "ha/base/json.h"
#include "ha/model/codec.h"
#include "ha/model/codec_view.h"

struct record_writer {
    bool is_begun;
    struct ha_state state; /* as decided last */
    struct cluster_view view;
};

struct record_writer *record_writer_new(void)
{
    return xcalloc(1, sizeof(struct record_writer));
}

void record_writer_free(struct record_writer *writer)
{
    free(writer);
}

json_t *record_begin(const char *program, const char *node)
{
    return json_pack("{s:i,s:s,s:s}", "record", RECORD_FORMAT, "program", program, "node", node);
}

json_t *record_policy(uint64_t version, const char *text)
{
    return json_pack("{s:I,s:s}", "policy", (json_int_t)version, "text", text);
}

void record_writer_restart(struct record_writer *writer)
{
    writer->is_begun = false;
}

/* Members that came out empty say nothing. */
static void put_unless_empty(json_t *to, const char *key, json_t *value)
{
    if (json_object_size(value) + json_array_size(value) > 0)
        json_object_set_new(to, key, value);
    else
        json_decref(value);
}

/* The sentence can be made again from the rest. */
static json_t *without_text(json_t *record)
{
    json_object_del(json_object_get(record, "why"), "text");
    return record;
}

static json_t *node_record(const struct ha_state *state, node_id node, const struct policy *policy)
{
    return without_text(codec_node(&state->nodes[node], policy));
}

static json_t *service_record(const struct ha_state *state, service_id service,
                              const struct policy *policy)
{
    if (state->services[service].state == SERVICE_ABSENT)
        return json_null();
    return without_text(codec_service(&state->services[service], policy));
}

/* Sets what new says unless old says the same; takes both references. */
static void put_if_other(json_t *to, const char *key, json_t *old, json_t *new)
{
    if (old && json_equal(old, new))
        json_decref(new);
    else
        json_object_set_new(to, key, new);
    json_decref(old);
}

static json_t *cluster_record(const struct ha_state *state, const struct policy *policy)
{
    json_t *to = codec_cluster(state);

    if (state->manager >= 0 && state->manager < policy->n_nodes)
        json_object_set_new(to, "manager", json_string(policy->nodes[state->manager].name));
    return to;
}

/* What is in state and not in old; all of it if old is NULL. */
static json_t *state_record(const struct ha_state *old, const struct ha_state *state,
                            const struct policy *policy)
{
    json_t *to = json_object(), *nodes = json_object(), *services = json_object();

    put_if_other(to, "cluster", old ? cluster_record(old, policy) : NULL,
                 cluster_record(state, policy));
    for (node_id id = 0; id < policy->n_nodes; id++) {
        if (old && memcmp(&old->nodes[id], &state->nodes[id], sizeof(state->nodes[id])) == 0)
            continue;
        put_if_other(nodes, policy->nodes[id].name, old ? node_record(old, id, policy) : NULL,
                     node_record(state, id, policy));
    }
    for (service_id id = 0; id < policy->n_services; id++) {
        const struct service *now = &state->services[id];

        if (old ? memcmp(&old->services[id], now, sizeof(*now)) == 0 : now->state == SERVICE_ABSENT)
            continue;
        put_if_other(services, policy->services[id].name,
                     old ? service_record(old, id, policy) : NULL,
                     service_record(state, id, policy));
    }
    put_unless_empty(to, "nodes", nodes);
    put_unless_empty(to, "services", services);
    return to;
}

/* Apart from its instants, which are always other ones. */
static bool is_node_as_seen(const struct node_view *a, const struct node_view *b)
{
    struct node_view still = *a;

    still.last_beat = b->last_beat;
    still.dead_at = b->dead_at;
    return memcmp(&still, b, sizeof(still)) == 0;
}

static bool is_nothing(const struct service_view *view)
{
    static const struct service_view nothing;

    return memcmp(view, &nothing, sizeof(*view)) == 0;
}

static json_t *view_record(const struct cluster_view *old, const struct cluster_view *view,
                           const struct policy *policy)
{
    json_t *to = json_object(), *nodes = json_object(), *services = json_array();
    json_t *commands = json_array();

    for (node_id id = 0; id < policy->n_nodes; id++) {
        if (!old || !is_node_as_seen(&old->nodes[id], &view->nodes[id]))
            json_object_set_new(nodes, policy->nodes[id].name, codec_node_view(&view->nodes[id]));
    }
    for (service_id id = 0; id < policy->n_services; id++) {
        const struct service_view *now = &view->services[id];

        if (old ? memcmp(&old->services[id], now, sizeof(*now)) != 0 : !is_nothing(now))
            json_array_append_new(services, codec_service_view(view, id, policy));
    }
    for (int i = 0; i < view->n_commands; i++)
        json_array_append_new(commands, codec_command(&view->commands[i], policy));
    put_unless_empty(to, "nodes", nodes);
    put_unless_empty(to, "services", services);
    put_unless_empty(to, "commands", commands);
    return to;
}

static json_t *times_record(const struct cluster_view *view, const struct policy *policy)
{
    json_t *to = json_object();

    for (node_id id = 0; id < policy->n_nodes; id++)
        json_object_set_new(to, policy->nodes[id].name, codec_times(&view->nodes[id]));
    return to;
}

static json_t *answers_record(const struct record_step *step)
{
    json_t *to = json_array();

    for (int i = 0; i < step->n_answers; i++)
        json_array_append_new(to, without_text(codec_answer(&step->answers[i], step->policy)));
    return to;
}

static void view_copy(struct cluster_view *to, const struct cluster_view *from)
{
    memcpy(to->nodes, from->nodes, (size_t)from->n_nodes * sizeof(to->nodes[0]));
    memcpy(to->services, from->services, (size_t)from->n_services * sizeof(to->services[0]));
}

json_t *record_writer_step(struct record_writer *writer, const struct record_step *step)
{
    const struct policy *policy = step->policy;
    const struct cluster_view *view = step->view;
    bool is_full = !writer->is_begun;
    json_t *before = state_record(is_full ? NULL : &writer->state, step->before, policy);
    json_t *after = state_record(step->before, step->after, policy);
    json_t *seen = view_record(is_full ? NULL : &writer->view, view, policy);
    json_t *to = json_object();
    bool is_news = is_full || step->n_answers > 0 || step->fences || json_object_size(before) > 0 ||
                   json_object_size(after) > 0 || json_object_size(seen) > 0;

    put_unless_empty(to, "before", before);
    put_unless_empty(to, "after", after);
    put_unless_empty(to, "seen", seen);
    if (!is_news) {
        json_decref(to);
        return NULL;
    }
    if (is_full)
        json_object_set_new(to, "full", json_true());
    json_object_set_new(to, "at", json_integer(view->stamp.ms));
    json_object_set_new(to, "now", json_integer(view->now.ms));
    if (view->self != NODE_NONE)
        json_object_set_new(to, "self", json_string(policy->nodes[view->self].name));
    json_object_set_new(to, "quorate", json_boolean(view->is_quorate));
    json_object_set_new(to, "version", json_integer((json_int_t)step->before->version));
    json_object_set_new(to, "next", json_integer((json_int_t)step->after->version));
    json_object_set_new(to, "times", times_record(view, policy));
    put_unless_empty(to, "answers", answers_record(step));
    put_unless_empty(to, "fences", codec_nodes(step->fences, policy));
    writer->is_begun = true;
    ha_state_copy(&writer->state, step->after);
    view_copy(&writer->view, view);
    return to;
}
