/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The chain of times with its numbers, as a check shows it. */
#include "tests/unit/dsl/dsl_test.h"

#include <string.h>

#include "dsl/times.h"
#include "ha/base/json.h"

#define NODES                                                                                      \
    "node alpha { address 10.77.0.1 }\n"                                                           \
    "node beta { address 10.77.0.2 }\n"                                                            \
    "node gamma { address 10.77.0.3 }\n"

/* All lines, one below the other. */
static void expect_lines(const char *text, const char *expected)
{
    struct compiled compiled = compile_text(text);
    const char *const *lines;
    const char *all = "";
    int n_lines;

    assert_true(compiled.is_right);
    lines = times_lines(compiled.arena, compiled.policy, &n_lines);
    for (int i = 0; i < n_lines; i++)
        all = arena_printf(compiled.arena, "%s%s\n", all, lines[i]);
    assert_string_equal(all, expected);
    compiled_free(&compiled);
}

static void the_numbers_add_up(void **state)
{
    (void)state;
    /* Beat 500 ms, so lease 2 s; 10 s + 2 s and 1 % and 250 ms of that: 12.37 s. */
    expect_lines("cluster home { network lan }\nfencing { watchdog 10s }\n" NODES
                 "defaults { agent heartbeat:anything }\n"
                 "service ocf:a { start timeout 30s }\nservice ocf:b { start timeout 20s }\n"
                 "service ocf:c { start timeout 5m; state stopped }\n"
                 "rule order: start ocf:a before ocf:b\n",
                 "token 1s (1.1s with 3 nodes), beat 500ms, lease 2s, watchdog 10s, allowance "
                 "370ms\n"
                 "a dead node is missed after 2.4s and off for sure 12.3s after its last word "
                 "(lease + watchdog + allowance)\n"
                 "its services start again 11.8s to 13.8s after its death\n"
                 "ocf:b may take longest to run again, 1m 2s: 12.3s until then, 30s for what "
                 "starts before it, 20s for its own start\n"
                 "a node that stalls or is cut off for less than 7.5s is not reset\n");
}

static void what_does_not_exist_is_not_counted(void **state)
{
    (void)state;
    expect_lines("cluster home { network lan }\nfencing { watchdog 10s }\n"
                 "node alpha { address 10.77.0.1 }\n",
                 "token 1s, beat 500ms, lease 2s, watchdog 10s, allowance 370ms\n"
                 "with one node nobody takes over\n");
    expect_lines("cluster home { network lan }\nfencing { watchdog none }\n" NODES,
                 "token 1s (1.1s with 3 nodes), beat 500ms, lease 2s, watchdog none, allowance "
                 "320ms\n"
                 "a dead node is missed after 2.4s and taken for off after 2.4s, which nothing "
                 "proves without a watchdog\n"
                 "its services start again 2.4s to 3.8s after its death\n");
}

static void programs_get_milliseconds(void **state)
{
    struct compiled compiled =
        compile_text("cluster home { network lan }\nfencing { watchdog 10s }\n" NODES);
    autojson *json = times_json(compiled.policy);

    (void)state;
    assert_int_equal(json_integer_value(json_object_get(json, "ring_ms")), 1125);
    assert_int_equal(json_integer_value(json_object_get(json, "missed_ms")), 2475);
    assert_int_equal(json_integer_value(json_object_get(json, "proven_ms")), 12370);
    assert_int_equal(json_integer_value(json_object_get(json, "soonest_ms")), 11870);
    assert_int_equal(json_integer_value(json_object_get(json, "latest_ms")), 13870);
    assert_int_equal(json_integer_value(json_object_get(json, "stall_ms")), 7525);
    assert_null(json_object_get(json, "slowest"));
    compiled_free(&compiled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_numbers_add_up),
        cmocka_unit_test(what_does_not_exist_is_not_counted),
        cmocka_unit_test(programs_get_milliseconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
