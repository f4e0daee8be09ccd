/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A list of messages that wait for a decision; see pending.h. */
#include "agentd/pending.h"

#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"
#include "ha/base/json.h"

static void take_out(struct pending **link)
{
    struct pending *pending = *link;

    *link = pending->next;
    json_decref(pending->message);
    free(pending);
}

void pending_keep(struct pending **list, const json_t *message, struct instant stale_at)
{
    struct pending *pending;

    pending_drop(list, json_text(message, "id", ""));
    pending = xcalloc(1, sizeof(*pending));
    pending->message = json_deep_copy(message);
    pending->stale_at = stale_at;
    while (*list)
        list = &(*list)->next;
    *list = pending;
}

struct pending *pending_find(struct pending *list, const char *id)
{
    while (list && strcmp(json_text(list->message, "id", ""), id) != 0)
        list = list->next;
    return list;
}

void pending_drop(struct pending **list, const char *id)
{
    while (*list && strcmp(json_text((*list)->message, "id", ""), id) != 0)
        list = &(*list)->next;
    if (*list)
        take_out(list);
}

struct instant pending_drop_stale(struct pending **list, struct instant now)
{
    struct instant next = INSTANT_NEVER;

    while (*list) {
        if (instant_reached(now, (*list)->stale_at)) {
            take_out(list);
            continue;
        }
        next = instant_earliest(next, (*list)->stale_at);
        list = &(*list)->next;
    }
    return next;
}

void pending_drop_all(struct pending **list)
{
    while (*list)
        take_out(list);
}

int pending_count(const struct pending *list)
{
    int count = 0;

    for (; list; list = list->next)
        count++;
    return count;
}
