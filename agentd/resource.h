/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How services of one type are started, stopped and checked: a row of functions
 * a type. A maker turns a job into a command for a worker; it runs nothing.
 */
#pragma once

#include "agentd/settings.h"
#include "ha/base/arena.h"
#include "ha/decide/lrm.h"

/* A service as this node needs it to run it; kept on disk while it may be running. */
struct resource {
    const char *name; /* "ocf:web" */
    const char *type;
    const char *agent;
    const struct setting *settings;
    int n_settings;
    const char *node; /* our own name */
    struct duration start_timeout, stop_timeout, monitor_every, monitor_timeout;
};

struct resource_command {
    const char *const *argv;
    const char *const *environment;
};

struct resource_kind {
    const char *type;
    /* In the arena. false and err: this node cannot run it (not installed, not executable), in words. */
    bool (*command)(struct arena *arena, const struct settings *settings,
                    const struct resource *resource, enum job_kind job,
                    struct resource_command *command, struct err *err);
    /* An exit code of that command, as the OCF code that lrm understands; words: the reason it printed. */
    int (*result)(int exit_code, const char *output, char *words, size_t size);
};

extern const struct resource_kind resource_ocf;

/* NULL: this version cannot run that type. */
const struct resource_kind *resource_kind_of(const char *type);
