/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One statement changed, in a file and in the policy in force; a stale one is never pushed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/console/scene.h"

#define POLICY                                                                                     \
    "cluster home\nnode alpha { address 10.0.0.1 }\nnode beta { address 10.0.0.2 }\n"              \
    "node gamma { address 10.0.0.3 }\n\n# Ours.\nservice ocf:web { agent heartbeat:x }   # page\n"
#define AS_JSON                                                                                    \
    "cluster home\\nnode alpha { address 10.0.0.1 }\\nnode beta { address 10.0.0.2 }\\n"           \
    "node gamma { address 10.0.0.3 }\\n\\n# Ours.\\nservice ocf:web { agent heartbeat:x }   # "    \
    "page\\n"

static struct scene scene;

static int setup(void **state)
{
    (void)state;
    scene_open(&scene, "verb policy show\nrow {\"version\":4,\"text\":\"" AS_JSON "\"}\ndone {}\n"
                       "verb policy push\ndone {\"version\":5,\"words\":\"version 5 is in "
                       "force\"}\n");
    return 0;
}

static int setup_stale(void **state)
{
    (void)state;
    scene_open(&scene, "verb policy show\nrow {\"version\":4,\"text\":\"" AS_JSON "\"}\ndone {}\n"
                       "verb policy push\nerror {\"error\":\"version 5 is in force by now, not "
                       "4\",\"hint\":\"look at what changed, then push again\",\"code\":3}\n");
    return 0;
}

static int setup_alone(void **state)
{
    (void)state;
    scene_open(&scene, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scene_close(&scene);
    return 0;
}

static const char *request_log(void)
{
    char path[128];

    snprintf(path, sizeof(path), "%s.log", scene.socket);
    return scene_read(path);
}

static int run_on(const char *line, const char *path)
{
    char whole[512];

    snprintf(whole, sizeof(whole), "%s --file %s", line, path);
    return scene_run(&scene, whole);
}

static void a_service_is_set_against_the_version_that_was_read(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "ha set ocf:web restart 2"), 0);
    assert_string_equal(scene.out, "ocf:web with: restart 2\n"
                                   "line 7:\n"
                                   "- service ocf:web { agent heartbeat:x }   # page\n"
                                   "+ service ocf:web { agent heartbeat:x; restart 2 }  # page\n"
                                   "version 5 is in force\n");
    assert_non_null(strstr(request_log(), "\"base\":4"));
    assert_non_null(strstr(request_log(), "\"message\":\"ocf:web with: restart 2\""));
    assert_non_null(strstr(request_log(), "# Ours.\\nservice ocf:web { agent heartbeat:x; restart "
                                          "2 }  # page\\n\""));
}

static void nothing_is_pushed_that_changes_nothing_or_only_is_tried(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "ha set ocf:web agent heartbeat:x"), 0);
    assert_non_null(strstr(scene.out, "the policy says so already; nothing was changed\n"));
    assert_int_equal(scene_run(&scene, "ha add ocf:new agent heartbeat:y --dry-run"), 0);
    assert_non_null(strstr(scene.out, "+ service ocf:new { agent heartbeat:y }\n"));
    assert_non_null(strstr(scene.out, "nothing was changed: this is what would be\n"));
    assert_null(strstr(request_log(), "policy push"));
}

static void what_would_be_wrong_is_not_pushed(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "ha set ocf:web restart x"), 1);
    assert_non_null(strstr(scene.err, "policy:7:46: error[T0203]"));
    assert_non_null(strstr(scene.err, "nothing was changed"));
    assert_int_equal(scene_run(&scene, "ha set ocf:web restart x --json"), 1);
    assert_non_null(strstr(scene.out, "\"diagnostics\":[{\"code\":\"T0203\""));
    assert_int_equal(scene_run(&scene, "ha remove ocf:wbe"), 1);
    assert_non_null(strstr(scene.err, "did you mean \"ocf:web\"?"));
    assert_null(strstr(request_log(), "policy push"));
}

static int setup_with_drill(void **state)
{
    (void)state;
    scene_open(&scene, "verb policy show\nrow {\"version\":4,\"text\":\"" AS_JSON
                       "fencing { watchdog 5s }\\ndrill \\\"one dies\\\" {\\n    power off "
                       "alpha\\n    expect ocf:web started on beta\\n}\\n\"}\ndone {}\n"
                       "verb policy push\ndone {\"version\":5}\n");
    return 0;
}

static void what_breaks_a_drill_is_not_pushed_and_is_shown_once(void **state)
{
    const char *first;

    (void)state;
    assert_int_equal(scene_run(&scene, "ha set ocf:web keep on alpha"), 1);
    first = strstr(scene.err, "error[T0508]");
    assert_non_null(first);
    assert_non_null(strstr(first, "expect ocf:web started on beta"));
    assert_null(strstr(first + 1, "error[T0508]"));
    assert_non_null(strstr(scene.err, "with that the policy would be wrong; nothing was changed"));
    assert_null(strstr(request_log(), "policy push"));
}

static void a_policy_that_moved_on_is_stale(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "ha set ocf:web restart 2"), 3);
    assert_non_null(strstr(scene.err, "version 5 is in force by now, not 4"));
    assert_non_null(strstr(scene.err, "look at what changed"));
}

static void without_an_agent_only_a_file_is_edited(void **state)
{
    const char *path = scene_write(&scene, "a.tenuto", POLICY);
    char kept[160];

    (void)state;
    snprintf(kept, sizeof(kept), "%s", path);
    assert_int_equal(scene_run(&scene, "ha set ocf:web restart 2"), 69);
    assert_int_equal(run_on("rules add lone try ocf:web, ocf:two apart", kept), 1);
    assert_int_equal(run_on("ha add ocf:two agent heartbeat:y", kept), 0);
    assert_int_equal(run_on("rules add lone try ocf:web, ocf:two apart", kept), 0);
    assert_string_equal(scene_read(kept), POLICY "service ocf:two { agent heartbeat:y }\n\n"
                                                 "rule lone: try ocf:web, ocf:two apart\n");
    assert_int_equal(run_on("rules list", kept), 0);
    assert_string_equal(scene.out, "RULE  STATE     LINE  SENTENCE\n"
                                   "lone  in force    10  try ocf:web, ocf:two apart\n");
    assert_int_equal(run_on("ha remove ocf:two --json", kept), 0);
    assert_non_null(strstr(scene.out, "\"did\":[\"removed service ocf:two (line 8)\",\"removed "
                                      "rule lone (line 10): it would say nothing"));
    assert_string_equal(scene_read(kept), POLICY);
    assert_int_equal(run_on("rules list", kept), 0);
    assert_string_equal(scene.out, "there are no rules in the policy\n");
    assert_int_equal(run_on("ha remove ocf:web", "/nonexistent.tenuto"), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_service_is_set_against_the_version_that_was_read),
        TEST(nothing_is_pushed_that_changes_nothing_or_only_is_tried),
        cmocka_unit_test_setup_teardown(what_breaks_a_drill_is_not_pushed_and_is_shown_once,
                                        setup_with_drill, teardown),
        TEST(what_would_be_wrong_is_not_pushed),
        cmocka_unit_test_setup_teardown(a_policy_that_moved_on_is_stale, setup_stale, teardown),
        cmocka_unit_test_setup_teardown(without_an_agent_only_a_file_is_edited, setup_alone,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
