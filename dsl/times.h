/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The chain of times of a policy with its numbers: what follows from its network, its watchdog and
 * the number of its nodes, up to when a dead node's services run again.
 */
#pragma once

#include <jansson.h>

#include "ha/base/arena.h"
#include "ha/model/policy.h"

/* Some lines, each of them without its end: *n_lines, of an array in the arena. */
const char *const *times_lines(struct arena *arena, const struct policy *policy, int *n_lines);
/* The same in milliseconds; a new reference. */
json_t *times_json(const struct policy *policy);

/* A time to be copied into a policy: "90s". */
const char *times_exact(struct arena *arena, struct duration duration);
/* One that was added up, to be read: "2m 7s", "7.3s". */
const char *times_told(struct arena *arena, struct duration duration);
