/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Places for all who wait: who has a choice leaves the others what they cannot do without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/ha/decide/trial.h"

#define ON(node) (1u << (node))
#define ALL_OF(n) ((1u << (n)) - 1)

/* All of them apart; nobody is bound to a node yet. */
static struct scene *apart_on(int n_nodes, int n_services)
{
    struct scene *scene = scene_new(n_nodes, n_services);

    for (node_id node = 0; node < n_nodes; node++)
        scene->policy.nodes[node].votes = 1;
    scene_rule(scene, RULE_APART, true, ALL_OF(n_services));
    return scene;
}

static void bind(struct scene *scene, service_id service, node_set nodes)
{
    scene_tier(scene_rule(scene, RULE_ON, true, 1u << service), nodes);
}

static int count_started(const struct scene *scene)
{
    int n_started = 0;

    for (service_id id = 0; id < scene->policy.n_services; id++)
        n_started += scene->state.services[id].state == SERVICE_STARTED;
    return n_started;
}

static void who_is_free_leaves_their_nodes_to_those_that_are_bound(void **state)
{
    struct scene *scene = apart_on(3, 3);

    (void)state;
    bind(scene, B, ON(ALPHA) | ON(BETA));
    bind(scene, C, ON(ALPHA) | ON(BETA));
    scene_start(scene);
    assert_service(scene, A, SERVICE_STARTED, GAMMA);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    assert_service(scene, C, SERVICE_STARTED, BETA);
    free(scene);
}

static void a_chain_of_neighbours_is_thought_of_to_its_end(void **state)
{
    struct scene *scene = scene_new(3, 4);

    (void)state;
    for (service_id id = A; id < D; id++)
        scene_rule(scene, RULE_APART, true, 1u << id | 1u << (id + 1));
    for (service_id id = A; id < D; id++)
        bind(scene, id, ON(ALPHA) | ON(BETA));
    bind(scene, D, ON(ALPHA));
    scene_start(scene);
    assert_service(scene, D, SERVICE_STARTED, ALPHA);
    assert_service(scene, C, SERVICE_STARTED, BETA);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    free(scene);
}

static void nothing_changes_where_nobody_is_in_need(void **state)
{
    struct scene *scene = apart_on(3, 3);

    (void)state;
    bind(scene, C, ON(GAMMA));
    scene_start(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    assert_service(scene, C, SERVICE_STARTED, GAMMA);
    free(scene);
}

static void a_higher_priority_has_the_first_choice(void **state)
{
    struct scene *scene = apart_on(3, 2);

    (void)state;
    bind(scene, B, ON(ALPHA));
    scene->services[A].priority = 1;
    scene_start(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_service(scene, B, SERVICE_REQUEST_START, NODE_NONE);
    assert_waits(scene, B, REASON_APART_LEAVES_NONE, ALPHA);
    free(scene);
}

static void who_must_start_later_finds_its_place_kept(void **state)
{
    struct scene *scene = apart_on(3, 3);
    struct rule *rule;

    (void)state;
    bind(scene, B, ON(ALPHA));
    rule = scene_rule(scene, RULE_BEFORE, true, 1u << C);
    rule->others = (const service_id[]){B};
    rule->n_others = 1;
    scene_start(scene);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    assert_service(scene, C, SERVICE_STARTED, GAMMA);
    free(scene);
}

static void nodes_that_die_together_leave_places_for_all(void **state)
{
    struct scene *scene = apart_on(5, 2);
    struct rule *rule = scene_rule(scene, RULE_ON, true, 1u << B);

    (void)state;
    scene_tier(rule, ON(KAPPA));
    scene_tier(rule, ON(ALPHA));
    scene_tier(scene_rule(scene, RULE_ON, false, 1u << A), ON(OMEGA));
    scene_start(scene);
    assert_service(scene, A, SERVICE_STARTED, OMEGA);
    assert_service(scene, B, SERVICE_STARTED, KAPPA);
    scene_silence(scene, KAPPA);
    scene_silence(scene, OMEGA);
    scene_step(scene);
    scene_prove_off(scene, KAPPA);
    scene_prove_off(scene, OMEGA);
    scene_settle(scene);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    free(scene);
}

static void if_not_all_can_have_a_place_as_many_as_can_have_one(void **state)
{
    struct scene *scene = apart_on(3, 4);

    (void)state;
    bind(scene, C, ON(ALPHA));
    bind(scene, D, ON(BETA));
    scene_start(scene);
    assert_int_equal(count_started(scene), 3);
    free(scene);
    /* Far more than there are nodes, and all alike: the search comes to an end. */
    scene = apart_on(8, SCENE_SERVICES_MAX - 1);
    scene_start(scene);
    assert_int_equal(count_started(scene), 8);
    free(scene);
}

static void what_runs_is_not_thrown_out(void **state)
{
    struct scene *scene = apart_on(3, 2);

    (void)state;
    bind(scene, B, ON(ALPHA));
    scene->services[B].requested = REQUESTED_STOPPED;
    scene_start(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    scene->services[B].requested = REQUESTED_STARTED;
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_waits(scene, B, REASON_APART_LEAVES_NONE, ALPHA);
    free(scene);
}

/* All wait, and nothing has been decided yet. */
static struct trial *explained_while_waiting(struct scene *scene)
{
    scene_start(scene);
    for (service_id id = 0; id < scene->policy.n_services; id++) {
        scene->state.services[id].state = SERVICE_REQUEST_START;
        scene->state.services[id].node = NODE_NONE;
        scene->view.services[id].running_on = 0;
    }
    return explained(scene, A);
}

static void who_goes_elsewhere_says_for_whom(void **state)
{
    struct scene *scene = apart_on(3, 3);
    struct trial *trial;
    char text[REASON_TEXT_MAX];

    (void)state;
    /* Not for ocf:b, which finds a place in any order. */
    bind(scene, C, ON(ALPHA));
    trial = explained_while_waiting(scene);
    assert_int_equal(trial->why.place.node, BETA);
    assert_int_equal(trial->why.place.why.code, REASON_LEAVES_A_PLACE);
    assert_int_equal(trial->why.lost[ALPHA].code, REASON_PLACE_IS_NEEDED);
    reason_text(&trial->why.lost[ALPHA], &scene->policy, text, sizeof(text));
    assert_string_equal(text, "alpha is left to ocf:c: rule r0 keeps it apart from ocf:c, and "
                              "somebody would find no place else");
    free(trial);
    free(scene);
}

static void the_only_node_that_is_left_is_no_choice_of_its_own(void **state)
{
    struct scene *scene = apart_on(2, 2);
    struct trial *trial;

    (void)state;
    bind(scene, B, ON(ALPHA));
    trial = explained_while_waiting(scene);
    assert_int_equal(trial->why.place.node, BETA);
    assert_int_equal(trial->why.place.why.code, REASON_LEAVES_A_PLACE);
    free(trial);
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_free_leaves_their_nodes_to_those_that_are_bound),
        cmocka_unit_test(a_chain_of_neighbours_is_thought_of_to_its_end),
        cmocka_unit_test(nothing_changes_where_nobody_is_in_need),
        cmocka_unit_test(a_higher_priority_has_the_first_choice),
        cmocka_unit_test(who_must_start_later_finds_its_place_kept),
        cmocka_unit_test(nodes_that_die_together_leave_places_for_all),
        cmocka_unit_test(if_not_all_can_have_a_place_as_many_as_can_have_one),
        cmocka_unit_test(what_runs_is_not_thrown_out),
        cmocka_unit_test(who_goes_elsewhere_says_for_whom),
        cmocka_unit_test(the_only_node_that_is_left_is_no_choice_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
