/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a service goes; see placement.h. A step is a set of nodes to keep.
 * Hard steps keep it even if nothing is left; soft ones are passed over then,
 * which is how a lower tier is reached when the best one is emptied.
 */
#include "ha/decide/placement.h"

#include <string.h>

#include "ha/decide/affinity.h"
#include "ha/decide/load.h"
#include "ha/decide/presence.h"
#include "ha/decide/seats.h"

/* The search while it goes on. */
struct search {
    struct round *round;
    service_id service;
    const struct service *record;
    const struct service_policy *policy;
    const struct bonds *group;
    enum preference preference;
    node_set tried;
    node_set left;
    struct placement *placement;
};

node_set placement_holders(const struct round *round, service_id id)
{
    const struct service *service = &round->state->services[id];
    node_set running = round->view->services[id].running_on;
    node_set given = service_given(service);

    NODE_SET_EACH(node, given)
    {
        if (round_lease_has_ended(round, node))
            given &= ~node_bit(node);
    }
    return round->all & ~(round->reported & ~running) & ~round->proven &
           ~(round->historic & ~given);
}

struct reason placement_wait(struct round *round, service_id id, node_set holders)
{
    node_set silent = holders & round->members & ~round->reported;
    node_set running = holders & round->reported & round->view->services[id].running_on;
    node_set absent = holders & ~round->members;
    struct reason why = reason_of(REASON_WAITS_FOR_REPORT);

    why.node = node_set_first(silent);
    if (silent)
        return why;
    if (absent) {
        why.node = node_set_first(absent);
        why.code = REASON_WAITS_FOR_PROOF_OR_RETURN;
        NODE_SET_EACH(node, absent)
        {
            struct instant dead_at = round->view->nodes[node].dead_at;

            if (dead_at.ms == INSTANT_NEVER.ms)
                continue;
            round_wake(round, dead_at);
            why.node = node;
            why.code = REASON_WAITS_FOR_PROOF;
            why.number = instant_since(dead_at, round->view->now).ms;
        }
        return why;
    }
    why.code = REASON_WAITS_FOR_STOP;
    why.node = node_set_first(running);
    return why;
}

/* Takes away what is not among nodes; a soft step that would leave none takes nothing. */
static void keep(struct search *search, node_set nodes, bool is_hard, enum placement_step step)
{
    node_set kept = search->left & nodes;

    if (kept == search->left || (!kept && !is_hard))
        return;
    NODE_SET_EACH(node, search->left & ~kept)
    {
        search->placement->lost[node] = step;
    }
    search->left = kept;
    search->placement->step = step;
}

static void choose(struct search *search, node_id node, enum placement_step step)
{
    keep(search, node_bit(node), false, step);
}

/*
 * Starting on a node is safe if nobody else may hold it. Staying where it is always is, and so is
 * going on where it is known to run.
 */
static node_set safe_nodes(const struct search *search)
{
    const struct round *round = search->round;
    node_set own = service_home(search->record) == NODE_NONE ? 0 : node_bit(search->record->node);
    node_set holders = placement_holders(round, search->service) & ~own;
    bool may_stay = search->preference == PREFER_STAYING;

    if (!holders)
        return round->all;
    return (may_stay ? own : 0) | (node_set_count(holders) == 1 ? holders & round->reported : 0);
}

static void keep_best_tier(struct search *search)
{
    const struct rule *rule;
    int tier = 0;

    if (search->group->group_tiers == RULE_NONE)
        return;
    rule = &search->round->policy->rules[search->group->group_tiers];
    while (tier < rule->n_tiers && !(search->left & rule->tiers[tier]))
        tier++;
    search->placement->tier = tier;
    if (tier < rule->n_tiers)
        keep(search, rule->tiers[tier], false, LOST_TIER);
}

/* Others of its group are well where they are: who fails does not take them to a lower tier. */
static bool has_partners(const struct search *search)
{
    NODE_SET_EACH(node, search->left)
    {
        if (affinity_partners_on(search->round, search->service, node) > 0)
            return true;
    }
    return false;
}

/* Steps 1 to 5: what may not be, in the order in which a person would ask. */
static void keep_possible(struct search *search)
{
    const struct round *round = search->round;
    node_set current =
        search->preference == PREFER_STAYING ? node_bit(search->record->node) : (node_set)0;
    bool is_failing = search->preference == PREFER_UNTRIED;

    keep(search, round->usable, true, LOST_UNUSABLE);
    if (search->left)
        keep(search, search->group->group_allowed, true, LOST_FORBIDDEN);
    if (search->left)
        keep(search, ~affinity_apart(round, search->service, true), true, LOST_APART);
    if (search->left)
        keep(search, safe_nodes(search), true, LOST_UNSAFE);
    if (search->left && is_failing && has_partners(search))
        keep_best_tier(search);
    /* What failed before its last success may work now; only where it is well it does not ask. */
    if (search->left && (is_failing || search->record->n_failed > 0 || (search->left & current)))
        keep(search, ~search->tried | current, is_failing, LOST_TRIED);
}

/* Keeps the nodes where a count is highest (sign 1) or lowest (sign -1): what rules only prefer. */
static void keep_liked(struct search *search, int sign,
                       int (*count_on)(const struct round *, service_id, node_id))
{
    node_set best = 0;
    int most = 0;

    /* Most services stay: whom a large group likes on the one node left is work for nothing. */
    if (node_set_count(search->left) == 1)
        return;
    NODE_SET_EACH(node, search->left)
    {
        int count = sign * count_on(search->round, search->service, node);

        if (!best || count > most) {
            most = count;
            best = 0;
        }
        if (count == most)
            best |= node_bit(node);
    }
    keep(search, best, false, LOST_LIKING);
}

/* Each node is scored as if it were started there, next to all others that could take services. */
static void keep_least_strain(struct search *search)
{
    struct alternative alternatives[NODES_MAX];
    struct loads loads;
    struct topsis topsis;
    node_set best = 0;
    uint64_t highest = 0;

    load_of_starts(search->round, &loads);
    topsis_init(&topsis);
    NODE_SET_EACH(node, loads.nodes)
    {
        struct usage takes = load_of_service(search->round, search->service, node);
        struct shift shift = {.from = NODE_NONE, .to = node, .to_used = loads.used[node]};

        shift.to_used.cpus_milli += takes.cpus_milli;
        shift.to_used.memory += takes.memory;
        alternatives[node] = loads_alternative(&loads, &shift);
        topsis_learn(&topsis, &alternatives[node]);
    }
    topsis_settle(&topsis);
    NODE_SET_EACH(node, search->left)
    {
        uint64_t score = topsis_score(&topsis, &alternatives[node]);

        if (!best || score > highest) {
            highest = score;
            best = 0;
        }
        if (score == highest)
            best |= node_bit(node);
    }
    keep(search, best, false, LOST_LOAD);
}

static void keep_least_load(struct search *search)
{
    const int *load = search->round->work->load;
    node_set best = 0;
    int least = SERVICES_MAX + 1;

    NODE_SET_EACH(node, search->left)
    {
        if (load[node] < least) {
            least = load[node];
            best = 0;
        }
        if (load[node] == least)
            best |= node_bit(node);
    }
    keep(search, best, false, LOST_LOAD);
}

/* More of those it must be with are there than where it is. */
static bool has_more_partners_elsewhere(const struct search *search, node_id current)
{
    int partners = affinity_partners_on(search->round, search->service, current);

    NODE_SET_EACH(node, search->round->usable)
    {
        if (affinity_partners_on(search->round, search->service, node) > partners)
            return true;
    }
    return false;
}

/* All others of its group run on one other node, and one of them because it failed here. */
static bool is_left_behind(const struct search *search, node_id current)
{
    const struct round *round = search->round;
    node_id together = NODE_NONE;
    bool has_failed_here = false;

    GROUP_EACH(round, member, search->service)
    {
        const struct service *record = &round->state->services[member];
        node_id home = presence_home(round, member);

        if (member == search->service || home == NODE_NONE)
            continue;
        if (home == current || record->state != SERVICE_STARTED || !record->is_running ||
            (together != NODE_NONE && home != together))
            return false;
        together = home;
        has_failed_here |= node_in(record->tried, current);
    }
    return has_failed_here;
}

/*
 * Without failback what runs, or is to start again, stays where it may be, and its group comes to
 * it, unless one of them cannot. What is on its way, or was lost with its node, goes where most of
 * its group are. One with failback stays with those without, unless more of its group are
 * elsewhere.
 */
static bool may_ignore_tiers(const struct search *search)
{
    const struct service *record = search->record;
    bool is_at_home = record->state == SERVICE_STARTED || record->state == SERVICE_REQUEST_START;

    if (search->preference != PREFER_STAYING || record->node == NODE_NONE)
        return false;
    if (!search->policy->failback)
        return is_at_home ? !is_left_behind(search, record->node)
                          : !has_more_partners_elsewhere(search, record->node);
    return record->state == SERVICE_STARTED && !bonds_fall_back(search->round, search->service) &&
           !has_more_partners_elsewhere(search, record->node);
}

/* Maintenance drove all of a group that are up from one node: they go back as they went. */
static bool falls_back_together(const struct search *search)
{
    const struct round *round = search->round;
    node_id fallback = search->record->fallback;

    if (search->preference != PREFER_STAYING || search->record->state != SERVICE_STARTED ||
        fallback == NODE_NONE)
        return false;
    GROUP_EACH(round, member, search->service)
    {
        const struct service *record = &round->state->services[member];

        if (record->state != SERVICE_ERROR && presence_home(round, member) != NODE_NONE &&
            record->fallback != fallback)
            return false;
    }
    return true;
}

/*
 * Some are here and as many there: what does not run yet goes to the first by name, and the rest
 * of its group after it. What runs stays.
 */
static void keep_first_meeting(struct search *search)
{
    node_id first = node_set_first(search->left);

    if (search->record->state == SERVICE_REQUEST_START && node_set_count(search->left) > 1 &&
        affinity_partners_on(search->round, search->service, first) > 0)
        choose(search, first, LOST_TOGETHER);
}

/* Steps 7 to 15: which of the possible nodes is the best one. */
static void keep_best(struct search *search)
{
    bool is_staying = search->preference == PREFER_STAYING;

    if (search->record->state != SERVICE_STARTED)
        keep(search, ~affinity_awaited(search->round, search->service), false, LOST_AWAITED);
    if (may_ignore_tiers(search))
        choose(search, search->record->node, LOST_FAILBACK);
    /* One that does not go back to a better node goes to its partners, wherever they are. */
    if (is_staying && search->record->state == SERVICE_STARTED &&
        !bonds_fall_back(search->round, search->service))
        keep(search, affinity_most_partners(search->round, search->service, search->left), false,
             LOST_TOGETHER);
    keep_best_tier(search);
    if (falls_back_together(search))
        choose(search, search->record->fallback, LOST_FALLBACK);
    if (search->preference != PREFER_UNTRIED)
        keep(search, affinity_most_partners(search->round, search->service, search->left), false,
             LOST_TOGETHER);
    if (search->preference != PREFER_UNTRIED)
        keep_first_meeting(search);
    choose(search, search->record->fallback, LOST_FALLBACK);
    if (is_staying)
        choose(search, search->record->node, LOST_STAYING);
    keep_liked(search, -1, affinity_strangers_on);
    keep_liked(search, 1, affinity_friends_on);
    if (node_set_count(search->left) > 1 && load_is_weighed(search->round))
        keep_least_strain(search);
    else
        keep_least_load(search);
    choose(search, node_set_first(search->left), LOST_NUMBER);
}

/* Step 6 is taken only if what is best would leave somebody else without a place. */
static void keep_best_for_all(struct search *search)
{
    struct placement *placement = search->placement;
    enum placement_step lost[NODES_MAX], step = placement->step;
    node_set possible = search->left, nodes;

    if (!seats_are_shared(search->round, search->service, possible)) {
        keep_best(search);
        return;
    }
    memcpy(lost, placement->lost, sizeof(lost));
    keep_best(search);
    nodes = seats_leave(search->round, search->service, possible, node_set_first(search->left));
    if (nodes & search->left)
        return;
    memcpy(placement->lost, lost, sizeof(lost));
    placement->step = step;
    placement->tier = 0;
    search->left = possible;
    keep(search, nodes, false, LOST_NEEDED);
    keep_best(search);
    /* Whatever chose among those: this is why it is not where it would have been alone. */
    placement->step = LOST_NEEDED;
}

static enum reason_code code_of_best(const struct search *search)
{
    const struct placement *placement = search->placement;

    switch (placement->step) {
    case LOST_UNSAFE: return REASON_RUNS_THERE_ALREADY;
    case LOST_TRIED: return REASON_UNTRIED;
    case LOST_FAILBACK:
    case LOST_STAYING: return REASON_STAYS;
    case LOST_TIER: return placement->tier ? REASON_LOWER_TIER : REASON_BEST_TIER;
    case LOST_NEEDED:
    case LOST_AWAITED: return REASON_LEAVES_A_PLACE;
    case LOST_TOGETHER: return REASON_WITH_PARTNER;
    case LOST_FALLBACK: return REASON_FALLS_BACK;
    case LOST_LIKING:
        return affinity_friends_on(search->round, search->service, placement->node) > 0
                   ? REASON_NEAR_PARTNER
                   : REASON_AWAY_FROM_OTHERS;
    case LOST_LOAD: return load_is_weighed(search->round) ? REASON_LEAST_STRAIN : REASON_LEAST_LOAD;
    case LOST_NUMBER: return REASON_FIRST_BY_NAME;
    case PLACED_HERE:
    case LOST_UNUSABLE:
    case LOST_FORBIDDEN:
    case LOST_APART: break;
    }
    return REASON_ONLY_PLACE;
}

static node_id first_lost_at(const struct search *search, enum placement_step step)
{
    NODE_SET_EACH(node, search->round->all)
    {
        if (search->placement->lost[node] == step)
            return node;
    }
    return NODE_NONE;
}

static struct reason why_best(const struct search *search)
{
    struct reason why = reason_of(code_of_best(search));
    node_id node = search->placement->node;

    if (why.code == REASON_BEST_TIER || why.code == REASON_LOWER_TIER)
        why.rule = search->group->group_tiers;
    else if (why.code == REASON_WITH_PARTNER || why.code == REASON_NEAR_PARTNER)
        affinity_name_partner(search->round, search->service, node, &why);
    else if (why.code == REASON_AWAY_FROM_OTHERS)
        affinity_name_neighbour(search->round, search->service, first_lost_at(search, LOST_LIKING),
                                &why);
    why.node = node;
    why.number = search->round->work->load[node];
    return why;
}

static struct reason why_nowhere(const struct search *search)
{
    struct reason why = reason_of(REASON_NO_NODE_ONLINE);

    switch (search->placement->step) {
    case LOST_FORBIDDEN:
        why.code = REASON_RULE_LEAVES_NONE;
        why.rule = search->group->group_strict;
        break;
    case LOST_APART:
        why.code = REASON_APART_LEAVES_NONE;
        affinity_name_neighbour(search->round, search->service, first_lost_at(search, LOST_APART),
                                &why);
        break;
    case LOST_UNSAFE:
        return placement_wait(search->round, search->service,
                              placement_holders(search->round, search->service));
    case LOST_TRIED: why.code = REASON_TRIED_EVERYWHERE; break;
    default: break;
    }
    return why;
}

/* Most services, most of the time: what a search would find, without one. */
bool placement_stays(const struct round *round, service_id id)
{
    const struct service *service = &round->state->services[id];
    const struct bonds *group = bonds_of_group(round, id);
    node_id node = service->node;
    bool is_in_best = group->group_tiers == RULE_NONE || group->group_stays ||
                      node_in(round->policy->rules[group->group_tiers].tiers[0], node);

    return service->state == SERVICE_STARTED && service->fallback == NODE_NONE &&
           node_in(round->usable & group->group_allowed, node) && is_in_best &&
           affinity_is_whole(round, id, node) && !affinity_drives_away(round, id, node);
}

void placement_find(struct round *round, service_id service, enum preference preference,
                    node_set tried, struct placement *placement)
{
    struct search search = {
        .round = round,
        .service = service,
        .record = &round->state->services[service],
        .policy = &round->policy->services[service],
        .group = bonds_of_group(round, service),
        .preference = preference,
        .tried = tried,
        .left = round->all,
        .placement = placement,
    };

    placement->node = NODE_NONE;
    placement->step = PLACED_HERE;
    placement->tier = 0;
    memset(placement->lost, 0, sizeof(placement->lost));
    keep_possible(&search);
    if (!search.left) {
        placement->why = why_nowhere(&search);
        return;
    }
    keep_best_for_all(&search);
    placement->node = node_set_first(search.left);
    /* Nobody asks why it stays, and most services do. */
    if (service_home(search.record) != placement->node)
        placement->why = why_best(&search);
    else
        placement->why = reason_of(REASON_STAYS);
}
