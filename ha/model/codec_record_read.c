/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading the flight record; see codec_record.h. Strict: a line that is not as it was written is
 * an error in words, and nothing that could not have been a state of a cluster comes out.
 */
#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"
#include "ha/base/json.h"
#include "ha/model/codec.h"
#include "ha/model/codec_record.h"
#include "ha/model/codec_view.h"

void record_reader_init(struct record_reader *reader)
{
    *reader = (struct record_reader){.policy = NULL};
    reader->state = xcalloc(1, sizeof(*reader->state));
    reader->before = xcalloc(1, sizeof(*reader->before));
    reader->view = xcalloc(1, sizeof(*reader->view));
}

void record_reader_fini(struct record_reader *reader)
{
    free(reader->state);
    free(reader->before);
    free(reader->view);
}

bool record_kind(const json_t *line, enum record_line *kind, struct err *err)
{
    int64_t number;

    if (json_object_get(line, "record")) {
        *kind = RECORD_BEGIN;
        if (!json_need_int(line, "record", &number, err))
            return false;
        return number == RECORD_FORMAT ||
               err_set(err, "this is a record of format %lld; this version reads format %d",
                       (long long)number, RECORD_FORMAT);
    }
    if (json_object_get(line, "policy")) {
        const char *text;

        *kind = RECORD_POLICY;
        return json_need_int(line, "policy", &number, err) &&
               json_need_text(line, "text", &text, err);
    }
    *kind = RECORD_STEP;
    return json_object_get(line, "at") ? true : err_set(err, "this is no line of a record");
}

/* Absent is an empty one. */
static bool member_of_type(const json_t *from, const char *key, json_type type, const json_t **to,
                           struct err *err)
{
    *to = json_object_get(from, key);
    return !*to || json_typeof(*to) == type || err_set(err, "\"%s\" is of the wrong type", key);
}

/* What times are added to and taken from must not run over. */
static bool is_time(struct instant instant)
{
    return instant.ms >= 0 && instant.ms <= RECORD_TIME_MAX;
}

static bool are_times(const struct node *node)
{
    bool are_all =
        is_time(node->since) && is_time(node->maintenance_until) && is_time(node->relieved_at);

    for (int i = 0; i < FALLS_MAX; i++)
        are_all = are_all && is_time(node->falls[i]);
    return are_all;
}

/* A service that some node must have has one; the rules go by that. */
static bool is_possible(const struct service *service)
{
    switch (service->state) {
    case SERVICE_STARTED:
    case SERVICE_FENCE:
    case SERVICE_FREEZE: return service->node != NODE_NONE;
    case SERVICE_MIGRATE:
    case SERVICE_RELOCATE: return service->node != NODE_NONE && service->target != NODE_NONE;
    default: return service->n_failed >= 0;
    }
}

static bool find_node(const struct record_reader *reader, const char *name, node_id *id,
                      struct err *err)
{
    *id = policy_find_node(reader->policy, name);
    return *id != NODE_NONE || err_set(err, "the policy has no node %s", name);
}

/* SERVICE_NONE: another policy's, to be passed over. */
static bool find_service(const struct record_reader *reader, const char *name, service_id *id,
                         struct err *err)
{
    *id = policy_find_service(reader->policy, name);
    return *id != SERVICE_NONE || reader->is_other ||
           err_set(err, "the policy has no service %s", name);
}

static bool read_services(const struct record_reader *reader, const json_t *from,
                          struct ha_state *state, struct err *err)
{
    const char *name;
    json_t *each;

    json_object_foreach((json_t *)from, name, each)
    {
        struct service *service;
        service_id id;

        if (!find_service(reader, name, &id, err))
            return false;
        if (id == SERVICE_NONE)
            continue;
        service = &state->services[id];
        if (json_is_null(each))
            *service = (struct service){.state = SERVICE_ABSENT,
                                        .node = NODE_NONE,
                                        .target = NODE_NONE,
                                        .fallback = NODE_NONE,
                                        .why = reason_of(REASON_NONE)};
        else if (!codec_read_service(each, reader->policy, service, err))
            return err_in(err, "%s", name);
        if (!is_possible(service) || !is_time(service->since))
            return err_set(err, "%s cannot have been in such a state", name);
    }
    return true;
}

static bool read_nodes(const struct record_reader *reader, const json_t *from,
                       struct ha_state *state, struct err *err)
{
    const char *name;
    json_t *each;

    json_object_foreach((json_t *)from, name, each)
    {
        node_id id;

        if (!find_node(reader, name, &id, err))
            return false;
        if (!codec_read_node(each, reader->policy, &state->nodes[id], err))
            return err_in(err, "%s", name);
        if (!are_times(&state->nodes[id]))
            return err_set(err, "%s has a time that is none", name);
    }
    return true;
}

static bool read_cluster(const struct record_reader *reader, const json_t *from,
                         struct ha_state *state, struct err *err)
{
    const char *manager = "";

    if (!json_want_text(from, "manager", &manager, err) || !codec_read_cluster(from, state, err))
        return false;
    state->manager = policy_find_node(reader->policy, manager);
    return (is_time(state->imbalanced_since) && is_time(state->arming.until)) ||
           err_set(err, "the cluster has a time that is none");
}

/* "before" and "after" alike. */
static bool read_state(const struct record_reader *reader, const json_t *line, const char *key,
                       struct ha_state *state, struct err *err)
{
    const json_t *from, *cluster, *nodes, *services;

    if (!member_of_type(line, key, JSON_OBJECT, &from, err) ||
        !member_of_type(from, "cluster", JSON_OBJECT, &cluster, err) ||
        !member_of_type(from, "nodes", JSON_OBJECT, &nodes, err) ||
        !member_of_type(from, "services", JSON_OBJECT, &services, err))
        return false;
    return (!cluster || read_cluster(reader, cluster, state, err)) &&
           read_nodes(reader, nodes, state, err) && read_services(reader, services, state, err);
}

static bool read_seen_services(struct record_reader *reader, const json_t *from, struct err *err)
{
    const json_t *each;
    size_t i;

    json_array_foreach(from, i, each)
    {
        const char *name;
        service_id id;

        if (!json_need_text(each, "service", &name, err) || !find_service(reader, name, &id, err))
            return false;
        if (id == SERVICE_NONE)
            continue;
        if (!codec_read_service_view(each, reader->policy, &reader->view->services[id], err))
            return err_in(err, "%s", name);
    }
    return true;
}

static bool read_seen_nodes(struct record_reader *reader, const json_t *from, struct err *err)
{
    const char *name;
    json_t *each;

    json_object_foreach((json_t *)from, name, each)
    {
        node_id id;

        if (!find_node(reader, name, &id, err))
            return false;
        if (!codec_read_node_view(each, &reader->view->nodes[id], err))
            return err_in(err, "%s", name);
    }
    return true;
}

static bool is_command_whole(const struct command *command)
{
    bool is_cluster = command->kind == COMMAND_DISARM_FREEZE ||
                      command->kind == COMMAND_DISARM_IGNORE || command->kind == COMMAND_ARM;
    bool is_node = command->kind == COMMAND_MAINTENANCE_ON ||
                   command->kind == COMMAND_MAINTENANCE_OFF || command->kind == COMMAND_CONFIRM;
    bool is_move = command->kind == COMMAND_MIGRATE || command->kind == COMMAND_RELOCATE;

    return is_cluster || ((is_node || command->service != SERVICE_NONE) &&
                          ((!is_node && !is_move) || command->node != NODE_NONE));
}

static bool read_commands(struct record_reader *reader, const json_t *from, struct err *err)
{
    struct cluster_view *view = reader->view;
    const json_t *each;
    size_t i;

    view->n_commands = 0;
    if (json_array_size(from) > COMMANDS_MAX)
        return err_set(err, "there are more than %d commands", COMMANDS_MAX);
    json_array_foreach(from, i, each)
    {
        const char *service = json_text(each, "service", NULL);

        if (reader->is_other && service &&
            policy_find_service(reader->policy, service) == SERVICE_NONE)
            continue;
        if (!codec_read_command(each, reader->policy, &view->commands[view->n_commands], err))
            return err_in(err, "a command");
        if (!is_command_whole(&view->commands[view->n_commands]))
            return err_set(err, "a command does not say whom it is about");
        view->n_commands++;
    }
    return true;
}

static bool read_seen(struct record_reader *reader, const json_t *line, struct err *err)
{
    const json_t *from, *nodes, *services, *commands;

    return member_of_type(line, "seen", JSON_OBJECT, &from, err) &&
           member_of_type(from, "nodes", JSON_OBJECT, &nodes, err) &&
           member_of_type(from, "services", JSON_ARRAY, &services, err) &&
           member_of_type(from, "commands", JSON_ARRAY, &commands, err) &&
           read_seen_nodes(reader, nodes, err) && read_seen_services(reader, services, err) &&
           read_commands(reader, commands, err);
}

static bool read_times(struct record_reader *reader, const json_t *line, struct err *err)
{
    struct cluster_view *view = reader->view;
    const json_t *times = json_object_get(line, "times");
    const char *self = "";

    if (!codec_read_instant(json_object_get(line, "at"), &view->stamp, err) ||
        !codec_read_instant(json_object_get(line, "now"), &view->now, err) ||
        !json_want_text(line, "self", &self, err) ||
        !json_want_flag(line, "quorate", &view->is_quorate, err))
        return false;
    view->self = policy_find_node(reader->policy, self);
    for (node_id id = 0; id < reader->policy->n_nodes; id++) {
        const char *name = reader->policy->nodes[id].name;

        if (!codec_read_times(json_object_get(times, name), &view->nodes[id], err))
            return err_in(err, "%s", name);
    }
    return json_object_size(times) == (size_t)reader->policy->n_nodes ||
           err_set(err, "the times are not those of the policy's nodes");
}

static bool read_answers(struct record_reader *reader, const json_t *line, struct err *err)
{
    const json_t *from, *each;
    size_t i;

    reader->n_answers = 0;
    if (!member_of_type(line, "answers", JSON_ARRAY, &from, err))
        return false;
    if (json_array_size(from) > COMMANDS_MAX)
        return err_set(err, "there are more than %d answers", COMMANDS_MAX);
    json_array_foreach(from, i, each)
    {
        struct answer *answer = &reader->answers[reader->n_answers++];
        int64_t command;

        *answer = (struct answer){.why = reason_of(REASON_NONE)};
        if (!json_need_int(each, "command", &command, err) ||
            !json_want_flag(each, "accepted", &answer->is_accepted, err))
            return false;
        answer->command = (uint64_t)command;
        if (json_object_get(each, "why") &&
            !codec_read_reason(json_object_get(each, "why"), reader->policy, &answer->why))
            return err_set(err, "the reason of an answer is none");
    }
    return true;
}

static bool read_fences(struct record_reader *reader, const json_t *line, struct err *err)
{
    const json_t *from = json_object_get(line, "fences");

    reader->fences = 0;
    return !from || codec_read_nodes(from, reader->policy, &reader->fences, err);
}

/* A full step begins anew; any other goes on where the last one ended. */
static bool begin(struct record_reader *reader, const json_t *line, struct err *err)
{
    const struct policy *policy = reader->policy;
    bool is_full = false;

    if (!policy)
        return err_set(err, "the record has a step before any policy");
    if (!json_want_flag(line, "full", &is_full, err))
        return false;
    if (is_full) {
        ha_state_init(reader->state, policy->n_nodes, policy->n_services);
        cluster_view_init(reader->view, policy->n_nodes, policy->n_services);
    } else if (!reader->is_begun) {
        return err_set(err, "the record does not begin with a full step");
    }
    reader->is_begun = true;
    return true;
}

bool record_read_step(struct record_reader *reader, const json_t *line, struct err *err)
{
    int64_t version, next;

    if (!begin(reader, line, err) || !json_need_int(line, "version", &version, err) ||
        !json_need_int(line, "next", &next, err) ||
        !read_state(reader, line, "before", reader->state, err))
        return false;
    reader->state->version = (uint64_t)version;
    ha_state_copy(reader->before, reader->state);
    if (!read_state(reader, line, "after", reader->state, err))
        return err_in(err, "after it");
    reader->state->version = (uint64_t)next;
    return read_seen(reader, line, err) && read_times(reader, line, err) &&
           read_answers(reader, line, err) && read_fences(reader, line, err);
}
