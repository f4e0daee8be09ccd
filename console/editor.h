/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A text in the person's own editor, in a file and a folder that are nobody else's. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "console/settings.h"
#include "ha/base/err.h"

struct editor {
    char folder[PATH_MAX - 32];
    char path[PATH_MAX]; /* the text lies here until editor_remove */
};

/* Puts the text into a new file. It lies where the history does: that outlives a reboot. */
bool editor_begin(struct editor *editor, const struct settings *settings, const char *text,
                  size_t length, struct err *err);
/* Runs VISUAL or EDITOR on it, until the person leaves; false: it did not go well. */
bool editor_run(const struct editor *editor, struct err *err);
/* What the file holds now; NULL: err says why not. The caller frees it. */
char *editor_read(const struct editor *editor, size_t *length, struct err *err);
void editor_remove(const struct editor *editor);
