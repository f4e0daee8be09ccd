/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Patches of the ledger as this room makes them: {"set":{key:text},"delete":[],
 * "changes":[],"answers":[],"push":{},"stamp":ms,"by":"alpha","policy":7}; the
 * policy's version is that by which it was decided.
 */
#pragma once

#include <jansson.h>

#include "ha/base/id.h"
#include "ha/base/instant.h"

struct agent;

/* With empty "set" and "changes", stamped by the ledger's time; a new reference. */
json_t *patch_new(struct agent *agent);
/* Adds the record prefix + name; takes the reference of value. */
void patch_set(json_t *set, const char *prefix, const char *name, json_t *value);
/* Takes the record prefix + name away. */
void patch_delete(json_t *patch, const char *prefix, const char *name);
/*
 * What a newer minor version wrote into the records that this patch writes anew goes on with them;
 * records: those that are in force.
 */
void patch_carry(json_t *patch, const json_t *records);
/* Takes the reference of patch; what cannot be proposed now is decided again soon. */
void patch_propose(struct agent *agent, struct instant now, json_t *patch, node_set fences);
