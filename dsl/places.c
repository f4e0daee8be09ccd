/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The search for a placement; see places.h. What is kept together is one point. A point with more
 * nodes than neighbours always finds one, whoever goes first, so such points are taken away, one
 * after the other; of most policies nothing is left. The rest falls into parts that have nothing
 * to do with each other. In each, the point with the fewest nodes left is placed next (Brelaz's
 * DSATUR), and of nodes that nobody has used yet and nobody can tell apart only one is tried.
 */
#include "dsl/places.h"

#include <string.h>

#include "dsl/places_work.h"

/* So many points are compared before one of them is placed. */
#define CLOSER_LOOK 64
/* What it costs to begin with a search, for each service that a rule names. */
#define BEGIN_STEPS 8

struct places_search places_search(const struct policy *policy, struct arena *arena, int64_t steps)
{
    struct places_search search = {.policy = policy, .arena = arena, .steps_left = steps};

    search.local = arena_alloc(arena, (size_t)policy->n_services * sizeof(search.local[0]));
    memset(search.local, -1, (size_t)policy->n_services * sizeof(search.local[0]));
    return search;
}

static int *table(struct problem *p, int n)
{
    int *table = arena_alloc(p->search->arena, (size_t)n * sizeof(table[0]));

    if (n > 0)
        memset(table, NOWHERE, (size_t)n * sizeof(table[0]));
    return table;
}

/* ---- the rules as points and cliques --------------------------------------------------------- */

static int leader_of(int *leader, int at)
{
    while (leader[at] != at) {
        leader[at] = leader[leader[at]];
        at = leader[at];
    }
    return at;
}

static void join(int *leader, int a, int b)
{
    a = leader_of(leader, a);
    b = leader_of(leader, b);
    leader[a > b ? a : b] = a > b ? b : a;
}

static node_set nodes_of(const struct rule *rule)
{
    node_set nodes = 0;

    for (int i = 0; i < rule->n_tiers; i++)
        nodes |= rule->tiers[i];
    return nodes;
}

static int count_named(const struct policy *policy, const rule_id *rules, int n_rules)
{
    int n = 0;

    for (int i = 0; i < n_rules; i++)
        n += policy->rules[rules[i]].n_services;
    return n;
}

/* Gives each service its number here, joins groups, and narrows down their nodes. */
static void read_groups(struct problem *p, const rule_id *rules, int n_rules)
{
    node_set all =
        p->policy->n_nodes == NODES_MAX ? ~(node_set)0 : node_bit((node_id)p->policy->n_nodes) - 1;

    for (int i = 0; i < n_rules; i++) {
        const struct rule *rule = &p->policy->rules[rules[i]];

        for (int k = 0; k < rule->n_services; k++) {
            int *local = &p->search->local[rule->services[k]];

            if (*local < 0) {
                *local = p->n_local++;
                p->group[*local] = *local;
                p->nodes[*local] = all;
            }
            if (rule->kind == RULE_ON)
                p->nodes[*local] &= nodes_of(rule);
            else if (rule->kind == RULE_TOGETHER)
                join(p->group, p->search->local[rule->services[0]], *local);
        }
    }
    for (int at = 0; at < p->n_local; at++) {
        p->group[at] = leader_of(p->group, at);
        p->nodes[p->group[at]] &= p->nodes[at];
    }
}

/* False if a rule wants a group apart from itself. */
static bool read_clique(struct problem *p, rule_id id, int *last)
{
    const struct rule *rule = &p->policy->rules[id];
    struct clique *clique = &p->cliques[p->n_cliques];
    int before = p->n_cliques > 0 ? clique[-1].from + clique[-1].n_points : 0;

    *clique = (struct clique){.rule = id, .from = before, .n_points = rule->n_services};
    for (int i = 0; i < rule->n_services; i++) {
        int at = p->group[p->search->local[rule->services[i]]];

        if (last[at] == p->n_cliques)
            return false;
        last[at] = p->n_cliques;
        p->points_of[before + i] = at;
        p->points[at].n_rules++;
        p->points[at].neighbours += rule->n_services - 1;
    }
    p->n_cliques++;
    return true;
}

/* The rules of each point, one behind the other. */
static void index_points(struct problem *p)
{
    int from = 0;

    for (int at = 0; at < p->n_local; at++) {
        p->points[at].from = from;
        from += p->points[at].n_rules;
        p->points[at].n_rules = 0;
    }
    for (int c = 0; c < p->n_cliques; c++) {
        for (int i = 0; i < p->cliques[c].n_points; i++) {
            struct point *point = &p->points[p->points_of[p->cliques[c].from + i]];

            p->rules_of[point->from + point->n_rules++] = c;
        }
    }
}

static bool read_rules(struct problem *p, const rule_id *rules, int n_rules)
{
    int *last = table(p, p->n_local);

    for (int at = 0; at < p->n_local; at++) {
        p->points[at] = (struct point){.nodes = p->nodes[at], .part = at, .node = NOWHERE};
        if (p->group[at] == at && p->nodes[at] == 0)
            return false;
    }
    for (int i = 0; i < n_rules; i++) {
        if (p->policy->rules[rules[i]].kind == RULE_APART && !read_clique(p, rules[i], last))
            return false;
    }
    index_points(p);
    return true;
}

/* ---- what always finds a place --------------------------------------------------------------- */

/* Takes away who has more nodes than neighbours, and then who has so without him. */
static void take_away(struct problem *p)
{
    int n_gone = 0;

    for (int at = 0; at < p->n_local; at++) {
        struct point *point = &p->points[at];

        if (p->group[at] != at || node_set_count(point->nodes) <= point->neighbours)
            continue;
        point->part = NOWHERE;
        p->list[n_gone++] = at;
    }
    for (int i = 0; i < n_gone; i++) {
        const struct point *gone = &p->points[p->list[i]];

        for (int k = 0; k < gone->n_rules; k++) {
            const struct clique *clique = &p->cliques[p->rules_of[gone->from + k]];

            for (int m = 0; m < clique->n_points; m++) {
                int at = p->points_of[clique->from + m];
                struct point *point = &p->points[at];

                point->neighbours--;
                if (point->part == NOWHERE || node_set_count(point->nodes) <= point->neighbours)
                    continue;
                point->part = NOWHERE;
                p->list[n_gone++] = at;
            }
        }
    }
}

/* Who is left, in parts: leader[] is from here on that of the part. */
static void find_parts(struct problem *p)
{
    for (int at = 0; at < p->n_local; at++)
        p->leader[at] = at;
    for (int c = 0; c < p->n_cliques; c++) {
        const int *points = &p->points_of[p->cliques[c].from];
        int first = NOWHERE;

        for (int i = 0; i < p->cliques[c].n_points; i++) {
            if (p->points[points[i]].part == NOWHERE)
                continue;
            if (first != NOWHERE)
                join(p->leader, first, points[i]);
            first = points[i];
        }
    }
    for (int at = 0; at < p->n_local; at++) {
        if (p->points[at].part != NOWHERE)
            p->points[at].part = leader_of(p->leader, at);
    }
}

/* ---- one part -------------------------------------------------------------------------------- */

static void row_add(struct problem *p, int at)
{
    struct point *point = &p->points[at];
    int *row = &p->rows[node_set_count(point->nodes)];

    point->before = NOWHERE;
    point->after = *row;
    if (*row != NOWHERE)
        p->points[*row].before = at;
    *row = at;
}

static void row_remove(struct problem *p, int at)
{
    struct point *point = &p->points[at];

    if (point->before != NOWHERE)
        p->points[point->before].after = point->after;
    else
        p->rows[node_set_count(point->nodes)] = point->after;
    if (point->after != NOWHERE)
        p->points[point->after].before = point->before;
}

static void narrow(struct problem *p, int at, node_set nodes)
{
    row_remove(p, at);
    p->points[at].nodes = nodes;
    row_add(p, at);
}

static void find_alike(struct problem *p)
{
    for (node_id node = 0; node < NODES_MAX; node++) {
        p->alike[node] = ~(node_set)0;
        p->uses[node] = 0;
        for (int i = 0; i < p->n_list; i++) {
            node_set nodes = p->points[p->list[i]].nodes;

            p->alike[node] &= node_in(nodes, node) ? nodes : ~nodes;
        }
    }
}

/* Of the nodes left to a point those that are worth trying. */
static node_set worth_trying(const struct problem *p, node_set nodes)
{
    node_set some = 0, fresh = 0;

    NODE_SET_EACH(node, nodes)
    {
        if (p->uses[node] > 0)
            some |= node_bit(node);
        else if (!(p->alike[node] & fresh))
            fresh |= node_bit(node);
    }
    return some | fresh;
}

/* False if a neighbour has no node left. */
static bool put(struct problem *p, int at, node_id node)
{
    struct point *point = &p->points[at];

    row_remove(p, at);
    point->node = node;
    p->uses[node]++;
    for (int k = 0; k < point->n_rules; k++) {
        const struct clique *clique = &p->cliques[p->rules_of[point->from + k]];

        p->search->steps_left -= clique->n_points;
        for (int m = 0; m < clique->n_points; m++) {
            int other = p->points_of[clique->from + m];
            struct point *neighbour = &p->points[other];

            if (neighbour->part == NOWHERE || neighbour->node != NOWHERE ||
                !node_in(neighbour->nodes, node))
                continue;
            p->pile[p->n_pile++] = (struct undo){other, neighbour->nodes};
            narrow(p, other, neighbour->nodes & ~node_bit(node));
            if (!neighbour->nodes)
                return false;
        }
    }
    return true;
}

static void take_back(struct problem *p, const struct choice *choice)
{
    struct point *point = &p->points[choice->point];

    while (p->n_pile > choice->n_undo) {
        const struct undo *undo = &p->pile[--p->n_pile];

        narrow(p, undo->point, undo->nodes);
    }
    p->uses[point->node]--;
    point->node = NOWHERE;
    row_add(p, choice->point);
}

/* The point with the fewest nodes left, of several the one with most neighbours. */
static int next_point(struct problem *p)
{
    int best = NOWHERE, n_seen = 0;

    for (int count = 1; count <= NODES_MAX && best == NOWHERE; count++)
        best = p->rows[count];
    for (int at = best; at != NOWHERE && n_seen < CLOSER_LOOK; at = p->points[at].after) {
        if (p->points[at].neighbours > p->points[best].neighbours)
            best = at;
        n_seen++;
    }
    p->search->steps_left -= n_seen;
    return best;
}

/* Back to the last choice that has another node to try; NULL: there is none. */
static struct choice *back_up(struct problem *p, int *depth)
{
    take_back(p, &p->choices[*depth - 1]);
    while (!p->choices[*depth - 1].untried) {
        if (--*depth == 0)
            return NULL;
        take_back(p, &p->choices[*depth - 1]);
    }
    return &p->choices[*depth - 1];
}

/* Tries its nodes, and if none will do those of the choices before it. */
static enum places choose(struct problem *p, int *depth)
{
    struct choice *choice = &p->choices[*depth - 1];

    while (choice) {
        node_id node = node_set_first(choice->untried);

        choice->untried &= choice->untried - 1;
        if (put(p, choice->point, node))
            return PLACES_EXIST;
        if (p->search->steps_left < 0)
            return PLACES_UNKNOWN;
        choice = back_up(p, depth);
    }
    return PLACES_NONE;
}

/* The points of p->list, who have neighbours among themselves only. */
static enum places search_part(struct problem *p)
{
    enum places answer = PLACES_EXIST;
    int depth = 0;
    int at;

    if (!places_have_room(p))
        return PLACES_NONE;
    memset(p->rows, -1, sizeof(p->rows));
    p->n_pile = 0;
    find_alike(p);
    for (int i = 0; i < p->n_list; i++)
        row_add(p, p->list[i]);
    while (answer == PLACES_EXIST && (at = next_point(p)) != NOWHERE) {
        p->choices[depth++] = (struct choice){at, worth_trying(p, p->points[at].nodes), p->n_pile};
        answer = choose(p, &depth);
    }
    return answer;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool is_of_part(const struct problem *p, const struct rule *rule, int part)
{
    for (int i = 0; i < rule->n_services; i++) {
        int at = p->group[p->search->local[rule->services[i]]];

        if (p->points[at].part == part)
            return true;
    }
    return false;
}

static void tell_core(const struct problem *p, const rule_id *rules, int n_rules, int part,
                      rule_id *core, int *n_core)
{
    *n_core = 0;
    for (int i = 0; core && i < n_rules; i++) {
        if (part == NOWHERE || is_of_part(p, &p->policy->rules[rules[i]], part))
            core[(*n_core)++] = rules[i];
    }
}

/* Part by part, those with lower members first; *part is the one without a placement. */
static enum places search_parts(struct problem *p, int *part)
{
    enum places answer = PLACES_EXIST;
    int *next = table(p, p->n_local);
    int *first = table(p, p->n_local);

    for (int at = p->n_local - 1; at >= 0; at--) {
        int of = p->points[at].part;

        if (p->group[at] != at || of == NOWHERE)
            continue;
        next[at] = first[of];
        first[of] = at;
    }
    for (int of = 0; of < p->n_local; of++) {
        enum places here;

        p->n_list = 0;
        for (int at = first[of]; at != NOWHERE; at = next[at])
            p->list[p->n_list++] = at;
        here = p->n_list > 0 ? search_part(p) : PLACES_EXIST;
        *part = of;
        if (here == PLACES_NONE)
            return PLACES_NONE;
        if (here == PLACES_UNKNOWN)
            answer = here;
    }
    return answer;
}

static void problem_init(struct problem *p, struct places_search *search, int n_named, int n_rules)
{
    struct arena *arena = search->arena;
    size_t n = (size_t)n_named;

    p->search = search;
    p->policy = search->policy;
    p->group = table(p, n_named);
    p->leader = table(p, n_named);
    p->list = table(p, n_named);
    p->points_of = table(p, n_named);
    p->rules_of = table(p, n_named);
    p->stamp = table(p, n_named);
    p->found = table(p, n_named);
    p->met = arena_alloc(arena, n * sizeof(p->met[0]));
    p->nodes = arena_alloc(arena, n * sizeof(p->nodes[0]));
    p->points = arena_alloc(arena, n * sizeof(p->points[0]));
    p->choices = arena_alloc(arena, n * sizeof(p->choices[0]));
    p->cliques = arena_alloc(arena, (size_t)n_rules * sizeof(p->cliques[0]));
}

/* Each entry of the pile is a node that a point lost. */
static void make_pile(struct problem *p)
{
    size_t most = 0;

    for (int at = 0; at < p->n_local; at++) {
        if (p->group[at] == at && p->points[at].part != NOWHERE)
            most += NODES_MAX;
    }
    p->pile = arena_alloc(p->search->arena, most * sizeof(p->pile[0]));
}

enum places places_exist(struct places_search *search, const rule_id *rules, int n_rules,
                         rule_id *core, int *n_core)
{
    struct problem p = {0};
    enum places answer = PLACES_NONE;
    int n_named = count_named(search->policy, rules, n_rules);
    int part = NOWHERE;

    search->steps_left -= BEGIN_STEPS * n_named;
    if (search->steps_left < 0)
        return PLACES_UNKNOWN;
    problem_init(&p, search, n_named, n_rules);
    read_groups(&p, rules, n_rules);
    if (read_rules(&p, rules, n_rules)) {
        take_away(&p);
        find_parts(&p);
        make_pile(&p);
        answer = search_parts(&p, &part);
    }
    if (answer == PLACES_NONE && core)
        tell_core(&p, rules, n_rules, part, core, n_core);
    for (int i = 0; i < n_rules; i++) {
        const struct rule *rule = &p.policy->rules[rules[i]];

        for (int k = 0; k < rule->n_services; k++)
            search->local[rule->services[k]] = NOWHERE;
    }
    return answer;
}

/* ---- as few rules as will do ----------------------------------------------------------------- */

/*
 * Junker's QuickXplain. fixed[0..n_fixed) and the rules together have no placement; what is
 * returned, moved to the front of rules, are those that are needed beside the fixed ones.
 */
static int shrink(struct places_search *search, rule_id *fixed, int n_fixed, bool is_new,
                  rule_id *rules, int n_rules)
{
    int half = n_rules / 2, n_left, n_right;

    if (is_new && places_exist(search, fixed, n_fixed, NULL, NULL) == PLACES_NONE)
        return 0;
    if (n_rules <= 1)
        return n_rules;
    memcpy(fixed + n_fixed, rules, (size_t)half * sizeof(rules[0]));
    n_right = shrink(search, fixed, n_fixed + half, true, rules + half, n_rules - half);
    memcpy(fixed + n_fixed, rules + half, (size_t)n_right * sizeof(rules[0]));
    n_left = shrink(search, fixed, n_fixed + n_right, n_right > 0, rules, half);
    memmove(rules + n_left, rules + half, (size_t)n_right * sizeof(rules[0]));
    return n_left + n_right;
}

int places_shrink(struct places_search *search, rule_id *rules, int n_rules)
{
    rule_id *fixed = arena_alloc(search->arena, (size_t)n_rules * sizeof(fixed[0]));

    return shrink(search, fixed, 0, false, rules, n_rules);
}
