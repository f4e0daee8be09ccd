/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a child process printed, in bounded room: the last AGENT_OUTPUT_MAX
 * bytes, and before them the last exit reason where it was lost from those.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* How an OCF agent marks the line that says why it failed. */
#define EXIT_REASON_PREFIX "ocf-exit-reason:"
/* A reason longer than this is cut; people read it on a line. */
#define EXIT_REASON_MAX 1024

struct worker_output {
    char *text;
    size_t length;
    bool was_cut;               /* text has lost its beginning */
    char line[EXIT_REASON_MAX]; /* the beginning of the line that is being read */
    size_t line_length;
    char reason[EXIT_REASON_MAX]; /* the last line that was a reason */
    size_t reason_length;
};

void worker_output_add(struct worker_output *output, const char *bytes, size_t count);
/* The whole as text, valid until worker_output_fini; nothing may be added after it. */
const char *worker_output_text(struct worker_output *output);
void worker_output_fini(struct worker_output *output);
