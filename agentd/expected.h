/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * "cluster expected": quorum by an operator's word, on this node. The word lies in /run, so that it
 * outlives the agent and corosync but not the machine; it ends with its time, by "normal", or when
 * agents that hold a quorum without it are here. What it means: PROTOCOL.md, "Votes by somebody's
 * word".
 */
#pragma once

#include "quorum/forced.h"

struct agent;

struct expecting *expecting_new(const struct agent *agent);
void expecting_free(struct expecting *expecting);
/* As corosync is configured; returned as it counts here. */
const struct roster *expected_take(struct agent *agent, struct roster *roster);
const struct roster *expected_configured(const struct agent *agent);
bool expected_is_forced(const struct agent *agent);
/* What forced_check allowed, in the name of that user. false: nothing is forced. */
bool expected_begin(struct agent *agent, const struct forced_wish *wish, const char *by,
                    struct err *err);
void expected_end(struct agent *agent, const char *why);
/* Before the member hears of them: with enough of them here the word is over. */
void expected_members(struct agent *agent, const struct group_peer *members, int n_members);
/* Ends it in time, and tells votequorum again what corosync forgot. Returns when to look again. */
struct instant expected_turn(struct agent *agent, struct instant now);
/* {"expected","off":[names],"by","at","until"}; null: votes count as configured. */
json_t *expected_row(const struct agent *agent);
