/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Places for all who wait; see seats.h. Whoever has more nodes than there are others waiting that
 * it must be apart from finds one in any order, so only the rest is looked at: most often nobody.
 */
#include "ha/decide/seats.h"

#include <string.h>

#include "ha/decide/affinity.h"

/* Off, or to be emptied: what it has must find another place. */
static bool is_losing_place(const struct round *round, service_id id)
{
    const struct service *record = &round->state->services[id];

    if (record->cause == round->state->version)
        return false;
    return round_lease_has_ended(round, record->node) ||
           (record->state == SERVICE_STARTED &&
            round->state->nodes[record->node].state == NODE_MAINTENANCE &&
            round->policy->services[id].migrate != MIGRATE_NEVER);
}

static bool is_waiting(const struct round *round, service_id id)
{
    const struct service *record = &round->state->services[id];

    if (!service_is_wanted(record, &round->policy->services[id]))
        return false;
    switch (record->state) {
    case SERVICE_FENCE:
    case SERVICE_RECOVERY: return true;
    /* What runs already will be taken where it is. */
    case SERVICE_REQUEST_START: return !round->view->services[id].running_on;
    case SERVICE_STARTED:
    case SERVICE_MIGRATE:
    case SERVICE_RELOCATE: return is_losing_place(round, id);
    default: return false;
    }
}

/* One of the group that waits and is of that priority at least, or SERVICE_NONE. */
static service_id waiting_of(const struct round *round, service_id leader, int priority)
{
    GROUP_EACH(round, member, leader)
    {
        if (round->policy->services[member].priority >= priority && is_waiting(round, member))
            return member;
    }
    return SERVICE_NONE;
}

/* Where it may be, whenever its turn comes. */
static node_set nodes_of(const struct round *round, service_id id)
{
    node_set nodes =
        round->usable & bonds_of_group(round, id)->group_allowed & ~affinity_apart(round, id, true);
    node_set untried = nodes & ~round->state->services[id].tried;

    return affinity_most_partners(round, id, untried ? untried : nodes);
}

/* Visits those that strict rules keep apart from a service, groups of them once for each name. */
#define APART_EACH(round, rule, of)                                                                \
    for (int32_t at = bonds_of_group(round, of)->group_apart; at >= 0;                             \
         at = (round)->work->memberships[at].next)                                                 \
        for (const struct rule *rule = apart_rule(round, at); rule; rule = NULL)

static const struct rule *apart_rule(const struct round *round, int32_t membership)
{
    const struct rule *rule = &round->policy->rules[round->work->memberships[membership].rule];

    return rule->is_strict ? rule : NULL;
}

/* It cannot be sure of a place: as many wait that must be apart from it as it has nodes. */
static bool is_in_need(const struct round *round, service_id id, int priority, int n_nodes)
{
    service_id own = round->work->bonds[id].leader;
    int n_named = 0, n_others = 0;

    APART_EACH(round, rule, id)
    {
        n_named += rule->n_services - 1;
    }
    if (n_named < n_nodes)
        return false;
    APART_EACH(round, rule, id)
    {
        for (int i = 0; i < rule->n_services && n_others < n_nodes; i++) {
            service_id leader = round->work->bonds[rule->services[i]].leader;

            n_others += leader != own && waiting_of(round, leader, priority) != SERVICE_NONE;
        }
    }
    return n_others >= n_nodes;
}

static int find_seat(const struct seats *seats, service_id leader)
{
    for (int i = 0; i < seats->n; i++) {
        if (seats->list[i].leader == leader)
            return i;
    }
    return -1;
}

/* The group's seat, if it waits and is not sure of a place; -1 if it is no matter. */
static int seat_of(struct round *round, service_id leader, int priority)
{
    struct seats *seats = &round->work->seats;
    int found = find_seat(seats, leader);
    service_id waiting;
    node_set nodes;

    if (found >= 0)
        return found;
    waiting = waiting_of(round, leader, priority);
    if (waiting == SERVICE_NONE || seats->n == SEATS_MAX || seats->tries_left <= 0)
        return -1;
    seats->tries_left--;
    nodes = nodes_of(round, waiting);
    if (!nodes || !is_in_need(round, waiting, priority, node_set_count(nodes)))
        return -1;
    seats->list[seats->n] = (struct seat){.leader = leader, .nodes = nodes};
    return seats->n++;
}

/* All that depend on where the service goes, over any chain; it has the first seat itself. */
static void find_seats(struct round *round, service_id service)
{
    struct seats *seats = &round->work->seats;
    int priority = round->policy->services[service].priority;

    seats->list[0] = (struct seat){.leader = round->work->bonds[service].leader};
    seats->n = 1;
    for (int from = 0; from < seats->n; from++) {
        APART_EACH(round, rule, seats->list[from].leader)
        {
            for (int i = 0; i < rule->n_services; i++) {
                int to = seat_of(round, round->work->bonds[rule->services[i]].leader, priority);

                if (to < 0 || to == from)
                    continue;
                seats->list[from].apart |= UINT64_C(1) << to;
                seats->list[to].apart |= UINT64_C(1) << from;
            }
        }
    }
}

/* Who has the least choice; -1: all have been thought of. */
static int scarcest(const struct seats *seats, uint64_t open, const node_set *left)
{
    int found = -1;

    for (int i = 0; i < seats->n; i++) {
        if ((open >> i & 1) && (found < 0 || node_set_count(left[i]) < node_set_count(left[found])))
            found = i;
    }
    return found;
}

/*
 * One seat is given, which takes the node from those that must be apart from it; depth is the
 * number of those that were given before.
 */
static void give(struct seats *seats, int depth, int seat, node_id node)
{
    const node_set *left = seats->left[depth];
    node_set *then = seats->left[depth + 1];

    memcpy(then, left, (size_t)seats->n * sizeof(left[0]));
    for (int i = 0; i < seats->n; i++) {
        if (seats->list[seat].apart >> i & 1)
            then[i] &= ~node_bit(node);
    }
}

/* How many of those that are open are left out at least, if that is fewer than most; else most. */
static int count_left_out(struct seats *seats, int depth, uint64_t open, int most)
{
    int seat = scarcest(seats, open, seats->left[depth]);
    node_set nodes;

    if (seat < 0 || most == 0)
        return 0;
    if (seats->tries_left-- <= 0)
        return most;
    open &= ~(UINT64_C(1) << seat);
    nodes = seats->left[depth][seat];
    NODE_SET_EACH(node, nodes)
    {
        give(seats, depth, seat, node);
        most = count_left_out(seats, depth + 1, open, most);
        if (most == 0)
            return 0;
    }
    /* It goes without. */
    memcpy(seats->left[depth + 1], seats->left[depth], (size_t)seats->n * sizeof(node_set));
    return 1 + count_left_out(seats, depth + 1, open, most - 1);
}

/* With the service on that node; no more than most. */
static int left_out_with(struct seats *seats, node_id node, int most)
{
    uint64_t all = seats->n == SEATS_MAX ? UINT64_MAX : (UINT64_C(1) << seats->n) - 1;

    for (int i = 0; i < seats->n; i++)
        seats->left[0][i] = seats->list[i].nodes;
    give(seats, 0, 0, node);
    return count_left_out(seats, 1, all & ~UINT64_C(1), most);
}

static node_set find_best(struct seats *seats, node_set nodes, node_id favourite)
{
    int fewest = left_out_with(seats, favourite, seats->n);
    node_set best = node_bit(favourite);

    if (fewest == 0)
        return nodes;
    NODE_SET_EACH(node, nodes & ~node_bit(favourite))
    {
        int n_left_out = left_out_with(seats, node, fewest + 1);

        if (n_left_out < fewest) {
            best = 0;
            fewest = n_left_out;
        }
        if (n_left_out == fewest)
            best |= node_bit(node);
    }
    return seats->tries_left > 0 ? best : nodes;
}

bool seats_are_shared(const struct round *round, service_id service, node_set nodes)
{
    return (nodes & (nodes - 1)) != 0 && is_waiting(round, service) &&
           bonds_of_group(round, service)->group_apart != NO_MEMBERSHIP;
}

node_set seats_leave(struct round *round, service_id service, node_set nodes, node_id favourite)
{
    struct seats *seats = &round->work->seats;
    int reserve = seats->tries_left > SEAT_TRIES_EACH ? seats->tries_left - SEAT_TRIES_EACH : 0;
    int32_t group = bonds_of_group(round, service)->group;
    node_set best;

    /* Where one of its group is, nobody can be who must be apart from it. */
    if (group != NO_GROUP && round->work->groups[group].on[PRESENT][favourite] > 0)
        return nodes;
    seats->tries_left -= reserve;
    find_seats(round, service);
    best = seats->n > 1 ? find_best(seats, nodes, favourite) : nodes;
    seats->tries_left = reserve + (seats->tries_left > 0 ? seats->tries_left : 0);
    return best;
}

void seats_name(const struct round *round, service_id service, node_id node, struct reason *why)
{
    const struct bonds *bonds = round->work->bonds;
    int priority = round->policy->services[service].priority;

    APART_EACH(round, rule, service)
    {
        for (int i = 0; i < rule->n_services; i++) {
            service_id leader = bonds[rule->services[i]].leader;
            service_id waiting = waiting_of(round, leader, priority);
            node_set nodes = waiting == SERVICE_NONE ? 0 : nodes_of(round, waiting);

            if (leader == bonds[service].leader || !node_in(nodes, node) ||
                !is_in_need(round, waiting, priority, node_set_count(nodes)))
                continue;
            why->with = waiting;
            why->rule = round->work->memberships[at].rule;
            why->node = node;
            return;
        }
    }
}
