/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the console's tests share: a folder, a fake agent in it, and what a verb printed. */
#pragma once

#include <sys/types.h>

#include "console/settings.h"

struct scene {
    char folder[64];
    char socket[96];
    struct settings settings;
    pid_t agent; /* 0: none */
    char *out;   /* what the last verb printed, and what it complained */
    char *err;
};

/* Without a script there is no agent. */
void scene_open(struct scene *scene, const char *script);
void scene_close(struct scene *scene);
/* Runs a verb line as the command line would; returns its exit code. */
int scene_run(struct scene *scene, const char *line);
/* Writes a file into the folder; the path lives until the next call. */
const char *scene_write(struct scene *scene, const char *name, const char *text);
/* Reads one; the text lives until the next call. */
const char *scene_read(const char *path);
