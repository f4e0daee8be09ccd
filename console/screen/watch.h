/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The agent's watch stream for a screen: connects, comes back when the agent
 * was away, and notices when it is there but silent. Never waits.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum watch_news {
    WATCH_NOTHING,
    WATCH_PICTURE, /* there is a new picture */
    WATCH_AWAY,    /* there is no agent; watch_words says why */
};

struct watch;

struct watch *watch_new(const char *socket);
void watch_free(struct watch *watch);
/* -1: not connected. */
int watch_fd(const struct watch *watch);
/* What has come in until now; the newest picture (borrowed until the next step). now: monotonic. */
enum watch_news watch_step(struct watch *watch, int64_t now_ms, const json_t **picture);
const char *watch_words(const struct watch *watch);
/* When to step again even if nothing comes in. */
int64_t watch_due_ms(const struct watch *watch);
