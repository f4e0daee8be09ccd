/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Drills for people and programs; see drill.h. For people what happened, when and why, and
 * whether it was expected; for programs one object an event.
 */
#include "console/drill.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/control.h"
#include "console/local_file.h"
#include "console/story.h"
#include "dsl/drill.h"
#include "ha/base/arena.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

struct playing {
    struct output *output;
    const char *file;
    int n_met;
    int n_missed;
    int n_impossible;
    int n_changes;
    int last_line; /* of the step told last: a step for each of several services is told once */
};

static const char *read_beside(void *context, struct arena *arena, const char *name, size_t *length,
                               struct err *err)
{
    const struct playing *playing = context;
    char *folder = dirname(arena_strdup(arena, playing->file));
    bool is_beside = name[0] != '/' && strcmp(playing->file, "-") != 0;
    const char *path = is_beside ? arena_printf(arena, "%s/%s", folder, name) : name;
    char *text = local_read_file(path, length, err);
    const char *copy = text ? arena_strndup(arena, text, *length) : NULL;

    free(text);
    return copy;
}

/* ---- names --------------------------------------------------------------------------------- */

static const char *node_of(const struct drill_event *event, node_id node)
{
    return node == NODE_NONE ? "nowhere" : event->world->policy->nodes[node].name;
}

static const char *service_of(const struct drill_event *event, service_id service)
{
    return event->world->policy->services[service].name;
}

static const char *state_name(const struct change *change, int state)
{
    if (change->service == SERVICE_NONE && change->node == NODE_NONE)
        return arming_state_name((enum arming_state)state);
    return change->service == SERVICE_NONE
               ? story_node_state(node_state_name((enum node_state)state))
               : service_state_name((enum service_state)state);
}

static const char *job_name(const struct job *job)
{
    static const char *const names[] = {
        [JOB_START] = "start",
        [JOB_STOP] = "stop",
        [JOB_MONITOR] = "monitor",
    };

    return names[job->kind];
}

/* ---- for people ---------------------------------------------------------------------------- */

static void write_time(FILE *out, struct duration at)
{
    fprintf(out, "%3lld:%02d", (long long)at.ms / 60000, (int)(at.ms / 1000 % 60));
    /* Whole seconds are the rule, and easier on the eye. */
    if (at.ms % 1000)
        fprintf(out, ".%03d  ", (int)(at.ms % 1000));
    else
        fprintf(out, "      ");
}

static void write_change(FILE *out, const struct drill_event *event)
{
    const struct change *change = event->change;
    char why[REASON_TEXT_MAX];

    reason_text(&change->why, event->world->policy, why, sizeof(why));
    if (change->service == SERVICE_NONE && change->node == NODE_NONE)
        fprintf(out, "  the cluster: ");
    else if (change->service == SERVICE_NONE)
        fprintf(out, "  %s: ", node_of(event, change->node));
    else
        fprintf(out, "  %s: ", service_of(event, change->service));
    if (change->from != change->to)
        fprintf(out, "%s -> ", state_name(change, change->from));
    fprintf(out, "%s", state_name(change, change->to));
    if (change->service != SERVICE_NONE && change->node != NODE_NONE)
        fprintf(out, " (%s)", node_of(event, change->node));
    fprintf(out, ": %s\n", why);
}

/* Why it is so; of what is as it should be nobody asks. */
static void write_why(FILE *out, const struct drill_event *event, const struct reason *why)
{
    char text[REASON_TEXT_MAX];

    reason_text(why, event->world->policy, text, sizeof(text));
    if (why->code != REASON_NONE)
        fprintf(out, ": %s", text);
}

static void write_snapshot(FILE *out, const struct drill_event *event)
{
    const struct ha_state *state = &event->world->agreed;

    fprintf(out, "snapshot\n");
    for (node_id id = 0; id < state->n_nodes && state->version > 0; id++) {
        const struct node *node = &state->nodes[id];

        fprintf(out, "%14s%s is %s", "", node_of(event, id),
                story_node_state(node_state_name(node->state)));
        if (node->state != NODE_ONLINE)
            write_why(out, event, &node->why);
        fprintf(out, "\n");
    }
    for (service_id id = 0; id < state->n_services; id++) {
        const struct service *service = &state->services[id];

        if (service->state == SERVICE_ABSENT)
            continue;
        fprintf(out, "%14s%s is %s on %s", "", service_of(event, id),
                service_state_name(service->state), node_of(event, service->node));
        if (service->state != SERVICE_STARTED || !service->is_running)
            write_why(out, event, &service->why);
        fprintf(out, "\n");
    }
}

static void write_answer(FILE *out, const struct drill_event *event)
{
    char why[REASON_TEXT_MAX];

    reason_text(&event->answer->why, event->world->policy, why, sizeof(why));
    fprintf(out, "  %s: %s\n", event->answer->is_accepted ? "accepted" : "refused", why);
}

/* Of a pattern it is told which service is meant. */
static void write_expectation(FILE *out, const struct drill_event *event)
{
    const struct drill_step *step = event->step;
    bool is_named = !step->service || strstr(step->text, step->service);

    fprintf(out, "%s  %s", event->kind == DRILL_MET ? "ok    " : "FAILED", step->text);
    if (!is_named)
        fprintf(out, " (%s)", step->service);
    fprintf(out, event->kind == DRILL_MET ? "\n" : ": %s\n", event->words);
}

static void write_event(const struct playing *playing, const struct drill_event *event)
{
    FILE *out = playing->output->out;

    if (event->kind == DRILL_DONE && event->step->line == playing->last_line)
        return;
    write_time(out, event->at);
    switch (event->kind) {
    case DRILL_DONE: fprintf(out, "%s\n", event->step->text); break;
    case DRILL_MACHINE: fprintf(out, "  %s %s\n", node_of(event, event->node), event->words); break;
    case DRILL_ACTION:
        fprintf(out, "  %s: %s %s %s\n", node_of(event, event->node), job_name(event->job),
                service_of(event, event->job->service), event->exit_code ? "failed" : "done");
        break;
    case DRILL_DECISION: write_change(out, event); break;
    case DRILL_ANSWER: write_answer(out, event); break;
    case DRILL_SHOWN: write_snapshot(out, event); break;
    case DRILL_MET:
    case DRILL_MISSED: write_expectation(out, event); break;
    case DRILL_IMPOSSIBLE:
        fprintf(out, "FAILED  %s: this version cannot do that yet\n", event->step->text);
        break;
    case DRILL_BROKEN: fprintf(out, "BROKEN  %s\n", event->words); break;
    case DRILL_UNFINISHED: fprintf(out, "FAILED  it does not come to an end\n"); break;
    }
}

/* ---- for programs -------------------------------------------------------------------------- */

static json_t *row_of(const struct drill_event *event, const char *kind)
{
    return json_pack("{s:s, s:I, s:I}", "event", kind, "at", (json_int_t)(event->at.ms / 1000),
                     "ms", (json_int_t)event->at.ms);
}

static void set_text(json_t *row, const char *key, const char *value)
{
    json_object_set_new(row, key, json_string(value));
}

static json_t *snapshot_row(const struct drill_event *event)
{
    const struct world *world = event->world;
    json_t *row = row_of(event, "snapshot");
    json_t *nodes = json_object(), *services = json_object(), *running = json_object();

    for (node_id id = 0; id < world->policy->n_nodes && world->agreed.version > 0; id++)
        set_text(nodes, node_of(event, id), node_state_name(world->agreed.nodes[id].state));
    for (service_id id = 0; id < world->policy->n_services; id++) {
        const struct service *service = &world->agreed.services[id];
        json_t *on = json_array();

        if (service->state != SERVICE_ABSENT)
            json_object_set_new(
                services, service_of(event, id),
                json_pack("{s:s, s:s?}", "state", service_state_name(service->state), "node",
                          service->node == NODE_NONE ? NULL : node_of(event, service->node)));
        NODE_SET_EACH(node, world_serving(world, id))
        {
            json_array_append_new(on, json_string(node_of(event, node)));
        }
        json_object_set_new(running, service_of(event, id), on);
    }
    json_object_set_new(row, "nodes", nodes);
    json_object_set_new(row, "services", services);
    json_object_set_new(row, "running", running);
    return row;
}

static json_t *action_row(const struct drill_event *event)
{
    json_t *row = row_of(event, "action");

    set_text(row, "service", service_of(event, event->job->service));
    set_text(row, "action", job_name(event->job));
    set_text(row, "node", node_of(event, event->node));
    set_text(row, "result", event->exit_code ? "failed" : "ok");
    return row;
}

/* The node lets go of a service because it moves: that is told first, as an action of its own. */
static void tell_move(const struct playing *playing, const struct drill_event *event)
{
    const struct service *record = event->record;
    bool is_move = record->state == SERVICE_MIGRATE || record->state == SERVICE_RELOCATE;
    autojson *row = NULL;

    if (!is_move || event->job->kind != JOB_STOP || record->cause != event->job->cause)
        return;
    row = action_row(event);
    set_text(row, "action", service_state_name(record->state));
    set_text(row, "to", node_of(event, record->target));
    output_row(playing->output, row);
}

static json_t *decision_row(const struct drill_event *event)
{
    const struct change *change = event->change;
    json_t *row = row_of(event, "decision");
    char why[REASON_TEXT_MAX];

    reason_text(&change->why, event->world->policy, why, sizeof(why));
    if (change->service != SERVICE_NONE)
        set_text(row, "service", service_of(event, change->service));
    if (change->node != NODE_NONE)
        set_text(row, "node", node_of(event, change->node));
    set_text(row, "from", state_name(change, change->from));
    set_text(row, "to", state_name(change, change->to));
    set_text(row, "why", why);
    return row;
}

static json_t *answer_row(const struct drill_event *event)
{
    json_t *row = row_of(event, "answer");
    char why[REASON_TEXT_MAX];

    reason_text(&event->answer->why, event->world->policy, why, sizeof(why));
    json_object_set_new(row, "accepted", json_boolean(event->answer->is_accepted));
    set_text(row, "why", why);
    return row;
}

static json_t *step_row(const struct drill_event *event, const char *kind, const char *result)
{
    json_t *row = row_of(event, kind);

    set_text(row, "text", event->step->text);
    if (result)
        set_text(row, "result", result);
    if (event->words)
        set_text(row, "found", event->words);
    return row;
}

static json_t *words_row(const struct drill_event *event, const char *kind)
{
    json_t *row = row_of(event, kind);

    if (event->kind == DRILL_MACHINE)
        set_text(row, "node", node_of(event, event->node));
    set_text(row, "words", event->words);
    return row;
}

static json_t *event_row(const struct drill_event *event)
{
    switch (event->kind) {
    case DRILL_DONE: return step_row(event, "step", NULL);
    case DRILL_MACHINE: return words_row(event, "machine");
    case DRILL_ACTION: return action_row(event);
    case DRILL_DECISION: return decision_row(event);
    case DRILL_ANSWER: return answer_row(event);
    case DRILL_SHOWN: return snapshot_row(event);
    case DRILL_MET: return step_row(event, "expect", "ok");
    case DRILL_MISSED: return step_row(event, "expect", "failed");
    case DRILL_IMPOSSIBLE: return step_row(event, "step", "impossible");
    case DRILL_UNFINISHED: return row_of(event, "unfinished");
    case DRILL_BROKEN: break;
    }
    return words_row(event, "broken");
}

/* ---- both ---------------------------------------------------------------------------------- */

static void hear(void *context, const struct drill_event *event)
{
    struct playing *playing = context;

    playing->n_met += event->kind == DRILL_MET;
    playing->n_missed += event->kind == DRILL_MISSED;
    playing->n_impossible += event->kind == DRILL_IMPOSSIBLE;
    playing->n_changes += event->kind == DRILL_DECISION;
    if (playing->output->maker == &output_json) {
        autojson *row = event_row(event);

        if (event->kind == DRILL_ACTION)
            tell_move(playing, event);
        output_row(playing->output, row);
    } else {
        write_event(playing, event);
    }
    if (event->step)
        playing->last_line = event->step->line;
}

static int play(struct playing *playing, const struct drill *drill)
{
    struct drill_listener listener = {.context = playing, .event = hear};
    struct world *world = xcalloc(1, world_size(drill->policy->n_nodes));
    bool is_well;

    if (playing->output->maker != &output_json)
        fprintf(playing->output->out, "drill \"%s\"\n", drill->name);
    is_well = drill_run(drill, world, &listener);
    if (playing->output->maker != &output_json)
        fprintf(playing->output->out,
                "%s: %d of %d expectations met, %d steps not possible, "
                "%d decisions, %s\n",
                is_well ? "passed" : "FAILED", playing->n_met, playing->n_met + playing->n_missed,
                playing->n_impossible, playing->n_changes,
                world->broken[0] ? "a promise BROKEN" : "no promise broken");
    free(world);
    return is_well ? CONTROL_EXIT_OK : CONTROL_EXIT_FAILED;
}

static int refuse(const struct playing *playing, struct diagnostics *found)
{
    struct output *output = playing->output;
    const char *words = "the drill cannot be played";
    autojson *list = NULL;

    if (output->maker != &output_json) {
        fputs(diagnostics_text(found, output->errors_in_colour), output->err);
        return output_error(output, CONTROL_EXIT_FAILED, words, NULL);
    }
    list = diagnostics_json(found);
    return output_failure(
        output,
        &(struct failure){.words = words, .code = CONTROL_EXIT_FAILED, .diagnostics = list});
}

/* What is doubtful about it all is said before anything happens, to programs as a row, too. */
static void warn(const struct playing *playing, struct diagnostics *found)
{
    struct output *output = playing->output;
    autojson *list = diagnostics_json(found);
    json_t *entry;
    size_t i;

    fputs(diagnostics_text(found, output->errors_in_colour), output->err);
    json_array_foreach(list, i, entry)
    {
        autojson *row = json_pack("{s:s, s:i}", "event", "warning", "at", 0);

        json_object_update(row, entry);
        if (output->maker == &output_json)
            output_row(output, row);
    }
}

int drill_play_file(const char *file, struct output *output)
{
    struct playing playing = {.output = output, .file = file};
    struct drill_source source = {.context = &playing, .read = read_beside};
    struct arena *arena = arena_new();
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));
    struct drill drill;
    struct err err;
    size_t length;
    char *text = local_read_file(file, &length, &err);
    int code;

    if (!text) {
        arena_free(arena);
        return output_error(output, CONTROL_EXIT_FAILED, err.text, NULL);
    }
    diagnostics_init(found, arena, strcmp(file, "-") == 0 ? "<stdin>" : file, text, length);
    if (!drill_compile(found, &source, &drill)) {
        code = refuse(&playing, found);
    } else {
        warn(&playing, found);
        code = play(&playing, &drill);
    }
    free(text);
    arena_free(arena);
    return code;
}
