/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Programs that print something and end, several side by side, for a caller that waits. None
 * can make it wait for ever: what takes too long or prints too much is killed with its group.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "ha/base/err.h"

struct program {
    /* What to run; both end with NULL, and argv[0] is a path. */
    const char *const *argv;
    const char *const *environment;
    /* What became of it: */
    bool is_done;   /* it ended with exit code 0 */
    struct err err; /* else why not, with the last line that it complained with */
    char *output;   /* what it printed to stdout, with a NUL behind it; the caller frees it */
    size_t length;
    /* While it runs. */
    pid_t pid;
    int pidfd, output_fd, complaint_fd; /* the last two -1 once the other side is closed */
    long long due_ms;
    size_t size;
    char complaint[256]; /* the last line on stderr that says anything */
    char line[256];      /* the one that is being printed */
    size_t n_line;
};

struct program_limits {
    int at_once;
    int timeout_ms;  /* of each */
    int patience_ms; /* of the caller: what has not begun by then is not run */
    size_t bytes_max;
};

void programs_run(struct program *programs, int n_programs, const struct program_limits *limits);
