/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What counts where: a record that says nowhere, and a report that knows better. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/ha/decide/scene.h"

#include "ha/decide/affinity.h"
#include "ha/decide/presence.h"

#define ON(node) (1u << (node))

static struct scene *all_online(int n_services)
{
    struct scene *scene = scene_new(3, n_services);

    for (node_id node = ALPHA; node <= GAMMA; node++) {
        scene_join_boot(scene, node, "one");
        scene->state.nodes[node].state = NODE_ONLINE;
    }
    return scene;
}

/* A must be apart from B, which has this record on ALPHA, and runs on these nodes by report. */
static node_set kept_from_a(enum service_state state, node_set running, enum requested_state wish)
{
    struct scene *scene = all_online(2);
    struct service *b = &scene->state.services[B];
    struct round round;
    node_set apart;

    scene_rule(scene, RULE_APART, true, 1u << A | 1u << B);
    scene->state.services[A].state = SERVICE_REQUEST_START;
    scene->services[B].requested = wish;
    b->state = state;
    b->node = ALPHA;
    if (state == SERVICE_MIGRATE || state == SERVICE_RELOCATE)
        b->target = BETA;
    scene->view.services[B].running_on = running;
    round_init(&round, &scene->state, &scene->policy, &scene->view, &scene->outcome);
    round_see_nodes(&round);
    apart = affinity_apart(&round, A, true);
    free(scene);
    return apart;
}

static void whatever_the_record_says_it_keeps_others_from_where_it_runs(void **state)
{
    (void)state;
    for (enum service_state at = 0; at <= SERVICE_ABSENT; at++) {
        node_set idle = kept_from_a(at, 0, REQUESTED_STARTED);
        node_set found = kept_from_a(at, ON(GAMMA), REQUESTED_STARTED);
        node_set home = kept_from_a(at, ON(ALPHA), REQUESTED_STARTED);

        if (found != (idle | ON(GAMMA)))
            fail_msg("%s: found on gamma, kept from %x", service_state_name(at), found);
        if (home != (idle | ON(ALPHA)))
            fail_msg("%s: found on alpha, kept from %x", service_state_name(at), home);
    }
}

static void what_runs_nowhere_keeps_nobody_away(void **state)
{
    (void)state;
    assert_int_equal(kept_from_a(SERVICE_STOPPED, 0, REQUESTED_STOPPED), 0);
    assert_int_equal(kept_from_a(SERVICE_RECOVERY, 0, REQUESTED_STARTED), 0);
    assert_int_equal(kept_from_a(SERVICE_ERROR, 0, REQUESTED_STARTED), ON(ALPHA));
    assert_int_equal(kept_from_a(SERVICE_RELOCATE, 0, REQUESTED_STARTED), ON(ALPHA) | ON(BETA));
}

static void what_is_ignored_keeps_nobody_away(void **state)
{
    (void)state;
    assert_int_equal(kept_from_a(SERVICE_ABSENT, ON(ALPHA), REQUESTED_IGNORED), 0);
}

/* A's stop failed on ALPHA, where B must not be, and which B prefers. */
static void a_failed_stop_that_is_cleared_keeps_its_place(void **state)
{
    struct scene *scene = scene_new(3, 2);

    (void)state;
    scene_rule(scene, RULE_APART, true, 1u << A | 1u << B);
    scene_tier(scene_rule(scene, RULE_ON, false, 1u << B), ON(ALPHA));
    scene->services[B].failback = true;
    scene->services[A].requested = REQUESTED_STARTED;
    scene->services[B].requested = REQUESTED_STOPPED;
    scene_start(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    scene->services[B].requested = REQUESTED_STARTED;
    scene_settle(scene);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    scene->services[A].requested = REQUESTED_STOPPED;
    scene_step(scene);
    scene_result(scene, A, JOB_FAILED);
    scene->view.services[A].running_on = ON(ALPHA);
    scene_step(scene);
    assert_service(scene, A, SERVICE_ERROR, ALPHA);
    /* Cleared, it counts as stopped; its node says that it may be running. */
    assert_true(scene_command(scene, COMMAND_CLEAR, A, NODE_NONE));
    assert_service(scene, B, SERVICE_STARTED, BETA);
    assert_int_equal(scene_changes_of(scene, B), 0);
    /* The stop is tried again and works: now the place is free. */
    scene_result(scene, A, JOB_DONE);
    scene_step(scene);
    assert_service(scene, A, SERVICE_STOPPED, ALPHA);
    assert_service(scene, B, SERVICE_RELOCATE, BETA);
    assert_int_equal(scene->state.services[B].target, ALPHA);
    free(scene);
}

/* A runs on ALPHA; B, which is found there too, is stopped and placed anew: one outage, not two. */
static void what_is_found_drives_nobody_away(void **state)
{
    struct scene *scene = scene_new(3, 2);

    (void)state;
    scene_rule(scene, RULE_APART, true, 1u << A | 1u << B);
    scene->services[B].requested = REQUESTED_IGNORED;
    scene_start(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    scene->services[B].requested = REQUESTED_STARTED;
    scene->view.services[B].running_on = ON(ALPHA);
    scene_step(scene);
    assert_int_equal(scene_changes_of(scene, A), 0);
    assert_service(scene, B, SERVICE_REQUEST_STOP, ALPHA);
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    free(scene);
}

/* Both are found on ALPHA: the first stays where it is, only the other one has to go. */
static void of_two_that_are_found_together_one_stays(void **state)
{
    struct scene *scene = all_online(2);

    (void)state;
    scene_rule(scene, RULE_APART, true, 1u << A | 1u << B);
    scene->view.services[A].running_on = ON(ALPHA);
    scene->view.services[B].running_on = ON(ALPHA);
    scene_step(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_service(scene, B, SERVICE_REQUEST_STOP, ALPHA);
    free(scene);
}

/* B is found on GAMMA and will be taken there: A, which must be with it, is started there too. */
static void a_group_joins_the_one_that_is_found(void **state)
{
    struct scene *scene = all_online(2);

    (void)state;
    scene_rule(scene, RULE_TOGETHER, true, 1u << A | 1u << B);
    scene->view.services[B].running_on = ON(GAMMA);
    scene_step(scene);
    assert_service(scene, A, SERVICE_STARTED, GAMMA);
    assert_service(scene, B, SERVICE_STARTED, GAMMA);
    free(scene);
}

/* Both run on ALPHA when the rule comes: one goes, and the other one stays where it is. */
static void of_two_that_run_together_one_goes(void **state)
{
    struct scene *scene = scene_new(3, 2);

    (void)state;
    scene_tier(scene_rule(scene, RULE_ON, false, 1u << A | 1u << B), ON(ALPHA));
    scene_start(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    scene->policy.n_rules = 0;
    scene_rule(scene, RULE_APART, true, 1u << A | 1u << B);
    scene_step(scene);
    assert_service(scene, A, SERVICE_RELOCATE, ALPHA);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    assert_service(scene, B, SERVICE_STARTED, ALPHA);
    free(scene);
}

/* C is on its way to BETA when a rule forbids it to be with B, which is there: C turns back. */
static void who_comes_drives_nobody_away(void **state)
{
    struct scene *scene = scene_new(3, 3);

    (void)state;
    scene_start(scene);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    assert_service(scene, C, SERVICE_STARTED, GAMMA);
    assert_true(scene_command(scene, COMMAND_RELOCATE, C, BETA));
    scene_rule(scene, RULE_APART, true, 1u << B | 1u << C);
    scene_result(scene, C, JOB_DONE);
    scene_step(scene);
    assert_int_equal(scene_changes_of(scene, B), 0);
    scene_settle(scene);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    assert_int_not_equal(scene->state.services[C].node, BETA);
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_the_record_says_it_keeps_others_from_where_it_runs),
        cmocka_unit_test(what_runs_nowhere_keeps_nobody_away),
        cmocka_unit_test(what_is_ignored_keeps_nobody_away),
        cmocka_unit_test(a_failed_stop_that_is_cleared_keeps_its_place),
        cmocka_unit_test(what_is_found_drives_nobody_away),
        cmocka_unit_test(of_two_that_are_found_together_one_stays),
        cmocka_unit_test(of_two_that_run_together_one_goes),
        cmocka_unit_test(who_comes_drives_nobody_away),
        cmocka_unit_test(a_group_joins_the_one_that_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
