/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Memory that is freed all at once: a parsed policy, a decoded message, a frame
 * of the console. Blocks are zeroed. Running out of memory ends the process.
 */
#pragma once

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena);
/* Zeroed, aligned for any type, valid until arena_free. */
void *arena_alloc(struct arena *arena, size_t size);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Outside arenas: allocation that cannot fail (it ends the process instead). */
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);
