/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The flight recorder's files: what is in them can be read from their first line, they stay
 * within their bytes, a torn end is cut off, and a disk that fails costs a gap and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/recorder.h"
#include "ha/base/arena.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
#include "tests/unit/agentd/stage.h"

#define MIB (1024 * 1024)

struct scene {
    struct stage stage;
    char path[128];
    struct policy policy;
    struct service_policy service;
    struct cluster_view *view;
    struct ha_state *state;
    struct record_reader reader;
};

static int setup(void **context)
{
    struct scene *scene = xcalloc(1, sizeof(*scene));

    stage_open(&scene->stage);
    text_copy(scene->path, sizeof(scene->path), stage_path(&scene->stage, "record"));
    text_copy(scene->policy.nodes[0].name, NODE_NAME_MAX, "alpha");
    text_copy(scene->service.name, SERVICE_NAME_MAX, "ocf:a");
    scene->policy.n_nodes = scene->policy.n_services = 1;
    scene->policy.services = &scene->service;
    scene->view = xcalloc(1, sizeof(*scene->view));
    scene->state = xcalloc(1, sizeof(*scene->state));
    cluster_view_init(scene->view, 1, 1);
    ha_state_init(scene->state, 1, 1);
    scene->view->self = 0;
    record_reader_init(&scene->reader);
    *context = scene;
    return 0;
}

static int teardown(void **context)
{
    struct scene *scene = *context;

    record_reader_fini(&scene->reader);
    stage_close(&scene->stage);
    free(scene->view);
    free(scene->state);
    free(scene);
    return 0;
}

/* A step at that time; what was seen is other than before if it is news. */
static void step_at(struct scene *scene, struct recorder *recorder, int64_t ms, bool is_news)
{
    struct flight flight = {.node = "alpha", .policy_version = 7, .policy_text = "cluster home"};

    scene->view->now.ms = scene->view->stamp.ms = ms;
    scene->view->services[0].exit_code += is_news;
    recorder_step(recorder, &flight,
                  &(struct record_step){
                      .policy = &scene->policy,
                      .view = scene->view,
                      .before = scene->state,
                      .after = scene->state,
                  });
}

/* Takes in a whole file; gives the number of its steps and the time of the last. */
static int read_file(struct scene *scene, const char *name, int64_t *last)
{
    char *text = xstrdup(stage_read(&scene->stage, name)), *rest = text, *line;
    int n_steps = 0;

    scene->reader.policy = &scene->policy;
    scene->reader.is_begun = false;
    while ((line = strsep(&rest, "\n")) && rest) {
        struct err err = {.text = ""};
        autojson *value = json_read(line, strlen(line), &err);
        enum record_line kind = RECORD_BEGIN;

        if (!value || !record_kind(value, &kind, &err))
            fail_msg("%s: %s", err.text, line);
        if (kind == RECORD_STEP && !record_read_step(&scene->reader, value, &err))
            fail_msg("%s: %s", err.text, line);
        n_steps += kind == RECORD_STEP;
    }
    *last = scene->reader.view->stamp.ms;
    free(text);
    return n_steps;
}

static void only_steps_with_news_are_kept_and_each_start_is_whole(void **context)
{
    struct scene *scene = *context;
    struct recorder *recorder = recorder_new(scene->path, MIB);
    struct stat status;
    int64_t last;

    step_at(scene, recorder, 1000, true);
    step_at(scene, recorder, 2000, false);
    step_at(scene, recorder, 3000, true);
    recorder_free(recorder);
    assert_int_equal(read_file(scene, "record", &last), 2);
    assert_int_equal(last, 3000);
    assert_int_equal(scene->reader.view->services[0].exit_code, 2);
    recorder = recorder_new(scene->path, MIB);
    step_at(scene, recorder, 4000, false);
    recorder_free(recorder);
    assert_int_equal(read_file(scene, "record", &last), 3);
    assert_int_equal(stat(scene->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void two_files_hold_the_newest_and_no_more(void **context)
{
    struct scene *scene = *context;
    struct recorder *recorder = recorder_new(scene->path, 4096);
    int64_t last, last_old;
    int n_steps;

    for (int i = 1; i <= 400; i++)
        step_at(scene, recorder, i * 1000, true);
    recorder_free(recorder);
    n_steps = read_file(scene, "record.old", &last_old);
    assert_true(n_steps > 10);
    assert_true(strlen(stage_read(&scene->stage, "record.old")) < 2 * 4096);
    n_steps = read_file(scene, "record", &last);
    assert_int_equal(last, 400 * 1000);
    assert_int_equal(last - last_old, n_steps * 1000);
    assert_true(strlen(stage_read(&scene->stage, "record")) < 2 * 4096);
}

static void a_line_that_a_crash_cut_off_goes(void **context)
{
    struct scene *scene = *context;
    struct recorder *recorder = recorder_new(scene->path, MIB);
    char *torn = xcalloc(1, 200000);
    int64_t last;

    step_at(scene, recorder, 1000, true);
    recorder_free(recorder);
    /* Longer than what is looked at in one go. */
    memset(torn, 'x', 199000);
    memcpy(torn, stage_read(&scene->stage, "record"), strlen(stage_read(&scene->stage, "record")));
    stage_write(&scene->stage, "record", torn, 0600);
    recorder = recorder_new(scene->path, MIB);
    step_at(scene, recorder, 2000, true);
    recorder_free(recorder);
    assert_int_equal(read_file(scene, "record", &last), 2);
    assert_int_equal(last, 2000);
    memset(torn, 'x', 199000);
    stage_write(&scene->stage, "record", torn, 0600);
    recorder = recorder_new(scene->path, MIB);
    step_at(scene, recorder, 3000, true);
    recorder_free(recorder);
    assert_int_equal(read_file(scene, "record", &last), 1);
    free(torn);
}

static void a_disk_that_fails_leaves_a_gap_and_then_a_full_step(void **context)
{
    struct scene *scene = *context;
    struct recorder *recorder;
    int64_t last;

    assert_int_equal(mkdir(scene->path, 0700), 0);
    recorder = recorder_new(scene->path, MIB);
    step_at(scene, recorder, 1000, true);
    /* A folder cannot be written. */
    recorder_settle(recorder);
    assert_int_equal(rmdir(scene->path), 0);
    /* Too early to try again. */
    step_at(scene, recorder, 2000, true);
    step_at(scene, recorder, 3000 + FLIGHT_RETRY_MS, true);
    step_at(scene, recorder, 4000 + FLIGHT_RETRY_MS, true);
    recorder_free(recorder);
    assert_int_equal(read_file(scene, "record", &last), 2);
    assert_int_equal(last, 4000 + FLIGHT_RETRY_MS);
    assert_int_equal(scene->reader.view->services[0].exit_code, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_steps_with_news_are_kept_and_each_start_is_whole,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(two_files_hold_the_newest_and_no_more, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_that_a_crash_cut_off_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_disk_that_fails_leaves_a_gap_and_then_a_full_step, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
