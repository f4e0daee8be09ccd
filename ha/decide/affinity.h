/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which nodes and neighbours the rules allow. Services that must be together
 * are one group: what a rule says of one of them holds for all, because they
 * can only be where each of them may be.
 */
#pragma once

#include "ha/decide/bonds.h"

/* Counts who uses what, once the rules are turned round; once a step. */
void affinity_prepare(struct round *round);
/* Takes one service out of the counts before its record changes, and puts it back after. */
void affinity_forget(struct round *round, service_id service);
void affinity_count(struct round *round, service_id service);

/*
 * Nodes where a service is that must (is_strict) or should be apart from this one's group; where
 * this one is not there itself, one that comes, goes or is known only by report counts, too.
 */
node_set affinity_apart(const struct round *round, service_id service, bool is_strict);
/* The same of one node on which it is settled itself, without a search: one must not be there. */
bool affinity_drives_away(const struct round *round, service_id service, node_id node);
/* All of its group that have a home have it on that node. */
bool affinity_is_whole(const struct round *round, service_id service, node_id node);
/* Nodes where such a service was last and waits to start again. */
node_set affinity_awaited(const struct round *round, service_id service);
/* Members of its group other than itself whose home is that node. */
int affinity_partners_on(const struct round *round, service_id service, node_id node);
/* Those of some nodes where the most of these are; all of them if there are none. */
node_set affinity_most_partners(const struct round *round, service_id service, node_set among);
/* Services that rules would like on one node with its group, and those that they would not. */
int affinity_friends_on(const struct round *round, service_id service, node_id node);
int affinity_strangers_on(const struct round *round, service_id service, node_id node);

/* A strict rule that does not let its group be on the node; RULE_NONE if all do. */
rule_id affinity_forbids(const struct round *round, service_id service, node_id node);

/* For explanations: who is in the way on a node, or waits there; fills rule, with and node. */
void affinity_name_neighbour(const struct round *round, service_id service, node_id node,
                             struct reason *why);
void affinity_name_awaited(const struct round *round, service_id service, node_id node,
                           struct reason *why);
void affinity_name_partner(const struct round *round, service_id service, node_id node,
                           struct reason *why);
