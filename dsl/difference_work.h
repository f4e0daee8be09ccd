/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What differences are made of: words that can be compared, and lines that are collected. */
#pragma once

#include "dsl/difference.h"
#include "dsl/resolve.h"

/* The order in which people write policies. */
enum difference_rank {
    RANK_CLUSTER,
    RANK_QUORUM,
    RANK_FENCING,
    RANK_DEVICE,
    RANK_SHUTDOWN,
    RANK_SCHEDULING,
    RANK_NODE,
    RANK_LET,
    RANK_DEFAULTS,
    RANK_SERVICE,
    RANK_RULE,
    RANK_DRILL,
    RANK_ALERT,
    RANK_ACCESS,
};

/* A line on its way, with where it belongs. */
struct found {
    struct difference_line line;
    enum difference_rank rank;
    int turn; /* lines of one rank stay in the order in which they were found */
};

struct difference_work {
    struct arena *arena;
    struct resolution *before;
    struct resolution *after;
    node_id node_now[NODES_MAX]; /* by the old policy's id: the new one, or NODE_NONE */
    service_id *service_now;
    struct found *found;
    int n_found;
    int size;
};

struct difference_line *work_add(struct difference_work *work, enum difference_rank rank,
                                 const struct difference_line *line);
/* The line of that statement and setting, or of the statement as a whole; NULL: there is none. */
struct difference_line *work_find(struct difference_work *work, const char *statement,
                                  const char *setting);
void work_name_service(struct difference_work *work, struct difference_line *line,
                       const char *service);
/* Old nodes by their new ids; those that are gone are left out. */
node_set work_nodes_now(const struct difference_work *work, node_set nodes);
/* Whether tiers mean the same, but for nodes that are gone. */
bool work_same_tiers(const struct difference_work *work, const struct rule *before,
                     const struct rule *after);

/* difference_words.c: words of the tree in a form that can be compared. */
enum wording {
    WORDS_SHOWN,  /* in the order in which they were written */
    WORDS_SORTED, /* lists sorted, ranges written out: equal lists are equal words */
};
/* Without its first so many words. */
const char *words_of(const struct tree *tree, const struct syntax *node, int skip,
                     enum wording wording);
/* What is inside its block: "memory 4G; cpus 2"; "" if there is none. */
const char *words_inside(const struct tree *tree, const struct syntax *node, enum wording wording);
/* What a setting is called, and how many of its words that takes: "migrate timeout", 2. */
const char *words_setting(const struct tree *tree, const struct syntax *setting, int *n_words);

/* difference_facts.c: all statements but services and rules. */
void difference_facts(struct difference_work *work);
/* difference_services.c, difference_rules.c: they count in the lines that those made. */
void difference_services(struct difference_work *work);
void difference_rules(struct difference_work *work);
/* The let statement that makes these words mean something else than before; NULL if none does. */
const char *difference_let(const struct difference_work *work, const struct syntax *tiers);
