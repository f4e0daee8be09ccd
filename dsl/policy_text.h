/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The front of this room: a text goes in; a policy, or what is wrong with it,
 * comes out. Parsing never fails: whatever can be understood is, and every slip
 * is reported. What lies behind: lexer, parser, resolve, check, format.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "dsl/catalog.h"
#include "dsl/diagnostic.h"
#include "ha/base/arena.h"
#include "ha/model/policy.h"

/*
 * Levels 1 to 4; the lines of drills are only parsed. true: no errors (warnings may be
 * there), and *policy is complete. Everything lives in the arena.
 */
bool policy_compile(struct arena *arena, const char *file, const char *text, size_t length,
                    struct policy *policy, struct diagnostics *diagnostics);

/*
 * The same, and the drills inside of it are played. In earnest: all of them, however long a person
 * is willing to wait. Briefly: for no longer than an agent can be away from its loop (some 20 ms);
 * what is not reached then is not judged.
 */
enum rehearsal_kind { REHEARSE_BRIEFLY, REHEARSE_IN_EARNEST };
bool policy_rehearse(struct arena *arena, const char *file, const char *text, size_t length,
                     struct policy *policy, struct diagnostics *diagnostics,
                     enum rehearsal_kind kind);

/*
 * All there is to check, which may take seconds: the drills in earnest, and level 5: what is left
 * behind when nodes are lost, as warnings and as a sentence ("survives the loss of any 1 node");
 * NULL where the policy has errors.
 */
bool policy_check(struct arena *arena, const char *file, const char *text, size_t length,
                  struct diagnostics *diagnostics, const char **survival);

/*
 * What is set for agents, against what they say of themselves: a step of its own, because they
 * have to be asked, which may take seconds. Adds to what was found before; not for the drills.
 */
void policy_check_agents(struct arena *arena, const struct catalog *catalog, const char *text,
                         size_t length, struct diagnostics *diagnostics);

/* The one true layout; NULL if the text has errors of level 1 (they are in diagnostics). */
char *policy_format(struct arena *arena, const char *file, const char *text, size_t length,
                    struct diagnostics *diagnostics);
