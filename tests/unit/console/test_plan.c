/* SPDX-License-Identifier: GPL-3.0-or-later */
/* policy plan: what would happen, from an agent's state and from a file's, and its exit codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/console/scene.h"

#define NODES "cluster home\nnode alpha\nnode beta\nnode gamma\n"
#define SERVICE(name) "service ocf:" name " { agent heartbeat:Dummy }\n"
#define RUNS_ON(name, node)                                                                        \
    "\"service/ocf:" name "\":\"{\\\"state\\\":\\\"started\\\",\\\"node\\\":\\\"" node             \
    "\\\",\\\"cause\\\":3,\\\"running\\\":true,\\\"since\\\":5}\""
#define AB SERVICE("a") SERVICE("b")
#define IN_FORCE                                                                                   \
    "\"policy\":\"{\\\"version\\\":7,\\\"author\\\":\\\"jin\\\",\\\"text\\\":"                     \
    "\\\"cluster home\\\\nnode alpha\\\\nnode beta\\\\nnode gamma\\\\n"                            \
    "service ocf:a { agent heartbeat:Dummy }\\\\nservice ocf:b { agent heartbeat:Dummy }\\\\n"     \
    "\\\"}\""
/* a runs on alpha, b on beta. */
#define RUNNING RUNS_ON("a", "alpha") "," RUNS_ON("b", "beta")
#define STATE "{\"version\":9,\"records\":{" RUNNING "," IN_FORCE "}}"

static struct scene scene;

static int setup(void **state)
{
    (void)state;
    scene_open(&scene, "verb ha state\nrow " STATE "\ndone {}\n");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scene_close(&scene);
    return 0;
}

static int plan(const char *policy, const char *options)
{
    char line[512];

    snprintf(line, sizeof(line), "policy plan %s %s", options,
             scene_write(&scene, "new.tenuto", policy));
    return scene_run(&scene, line);
}

static void a_policy_that_moves_nothing_says_so_and_exits_with_0(void **state)
{
    (void)state;
    assert_int_equal(plan(NODES AB, ""), 0);
    assert_string_equal(scene.out, "nothing changes from version 7\n"
                                   "nothing would start, stop or move\n"
                                   "as before, it survives the loss of any 1 node\n");
    assert_int_equal(plan("# words\n" NODES AB, ""), 0);
    assert_non_null(strstr(scene.out, "nothing changes from version 7: it is only laid out"));
}

static void a_plan_from_what_may_be_old_says_so(void **state)
{
    (void)state;
    scene_close(&scene);
    scene_open(&scene, "verb ha state\nrow {\"version\":9,\"current\":false,\"reason\":\"nobody "
                       "is here\",\"records\":{" RUNNING "," IN_FORCE "}}\ndone {}\n");
    assert_int_equal(plan(NODES AB, ""), 0);
    assert_non_null(strstr(scene.out, "which may be old: nobody is here\n"));
    assert_int_equal(plan(NODES AB, "--json"), 0);
    assert_non_null(strstr(scene.out, "\"current\":false"));
}

static void moves_starts_and_stops_are_told_with_their_reasons(void **state)
{
    (void)state;
    assert_int_equal(plan(NODES SERVICE("a") SERVICE("new") "rule r: keep ocf:a on gamma\n", ""),
                     2);
    assert_non_null(strstr(scene.out, "  stop      ocf:b                        beta\n"
                                      "            it is no longer in the policy\n"));
    assert_non_null(strstr(scene.out, "  move      ocf:a                        alpha -> gamma\n"
                                      "            rule r does not allow alpha any more\n"));
    assert_non_null(strstr(scene.out, "            down for at most 2m: stop timeout 1m + start "
                                      "timeout 1m\n"));
    assert_non_null(strstr(scene.out, "  start     ocf:new                      on "));
    assert_non_null(strstr(scene.out, "            it runs within at most 1m: start timeout 1m\n"));
}

static void a_program_gets_rows_and_a_sum(void **state)
{
    (void)state;
    assert_int_equal(plan(NODES SERVICE("a") SERVICE("b") SERVICE("c"), "--json"), 2);
    assert_non_null(
        strstr(scene.out, "{\"deed\":\"start\",\"kind\":\"step\",\"service\":\"ocf:c\""));
    assert_non_null(strstr(scene.out, "\"within_ms\":60000"));
    assert_non_null(strstr(scene.out, "{\"after\":\"agent heartbeat:Dummy\",\"idle\":false,"
                                      "\"kind\":\"difference\",\"services\":[\"ocf:c\"],"
                                      "\"sign\":\"+\",\"statement\":\"service ocf:c\"}"));
    assert_non_null(strstr(scene.out, "\"steps\":1"));
    assert_non_null(strstr(scene.out, "\"version\":7"));
}

static void a_state_may_come_from_a_file(void **state)
{
    char options[160];

    (void)state;
    snprintf(options, sizeof(options), "--state %s", scene_write(&scene, "state.json", STATE));
    assert_int_equal(plan(NODES SERVICE("a") SERVICE("b"), options), 0);
    snprintf(options, sizeof(options), "--state %s",
             scene_write(&scene, "state.json", "{\"version\":9}"));
    assert_int_equal(plan(NODES SERVICE("a"), options), 1);
    assert_non_null(strstr(scene.err, "that file holds no state of a cluster"));
}

static void what_changes_is_told_statement_by_statement(void **state)
{
    (void)state;
    assert_int_equal(plan(NODES "service ocf:a { agent heartbeat:Dummy; memory 2G }\n" SERVICE(
                              "b") "rule r: try ocf:a, ocf:b apart\n",
                          ""),
                     2);
    assert_non_null(strstr(scene.out, "changes from version 7:\n"
                                      "  ~ service ocf:a: + memory 2G\n"
                                      "  + rule r: try ocf:a, ocf:b apart\n"
                                      "nothing would start, stop or move\n"));
}

static void what_runs_keeps_its_parameters_and_that_is_said(void **state)
{
    static const char policy[] =
        NODES "service ocf:a { agent heartbeat:Dummy; set fake \"1\" }\n" SERVICE("b");

    (void)state;
    assert_int_equal(plan(policy, ""), 2);
    assert_non_null(strstr(scene.out, "not at once: what runs keeps the parameters"));
    assert_non_null(strstr(scene.out, "  ocf:a                                  set fake\n"));
    assert_int_equal(plan(policy, "--json"), 2);
    assert_non_null(strstr(scene.out, "{\"kind\":\"later\",\"service\":\"ocf:a\","
                                      "\"settings\":[\"set fake\"]}"));
    /* What starts anew starts with them. */
    assert_int_equal(plan(NODES "service ocf:a { agent heartbeat:Dummy; set fake \"1\"; "
                                "keep on gamma }\n" SERVICE("b"),
                          ""),
                     2);
    assert_null(strstr(scene.out, "not at once"));
}

static void what_moves_live_is_told_with_its_limit(void **state)
{
    static const char before[] = NODES "service vm:m { keep on alpha; migrate live }\n";
    static const char after[] =
        NODES "service vm:m { keep on beta; migrate live; migrate timeout 3m }\n";
    char options[160];

    (void)state;
    snprintf(options, sizeof(options), "--against %s", scene_write(&scene, "old.tenuto", before));
    assert_int_equal(plan(after, options), 2);
    assert_non_null(strstr(scene.out, "  ~ service vm:m: keep on alpha -> keep on beta\n"));
    assert_non_null(strstr(scene.out, "  move live vm:m  "));
    assert_non_null(strstr(scene.out, " alpha -> beta\n"));
    assert_non_null(strstr(scene.out, "            it goes on running; the move takes at most 3m "
                                      "(migrate timeout)\n"));
    assert_int_equal(plan(after, strcat(options, " --json")), 2);
    assert_non_null(strstr(scene.out, "\"down_ms\":0"));
}

static void checks_and_survival_that_change_are_told(void **state)
{
    (void)state;
    assert_int_equal(plan(NODES SERVICE("b") "service ocf:a { agent heartbeat:Dummy; "
                                             "keep on alpha }\n",
                          ""),
                     2);
    assert_non_null(strstr(scene.out, "checks:\n  + warning[T0"));
    assert_non_null(strstr(scene.out, "version 7 survives the loss of any 1 node\n"));
    assert_non_null(strstr(scene.out, "new.tenuto "));
    assert_int_equal(plan(NODES SERVICE("b") "service ocf:a { agent heartbeat:Dummy; "
                                             "keep on alpha }\n",
                          "--json"),
                     2);
    assert_non_null(strstr(scene.out, "\"kind\":\"check\""));
    assert_non_null(strstr(scene.out, "\"survival_before\":\"survives the loss of any 1 node\""));
}

static void two_files_are_compared_without_a_cluster(void **state)
{
    char options[160];

    (void)state;
    scene_close(&scene);
    scene_open(&scene, NULL);
    snprintf(options, sizeof(options), "--against %s",
             scene_write(&scene, "old.tenuto", NODES SERVICE("a")));
    assert_int_equal(plan(NODES AB, options), 2);
    assert_non_null(strstr(scene.out, "old.tenuto:\n  + service ocf:b: agent heartbeat:Dummy\n"
                                      "would happen:\n  start     ocf:b  "));
    assert_int_equal(plan(NODES SERVICE("a"), options), 0);
    snprintf(options, sizeof(options), "--against %s",
             scene_write(&scene, "old.tenuto", NODES "service ocf:a { agnet x }\n"));
    assert_int_equal(plan(NODES AB, options), 1);
    assert_non_null(strstr(scene.err, "old.tenuto; nothing can be planned"));
}

static void a_cluster_without_a_policy_gets_all_of_it(void **state)
{
    char options[160];

    (void)state;
    snprintf(options, sizeof(options), "--state %s",
             scene_write(&scene, "state.json", "{\"version\":0,\"records\":{}}"));
    assert_int_equal(plan(NODES AB, options), 2);
    assert_non_null(strstr(scene.out, "no policy is in force; all of this is new:\n"));
    assert_non_null(strstr(scene.out, "  + service ocf:b: agent heartbeat:Dummy\n"));
}

static void a_policy_in_force_that_is_right_no_more_does_not_stop_a_plan(void **state)
{
    static const char wrong[] =
        "{\"version\":9,\"records\":{" RUNNING
        ",\"policy\":\"{\\\"version\\\":7,\\\"text\\\":\\\"nonsense\\\"}\"}}";
    char options[160];

    (void)state;
    snprintf(options, sizeof(options), "--state %s", scene_write(&scene, "state.json", wrong));
    assert_int_equal(plan(NODES AB, options), 2);
    assert_non_null(strstr(scene.out, "version 7 is no right policy any more, so nothing is "
                                      "compared with it\n"));
}

static void a_wrong_policy_is_not_planned(void **state)
{
    (void)state;
    assert_int_equal(plan(NODES "service ocf:a { agnet heartbeat:Dummy }\n", ""), 1);
    assert_non_null(strstr(scene.err, "nothing can be planned"));
    assert_string_equal(scene.out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_policy_that_moves_nothing_says_so_and_exits_with_0, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_plan_from_what_may_be_old_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(moves_starts_and_stops_are_told_with_their_reasons, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_program_gets_rows_and_a_sum, setup, teardown),
        cmocka_unit_test_setup_teardown(a_state_may_come_from_a_file, setup, teardown),
        cmocka_unit_test_setup_teardown(what_changes_is_told_statement_by_statement, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_runs_keeps_its_parameters_and_that_is_said, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_moves_live_is_told_with_its_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(checks_and_survival_that_change_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(two_files_are_compared_without_a_cluster, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cluster_without_a_policy_gets_all_of_it, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_policy_in_force_that_is_right_no_more_does_not_stop_a_plan, setup, teardown),
        cmocka_unit_test_setup_teardown(a_wrong_policy_is_not_planned, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
