/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a service goes: one row a case, and for each node the step at which it lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/ha/decide/scene.h"

#include "ha/decide/placement.h"

#define NONE NODE_NONE
#define HERE PLACED_HERE
#define ON(node) (1u << (node))

/* Three nodes, services A to D; the question is where A goes. What is not said is 0. */
/* clang-format off */
static const struct row {
    const char *what;
    enum preference preference;
    node_id at;           /* where A is, STARTED; NONE: REQUEST_START */
    node_id others[3];    /* where B, C and D run; NONE: nowhere */
    node_set offline;
    node_set tried;
    bool no_failback;
    bool is_strict;       /* the rules below */
    node_set tiers[2];    /* A's nodes, best first; none: no rule */
    enum rule_kind with_b; /* a rule over A and B, TOGETHER or APART; 0: none */
    node_id wanted;
    enum placement_step lost[3];
} rows[] = {
    {"the fewest services win",
     .preference = PREFER_BEST, .at = NONE, .others = {ALPHA, ALPHA, GAMMA},
     .wanted = BETA, .lost = {LOST_LOAD, HERE, LOST_LOAD}},
    {"among equals the first by name",
     .preference = PREFER_BEST, .at = NONE, .others = {ALPHA, BETA, GAMMA},
     .wanted = ALPHA, .lost = {HERE, LOST_NUMBER, LOST_NUMBER}},
    {"a running one stays for no reason",
     .preference = PREFER_STAYING, .at = ALPHA, .others = {ALPHA, ALPHA, NONE},
     .wanted = ALPHA, .lost = {HERE, LOST_STAYING, LOST_STAYING}},
    {"nobody is placed on a node that is off",
     .preference = PREFER_BEST, .at = NONE, .others = {ALPHA, ALPHA, GAMMA},
     .offline = ON(BETA),
     .wanted = GAMMA, .lost = {LOST_LOAD, LOST_UNUSABLE, HERE}},
    {"a strict rule forbids",
     .preference = PREFER_BEST, .at = NONE, .others = {GAMMA, GAMMA, GAMMA},
     .is_strict = true, .tiers = {ON(GAMMA)},
     .wanted = GAMMA, .lost = {LOST_FORBIDDEN, LOST_FORBIDDEN, HERE}},
    {"a strict rule without its nodes leaves none",
     .preference = PREFER_BEST, .at = NONE, .others = {NONE, NONE, NONE},
     .offline = ON(GAMMA), .is_strict = true, .tiers = {ON(GAMMA)},
     .wanted = NONE, .lost = {LOST_FORBIDDEN, LOST_FORBIDDEN, LOST_UNUSABLE}},
    {"a preference prefers",
     .preference = PREFER_BEST, .at = NONE, .others = {GAMMA, GAMMA, GAMMA},
     .tiers = {ON(GAMMA)},
     .wanted = GAMMA, .lost = {LOST_TIER, LOST_TIER, HERE}},
    {"a preference without its nodes does not forbid",
     .preference = PREFER_BEST, .at = NONE, .others = {ALPHA, NONE, NONE},
     .offline = ON(GAMMA), .tiers = {ON(GAMMA)},
     .wanted = BETA, .lost = {LOST_LOAD, HERE, LOST_UNUSABLE}},
    {"the second tier is used when the best is emptied",
     .preference = PREFER_BEST, .at = NONE, .others = {ALPHA, NONE, NONE},
     .is_strict = true, .tiers = {ON(ALPHA), ON(GAMMA)}, .with_b = RULE_APART,
     .wanted = GAMMA, .lost = {LOST_APART, LOST_FORBIDDEN, HERE}},
    {"failback brings it to the better tier",
     .preference = PREFER_STAYING, .at = BETA, .others = {NONE, NONE, NONE},
     .tiers = {ON(GAMMA)},
     .wanted = GAMMA, .lost = {LOST_TIER, LOST_TIER, HERE}},
    {"without failback it stays",
     .preference = PREFER_STAYING, .at = BETA, .others = {NONE, NONE, NONE},
     .no_failback = true, .tiers = {ON(GAMMA)},
     .wanted = BETA, .lost = {LOST_FAILBACK, HERE, LOST_FAILBACK}},
    {"without failback it still goes where it must be",
     .preference = PREFER_STAYING, .at = BETA, .others = {NONE, NONE, NONE},
     .no_failback = true, .is_strict = true, .tiers = {ON(GAMMA)},
     .wanted = GAMMA, .lost = {LOST_FORBIDDEN, LOST_FORBIDDEN, HERE}},
    {"failback does not go where it failed",
     .preference = PREFER_STAYING, .at = BETA, .others = {NONE, NONE, NONE},
     .tried = ON(GAMMA), .tiers = {ON(GAMMA)},
     .wanted = BETA, .lost = {LOST_STAYING, HERE, LOST_TRIED}},
    {"after a failure the next one is tried",
     .preference = PREFER_UNTRIED, .at = ALPHA, .others = {BETA, NONE, NONE},
     .tried = ON(ALPHA),
     .wanted = GAMMA, .lost = {LOST_TRIED, LOST_LOAD, HERE}},
    {"after a failure everywhere none is left",
     .preference = PREFER_UNTRIED, .at = ALPHA, .others = {NONE, NONE, NONE},
     .tried = ON(ALPHA) | ON(BETA) | ON(GAMMA),
     .wanted = NONE, .lost = {LOST_TRIED, LOST_TRIED, LOST_TRIED}},
    {"but a recovery would rather try again than not run",
     .preference = PREFER_BEST, .at = NONE, .others = {ALPHA, NONE, GAMMA},
     .tried = ON(ALPHA) | ON(BETA) | ON(GAMMA),
     .wanted = BETA, .lost = {LOST_LOAD, HERE, LOST_LOAD}},
    {"together goes to its partner",
     .preference = PREFER_BEST, .at = NONE, .others = {GAMMA, GAMMA, GAMMA},
     .is_strict = true, .with_b = RULE_TOGETHER,
     .wanted = GAMMA, .lost = {LOST_TOGETHER, LOST_TOGETHER, HERE}},
    {"together follows its partner",
     .preference = PREFER_STAYING, .at = ALPHA, .others = {GAMMA, NONE, NONE},
     .is_strict = true, .with_b = RULE_TOGETHER,
     .wanted = GAMMA, .lost = {LOST_TOGETHER, LOST_TOGETHER, HERE}},
    {"without failback it stays and its partner comes",
     .preference = PREFER_STAYING, .at = ALPHA, .others = {GAMMA, NONE, NONE},
     .no_failback = true, .is_strict = true, .with_b = RULE_TOGETHER,
     .wanted = ALPHA, .lost = {HERE, LOST_FAILBACK, LOST_FAILBACK}},
    {"without failback it leaves what must be apart",
     .preference = PREFER_STAYING, .at = ALPHA, .others = {ALPHA, NONE, NONE},
     .no_failback = true, .is_strict = true, .with_b = RULE_APART,
     .wanted = BETA, .lost = {LOST_APART, HERE, LOST_NUMBER}},
    {"where it runs nowhere it goes to its partner without failback too",
     .preference = PREFER_BEST, .at = NONE, .others = {GAMMA, NONE, NONE},
     .no_failback = true, .is_strict = true, .with_b = RULE_TOGETHER,
     .wanted = GAMMA, .lost = {LOST_TOGETHER, LOST_TOGETHER, HERE}},
    {"liking together does not move what runs",
     .preference = PREFER_STAYING, .at = ALPHA, .others = {GAMMA, NONE, NONE},
     .with_b = RULE_TOGETHER,
     .wanted = ALPHA, .lost = {HERE, LOST_STAYING, LOST_STAYING}},
    {"liking together decides for what does not",
     .preference = PREFER_BEST, .at = NONE, .others = {GAMMA, GAMMA, NONE},
     .with_b = RULE_TOGETHER,
     .wanted = GAMMA, .lost = {LOST_LIKING, LOST_LIKING, HERE}},
    {"apart forbids",
     .preference = PREFER_STAYING, .at = ALPHA, .others = {ALPHA, BETA, NONE},
     .is_strict = true, .with_b = RULE_APART,
     .wanted = GAMMA, .lost = {LOST_APART, LOST_LOAD, HERE}},
    {"liking apart decides",
     .preference = PREFER_BEST, .at = NONE, .others = {ALPHA, BETA, GAMMA},
     .offline = ON(GAMMA), .with_b = RULE_APART,
     .wanted = BETA, .lost = {LOST_LIKING, HERE, LOST_UNUSABLE}},
};
/* clang-format on */

static void put(struct scene *scene, service_id id, node_id node)
{
    struct service *service = &scene->state.services[id];

    service->state = node == NODE_NONE ? SERVICE_REQUEST_START : SERVICE_STARTED;
    service->node = node;
}

static struct scene *scene_of_row(const struct row *row)
{
    struct scene *scene = scene_new(3, 4);

    scene->services[A].failback = !row->no_failback;
    if (row->tiers[0]) {
        struct rule *rule = scene_rule(scene, RULE_ON, row->is_strict, 1u << A);

        for (int i = 0; i < 2 && row->tiers[i]; i++)
            scene_tier(rule, row->tiers[i]);
    }
    if (row->with_b)
        scene_rule(scene, row->with_b, row->is_strict, 1u << A | 1u << B);
    for (node_id node = ALPHA; node <= GAMMA; node++) {
        scene_join_boot(scene, node, "one");
        scene->state.nodes[node].state = NODE_ONLINE;
        if (!node_in(row->offline, node))
            continue;
        scene_silence(scene, node);
        scene->view.nodes[node].is_history_known = true;
        scene->state.nodes[node].state = NODE_UNKNOWN;
    }
    put(scene, A, row->at);
    for (service_id other = B; other <= D; other++)
        put(scene, other, row->others[other - B]);
    return scene;
}

static void each_case_goes_where_it_should(void **state)
{
    int n_short = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct scene *scene = scene_of_row(row);
        struct placement place;
        struct round round;

        round_init(&round, &scene->state, &scene->policy, &scene->view, &scene->outcome);
        round_see_nodes(&round);
        placement_find(&round, A, row->preference, row->tried, &place);
        /* The short cut may say no too often, and yes only where a search finds the same. */
        if (row->preference == PREFER_STAYING && placement_stays(&round, A) &&
            row->wanted != row->at)
            fail_msg("%s: it would stay without a search", row->what);
        n_short += placement_stays(&round, A);
        if (place.node != row->wanted)
            fail_msg("%s: %d, wanted %d", row->what, place.node, row->wanted);
        for (node_id node = ALPHA; node <= GAMMA; node++) {
            if (place.lost[node] != row->lost[node])
                fail_msg("%s: node %d lost at %d, wanted %d", row->what, node,
                         (int)place.lost[node], (int)row->lost[node]);
        }
        free(scene);
    }
    assert_in_range(n_short, 1, (int)(sizeof(rows) / sizeof(rows[0])) - 1);
}

/* What it says of itself when everybody has joined, and B is where it is put. */
static void assert_says(struct scene *scene, enum reason_code code, rule_id rule)
{
    struct placement place;
    struct round round;

    for (node_id node = ALPHA; node <= GAMMA; node++)
        scene->state.nodes[node].state = NODE_ONLINE;
    round_init(&round, &scene->state, &scene->policy, &scene->view, &scene->outcome);
    round_see_nodes(&round);
    placement_find(&round, A, PREFER_BEST, 0, &place);
    assert_string_equal(reason_name(place.why.code), reason_name(code));
    assert_int_equal(place.why.rule, rule);
    free(scene);
}

/* The same of a service that is somewhere, and has failed on some nodes. */
static void assert_says_of_one_on(node_id at, enum preference preference, node_set tried,
                                  enum reason_code code)
{
    struct scene *scene = scene_new(3, 2);
    struct placement place;
    struct round round;

    scene_start(scene);
    put(scene, A, at);
    scene->state.services[A].state = SERVICE_REQUEST_START;
    scene->view.services[A].running_on = 0;
    round_init(&round, &scene->state, &scene->policy, &scene->view, &scene->outcome);
    round_see_nodes(&round);
    placement_find(&round, A, preference, tried, &place);
    assert_string_equal(reason_name(place.why.code), reason_name(code));
    free(scene);
}

static void what_was_tried_and_what_is_full_is_explained(void **state)
{
    node_set all = node_bit(ALPHA) | node_bit(BETA) | node_bit(GAMMA);

    (void)state;
    assert_says_of_one_on(BETA, PREFER_STAYING, 0, REASON_STAYS);
    assert_says_of_one_on(BETA, PREFER_UNTRIED, node_bit(ALPHA) | node_bit(BETA), REASON_UNTRIED);
    assert_says_of_one_on(BETA, PREFER_UNTRIED, node_bit(ALPHA), REASON_LEAST_LOAD);
    assert_says_of_one_on(BETA, PREFER_UNTRIED, all, REASON_TRIED_EVERYWHERE);
}

static struct scene *with_b_on(node_id node, enum rule_kind kind, bool is_strict)
{
    struct scene *scene = scene_new(3, 2);

    scene_rule(scene, kind, is_strict, 1u << A | 1u << B);
    scene_join(scene, node_bit(ALPHA) | node_bit(BETA) | node_bit(GAMMA));
    put(scene, A, NODE_NONE);
    put(scene, B, node);
    return scene;
}

static void each_choice_is_explained(void **state)
{
    struct scene *scene;

    (void)state;
    assert_says(with_b_on(BETA, RULE_TOGETHER, true), REASON_WITH_PARTNER, 0);
    assert_says(with_b_on(BETA, RULE_TOGETHER, false), REASON_NEAR_PARTNER, 0);
    scene = with_b_on(ALPHA, RULE_APART, true);
    assert_says(scene, REASON_FIRST_BY_NAME, RULE_NONE);
    scene = with_b_on(BETA, RULE_APART, true);
    scene->state.services[B].state = SERVICE_REQUEST_START;
    scene->state.services[A].node = GAMMA;
    scene->state.nodes[GAMMA].leaving = LEAVING_POWEROFF;
    assert_says(scene, REASON_LEAVES_A_PLACE, RULE_NONE);
    scene = with_b_on(ALPHA, RULE_APART, false);
    scene->state.nodes[GAMMA].leaving = LEAVING_POWEROFF;
    assert_says(scene, REASON_AWAY_FROM_OTHERS, 0);
    scene = with_b_on(ALPHA, RULE_APART, true);
    scene->state.nodes[BETA].leaving = scene->state.nodes[GAMMA].leaving = LEAVING_POWEROFF;
    assert_says(scene, REASON_APART_LEAVES_NONE, 0);
    scene = with_b_on(ALPHA, RULE_ON, false);
    scene_tier(&scene->rules[0], node_bit(GAMMA));
    assert_says(scene, REASON_BEST_TIER, 0);
    scene = with_b_on(ALPHA, RULE_ON, false);
    scene_tier(&scene->rules[0], node_bit(GAMMA));
    scene_tier(&scene->rules[0], node_bit(BETA));
    scene->state.nodes[GAMMA].leaving = LEAVING_POWEROFF;
    assert_says(scene, REASON_LOWER_TIER, 0);
    scene = with_b_on(ALPHA, RULE_ON, true);
    assert_says(scene, REASON_RULE_LEAVES_NONE, 0);
    scene = with_b_on(ALPHA, RULE_APART, true);
    memset(scene->view.nodes, 0, sizeof(scene->view.nodes));
    assert_says(scene, REASON_NO_NODE_ONLINE, RULE_NONE);
}

static void wishes_that_cannot_all_be_granted_are_granted_as_far_as_they_go(void **state)
{
    struct scene *scene = scene_new(2, 8);

    (void)state;
    scene_rule(scene, RULE_APART, false, 1u << A | 1u << B | 1u << C | 1u << D);
    scene_join(scene, node_bit(ALPHA) | node_bit(BETA));
    put(scene, A, ALPHA);
    put(scene, B, ALPHA);
    put(scene, C, BETA);
    put(scene, D, NODE_NONE);
    /* Beta has more to carry, but fewer of those that would rather be apart. */
    for (service_id service = E; service < 8; service++)
        put(scene, service, BETA);
    scene_step(scene);
    assert_service(scene, D, SERVICE_STARTED, BETA);
    assert_int_equal(scene->state.services[D].why.code, REASON_AWAY_FROM_OTHERS);
    free(scene);
}

static void a_wish_of_one_of_a_group_counts_for_all(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_rule(scene, RULE_TOGETHER, true, 1u << A | 1u << B);
    scene_rule(scene, RULE_TOGETHER, false, 1u << B | 1u << C);
    scene_join(scene, node_bit(ALPHA) | node_bit(BETA) | node_bit(GAMMA));
    put(scene, A, NODE_NONE);
    put(scene, B, NODE_NONE);
    put(scene, C, GAMMA);
    scene_step(scene);
    assert_service(scene, A, SERVICE_STARTED, GAMMA);
    assert_service(scene, B, SERVICE_STARTED, GAMMA);
    free(scene);
}

static void wishes_give_way_and_move_nothing_that_runs(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_rule(scene, RULE_APART, false, 1u << A | 1u << B);
    scene_rule(scene, RULE_TOGETHER, false, 1u << A | 1u << C);
    scene_tier(scene_rule(scene, RULE_ON, true, 1u << B), node_bit(ALPHA));
    scene_join(scene, node_bit(ALPHA));
    scene->view.nodes[BETA].is_proven_off = scene->view.nodes[GAMMA].is_proven_off = true;
    scene_settle(scene);
    /* One node is there: all run on it, wished or not. */
    for (service_id service = A; service <= C; service++)
        assert_service(scene, service, SERVICE_STARTED, ALPHA);
    scene_join(scene, node_bit(BETA) | node_bit(GAMMA));
    scene_settle(scene);
    for (service_id service = A; service <= C; service++)
        assert_service(scene, service, SERVICE_STARTED, ALPHA);
    free(scene);
}

static void what_holds_for_one_of_a_group_holds_for_all(void **state)
{
    struct scene *scene = scene_new(3, 3);
    struct rule *rule;

    (void)state;
    scene_rule(scene, RULE_TOGETHER, true, 1u << A | 1u << B);
    scene_rule(scene, RULE_APART, true, 1u << B | 1u << C);
    rule = scene_rule(scene, RULE_ON, true, 1u << B);
    scene_tier(rule, node_bit(ALPHA) | node_bit(GAMMA));
    rule = scene_rule(scene, RULE_ON, true, 1u << C);
    scene_tier(rule, node_bit(ALPHA));
    scene_join(scene, node_bit(ALPHA) | node_bit(BETA) | node_bit(GAMMA));
    put(scene, C, ALPHA);
    scene_step(scene);
    /* A itself might be anywhere, but B may only be on gamma. */
    assert_service(scene, A, SERVICE_STARTED, GAMMA);
    assert_service(scene, B, SERVICE_STARTED, GAMMA);
    assert_service(scene, C, SERVICE_STARTED, ALPHA);
    free(scene);
}

/* Two of three were last on GAMMA: each finds one other here and one there. */
static void a_group_that_is_to_start_meets_at_the_first_by_name(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_rule(scene, RULE_TOGETHER, true, 1u << A | 1u << B | 1u << C);
    scene->state.services[A].node = scene->state.services[B].node = GAMMA;
    scene->state.services[C].node = BETA;
    scene_start(scene);
    for (service_id service = A; service <= C; service++)
        assert_service(scene, service, SERVICE_STARTED, BETA);
    free(scene);
}

/* What runs is not stopped for that: the one goes to the two. */
static void a_group_that_runs_meets_where_most_of_it_are(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    for (service_id service = A; service <= C; service++)
        scene->state.services[service].node = service == C ? BETA : GAMMA;
    scene_start(scene);
    scene_rule(scene, RULE_TOGETHER, true, 1u << A | 1u << B | 1u << C);
    scene_settle(scene);
    for (service_id service = A; service <= C; service++)
        assert_service(scene, service, SERVICE_STARTED, GAMMA);
    free(scene);
}

static void a_group_whose_member_fails_moves_as_one(void **state)
{
    struct scene *scene = scene_new(3, 2);

    (void)state;
    scene_rule(scene, RULE_TOGETHER, true, 1u << A | 1u << B);
    scene_start(scene);
    scene_result(scene, B, JOB_FAILED);
    scene_step(scene);
    assert_true(scene_has_change(scene, B, SERVICE_RELOCATE, REASON_START_FAILED));
    assert_true(scene_has_change(scene, A, SERVICE_RELOCATE, REASON_PARTNER_FAILED));
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    free(scene);
}

static void a_rule_that_comes_later_moves_what_runs(void **state)
{
    struct scene *scene = scene_new(3, 2);

    (void)state;
    scene_start(scene);
    scene_rule(scene, RULE_TOGETHER, true, 1u << A | 1u << B);
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_RELOCATE, REASON_JOINS_PARTNER));
    assert_int_equal(scene_changes_of(scene, B), 0);
    scene_settle(scene);
    assert_int_equal(scene->state.services[A].node, scene->state.services[B].node);
    scene->rules[0].kind = RULE_APART;
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_RELOCATE, REASON_LEAVES_NEIGHBOUR));
    scene_settle(scene);
    scene->rules[0].kind = RULE_ON;
    scene_tier(&scene->rules[0], node_bit(GAMMA));
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_RELOCATE, REASON_RULE_FORBIDS_NODE));
    free(scene);
}

static void the_last_possible_node_is_said_to_be_so(void **state)
{
    struct scene *scene = scene_new(3, 1);

    (void)state;
    scene_join(scene, node_bit(ALPHA) | node_bit(BETA) | node_bit(GAMMA));
    scene->view.nodes[ALPHA].leaving = scene->view.nodes[BETA].leaving = LEAVING_POWEROFF;
    scene_step(scene);
    assert_true(scene_has_change(scene, A, SERVICE_STARTED, REASON_ONLY_PLACE));
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_goes_where_it_should),
        cmocka_unit_test(each_choice_is_explained),
        cmocka_unit_test(what_was_tried_and_what_is_full_is_explained),
        cmocka_unit_test(wishes_that_cannot_all_be_granted_are_granted_as_far_as_they_go),
        cmocka_unit_test(a_wish_of_one_of_a_group_counts_for_all),
        cmocka_unit_test(wishes_give_way_and_move_nothing_that_runs),
        cmocka_unit_test(what_holds_for_one_of_a_group_holds_for_all),
        cmocka_unit_test(a_group_that_is_to_start_meets_at_the_first_by_name),
        cmocka_unit_test(a_group_that_runs_meets_where_most_of_it_are),
        cmocka_unit_test(a_group_whose_member_fails_moves_as_one),
        cmocka_unit_test(a_rule_that_comes_later_moves_what_runs),
        cmocka_unit_test(the_last_possible_node_is_said_to_be_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
