/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy plan: what a policy would do, before it is pushed. It is compared with the one in force
 * as trees; then the agreed records of the cluster (or of a file that "ha state" wrote) are read
 * under the new policy, and the production manager is let loose on that copy until it has
 * nothing more to decide.
 */
#pragma once

#include <jansson.h>

#include "console/output.h"
#include "console/settings.h"

#define PLAN_EXIT_NOTHING 0
#define PLAN_EXIT_CHANGES 2

struct plan_question {
    const char *file; /* what the text is called */
    const char *text;
    size_t length;
    const char *state;   /* a file that "ha state" wrote; NULL: the agent is asked */
    const char *against; /* a policy's file; NULL: the one in force. Without a state: imagined */
};

/*
 * Shows the plan: one of the two above, or another code of control.h with its words said. version
 * is that of the policy in force, which the plan was made against; 0: there is none.
 */
int plan_text(const struct plan_question *question, const struct settings *settings,
              struct output *output, int64_t *version);
int plan_policy(const json_t *request, const struct settings *settings, struct output *output);
