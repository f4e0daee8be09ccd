/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A recorded step, decided again by this build, under the recorded policy or
 * another one over the same nodes. Each step is judged by itself on what was
 * known and agreed then: a step that is decided otherwise does not change what
 * the next one begins with. Alike are decisions that lead to the same states
 * on the same nodes for the same reasons; numbers and words of a reason, and
 * the line of a policy, do not count.
 */
#pragma once

#include "ha/decide/crm.h"

struct replay_step {
    const struct policy *policy;   /* under which it is decided now */
    const struct policy *recorded; /* under which it was then; the same, or another */
    const struct cluster_view *view;
    const struct ha_state *before;
    const struct ha_state *then; /* what was decided */
    const struct answer *answers;
    int n_answers;
    node_set fences;
};

enum replay_kind {
    REPLAY_SERVICE,
    REPLAY_NODE,
    REPLAY_CLUSTER, /* whether it is armed, and since when it is out of balance */
    REPLAY_ANSWER,  /* to a command */
    REPLAY_FENCE,   /* whether a node was declared proven off */
};

struct replay_difference {
    enum replay_kind kind;
    service_id service;
    node_id node;
    const struct command *command;
    const struct answer *answer_then, *answer_now; /* NULL: none was given */
};

struct replay_listener {
    void *context;
    void (*differs)(void *context, const struct replay_difference *difference);
};

/* What a step is decided in: too big for the stack. */
struct replay {
    struct ha_state now; /* what this build decided on the step looked at last */
    struct outcome outcome;
    struct change changes[CHANGES_MAX];
};

/* The number of differences. The listener, who may be NULL, hears of each. */
int replay_decide(struct replay *replay, const struct replay_step *step,
                  const struct replay_listener *listener);
