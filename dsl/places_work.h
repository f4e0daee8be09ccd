/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The search for a placement from inside: rules as a graph. Only for places*.c. */
#pragma once

#include "dsl/places.h"

#define NOWHERE (-1)

struct point {
    node_set nodes; /* that are left to it */
    int neighbours; /* at most; one that is met in two rules counts twice */
    int from;       /* its rules, in problem.rules_of */
    int n_rules;
    int part;          /* another point of its part, or itself; NOWHERE: it was taken away */
    int node;          /* NOWHERE: it waits */
    int before, after; /* in the row of those that wait with as many nodes left */
};

/* A rule that keeps points apart. */
struct clique {
    rule_id rule;
    int from; /* its points, in problem.points_of */
    int n_points;
};

/* One place that was given, and what it took from others. */
struct choice {
    int point;
    node_set untried;
    int n_undo; /* the height of the pile before it */
};

struct undo {
    int point;
    node_set nodes;
};

struct problem {
    struct places_search *search;
    const struct policy *policy;
    int *group;  /* by local service: the first of those kept together with it */
    int *leader; /* by point: of its part, while parts are found */
    node_set *nodes;
    int n_local;
    struct point *points; /* by local service; those of groups only are used */
    struct clique *cliques;
    int n_cliques;
    int *points_of;
    int *rules_of;
    int rows[NODES_MAX + 1]; /* points that wait, by how many nodes are left to them */
    int *list;               /* the points of the part that is looked at */
    int n_list;
    struct choice *choices;
    struct undo *pile;
    int n_pile;
    int *met; /* for places_have_room: by point, how many of a set it is apart from */
    int *stamp;
    int n_stamps;
    int *found;
    int uses[NODES_MAX];       /* points placed on a node */
    node_set alike[NODES_MAX]; /* nodes that nobody of the part can tell from it */
};

/*
 * Of the part in p->list: false if there is a set of points, each two of them apart, with fewer
 * nodes than points. It looks at one such set around each point, not at all there are.
 */
bool places_have_room(struct problem *problem);
