/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Child processes: started in a process group and session of their own, with
 * stdin from /dev/null, bounded output and a time limit; the whole group is
 * killed when the time is up. Nothing here blocks the loop (pidfd, sd-event).
 */
#pragma once

#include <systemd/sd-event.h>

#include "ha/base/err.h"
#include "ha/base/instant.h"

struct worker_end {
    int exit_code;       /* of the process; -1: killed by a signal or timed out */
    int signal;          /* 0 if it exited */
    bool is_timed_out;
    const char *output;  /* the last AGENT_OUTPUT_MAX bytes of stdout and stderr, NUL-terminated */
    struct duration took;
};

struct worker;

/* argv and environment end with NULL. done is called once, from the loop; the worker is gone after it. */
struct worker *worker_start(sd_event *loop, const char *const *argv, const char *const *environment,
                            struct duration timeout,
                            void (*done)(void *context, const struct worker_end *end),
                            void *context, struct err *err);
int worker_pid(const struct worker *worker);
/* Kills the group now; done is not called any more. */
void worker_cancel(struct worker *worker);
