/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of this machine that verbs read by themselves. */
#pragma once

#include <stddef.h>

#include "ha/base/err.h"

/* The most of a file that is read as a policy; "-" is standard input. NULL: err has the words. */
char *local_read_file(const char *path, size_t *length, struct err *err);
