/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a person or a host may set for the console: libconfig files, read in
 * order, the later one wins. A file that is not there is fine; one that is
 * wrong is an error that names the file and the line.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "ha/base/err.h"

#define SETTINGS_FILE "/etc/tenuto/console.conf"

enum colours {
    COLOURS_AUTO, /* on a terminal, unless NO_COLOR is set */
    COLOURS_NEVER,
    COLOURS_ALWAYS,
};

struct settings {
    char socket[PATH_MAX];
    char record[PATH_MAX]; /* this node's flight record */
    enum colours colours;
    char history[PATH_MAX]; /* "": none is kept */
    int history_lines;
    char ocf_root[PATH_MAX];     /* where OCF agents are, for checks */
    char fence_agents[PATH_MAX]; /* and fence agents */
    char cache[PATH_MAX];        /* what they said of themselves; "": it is not kept */
    int redraws_per_second;      /* of the full-screen console, when news comes in */
};

/* The defaults, from the environment of this process. */
void settings_init(struct settings *settings);
/* One file; must_exist for one that somebody named. */
bool settings_read(struct settings *settings, const char *path, bool must_exist, struct err *err);
/* The file named, or if that is NULL the host's and then the person's own. */
bool settings_load(struct settings *settings, const char *path, struct err *err);
/* Whether that stream gets colours. */
bool settings_want_colour(const struct settings *settings, int fd);
