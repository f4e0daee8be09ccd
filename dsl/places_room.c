/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Before a part is searched: points of which each two are apart, by one rule or by many, need as
 * many nodes (Hall's theorem). A search would try all their orders before it knew.
 */
#include <string.h>

#include "dsl/places_work.h"

struct room {
    struct problem *problem;
    int set[NODES_MAX + 1];
    int n_set;
    int holder[NODES_MAX]; /* by node: a position in set */
    node_set tried;
};

/* Everybody who is apart from the newest of the set; those apart from all of it are told. */
static int meet_neighbours(struct room *room, int at)
{
    struct problem *p = room->problem;
    const struct point *point = &p->points[at];
    int n_found = 0;

    /* Who is met twice from one point, in two rules, counts once. */
    p->stamp[at] = ++p->n_stamps;
    for (int k = 0; k < point->n_rules; k++) {
        const struct clique *clique = &p->cliques[p->rules_of[point->from + k]];

        p->search->steps_left -= clique->n_points;
        for (int m = 0; m < clique->n_points; m++) {
            int other = p->points_of[clique->from + m];

            if (p->points[other].part == NOWHERE || p->stamp[other] == p->n_stamps)
                continue;
            p->stamp[other] = p->n_stamps;
            if (++p->met[other] == room->n_set)
                p->found[n_found++] = other;
        }
    }
    return n_found;
}

static void forget_neighbours(struct room *room)
{
    struct problem *p = room->problem;

    for (int i = 0; i < room->n_set; i++) {
        const struct point *point = &p->points[room->set[i]];

        for (int k = 0; k < point->n_rules; k++) {
            const struct clique *clique = &p->cliques[p->rules_of[point->from + k]];

            for (int m = 0; m < clique->n_points; m++)
                p->met[p->points_of[clique->from + m]] = 0;
        }
    }
}

static bool find_node(struct room *room, int position)
{
    NODE_SET_EACH(node, room->problem->points[room->set[position]].nodes)
    {
        if (node_in(room->tried, node))
            continue;
        room->tried |= node_bit(node);
        if (room->holder[node] == NOWHERE || find_node(room, room->holder[node])) {
            room->holder[node] = position;
            return true;
        }
    }
    return false;
}

static int count_nodes(const struct problem *p, int at)
{
    return node_set_count(p->points[at].nodes);
}

/* The set grows around a point, each time by who has the fewest nodes, while all find one. */
static bool has_room(struct room *room, int at)
{
    const struct problem *p = room->problem;
    bool is_right = true;

    memset(room->holder, NOWHERE, sizeof(room->holder));
    room->n_set = 0;
    while (at != NOWHERE && is_right) {
        int n_found;

        room->set[room->n_set++] = at;
        room->tried = 0;
        is_right = find_node(room, room->n_set - 1);
        n_found = is_right ? meet_neighbours(room, at) : 0;
        at = NOWHERE;
        for (int i = 0; i < n_found; i++)
            at = at == NOWHERE || count_nodes(p, p->found[i]) < count_nodes(p, at) ? p->found[i]
                                                                                   : at;
    }
    forget_neighbours(room);
    return is_right;
}

bool places_have_room(struct problem *p)
{
    struct room room = {.problem = p};
    int64_t enough = p->search->steps_left / 2;

    for (int i = 0; i < p->n_list && p->search->steps_left > enough; i++) {
        if (!has_room(&room, p->list[i]))
            return false;
    }
    return true;
}
