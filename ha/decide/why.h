/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Why a service is where it is and not elsewhere, by asking the very functions
 * that decide: placement for the nodes, a step of the manager for what would
 * come next. Everything is tried out on a copy; nothing is decided here.
 */
#pragma once

#include "ha/decide/placement.h"

/* What is agreed, what is seen, and room to try things out in. */
struct why_world {
    const struct policy *policy;
    const struct ha_state *agreed;
    struct cluster_view *view; /* of this moment; why_after_loss uses it up */
    struct ha_state *scratch;
    struct outcome *outcome; /* with room for changes as crm_step wants it */
};

struct explanation {
    struct reason held;     /* why it is given no other place now, whatever the nodes; or NONE */
    struct placement place; /* where it would go or stay, and the step at which each node lost */
    struct reason lost[NODES_MAX]; /* why; of the one where it is placed: why there */
};

/* The service must be one of the policy, and the view a quorate one. */
void why_explain(const struct why_world *world, service_id service, struct explanation *why);

struct prospect {
    node_id lost; /* if this node were proven off now */
    node_id node; /* it would go there; NODE_NONE: nowhere, and why says what it would wait for */
    struct reason why;
};

/* false: it is on no node that could be lost. */
bool why_after_loss(const struct why_world *world, service_id service, struct prospect *prospect);

/* What brought about the thing that a reason gives. */
enum why_cause {
    CAUSE_BEFORE,  /* what was decided of it before */
    CAUSE_NODE,    /* what became of node {n} */
    CAUSE_TARGET,  /* what became of node {m} */
    CAUSE_POLICY,  /* a policy that was pushed */
    CAUSE_PARTNER, /* what was decided of service {s} */
    CAUSE_REQUEST, /* somebody asked for it */
};

enum why_cause why_cause(enum reason_code code);
