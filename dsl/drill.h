/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Drills: a rehearsal's text to the value that ha/whatif plays. Same lexical form and
 * messages as a policy. What a drill says about the policy (state, size, add, remove,
 * push) becomes a policy of its own that is in force from then on.
 */
#pragma once

#include "dsl/diagnostic.h"
#include "ha/base/err.h"
#include "ha/whatif/drill.h"

/* Where the files come from that a drill names; this room opens none. */
struct drill_source {
    void *context;
    /* The bytes of a file named beside the drill, in the arena; NULL: err says why. */
    const char *(*read)(void *context, struct arena *arena, const char *name, size_t *length,
                        struct err *err);
};

struct resolution;
struct syntax;

/* A drill of a policy that has just been resolved; what is wrong with it is reported there. */
void drill_of_statement(struct resolution *resolution, const struct syntax *statement,
                        struct drill *drill);
/* true: no errors, and *drill is complete. Everything lives in the diagnostics' arena. */
bool drill_compile(struct diagnostics *diagnostics, const struct drill_source *source,
                   struct drill *drill);
