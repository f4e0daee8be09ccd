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
/* a runs on alpha, b on beta. */
#define STATE "{\"version\":9,\"records\":{" RUNS_ON("a", "alpha") "," RUNS_ON("b", "beta") "}}"

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
    assert_int_equal(plan(NODES SERVICE("a") SERVICE("b"), ""), 0);
    assert_non_null(strstr(scene.out, "nothing would start, stop or move\n"));
    assert_non_null(strstr(scene.out, "survives the loss of any 1 node\n"));
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
    assert_non_null(strstr(scene.out, "  start     ocf:new                      on "));
}

static void a_program_gets_rows_and_a_sum(void **state)
{
    (void)state;
    assert_int_equal(plan(NODES SERVICE("a") SERVICE("b") SERVICE("c"), "--json"), 2);
    assert_non_null(
        strstr(scene.out, "{\"deed\":\"start\",\"service\":\"ocf:c\",\"to\":\"gamma\""));
    assert_non_null(strstr(scene.out, "\"steps\":1"));
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
        cmocka_unit_test_setup_teardown(moves_starts_and_stops_are_told_with_their_reasons, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_program_gets_rows_and_a_sum, setup, teardown),
        cmocka_unit_test_setup_teardown(a_state_may_come_from_a_file, setup, teardown),
        cmocka_unit_test_setup_teardown(a_wrong_policy_is_not_planned, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
