/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One step of the manager: looks at everything, decides what it can, says why.
 * Pure. Idempotent: called again on its own result with the same view it
 * changes nothing. It produces states; the players act on the agreed state.
 */
#pragma once

#include "ha/decide/work.h"
#include "ha/model/change.h"
#include "ha/model/cluster_view.h"
#include "ha/model/ha_state.h"
#include "ha/model/policy.h"

struct outcome {
    struct change *changes; /* the caller's array of changes_max, CHANGES_MAX in a daemon */
    int n_changes;
    int changes_max;
    struct answer answers[COMMANDS_MAX];
    int n_answers;
    node_set fences;        /* nodes that this outcome declares proven off */
    struct instant wake_at; /* local clock: look again then even if nothing happens */
    struct crm_work work;   /* of the step itself; more than a MiB: never on the stack */
};

/*
 * state is changed in place; state->version is the version this step will have
 * in the ledger (the caller has set it), and becomes the cause of what is asked.
 */
void crm_step(struct ha_state *state, const struct policy *policy, const struct cluster_view *view,
              struct outcome *outcome);
