/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One step of the manager while it goes on: what it was given, the view as
 * sets of nodes, and the only two functions that change a state. Both check
 * the change against the .def rows and record it with its reason.
 */
#pragma once

#include "ha/decide/crm.h"

struct round {
    struct ha_state *state;
    const struct policy *policy;
    const struct cluster_view *view;
    struct outcome *outcome;
    struct crm_work *work;
    node_set all; /* nodes of the policy */
    node_set members;
    node_set reported; /* members that have told what they run */
    node_set proven;   /* absent, and nothing of them can be running */
    node_set historic; /* absent, but what they were told is in the state */
    node_set usable;   /* may take services */
    node_set freezing; /* going, and the policy leaves their services where they are */
    node_set lost;     /* declared off, or found rebooted, in this step */
    node_set rebooted; /* of those, the ones that came back with another boot */
};

/* The verdict on one service: what becomes of its record. verdict_of sets each field. */
struct verdict {
    enum service_state next;
    node_id node;
    node_id target;
    struct reason why;
    enum {
        VERDICT_STAY,   /* nothing to say */
        VERDICT_WAIT,   /* the state stays; why says for what it waits */
        VERDICT_CHANGE, /* another state, or the same one with news */
    } kind;
    bool asks;       /* the node in charge is asked something new: a new cause */
    bool is_running; /* from here on: what the record remembers */
    bool stays_put;
    bool is_held;
    bool takes_partners; /* those that must be with it go to the target too */
    node_id fallback;
    node_set tried;
    int n_failed;
};

void round_init(struct round *round, struct ha_state *state, const struct policy *policy,
                const struct cluster_view *view, struct outcome *outcome);
/* It can be asked something. A node that was declared off cannot, though it may be back. */
bool round_answers(const struct round *round, node_id node);
/* The view's nodes as sets, once the node rules have spoken. */
void round_see_nodes(struct round *round);

void round_add_change(struct round *round, struct change change);
/* What is worth saying of a node that stays as it is. */
void round_note_node(struct round *round, node_id node, struct reason why);
void round_change_node(struct round *round, node_id node, enum node_state to, struct reason why);
/* What the record says now, to be altered and given back. */
struct verdict verdict_of(const struct round *round, service_id service);
void round_change_service(struct round *round, service_id service, const struct verdict *verdict);
/* Has so long passed since then, in ledger time? If not, the step is due again when it has. */
bool round_has_passed(struct round *round, struct instant since, struct duration span);
/* Look again at that time at the latest. */
void round_wake(struct round *round, struct instant at);

/*
 * A service leaves fence only when its old node's lease has ended: the node was
 * proven off, or is back with another boot.
 */
bool round_lease_has_ended(const struct round *round, node_id node);
