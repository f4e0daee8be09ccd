/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How services of one type are started, stopped and checked: a row of functions
 * a type. A maker turns a job into a command for a worker; it runs nothing, and
 * it looks at no disk: whether the program is there shows when it is executed.
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
    /* monitor_every 0: this is a probe, nobody expects it to be running */
};

struct resource_command {
    const char *const *argv;
    const char *const *environment;
};

struct resource_kind {
    const char *type;
    /* In the arena. false and err: no command can be made of this, in words. */
    bool (*command)(struct arena *arena, const struct settings *settings,
                    const struct resource *resource, enum job_kind job,
                    struct resource_command *command, struct err *err);
    /* An exit code of that command as the OCF code that lrm understands; words: what it printed. */
    int (*result)(int exit_code, const char *output, char *words, size_t size);
};

extern const struct resource_kind resource_ocf;

/* What an exit code means to lrm (OCF resource agent API 1.1). */
enum ocf_code {
    OCF_DONE = 0,
    OCF_FAILED = 1,
    OCF_NOT_INSTALLED = 5,
    OCF_NOT_CONFIGURED = 6,
    OCF_NOT_RUNNING = 7,
    OCF_RUNNING_PROMOTED = 8,
    OCF_FAILED_PROMOTED = 9,
    OCF_DEGRADED = 190,
    OCF_DEGRADED_PROMOTED = 191,
};

/* "start", "stop", "monitor": as agents are called, and as people are told. */
const char *job_kind_name(enum job_kind kind);

/* NULL: this version cannot run that type. */
const struct resource_kind *resource_kind_of(const char *type);
/* Borrows everything from the service and the name of the node. */
struct resource resource_of_service(const struct service_policy *service, const char *node);
/* All of it in the arena. */
struct resource resource_copy(struct arena *arena, const struct resource *resource);
/*
 * Makes words out of what some program printed: what is no UTF-8, or would
 * move the cursor of whoever reads it, becomes "?". Never longer than before.
 */
void resource_clean_words(char *words);
