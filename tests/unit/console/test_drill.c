/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "drill run": what people and programs are told, and the exit code that scripts go by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ha/base/json.h"
#include "tests/unit/console/scene.h"

#define HEAD "drill \"x\"\npolicy \"p.tenuto\"\nat 0s power on alpha, beta, gamma\n"

static const char policy[] = "cluster home\nnode alpha\nnode beta\nnode gamma\n"
                             "fencing { watchdog 5s }\n"
                             "service ocf:web { agent a:b; try on alpha }\n";

static struct scene scene;

static int setup(void **state)
{
    (void)state;
    scene_open(&scene, NULL);
    scene_write(&scene, "p.tenuto", policy);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scene_close(&scene);
    return 0;
}

static int run(const char *text, const char *option)
{
    char line[256];

    snprintf(line, sizeof(line), "drill run %s%s", scene_write(&scene, "x.drill", text), option);
    return scene_run(&scene, line);
}

static void people_read_a_timeline_with_reasons(void **state)
{
    (void)state;
    assert_int_equal(run(HEAD "within 20s expect ocf:web started on alpha\n", ""), 0);
    assert_non_null(strstr(scene.out, "  0:00      power on alpha, beta, gamma\n"));
    assert_non_null(strstr(scene.out, "ocf:web: request_start -> started (alpha): alpha is"));
    assert_non_null(strstr(scene.out, "ok      expect ocf:web started on alpha\n"));
    assert_non_null(strstr(scene.out, "passed: 1 of 1 expectations met"));
}

static void what_was_not_met_fails_with_what_was_found(void **state)
{
    (void)state;
    assert_int_equal(run(HEAD "within 20s expect ocf:web started on beta\n", ""), 1);
    assert_non_null(strstr(scene.out, "FAILED  expect ocf:web started on beta: it is started on "
                                      "alpha and runs on alpha\n"));
    assert_int_equal(run(HEAD "within 20s expect ocf:web started on beta\n", " --json"), 1);
    assert_non_null(strstr(scene.out, "\"result\":\"failed\""));
}

static json_t *find_row(const char *event)
{
    for (char *line = strtok(scene.out, "\n"); line; line = strtok(NULL, "\n")) {
        struct err err;
        json_t *row = json_read(line, strlen(line), &err);

        assert_non_null(row);
        if (strcmp(json_text(row, "event", ""), event) == 0)
            return row;
        json_decref(row);
    }
    fail_msg("no row of event %s", event);
    return NULL;
}

static void programs_read_rows(void **state)
{
    const char text[] = HEAD "at 30s snapshot\n";
    json_t *row;

    (void)state;
    assert_int_equal(run(text, " --json"), 0);
    row = find_row("snapshot");
    assert_int_equal(json_int(row, "at", 0), 30);
    assert_string_equal(json_text(json_object_get(row, "nodes"), "alpha", ""), "online");
    assert_string_equal(
        json_text(json_object_get(json_object_get(row, "services"), "ocf:web"), "state", ""),
        "started");
    assert_string_equal(json_string_value(json_array_get(
                            json_object_get(json_object_get(row, "running"), "ocf:web"), 0)),
                        "alpha");
    json_decref(row);
    assert_int_equal(run(text, " --json"), 0);
    row = find_row("action");
    assert_int_equal(json_int(row, "ms", 0), 7030);
    assert_string_equal(json_text(row, "action", ""), "start");
    assert_string_equal(json_text(row, "node", ""), "alpha");
    assert_string_equal(json_text(row, "result", ""), "ok");
    json_decref(row);
    assert_int_equal(run(text, " --json"), 0);
    row = find_row("decision");
    assert_string_equal(json_text(row, "from", ""), "unknown");
    assert_string_equal(json_text(row, "to", ""), "online");
    json_decref(row);
}

/* What is not as it should be says why. */
static void a_snapshot_says_what_is_waited_for(void **state)
{
    (void)state;
    assert_int_equal(run(HEAD
                         "at 30s power off alpha\nat 33s snapshot\nat 1m maintenance on gamma\n"
                         "at 2m snapshot\n",
                         ""),
                     0);
    assert_non_null(strstr(scene.out, "alpha is unknown: alpha is no longer in the cluster"));
    assert_non_null(strstr(scene.out, "beta is online\n"));
    assert_non_null(strstr(scene.out, "gamma is maintenance: somebody asked for maintenance"));
    assert_non_null(strstr(scene.out, "ocf:web is started on beta\n"));
}

static void a_drill_with_slips_is_not_played(void **state)
{
    (void)state;
    assert_int_equal(run(HEAD "at 1s cut delta\n", ""), 1);
    assert_non_null(strstr(scene.err, "x.drill:4:11: error[T0212]"));
    assert_null(strstr(scene.out, "joined"));
    assert_int_equal(run(HEAD "at 1s cut delta\n", " --json"), 1);
    assert_non_null(strstr(scene.out, "T0212"));
    assert_int_equal(run("policy \"none.tenuto\"\n", ""), 1);
    assert_non_null(strstr(scene.err, "none.tenuto"));
    assert_int_equal(scene_run(&scene, "drill run /nowhere.drill"), 1);
    assert_non_null(strstr(scene.err, "/nowhere.drill"));
}

static void what_this_version_cannot_do_fails(void **state)
{
    (void)state;
    assert_int_equal(run(HEAD "at 1m moved ocf:web to beta\n", ""), 1);
    assert_non_null(strstr(scene.out, "FAILED  moved ocf:web to beta: this version cannot"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(people_read_a_timeline_with_reasons),
        TEST(what_was_not_met_fails_with_what_was_found),
        TEST(programs_read_rows),
        TEST(a_snapshot_says_what_is_waited_for),
        TEST(a_drill_with_slips_is_not_played),
        TEST(what_this_version_cannot_do_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
