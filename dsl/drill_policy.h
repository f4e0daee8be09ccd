/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The policies that follow each other in a drill; internal to this room. */
#pragma once

#include "dsl/drill.h"
#include "dsl/resolve.h"

struct drill_policy {
    struct diagnostics *diagnostics; /* the drill's */
    const struct drill_source *source;
    struct arena *arena;
    const char *text; /* the policy's, with what was added */
    size_t length;
    struct resolution *resolution; /* of that text, told to read the drill's tree */
    const struct policy *all;      /* what the text says */
    struct policy *now;            /* what is in force: less what was removed, and changed */
    const char *set_aside;         /* the rules of which this was said last, or NULL */
    const char **removed;
    int n_removed;
};

/* The policy that has just been resolved; what a drill changes about it stays in the drill. */
void drill_policy_begin(struct drill_policy *policy, const struct resolution *resolution);
/* Reads and compiles the file that value names; false: reported. */
bool drill_policy_read(struct drill_policy *policy, const struct tree *tree,
                       const struct syntax *value);
/* A copy of what is in force, with services that may be written to. */
struct service_policy *drill_policy_copy(struct drill_policy *policy);
/* What an "add" says is a service statement but for its first word. */
bool drill_policy_add(struct drill_policy *policy, const struct tree *tree,
                      const struct syntax *statement);
void drill_policy_remove(struct drill_policy *policy, const service_id *services, int n_services);
