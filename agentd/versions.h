/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Versions of the policy from before this node came, which the records do not hold: it asks for the
 * newest that it lacks, somebody who has it tells it, and so on, one at a time and never in haste.
 */
#pragma once

#include <jansson.h>

#include "ha/base/id.h"
#include "ha/base/instant.h"

struct agent;
struct versions;

struct versions *versions_new(void);
void versions_free(struct versions *versions);
/* What this node has may not be all: after it took over the records of others. */
void versions_look(struct agent *agent);
/* "version wanted" or "version told" came in. */
void versions_message(struct agent *agent, node_id from, const json_t *message);
/* Returns when to look again. */
struct instant versions_turn(struct agent *agent, struct instant now);
