/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all members know and the leader has not decided yet: messages in order, each for a while. */
#pragma once

#include <jansson.h>

#include "ha/base/instant.h"

struct pending {
    struct pending *next;
    struct instant stale_at;
    json_t *message;
};

/* At the end; one of the same id goes. Copied. */
void pending_keep(struct pending **list, const json_t *message, struct instant stale_at);
struct pending *pending_find(struct pending *list, const char *id);
void pending_drop(struct pending **list, const char *id);
/* Those that nobody expects any more; returns when to look again. */
struct instant pending_drop_stale(struct pending **list, struct instant now);
void pending_drop_all(struct pending **list);
int pending_count(const struct pending *list);
