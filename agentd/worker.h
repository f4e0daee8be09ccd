/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Child processes: started in a process group and session of their own, with
 * stdin from /dev/null, bounded output and a time limit; the whole group is
 * killed when the time is up. Nothing here blocks the loop (pidfd, sd-event),
 * the look at the program's file included: a disk that hangs hangs the child.
 * SIGCHLD must not be ignored in this process; it need not be blocked.
 */
#pragma once

#include <systemd/sd-event.h>

#include "ha/base/err.h"
#include "ha/base/instant.h"

struct worker_end {
    int exit_code;  /* of the process; -1: killed by a signal, timed out or never run */
    int signal;     /* 0 if it exited */
    int exec_error; /* errno if the program could not be executed: nothing of it ran; else 0 */
    bool is_timed_out;
    const char *output; /* the end of stdout and stderr (see worker_output.h), NUL-terminated */
    struct duration took;
};

struct worker;

/*
 * argv and environment end with NULL; argv[0] is a path. done is called once, from the loop and
 * never from in here; the worker is gone after it. It is the exit of the process itself that ends
 * a worker: what it left behind in the background goes on, but whatever that prints later meets a
 * closed pipe.
 */
struct worker *worker_start(sd_event *loop, const char *const *argv, const char *const *environment,
                            struct duration timeout,
                            void (*done)(void *context, const struct worker_end *end),
                            void *context, struct err *err);
int worker_pid(const struct worker *worker);
/* Kills the group now; done is not called any more. */
void worker_cancel(struct worker *worker);
