/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Explanations: they say what the deciding functions do, of each node and of what comes next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/ha/decide/trial.h"

#include "ha/decide/retire.h"
#include "ha/decide/service_rules.h"
#include "ha/decide/source.h"

#define ON(node) (1u << (node))

static struct reason lost_on(struct scene *scene, service_id service, node_id node)
{
    struct trial *trial = explained(scene, service);
    struct reason why = trial->why.lost[node];

    free(trial);
    return why;
}

static struct reason held_in(struct scene *scene, service_id service)
{
    struct trial *trial = explained(scene, service);
    struct reason why = trial->why.held;

    free(trial);
    return why;
}

#define assert_reason(why, wanted) assert_string_equal(reason_name((why).code), reason_name(wanted))

static void assert_sentence(const struct scene *scene, const struct reason *why, const char *wanted)
{
    char text[REASON_TEXT_MAX];

    reason_text(why, &scene->policy, text, sizeof(text));
    assert_string_equal(text, wanted);
}

static void assert_lost(struct scene *scene, service_id service, node_id node, const char *wanted)
{
    struct reason why = lost_on(scene, service, node);

    assert_sentence(scene, &why, wanted);
}

static struct scene *three_with(int n_services)
{
    struct scene *scene = scene_new(3, n_services);

    scene->policy.nodes[ALPHA].votes = scene->policy.nodes[BETA].votes = 1;
    scene->policy.nodes[GAMMA].votes = 1;
    return scene;
}

/* ---- each step names what took the node away ------------------------------------------------- */

static void a_node_that_cannot_be_used_says_why(void **state)
{
    struct scene *scene = three_with(1);

    (void)state;
    scene_start(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    scene->state.nodes[BETA].leaving = scene->view.nodes[BETA].leaving = LEAVING_POWEROFF;
    scene->view.nodes[GAMMA].is_member = false;
    assert_reason(lost_on(scene, A, BETA), REASON_LEAVING);
    assert_lost(scene, A, BETA, "beta is shutting down");
    assert_reason(lost_on(scene, A, GAMMA), REASON_AWAY);
    scene->state.nodes[BETA].leaving = scene->view.nodes[BETA].leaving = LEAVING_NOT;
    assert_true(scene_command(scene, COMMAND_MAINTENANCE_ON, SERVICE_NONE, BETA));
    scene_settle(scene);
    assert_lost(scene, A, BETA, "somebody asked for maintenance of beta");
    assert_lost(scene, A, GAMMA,
                "gamma is no longer in the cluster; it may still be running its services");
    free(scene);
}

static void the_rule_that_forbids_this_very_node_is_named(void **state)
{
    struct scene *scene = three_with(2);
    struct reason why;

    (void)state;
    scene_tier(scene_rule(scene, RULE_ON, true, 1u << A), ON(ALPHA) | ON(BETA));
    scene_tier(scene_rule(scene, RULE_ON, true, 1u << B), ON(ALPHA) | ON(GAMMA));
    scene_rule(scene, RULE_TOGETHER, true, 1u << A | 1u << B);
    scene_start(scene);
    why = lost_on(scene, A, GAMMA);
    assert_reason(why, REASON_REFUSED_BY_RULE);
    assert_int_equal(why.line, 10);
    /* Of the one that must be with it: its rule holds for the group. */
    why = lost_on(scene, A, BETA);
    assert_sentence(scene, &why, "rule r1 does not allow beta");
    assert_int_equal(why.line, 11);
    free(scene);
}

static void neighbours_and_partners_are_named(void **state)
{
    struct scene *scene = three_with(2);

    (void)state;
    scene_rule(scene, RULE_APART, true, 1u << A | 1u << B);
    scene_start(scene);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    assert_lost(scene, A, BETA, "rule r0 keeps ocf:b, which is on beta, apart from it");
    scene->rules[0].is_strict = false;
    scene->state.services[A].state = SERVICE_REQUEST_START;
    scene->state.services[A].node = NODE_NONE;
    scene->view.services[A].running_on = 0;
    assert_lost(scene, A, BETA, "rule r0 likes it apart from ocf:b, which is on beta");
    assert_reason(lost_on(scene, A, BETA), REASON_LIKES_APART);
    scene->rules[0].kind = RULE_TOGETHER;
    assert_lost(scene, A, ALPHA, "rule r0 likes it together with ocf:b, which is on beta");
    scene->rules[0].is_strict = true;
    assert_lost(scene, A, ALPHA, "rule r0 keeps it together with ocf:b, which is on beta");
    free(scene);
}

static void a_place_that_is_kept_for_another_is_explained(void **state)
{
    struct scene *scene = three_with(2);
    struct reason why;

    (void)state;
    scene_rule(scene, RULE_APART, true, 1u << A | 1u << B);
    scene_start(scene);
    for (service_id service = A; service <= B; service++) {
        scene->state.services[service].state = SERVICE_REQUEST_START;
        scene->view.services[service].running_on = 0;
    }
    scene->state.services[A].node = NODE_NONE;
    why = lost_on(scene, A, BETA);
    assert_reason(why, REASON_PLACE_IS_TAKEN);
    assert_sentence(scene, &why, "rule r0 keeps it apart from ocf:b, which is to start on beta");
    free(scene);
}

static void numbers_say_who_has_more(void **state)
{
    struct scene *scene = three_with(4);
    struct reason why;

    (void)state;
    scene_start(scene);
    scene->state.services[D].state = SERVICE_REQUEST_START;
    scene->state.services[D].node = NODE_NONE;
    scene->view.services[D].running_on = 0;
    scene->state.services[B].node = ALPHA;
    scene->view.services[B].running_on = ON(ALPHA);
    why = lost_on(scene, D, ALPHA);
    assert_reason(why, REASON_MORE_LOAD);
    assert_sentence(scene, &why, "alpha has more services than beta: 2, not 0");
    scene->policy.scheduling.mode = SCHEDULING_STATIC;
    scene->policy.scheduling.line = 7;
    for (node_id node = ALPHA; node <= GAMMA; node++)
        scene->policy.nodes[node].cpus_milli = 4000, scene->policy.nodes[node].memory = 1 << 30;
    for (service_id service = A; service <= D; service++)
        scene->services[service].cpus_milli = 1000;
    why = lost_on(scene, D, ALPHA);
    assert_reason(why, REASON_MORE_STRAIN);
    assert_int_equal(why.line, 7);
    free(scene);
}

static void what_stays_says_so_of_the_others(void **state)
{
    struct scene *scene = three_with(1);
    struct trial *trial;

    (void)state;
    scene_start(scene);
    trial = explained(scene, A);
    assert_reason(trial->why.held, REASON_NONE);
    assert_int_equal(trial->why.place.node, ALPHA);
    assert_sentence(scene, &trial->why.lost[ALPHA], "it stays on alpha, where it was");
    assert_int_equal(trial->why.place.lost[BETA], LOST_STAYING);
    assert_reason(trial->why.lost[BETA], REASON_STAYS);
    free(trial);
    scene_tier(scene_rule(scene, RULE_ON, false, 1u << A), ON(GAMMA));
    assert_lost(scene, A, BETA, "rule r0 prefers gamma");
    assert_reason(lost_on(scene, A, BETA), REASON_LESS_PREFERRED);
    scene->services[A].failback = false;
    scene->services[A].failback_line = 5;
    assert_reason(lost_on(scene, A, GAMMA), REASON_NO_FAILBACK);
    assert_int_equal(lost_on(scene, A, GAMMA).line, 5);
    free(scene);
}

static void without_failback_it_says_that_it_stays_apart_from_its_group(void **state)
{
    struct scene *scene = three_with(2);

    (void)state;
    scene_start(scene);
    scene_rule(scene, RULE_TOGETHER, true, 1u << A | 1u << B);
    scene->services[A].failback = scene->services[B].failback = false;
    scene->state.services[A].node = ALPHA;
    scene->state.services[B].node = BETA;
    assert_reason(lost_on(scene, A, BETA), REASON_NO_FAILBACK_APART);
    assert_lost(
        scene, A, BETA,
        "failback is off, so it stays on alpha, although rule r0 keeps it together with ocf:b"
        " on beta");
    assert_reason(lost_on(scene, A, GAMMA), REASON_NO_FAILBACK);
    free(scene);
}

static void after_maintenance_it_goes_back(void **state)
{
    struct scene *scene = three_with(1);

    (void)state;
    scene_start(scene);
    scene->state.services[A].fallback = GAMMA;
    assert_reason(lost_on(scene, A, BETA), REASON_FALLS_BACK);
    assert_int_equal(lost_on(scene, A, BETA).node, GAMMA);
    free(scene);
}

static void where_it_failed_is_remembered(void **state)
{
    struct scene *scene = three_with(1);

    (void)state;
    scene_start(scene);
    scene->state.services[A].tried = ON(BETA);
    assert_reason(lost_on(scene, A, BETA), REASON_FAILED_THERE);
    scene->state.services[A].tried = 0;
    scene->state.services[A].state = SERVICE_REQUEST_START;
    scene->state.services[A].node = NODE_NONE;
    scene->view.services[A].running_on = 0;
    assert_reason(lost_on(scene, A, GAMMA), REASON_LATER_BY_NAME);
    free(scene);
}

/* ---- what holds it, whatever the nodes ------------------------------------------------------- */

static void what_is_not_to_run_says_so_first(void **state)
{
    struct scene *scene = three_with(1);

    (void)state;
    scene_start(scene);
    scene->services[A].line = 3;
    scene->services[A].requested = REQUESTED_STOPPED;
    assert_reason(held_in(scene, A), REASON_WANTED_STOPPED);
    assert_int_equal(held_in(scene, A).line, 3);
    scene->services[A].state_line = 4;
    assert_int_equal(held_in(scene, A).line, 4);
    scene->services[A].requested = REQUESTED_DISABLED;
    assert_reason(held_in(scene, A), REASON_WANTED_DISABLED);
    scene->services[A].requested = REQUESTED_IGNORED;
    assert_reason(held_in(scene, A), REASON_WANTED_IGNORED);
    scene->services[A].requested = REQUESTED_STARTED;
    scene->state.services[A].is_held = true;
    assert_reason(held_in(scene, A), REASON_HELD);
    scene->state.arming.state = DISARMED;
    assert_reason(held_in(scene, A), REASON_REFUSED_DISARMED);
    free(scene);
}

static void a_silent_node_is_waited_for(void **state)
{
    struct scene *scene = three_with(1);
    struct reason why;

    (void)state;
    scene_start(scene);
    scene_silence(scene, ALPHA);
    scene_settle(scene);
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    why = held_in(scene, A);
    assert_reason(why, REASON_WAITS_FOR_PROOF);
    assert_int_equal(why.node, ALPHA);
    assert_true(why.number > 0);
    /* The same moment later: the time that is left is told anew. */
    scene->view.now.ms += 1000;
    assert_int_equal(held_in(scene, A).number, why.number - 1000);
    free(scene);
}

static void what_waits_says_for_what(void **state)
{
    struct scene *scene = three_with(1);

    (void)state;
    scene_tier(scene_rule(scene, RULE_ON, true, 1u << A), ON(ALPHA));
    scene_start(scene);
    scene_silence(scene, ALPHA);
    scene_step(scene);
    scene_prove_off(scene, ALPHA);
    scene_settle(scene);
    assert_service(scene, A, SERVICE_RECOVERY, ALPHA);
    assert_reason(held_in(scene, A), REASON_RULE_LEAVES_NONE);
    assert_int_equal(held_in(scene, A).line, 10);
    free(scene);
}

static void what_waits_for_a_worker_or_a_pause_says_so(void **state)
{
    struct scene *scene = scene_new(1, 3);

    (void)state;
    scene->policy.scheduling.workers = 2;
    scene->policy.scheduling.line = 4;
    scene_join(scene, 1);
    scene_step(scene);
    assert_reason(held_in(scene, B), REASON_STARTING);
    assert_reason(held_in(scene, C), REASON_WAITS_FOR_TURN);
    assert_int_equal(held_in(scene, C).number, 2);
    assert_int_equal(held_in(scene, C).line, 4);
    scene_result(scene, A, JOB_DONE);
    scene_step(scene);
    assert_reason(held_in(scene, C), REASON_STARTING);
    scene_settle(scene);
    scene->view.services[C].pause = duration_ms(4000);
    scene_step(scene);
    assert_reason(held_in(scene, C), REASON_RESTARTS_LATER);
    free(scene);
}

static void what_is_held_back_says_by_what(void **state)
{
    static const service_id only_b[] = {B};
    struct scene *scene = three_with(2);
    struct rule *rule = scene_rule(scene, RULE_BEFORE, true, 1u << A);

    (void)state;
    rule->others = only_b;
    rule->n_others = 1;
    scene->policy.storm = (struct frequency){1, duration_ms(600000), 7};
    scene_join(scene, 7);
    scene_step(scene);
    assert_reason(held_in(scene, B), REASON_WAITS_FOR_FIRST);
    assert_int_equal(held_in(scene, B).line, rule->line);
    scene_settle(scene);
    scene_prove_off(scene, GAMMA);
    scene_settle(scene);
    scene->state.nodes[GAMMA].relieved_at = scene->view.stamp;
    scene_prove_off(scene, scene->state.services[B].node);
    scene_settle(scene);
    assert_reason(held_in(scene, B), REASON_STORM);
    assert_int_equal(held_in(scene, B).line, 7);
    free(scene);
}

static void what_failed_moves_or_starts_says_so(void **state)
{
    struct scene *scene = three_with(1);

    (void)state;
    scene_start(scene);
    assert_true(scene_command(scene, COMMAND_RELOCATE, A, BETA));
    assert_reason(held_in(scene, A), REASON_ALREADY_MOVING);
    scene_result(scene, A, JOB_DONE);
    scene_step(scene);
    assert_service(scene, A, SERVICE_STARTED, BETA);
    assert_reason(held_in(scene, A), REASON_STARTING);
    scene_result(scene, A, JOB_FATAL);
    scene_step(scene);
    assert_service(scene, A, SERVICE_ERROR, BETA);
    assert_reason(held_in(scene, A), REASON_NO_NODE_CAN_RUN_IT);
    free(scene);
}

static void what_waits_where_it_failed_says_for_whom(void **state)
{
    struct scene *scene = three_with(1);

    (void)state;
    scene_start(scene);
    /* Nobody knows whether gamma runs it, too: it can go nowhere before that is known. */
    scene->view.nodes[GAMMA].has_report = false;
    scene->state.services[A].is_running = false;
    scene_result(scene, A, JOB_FAILED);
    assert_reason(held_in(scene, A), REASON_WAITS_FOR_REPORT);
    assert_int_equal(held_in(scene, A).node, GAMMA);
    free(scene);
}

static void what_never_moves_says_so(void **state)
{
    struct scene *scene = three_with(1);

    (void)state;
    scene_start(scene);
    scene->services[A].migrate = MIGRATE_NEVER;
    scene->services[A].migrate_line = 6;
    assert_reason(held_in(scene, A), REASON_REFUSED_NEVER_MOVES);
    assert_int_equal(held_in(scene, A).line, 6);
    scene->services[A].migrate = MIGRATE_RESTART;
    scene->state.services[A].stays_put = true;
    scene->state.services[A].why = reason_of(REASON_STOP_FAILED_STAYS);
    assert_reason(held_in(scene, A), REASON_STOP_FAILED_STAYS);
    free(scene);
}

/* ---- what would come next -------------------------------------------------------------------- */

static void the_next_place_is_known_before_it_is_needed(void **state)
{
    struct scene *scene = three_with(3);
    struct trial *trial;

    (void)state;
    scene_start(scene);
    assert_service(scene, B, SERVICE_STARTED, BETA);
    trial = trial_of(scene);
    assert_true(why_after_loss(&trial->world, A, &trial->prospect));
    assert_int_equal(trial->prospect.lost, ALPHA);
    assert_int_equal(trial->prospect.node, BETA);
    assert_reason(trial->prospect.why, REASON_FIRST_BY_NAME);
    free(trial);
    /* Nothing of it has happened. */
    assert_service(scene, A, SERVICE_STARTED, ALPHA);
    free(scene);
}

static void without_a_quorum_nothing_would_start(void **state)
{
    struct scene *scene = three_with(1);
    struct trial *trial;

    (void)state;
    scene_start(scene);
    scene_silence(scene, GAMMA);
    scene_settle(scene);
    trial = trial_of(scene);
    assert_true(why_after_loss(&trial->world, A, &trial->prospect));
    assert_int_equal(trial->prospect.node, NODE_NONE);
    assert_reason(trial->prospect.why, REASON_QUORUM_WOULD_GO);
    free(trial);
    scene->state.services[A].state = SERVICE_RECOVERY;
    trial = trial_of(scene);
    assert_false(why_after_loss(&trial->world, A, &trial->prospect));
    free(trial);
    free(scene);
}

/* ---- lines and causes ------------------------------------------------------------------------ */

static void a_change_carries_the_line_behind_it(void **state)
{
    struct scene *scene = three_with(2);

    (void)state;
    scene->services[A].line = 21;
    scene->services[B].state_line = 23;
    scene->services[B].requested = REQUESTED_STOPPED;
    scene_join(scene, ON(ALPHA) | ON(BETA) | ON(GAMMA));
    scene_step(scene);
    for (int i = 0; i < scene->outcome.n_changes; i++) {
        const struct change *change = &scene->changes[i];

        if (change->service != SERVICE_NONE && change->why.code == REASON_ADDED)
            assert_int_equal(change->why.line, 21);
        if (change->service == B)
            assert_int_equal(change->why.line, 23);
    }
    assert_true(scene_changes_of(scene, B) > 0);
    free(scene);
}

static void settings_of_the_cluster_have_lines_too(void **state)
{
    struct scene *scene = three_with(1);
    struct reason why;

    (void)state;
    scene->policy.shutdown = SHUTDOWN_MIGRATE;
    scene->policy.shutdown_line = 9;
    scene_start(scene);
    scene->view.nodes[ALPHA].leaving = LEAVING_POWEROFF;
    scene_step(scene);
    assert_reason(scene->state.nodes[ALPHA].why, REASON_NODE_SHUTS_DOWN);
    assert_int_equal(scene->state.nodes[ALPHA].why.line, 9);
    scene->services[A].relocate_line = 14;
    why = reason_of(REASON_START_FAILED_FOR_GOOD);
    assert_int_equal(source_line(&scene->policy, A, &why), 14);
    scene->policy.quarantine.line = 16;
    why = reason_of(REASON_QUARANTINED);
    assert_int_equal(source_line(&scene->policy, SERVICE_NONE, &why), 16);
    why = reason_of(REASON_RUNS_NOW);
    assert_int_equal(source_line(&scene->policy, A, &why), 0);
    free(scene);
}

static void causes_lead_to_nodes_policies_and_people(void **state)
{
    (void)state;
    assert_int_equal(why_cause(REASON_ITS_NODE_IS_OFF), CAUSE_NODE);
    assert_int_equal(why_cause(REASON_BETTER_NODE), CAUSE_TARGET);
    assert_int_equal(why_cause(REASON_WANTED_STOPPED), CAUSE_POLICY);
    assert_int_equal(why_cause(REASON_PARTNER_FAILED), CAUSE_PARTNER);
    assert_int_equal(why_cause(REASON_ASKED_TO_MOVE), CAUSE_REQUEST);
    assert_int_equal(why_cause(REASON_ASKED_TO_RESTART), CAUSE_REQUEST);
    assert_int_equal(why_cause(REASON_LEAST_LOAD), CAUSE_BEFORE);
}

/* ---- records that may go --------------------------------------------------------------------- */

static void a_record_goes_when_nobody_can_be_running_it(void **state)
{
    struct scene *scene = three_with(1);
    struct reason why;

    (void)state;
    scene_start(scene);
    assert_true(retire_service(&scene->state, &scene->view, 0, &why));
    assert_reason(why, REASON_REMOVED);
    assert_false(retire_service(&scene->state, &scene->view, ON(BETA), &why));
    assert_reason(why, REASON_WAITS_FOR_STOP);
    assert_int_equal(why.node, BETA);
    scene->view.nodes[BETA].has_report = false;
    assert_false(retire_service(&scene->state, &scene->view, 0, &why));
    assert_reason(why, REASON_WAITS_FOR_REPORT);
    scene_silence(scene, BETA);
    assert_false(retire_service(&scene->state, &scene->view, 0, &why));
    assert_reason(why, REASON_WAITS_FOR_PROOF_OR_RETURN);
    scene_prove_off(scene, BETA);
    assert_true(retire_service(&scene->state, &scene->view, 0, &why));
    /* It was let go without a watchdog: it must come back and tell. */
    scene->state.nodes[BETA].is_released = true;
    assert_false(retire_service(&scene->state, &scene->view, 0, &why));
    free(scene);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_node_that_cannot_be_used_says_why),
        TEST(the_rule_that_forbids_this_very_node_is_named),
        TEST(neighbours_and_partners_are_named),
        TEST(a_place_that_is_kept_for_another_is_explained),
        TEST(numbers_say_who_has_more),
        TEST(what_stays_says_so_of_the_others),
        TEST(without_failback_it_says_that_it_stays_apart_from_its_group),
        TEST(after_maintenance_it_goes_back),
        TEST(where_it_failed_is_remembered),
        TEST(what_is_not_to_run_says_so_first),
        TEST(a_silent_node_is_waited_for),
        TEST(what_waits_says_for_what),
        TEST(what_waits_for_a_worker_or_a_pause_says_so),
        TEST(what_is_held_back_says_by_what),
        TEST(what_failed_moves_or_starts_says_so),
        TEST(what_waits_where_it_failed_says_for_whom),
        TEST(what_never_moves_says_so),
        TEST(the_next_place_is_known_before_it_is_needed),
        TEST(without_a_quorum_nothing_would_start),
        TEST(a_change_carries_the_line_behind_it),
        TEST(settings_of_the_cluster_have_lines_too),
        TEST(causes_lead_to_nodes_policies_and_people),
        TEST(a_record_goes_when_nobody_can_be_running_it),
    };

    return cmocka_run_group_tests_name("why", tests, NULL, NULL);
}
