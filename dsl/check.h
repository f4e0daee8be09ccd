/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A policy that is right line by line and still cannot work: rules that contradict each
 * other, and what puts services in danger. Only for a policy without errors so far.
 */
#pragma once

#include "dsl/catalog.h"
#include "dsl/resolve.h"

/* What of a group is to blame: what keeps it together, or what says where it runs, too. */
enum { BLAME_NOTHING, BLAME_BONDS, BLAME_ALL };

/* By service: the rules that name it, those of service n from from[n] to from[n + 1]. */
struct rule_index {
    int *from;
    rule_id *rules;
};

/* Rules in the order in which they lead from one service to another. */
struct chain {
    rule_id *rules;
    int n_rules; /* 0: none does */
};

/* The rules seen from the services; all tables by service id. */
struct rule_view {
    struct resolution *resolution;
    const struct policy *policy;
    service_id *group;    /* the lowest id of those that are kept together with it, or its own */
    rule_id *together;    /* a strict rule that keeps it together with others, or RULE_NONE */
    rule_id *on;          /* the rule that says where it runs, or RULE_NONE */
    rule_id *keep_on;     /* the same if it is strict */
    node_set *named;      /* nodes that any rule names for it */
    bool *has_tiers;      /* one of these rules has tiers */
    unsigned char *blame; /* by group: BLAME_BONDS, BLAME_ALL */
    node_set *allowed;    /* where its strict rules let it run */
    node_set *in_group;   /* the same for its whole group, to be read at group[id] */
    bool *is_reported;    /* by rule: it was found fault with, and is not looked at again */
    struct rule_index bonds;
};

/* Level 2, what cannot be known without asking agents. */
void check_agents(struct resolution *resolution, const struct catalog *catalog);
/* Level 3. */
void check_rules(struct resolution *resolution);
void check_apart(const struct rule_view *view);
void check_order(const struct rule_view *view);
void check_places(const struct rule_view *view);
/* Wishes that are never granted, and rules that say nothing new. */
void check_wishes(const struct rule_view *view);
void check_redundant(const struct rule_view *view);
/* Of a policy without errors: there is one for all, though the manager may not find it. */
bool check_has_placement(struct resolution *resolution);
/* Level 4. */
void check_safety(struct resolution *resolution);
void check_votes(struct resolution *resolution);
void check_fencing(struct resolution *resolution);
void check_addresses(struct resolution *resolution);
/*
 * Level 5, which may take seconds: what is left behind when nodes are lost. Returns the answer
 * as a sentence, such as "survives the loss of any 1 node", in the resolution's arena.
 */
const char *check_survival(struct resolution *resolution);

/* For messages: the place of a rule, "rule web-stack" or "its block", "rule a and rule b". */
struct location check_place(const struct rule_view *view, rule_id rule);
const char *check_title(const struct rule_view *view, rule_id rule);
const char *check_names(const struct rule_view *view, const rule_id *rules, int n_rules);

bool check_is_bond(const struct rule *rule); /* keep ... together */
bool check_is_strict_apart(const struct rule *rule);
bool check_is_before(const struct rule *rule);
/* "alpha", "alpha or beta", "alpha, beta or gamma" */
const char *check_any_of(const struct resolution *resolution, node_set nodes);
/* The rules of such a kind by the services that they name first ("start a" of "before b"). */
struct rule_index check_index(const struct rule_view *view, bool (*is_in)(const struct rule *));
/* The shortest way through rules of an index; from a service back to itself it is a circle. */
struct chain check_chain(const struct rule_view *view, const struct rule_index *index,
                         service_id from, service_id to);
