/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether this node takes a policy: the text by its own program, what its agents can run, and what
 * the OCF and fence agents that are installed here say of themselves. It asks programs and takes
 * as long as they do: nothing for the loop.
 */
#pragma once

#include <jansson.h>

#include "dsl/catalog.h"
#include "ha/model/policy.h"

struct examination {
    const char *node; /* our name in the policy; "": not known yet */
    const char *file; /* as whoever pushed it calls it */
    const char *text;
    const json_t *known; /* names of agents that the policy in force asks for already; or NULL */
};

/* The names of the agents of its services, as an object; a new reference. */
json_t *examine_agents_of(const struct policy *policy);
/*
 * NULL: it does, and *policy is in the arena. Else what a client is told: "error", "hint", "code",
 * "diagnostics". code: CONTROL_EXIT_FAILED if the text is wrong, CONTROL_EXIT_REFUSED if this node
 * cannot do what it asks for.
 */
json_t *examine_policy(struct arena *arena, const struct examination *examination,
                       const struct catalog *catalog, struct policy **policy);
