/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What agents printed, kept on disk while the agents stay as they are: one file an agent. It may
 * be thrown away at any time, and so is whatever in it is damaged, old, or could be somebody
 * else's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "ha/base/arena.h"

/* One agent: its path, and the file as it is now. */
struct cache_key {
    const char *folder; /* "": nothing is kept */
    const char *name;   /* of the file in it */
    const char *path;
    const struct stat *program;
};

/* The bytes, in the arena; NULL: there are none that could be used. */
char *cache_read(struct arena *arena, const struct cache_key *key, size_t *length);
/* Whether it works or not: without it the agent is asked once more. */
void cache_write(const struct cache_key *key, const char *bytes, size_t length);
