/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The agent's connection to corosync: opened when it can be, reopened after it
 * was lost, and everything it delivers handed to the member.
 */
#pragma once

#include "ha/base/instant.h"

struct agent;

/* Opens when it is time to; sends what corosync did not take yet. */
void corosync_turn(struct agent *agent, struct instant now);
/* corosync is gone: no ring, no group; tried again soon. */
void corosync_lost(struct agent *agent, const char *why);
void corosync_close(struct agent *agent);
