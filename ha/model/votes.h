/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Votes of a policy: of its nodes, of its witness, and whether some of the nodes may go on without
 * the others. For what is imagined: in a real cluster corosync counts.
 */
#pragma once

#include "ha/model/policy.h"

/* A policy in which no node has votes gives each of these one. */
int votes_of_nodes(const struct policy *policy, node_set nodes);
/* 0 without a witness. */
int votes_of_witness(const struct policy *policy);
/* Whether these go on if the witness is on their side; the others may be dead or cut off. */
bool votes_suffice(const struct policy *policy, node_set nodes, bool has_witness);
/* The same when all the others are dead: nobody else asks the witness, or shoots first. */
bool votes_suffice_alone(const struct policy *policy, node_set left);
/* Which of two groups the witness votes for: more nodes, then the tie-breaker. */
bool votes_is_preferred(const struct policy *policy, node_set nodes, node_set others);
