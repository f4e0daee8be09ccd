/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of this machine that verbs read and rewrite by themselves. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ha/base/err.h"

/* The most of a file that is read as a policy; "-" is standard input. NULL: err has the words. */
char *local_read_file(const char *path, size_t *length, struct err *err);
/*
 * Puts a text in place of a file's, with its mode and owner: whatever fails, the old text or
 * the new one is there, whole.
 */
bool local_replace_file(const char *file, const char *text, struct err *err);
/* False with errno: not all of it was written. */
bool local_write_all(int fd, const char *bytes, size_t length);
/* The folders above a file, private: what somebody typed is nobody else's. */
void local_make_folders(const char *file);
