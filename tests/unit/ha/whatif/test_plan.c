/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a policy would do to a running cluster: starts, stops and moves, in order, with reasons. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ha/base/arena.h"
#include "ha/base/text.h"
#include "ha/whatif/plan.h"

#define SERVICES 4
#define NODES 3

enum { ALPHA, BETA, GAMMA };

struct stage {
    struct policy policy;
    struct service_policy services[SERVICES];
    struct rule rule;
    service_id named[SERVICES];
    struct ha_state state;
    struct cluster_view view;
    struct outcome outcome;
    struct change changes[CHANGES_OF(NODES, SERVICES)];
    struct planning planning;
    struct plan plan;
};

/* Three nodes, four services, all of them running where the manager put them. */
static int setup(void **state)
{
    static struct stage *stage;
    static const char *const nodes[] = {"alpha", "beta", "gamma"};

    free(stage);
    stage = xcalloc(1, sizeof(*stage));
    stage->policy = (struct policy){.n_nodes = NODES, .n_services = SERVICES};
    stage->policy.services = stage->services;
    stage->policy.rules = &stage->rule;
    stage->policy.timing = timing_of_network("lan", duration_ms(0), duration_ms(0));
    for (int i = 0; i < NODES; i++)
        text_copy(stage->policy.nodes[i].name, NODE_NAME_MAX, nodes[i]);
    for (int i = 0; i < SERVICES; i++) {
        snprintf(stage->services[i].name, SERVICE_NAME_MAX, "ocf:%c", 'a' + i);
        stage->services[i].type = "ocf";
        stage->services[i].requested = REQUESTED_STARTED;
        stage->services[i].failback = true;
        stage->named[i] = i;
    }
    stage->outcome.changes = stage->changes;
    stage->outcome.changes_max = CHANGES_OF(NODES, SERVICES);
    stage->planning.settling = (struct settling){.policy = &stage->policy,
                                                 .state = &stage->state,
                                                 .view = &stage->view,
                                                 .outcome = &stage->outcome};
    ha_state_init(&stage->state, NODES, SERVICES);
    settle_all_here(&stage->planning.settling, (struct instant){1000000});
    plan_run(&stage->planning, &stage->plan);
    *state = stage;
    return 0;
}

static struct plan *plan(struct stage *stage)
{
    plan_run(&stage->planning, &stage->plan);
    assert_true(stage->plan.is_settled);
    return &stage->plan;
}

static void everything_new_is_started(void **state)
{
    struct stage *stage = *state;

    assert_int_equal(stage->plan.n_steps, SERVICES);
    for (int i = 0; i < SERVICES; i++) {
        assert_int_equal(stage->plan.steps[i].deed, PLAN_START);
        assert_int_equal(stage->plan.steps[i].from, NODE_NONE);
        assert_int_not_equal(stage->plan.steps[i].to, NODE_NONE);
        assert_int_not_equal(stage->plan.steps[i].why.code, REASON_NONE);
    }
}

static void a_policy_in_force_does_nothing(void **state)
{
    assert_int_equal(plan(*state)->n_steps, 0);
}

static void a_service_moves_to_where_a_new_rule_wants_it(void **state)
{
    struct stage *stage = *state;
    node_id was = stage->state.services[0].node, to = was == GAMMA ? BETA : GAMMA;

    stage->rule = (struct rule){.kind = RULE_ON,
                                .is_strict = true,
                                .services = stage->named,
                                .n_services = 1,
                                .tiers = {node_bit(to)},
                                .n_tiers = 1};
    stage->policy.n_rules = 1;
    stage->services[0].migrate = MIGRATE_LIVE;
    assert_int_equal(plan(stage)->n_steps, 1);
    assert_int_equal(stage->plan.steps[0].deed, PLAN_MOVE_LIVE);
    assert_int_equal(stage->plan.steps[0].from, was);
    assert_int_equal(stage->plan.steps[0].to, to);
    assert_int_equal(stage->plan.steps[0].why.code, REASON_RULE_FORBIDS_NODE);
}

/* After a push nobody gets a place until the nodes have told; who is let go is known by then. */
static void who_is_let_go_is_gone_before_a_newcomer_gets_its_place(void **state)
{
    struct stage *stage = *state;

    stage->services[0].requested = REQUESTED_IGNORED;
    plan(stage);
    stage->view.services[0].running_on = 0;
    stage->state.services[0].node = NODE_NONE;
    stage->services[0].requested = REQUESTED_STARTED;
    stage->services[2].requested = REQUESTED_IGNORED;
    plan(stage);
    assert_int_equal(stage->state.services[0].node, GAMMA);
}

static void what_cannot_move_live_is_moved_by_a_restart(void **state)
{
    struct stage *stage = *state;

    stage->rule = (struct rule){.kind = RULE_TOGETHER,
                                .is_strict = true,
                                .services = stage->named,
                                .n_services = 2,
                                .tiers = {0}};
    stage->policy.n_rules = 1;
    assert_int_equal(plan(stage)->n_steps, 1);
    assert_int_equal(stage->plan.steps[0].deed, PLAN_MOVE);
}

/* a moves, c is started behind it and d, which runs all the while. */
static void how_long_it_takes_is_the_sum_of_the_limits(void **state)
{
    struct stage *stage = *state;
    node_id was = stage->state.services[0].node, to = was == GAMMA ? BETA : GAMMA;
    static const service_id first[] = {0, 3}, then[] = {2};
    struct rule rules[2] = {
        {.kind = RULE_ON,
         .is_strict = true,
         .services = stage->named,
         .n_services = 1,
         .tiers = {node_bit(to)},
         .n_tiers = 1},
        {.kind = RULE_BEFORE, .services = first, .n_services = 2, .others = then, .n_others = 1},
    };

    for (int i = 0; i < SERVICES; i++) {
        stage->services[i].stop_timeout = duration_ms(100);
        stage->services[i].start_timeout = duration_ms(1000 * (i + 1));
    }
    stage->services[2].requested = REQUESTED_STOPPED;
    plan(stage);
    stage->services[2].requested = REQUESTED_STARTED;
    stage->policy.rules = rules;
    stage->policy.n_rules = 2;
    assert_int_equal(plan(stage)->n_steps, 2);
    for (int i = 0; i < 2; i++) {
        const struct plan_step *step = &stage->plan.steps[i];

        assert_int_equal(step->outage.stop.ms, step->service == 0 ? 100 : 0);
        assert_int_equal(step->outage.first.ms, step->service == 0 ? 0 : 1100);
        assert_int_equal(outage_total(&step->outage).ms, step->service == 0 ? 1100 : 4100);
    }
    stage->policy.rules = &stage->rule;
}

static void what_is_to_stop_stops_and_what_is_ignored_is_let_go(void **state)
{
    struct stage *stage = *state;

    stage->services[1].requested = REQUESTED_STOPPED;
    stage->services[2].requested = REQUESTED_IGNORED;
    assert_int_equal(plan(stage)->n_steps, 2);
    assert_int_equal(stage->plan.n_deeds[PLAN_STOP], 1);
    assert_int_equal(stage->plan.n_deeds[PLAN_LET_GO], 1);
    assert_int_equal(stage->plan.n_deeds[PLAN_NOTHING], 2);
}

static void what_finds_no_place_waits_and_says_why(void **state)
{
    struct stage *stage = *state;

    stage->services[3].requested = REQUESTED_STOPPED;
    plan(stage);
    stage->services[3].requested = REQUESTED_STARTED;
    stage->rule = (struct rule){
        .kind = RULE_APART, .is_strict = true, .services = stage->named, .n_services = SERVICES};
    stage->policy.n_rules = 1;
    plan(stage);
    assert_int_equal(stage->plan.n_deeds[PLAN_WAIT], 1);
    for (int i = 0; i < stage->plan.n_steps; i++) {
        if (stage->plan.steps[i].deed == PLAN_WAIT)
            assert_int_equal(stage->plan.steps[i].why.code, REASON_APART_LEAVES_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(everything_new_is_started, setup),
        cmocka_unit_test_setup(a_policy_in_force_does_nothing, setup),
        cmocka_unit_test_setup(a_service_moves_to_where_a_new_rule_wants_it, setup),
        cmocka_unit_test_setup(who_is_let_go_is_gone_before_a_newcomer_gets_its_place, setup),
        cmocka_unit_test_setup(what_cannot_move_live_is_moved_by_a_restart, setup),
        cmocka_unit_test_setup(how_long_it_takes_is_the_sum_of_the_limits, setup),
        cmocka_unit_test_setup(what_is_to_stop_stops_and_what_is_ignored_is_let_go, setup),
        cmocka_unit_test_setup(what_finds_no_place_waits_and_says_why, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
