/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which failures a policy survives: that every set is tried while quorum lasts, that what is
 * left behind is named with its reason, and that nodes are not filled over their brim unsaid.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ha/base/arena.h"
#include "ha/base/text.h"
#include "ha/whatif/survive.h"

#define SERVICES 8

enum { ALPHA, BETA, GAMMA, DELTA, KAPPA };

struct stage {
    struct policy policy;
    struct service_policy services[SERVICES];
    struct rule rules[2];
    service_id named[2][SERVICES];
    struct survival survival;
    void *space;
};

static int setup(void **state)
{
    static struct stage stage;
    void *space = stage.space ? stage.space : xcalloc(1, survive_size());

    stage = (struct stage){.space = space};
    *state = &stage;
    return 0;
}

static void make(struct stage *stage, int n_nodes, int n_services)
{
    static const char *const nodes[] = {"alpha", "beta", "gamma", "delta", "kappa"};

    stage->policy.n_nodes = n_nodes;
    stage->policy.n_services = n_services;
    stage->policy.services = stage->services;
    stage->policy.rules = stage->rules;
    stage->policy.timing = timing_of_network("lan", duration_ms(0), duration_ms(0));
    for (int i = 0; i < n_nodes; i++) {
        text_copy(stage->policy.nodes[i].name, NODE_NAME_MAX, nodes[i]);
        stage->policy.nodes[i].votes = 1;
    }
    for (int i = 0; i < n_services; i++) {
        struct service_policy *service = &stage->services[i];

        snprintf(service->name, sizeof(service->name), "ocf:%c", 'a' + i);
        service->type = "ocf";
        service->requested = REQUESTED_STARTED;
        service->failback = true;
        service->relocate_max = 1;
    }
}

static struct rule *add_rule(struct stage *stage, enum rule_kind kind, int n_services)
{
    struct rule *rule = &stage->rules[stage->policy.n_rules];

    rule->kind = kind;
    rule->is_strict = true;
    rule->services = stage->named[stage->policy.n_rules++];
    rule->n_services = n_services;
    for (int i = 0; i < n_services; i++)
        stage->named[stage->policy.n_rules - 1][i] = i;
    return rule;
}

static struct survival *survive(struct stage *stage)
{
    survive_run(&stage->policy, stage->space, &stage->survival);
    return &stage->survival;
}

static void three_free_nodes_survive_one_and_then_lack_quorum(void **state)
{
    struct survival *survival;

    make(*state, 3, 4);
    survival = survive(*state);
    assert_int_equal(survival->failures, 1);
    assert_true(survival->is_whole);
    assert_int_equal(survival->lack, LACK_QUORUM);
    assert_int_equal(survival->lost, node_bit(ALPHA) | node_bit(BETA));
    assert_int_equal(survival->n_sets, 3);
}

static void five_free_nodes_survive_two(void **state)
{
    struct survival *survival;

    make(*state, 5, 4);
    survival = survive(*state);
    assert_int_equal(survival->failures, 2);
    assert_int_equal(survival->n_sets, 5 + 10);
}

static void a_node_whose_votes_are_needed_is_not_survived(void **state)
{
    struct stage *stage = *state;
    struct survival *survival;

    make(stage, 3, 1);
    stage->policy.nodes[BETA].votes = 3;
    survival = survive(stage);
    assert_int_equal(survival->failures, 0);
    assert_int_equal(survival->lack, LACK_QUORUM);
    assert_int_equal(survival->lost, node_bit(BETA));
}

static void what_must_be_apart_lies_still_when_nodes_run_out(void **state)
{
    struct survival *survival;

    make(*state, 3, 3);
    add_rule(*state, RULE_APART, 3);
    survival = survive(*state);
    assert_int_equal(survival->failures, 0);
    assert_int_equal(survival->lack, LACK_PLACE);
    assert_int_equal(survival->lost, node_bit(ALPHA));
    assert_int_equal(survival->n_services, 1);
    assert_int_equal(survival->why.code, REASON_APART_LEAVES_NONE);
}

static void what_may_run_on_two_nodes_does_not_survive_both(void **state)
{
    struct survival *survival;
    struct rule *rule;

    make(*state, 5, 3);
    rule = add_rule(*state, RULE_ON, 2);
    rule->n_tiers = 1;
    rule->tiers[0] = node_bit(BETA) | node_bit(DELTA);
    survival = survive(*state);
    assert_int_equal(survival->failures, 1);
    assert_int_equal(survival->lack, LACK_PLACE);
    assert_int_equal(survival->lost, node_bit(BETA) | node_bit(DELTA));
    assert_int_equal(survival->service, 0);
    assert_int_equal(survival->n_services, 2);
    assert_int_equal(survival->n_pinned, 0);
}

static void what_is_pinned_to_one_node_is_counted_apart(void **state)
{
    struct survival *survival;
    struct rule *rule;

    make(*state, 3, 3);
    rule = add_rule(*state, RULE_ON, 2);
    rule->n_tiers = 1;
    rule->tiers[0] = node_bit(GAMMA);
    survival = survive(*state);
    assert_int_equal(survival->failures, 1);
    assert_int_equal(survival->n_pinned, 2);
    assert_int_equal(survival->pinned, 0);
}

static void a_node_that_would_be_overfilled_is_named(void **state)
{
    struct stage *stage = *state;
    struct survival *survival;

    make(stage, 3, 6);
    stage->policy.scheduling.mode = SCHEDULING_STATIC;
    for (int i = 0; i < 3; i++)
        stage->policy.nodes[i].memory = 5;
    for (int i = 0; i < 6; i++)
        stage->services[i].memory = 2;
    survival = survive(stage);
    assert_int_equal(survival->failures, 0);
    assert_int_equal(survival->lack, LACK_MEMORY);
    assert_int_equal(survival->needs.memory, 6);

    stage->policy.nodes[GAMMA].memory = 6;
    for (int i = 0; i < 2; i++)
        stage->policy.nodes[i].memory = 6;
    assert_int_equal(survive(stage)->failures, 1);
}

static void what_does_not_fit_with_all_nodes_up_survives_nothing(void **state)
{
    struct stage *stage = *state;
    struct survival *survival;

    make(stage, 3, 4);
    add_rule(stage, RULE_APART, 4);
    survival = survive(stage);
    assert_int_equal(survival->failures, -1);
    assert_int_equal(survival->lost, 0);
    assert_int_equal(survival->lack, LACK_PLACE);
}

static void what_nobody_wants_started_may_lie_still(void **state)
{
    struct stage *stage = *state;

    make(stage, 3, 3);
    add_rule(stage, RULE_APART, 3);
    stage->services[1].requested = REQUESTED_STOPPED;
    assert_int_equal(survive(stage)->failures, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(three_free_nodes_survive_one_and_then_lack_quorum, setup),
        cmocka_unit_test_setup(five_free_nodes_survive_two, setup),
        cmocka_unit_test_setup(a_node_whose_votes_are_needed_is_not_survived, setup),
        cmocka_unit_test_setup(what_must_be_apart_lies_still_when_nodes_run_out, setup),
        cmocka_unit_test_setup(what_may_run_on_two_nodes_does_not_survive_both, setup),
        cmocka_unit_test_setup(what_is_pinned_to_one_node_is_counted_apart, setup),
        cmocka_unit_test_setup(a_node_that_would_be_overfilled_is_named, setup),
        cmocka_unit_test_setup(what_does_not_fit_with_all_nodes_up_survives_nothing, setup),
        cmocka_unit_test_setup(what_nobody_wants_started_may_lie_still, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
