/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "drill replay": what is told of a flight record, by this build and under another policy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dsl/policy_text.h"
#include "ha/base/arena.h"
#include "ha/base/json.h"
#include "ha/model/codec_record.h"
#include "ha/whatif/world.h"
#include "tests/unit/console/scene.h"

#define HEAD                                                                                       \
    "cluster home\nnode alpha\nnode beta\nnode gamma\nfencing { watchdog 5s }\n"                   \
    "service ocf:db { agent a:b }\n"
#define POLICY HEAD "service ocf:web { agent a:b; try on alpha, then beta, then gamma }\n"
#define OTHER HEAD "service ocf:web { agent a:b; try on alpha, then gamma, then beta }\n"
#define TEXT_MAX 262144

static struct scene scene;
static char text[TEXT_MAX];

/* The world's clock began at a thousand seconds after 1970; the record's is what people know. */
static void say(const json_t *line)
{
    char *bytes = json_write(line);
    size_t length = strlen(text);

    assert_true(length + strlen(bytes) + 2 < TEXT_MAX);
    snprintf(text + length, TEXT_MAX - length, "%s\n", bytes);
    free(bytes);
}

static void hear_step(void *context, const struct world *world)
{
    autojson *line = record_writer_step(context, &(struct record_step){
                                                     .policy = world->policy,
                                                     .view = &world->view,
                                                     .before = &world->agreed,
                                                     .after = &world->proposed,
                                                     .answers = world->outcome.answers,
                                                     .n_answers = world->outcome.n_answers,
                                                     .fences = world->outcome.fences,
                                                 });

    if (line)
        say(line);
}

/* A cluster starts, and loses alpha, which ran ocf:web. */
static void record(void)
{
    struct arena *arena = arena_new();
    struct policy *policy = arena_alloc(arena, sizeof(*policy));
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));
    struct record_writer *writer = record_writer_new();
    struct world *world = xcalloc(1, world_size(3));
    autojson *begun = record_begin("0.1.0", "alpha"), *line = record_policy(7, POLICY);

    text[0] = '\0';
    say(begun);
    say(line);
    assert_true(policy_compile(arena, "p", POLICY, strlen(POLICY), policy, found));
    world_init(world, policy, &world_exact, 0);
    world->listener = (struct world_listener){.context = writer, .step = hear_step};
    for (node_id node = 0; node < 3; node++)
        world_power_on(world, node);
    world_run(world, duration_ms(60000));
    world_power_off(world, 0, INSTANT_NEVER);
    world_run(world, duration_ms(60000));
    assert_string_equal(world->broken, "");
    free(world);
    record_writer_free(writer);
    arena_free(arena);
}

static int setup(void **state)
{
    (void)state;
    scene_open(&scene, NULL);
    record();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scene_close(&scene);
    return 0;
}

static int replay(const char *bytes, const char *options)
{
    char line[512];

    snprintf(line, sizeof(line), "drill replay %s%s", options,
             scene_write(&scene, "flight", bytes));
    return scene_run(&scene, line);
}

static int replay_under(const char *policy)
{
    char options[256];

    snprintf(options, sizeof(options), "--policy %s ", scene_write(&scene, "o.tenuto", policy));
    return replay(text, options);
}

static void this_build_decides_what_it_decided(void **state)
{
    (void)state;
    assert_int_equal(replay(text, ""), 0);
    assert_non_null(strstr(scene.out, "alpha, "));
    assert_non_null(strstr(scene.out, " steps, all decided alike\n"));
    assert_int_equal(replay(text, "--json "), 0);
    assert_non_null(strstr(scene.out, "\"different\":0"));
}

static void records_in_a_row_are_one(void **state)
{
    char *twice = xcalloc(1, 2 * strlen(text) + 1);

    (void)state;
    snprintf(twice, 2 * strlen(text) + 1, "%s%s", text, text);
    assert_int_equal(replay(twice, ""), 0);
    assert_non_null(strstr(scene.out, " steps, all decided alike\n"));
    free(twice);
}

static void another_policy_is_told_with_both_decisions(void **state)
{
    (void)state;
    assert_int_equal(replay_under(OTHER), 2);
    assert_non_null(strstr(scene.out, "  ocf:web\n    then  "));
    assert_non_null(strstr(scene.out, "started on beta"));
    assert_non_null(strstr(scene.out, "started on gamma"));
    assert_non_null(strstr(scene.out, "Each step is judged by itself"));
    assert_non_null(strstr(scene.out, " steps decided otherwise\n"));
    assert_int_equal(replay_under(POLICY), 0);
}

static void services_of_one_policy_only_are_not_judged(void **state)
{
    (void)state;
    assert_int_equal(
        replay_under("cluster home\nnode alpha\nnode beta\nnode gamma\nfencing { watchdog 5s }\n"
                     "service ocf:web { agent a:b; try on alpha, then beta, then gamma }\n"
                     "service ocf:new { agent a:b; try on gamma }\n"),
        0);
}

static void another_policy_keeps_the_nodes(void **state)
{
    (void)state;
    assert_int_equal(replay_under("cluster home\nnode alpha\nnode beta\nnode omega\n"
                                  "fencing { watchdog 5s }\n"),
                     1);
    assert_non_null(strstr(scene.err, "has other nodes than version 7 of the policy"));
    assert_int_equal(replay_under("cluster home\nnode\n"), 1);
    assert_non_null(strstr(scene.err, "o.tenuto is wrong in line 2"));
}

/* A change of what is on disk stands for a change of the code. */
static void a_decision_that_this_build_would_not_make_is_found(void **state)
{
    char *at;

    (void)state;
    at = strstr(text, "\"code\":\"RUNS_NOW\"");
    assert_non_null(at);
    memcpy(at, "\"code\":\"CLEARED\" ", strlen("\"code\":\"RUNS_NOW\""));
    assert_int_equal(replay(text, ""), 2);
    assert_non_null(strstr(scene.out, "    then  "));
    assert_int_equal(replay(text, "--json "), 2);
    assert_non_null(strstr(scene.out, "\"event\":\"difference\""));
    assert_non_null(strstr(scene.out, "\"kind\":\"service\""));
}

static void a_torn_end_is_passed_over_and_anything_else_is_an_error(void **state)
{
    size_t length = strlen(text);
    char *newline;

    (void)state;
    text[length - 7] = '\0';
    assert_int_equal(replay(text, ""), 0);
    newline = strchr(strchr(text, '\n') + 1, '\n');
    newline[1] = '~';
    assert_int_equal(replay(text, ""), 1);
    assert_non_null(strstr(scene.err, "flight:3: not JSON"));
    assert_int_equal(replay("{\"record\":2}\n", ""), 1);
    assert_non_null(strstr(scene.err, "this is a record of format 2; this version reads format 1"));
    assert_int_equal(replay("[]\n", ""), 1);
    assert_non_null(strstr(scene.err, "flight:1: this is no line of a record"));
    assert_int_equal(replay("{\"policy\":1,\"text\":\"cluster\"}\n", ""), 1);
    assert_non_null(strstr(scene.err, "the recorded policy is wrong in line 1"));
    assert_int_equal(replay("{\"at\":1}\n", ""), 1);
    assert_non_null(strstr(scene.err, "a step before any policy"));
    assert_int_equal(replay("", ""), 1);
    assert_non_null(strstr(scene.err, "a node keeps a record while it leads"));
}

static void a_stretch_is_chosen_by_its_time(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    /* alpha is lost a minute after 00:16:40. */
    assert_int_equal(replay(text, "--around 1970-01-01_00:16:41 "), 1);
    assert_non_null(strstr(scene.err, "\"1970-01-01_00:16:41\" is no time; write 14:02,"));
    assert_int_equal(replay(text, "--since 1m "), 1);
    assert_non_null(strstr(scene.err, "the record has no step in that time; it goes from "));
    assert_int_equal(replay(text, "--since 1m --around 2m "), 1);
    assert_non_null(strstr(scene.err, "two answers to one question"));
    assert_int_equal(replay(text, "--since 40000d "), 0);
}

static void without_a_file_it_is_the_record_of_this_node(void **state)
{
    (void)state;
    snprintf(scene.settings.record, sizeof(scene.settings.record), "%s/own", scene.folder);
    assert_int_equal(scene_run(&scene, "drill replay"), 1);
    assert_non_null(strstr(scene.err, "no record on this machine"));
    scene_write(&scene, "own.old", text);
    assert_int_equal(scene_run(&scene, "drill replay"), 0);
    scene_write(&scene, "own", text);
    assert_int_equal(scene_run(&scene, "drill replay"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(this_build_decides_what_it_decided, setup, teardown),
        cmocka_unit_test_setup_teardown(records_in_a_row_are_one, setup, teardown),
        cmocka_unit_test_setup_teardown(another_policy_is_told_with_both_decisions, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(services_of_one_policy_only_are_not_judged, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(another_policy_keeps_the_nodes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_decision_that_this_build_would_not_make_is_found, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_torn_end_is_passed_over_and_anything_else_is_an_error,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_stretch_is_chosen_by_its_time, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_file_it_is_the_record_of_this_node, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
