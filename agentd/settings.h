/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * This node's local settings: a libconfig file, /etc/tenuto/agentd.conf. What
 * the cluster must agree on is in the policy; here is only what differs from
 * machine to machine. A missing file means the defaults; an unknown key, a
 * wrong type or a value out of range is an error that names file and line.
 */
#pragma once

#include <stdbool.h>

#include "ha/base/err.h"

#define SETTINGS_FILE "/etc/tenuto/agentd.conf"

struct settings {
    char watchdog[108];     /* "/dev/watchdog0" or "unix:/path" */
    char keeper[108];       /* the keeper's socket */
    char control[108];      /* our socket for the console */
    char store[256];        /* the database */
    char record[256];       /* the flight record; with ".old" behind it the one before */
    char run[256];          /* what must be gone after a boot: records of running services */
    char corosync[256];     /* corosync.conf */
    char ocf_root[256];     /* /usr/lib/ocf */
    char fence_agents[256]; /* where the fence agents are: /usr/sbin */
    char cache[256];        /* what agents said of themselves */
    bool debug;
};

/* is_required: an absent file is an error (it was named on the command line). */
bool settings_read(struct settings *settings, const char *file, bool is_required, struct err *err);
