/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Nodes that come and go: what was asked for becomes one patch with the policy's new text and all
 * that has to change with it, or words why not. corosync.conf follows the policy by itself.
 */
#pragma once

#include <jansson.h>

#include "ha/base/instant.h"

struct agent;

/* For the leader. A new patch; NULL: *problem is the error to tell, a new reference. */
json_t *change_patch(struct agent *agent, struct instant now, const json_t *push, json_t **problem);
