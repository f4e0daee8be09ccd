/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A row of the watch stream as a picture; see picture.h. */
#include "console/screen/picture.h"

#include <stdlib.h>

#include "console/story.h"
#include "ha/base/arena.h"
#include "ha/base/json.h"

static const char *copy_text(struct arena *arena, const json_t *row, const char *key)
{
    return arena_strdup(arena, json_text(row, key, ""));
}

static void read_status(struct picture *picture, const json_t *status)
{
    const json_t *policy = json_object_get(status, "policy");
    const json_t *confirm = json_object_get(status, "confirm");

    picture->cluster = copy_text(picture->arena, status, "cluster");
    picture->node = copy_text(picture->arena, status, "node");
    picture->reason = copy_text(picture->arena, status, "reason");
    picture->keeper = copy_text(picture->arena, status, "keeper");
    picture->is_quorate = json_flag(status, "quorate", false);
    picture->is_in_sync = json_flag(status, "in_sync", false);
    picture->is_stale = !picture->is_quorate || !picture->is_in_sync;
    picture->is_armed = json_flag(status, "armed", false);
    picture->votes = (int)json_int(status, "votes", 0);
    picture->expected = (int)json_int(status, "expected", 0);
    picture->is_forced = json_is_object(json_object_get(status, "forced"));
    picture->lease_ms = json_int(status, "lease_ms", -1);
    picture->policy_version = json_int(policy, "version", 0);
    picture->policy_author = copy_text(picture->arena, policy, "author");
    picture->policy_at_ms = json_int(policy, "at", 0);
    picture->back_version = json_int(confirm, "back", 0);
    picture->confirm_until_ms = json_int(confirm, "until", 0);
}

static void read_nodes(struct picture *picture, const json_t *list)
{
    picture->n_nodes = (int)json_array_size(list);
    picture->nodes =
        arena_alloc(picture->arena, sizeof(*picture->nodes) * (size_t)picture->n_nodes);
    for (int i = 0; i < picture->n_nodes; i++) {
        const json_t *row = json_array_get(list, (size_t)i);

        picture->nodes[i] = (struct picture_node){
            .name = copy_text(picture->arena, row, "node"),
            .state = arena_strdup(picture->arena, story_node_state(json_text(row, "state", ""))),
            .role = copy_text(picture->arena, row, "role"),
            .why = copy_text(picture->arena, row, "why"),
            .lease_ms = json_int(row, "lease_ms", -1),
            .services = (int)json_int(row, "services", 0),
            .is_armed = json_flag(row, "armed", false),
        };
    }
}

static void read_services(struct picture *picture, const json_t *list)
{
    picture->n_services = (int)json_array_size(list);
    picture->services =
        arena_alloc(picture->arena, sizeof(*picture->services) * (size_t)picture->n_services);
    for (int i = 0; i < picture->n_services; i++) {
        const json_t *row = json_array_get(list, (size_t)i);

        picture->services[i] = (struct picture_service){
            .name = copy_text(picture->arena, row, "service"),
            .state = copy_text(picture->arena, row, "state"),
            .node = copy_text(picture->arena, row, "node"),
            .target = copy_text(picture->arena, row, "target"),
            .wanted = copy_text(picture->arena, row, "wanted"),
            .why = copy_text(picture->arena, row, "why"),
            .since_ms = json_int(row, "since", 0),
        };
    }
}

static void read_events(struct picture *picture, const json_t *list)
{
    picture->n_events = (int)json_array_size(list);
    picture->events =
        arena_alloc(picture->arena, sizeof(*picture->events) * (size_t)picture->n_events);
    for (int i = 0; i < picture->n_events; i++) {
        const json_t *row = json_array_get(list, (size_t)i);
        char words[1024];

        story_event(words, sizeof(words), row);
        picture->events[i] = (struct picture_event){
            .at_ms = json_int(row, "at", 0),
            .words = arena_strdup(picture->arena, words),
        };
    }
}

struct picture *picture_new(const json_t *row)
{
    struct picture *picture = xcalloc(1, sizeof(*picture));

    picture->arena = arena_new();
    picture->now_ms = json_int(row, "now", 0);
    read_status(picture, json_object_get(row, "status"));
    read_nodes(picture, json_object_get(row, "nodes"));
    read_services(picture, json_object_get(row, "services"));
    read_events(picture, json_object_get(row, "events"));
    return picture;
}

void picture_free(struct picture *picture)
{
    if (!picture)
        return;
    arena_free(picture->arena);
    free(picture);
}
