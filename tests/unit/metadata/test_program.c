/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Programs that behave, and programs that do not. */
#include "tests/unit/metadata/metadata_test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agentd/metadata/program.h"

static const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};

static struct program_limits limits(int timeout_ms)
{
    return (struct program_limits){
        .at_once = 2, .timeout_ms = timeout_ms, .patience_ms = 60000, .bytes_max = 100000};
}

static struct program run(const char *script, int timeout_ms)
{
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    struct program program = {.argv = argv, .environment = environment};
    struct program_limits its = limits(timeout_ms);

    programs_run(&program, 1, &its);
    return program;
}

static void what_it_prints_is_taken_and_complaints_are_not(void **state)
{
    struct program program = run("echo one; echo two >&2; echo three; head -c 70000 /dev/zero |"
                                 " tr '\\0' x",
                                 60000);

    (void)state;
    assert_true(program.is_done);
    assert_int_equal(program.length, 70010);
    assert_memory_equal(program.output, "one\nthree\nxxx", 13);
    free(program.output);
}

static void a_failure_says_its_last_complaint(void **state)
{
    struct program program =
        run("echo first >&2; printf 'cannot find \\033[1mit\\n\\n' >&2; exit 3", 60000);

    (void)state;
    assert_false(program.is_done);
    assert_string_equal(program.err.text, "it failed with exit code 3: cannot find  [1mit");
    free(program.output);
    program = run("kill -9 $$", 60000);
    assert_false(program.is_done);
    assert_string_equal(program.err.text, "it was killed by signal 9");
    free(program.output);
}

static void what_cannot_be_run_has_failed(void **state)
{
    const char *argv[] = {"/nowhere/at/all", NULL};
    struct program program = {.argv = argv, .environment = environment};
    struct program_limits its = limits(60000);

    (void)state;
    programs_run(&program, 1, &its);
    assert_false(program.is_done);
    assert_string_equal(program.err.text, "it failed with exit code 127");
    free(program.output);
}

/* Gone, or dead and not yet collected by whoever it was left to. */
static bool is_gone(pid_t pid)
{
    char path[64], state = 'Z';
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (!file)
        return true;
    if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        state = 'Z';
    fclose(file);
    return state == 'Z' || state == 'X';
}

static void who_takes_too_long_is_killed_with_its_children(void **state)
{
    struct program program =
        run("sleep 1000 & echo $!; trap '' TERM INT HUP; wait; sleep 1000", 300);
    pid_t child;

    (void)state;
    assert_false(program.is_done);
    assert_string_equal(program.err.text, "it did not answer within 0s");
    assert_true(program.length > 0);
    child = (pid_t)strtol(program.output, NULL, 10);
    assert_true(child > 1);
    for (int i = 0; i < 1000 && !is_gone(child); i++)
        usleep(10000);
    assert_true(is_gone(child));
    free(program.output);
}

static void what_it_leaves_in_the_background_is_not_waited_for(void **state)
{
    struct program program = run("setsid sh -c 'while :; do echo noise; sleep 0.01; done' &"
                                 " echo $!; exit 0",
                                 60000);

    (void)state;
    assert_true(program.is_done);
    assert_true(program.length > 0);
    /* It left our group; its next word meets a closed pipe. */
    free(program.output);
}

static void who_prints_without_end_is_stopped(void **state)
{
    struct program program = run("exec yes", 60000);

    (void)state;
    assert_false(program.is_done);
    assert_string_equal(program.err.text, "it printed more than 100000 bytes");
    free(program.output);
}

static void it_finds_nothing_on_its_input_and_nothing_of_ours(void **state)
{
    struct program program = run("cat; ls /proc/self/fd | wc -l; pwd", 60000);

    (void)state;
    assert_true(program.is_done);
    /* 0, 1, 2 and the folder that ls looks into. */
    assert_string_equal(program.output, "4\n/\n");
    free(program.output);
}

static void several_run_and_none_begins_after_patience_ends(void **state)
{
    const char *argv[] = {"/bin/sh", "-c", "sleep 0.3; echo here", NULL};
    struct program programs[8] = {{0}};
    struct program_limits its = limits(60000);
    int n_done = 0, n_late = 0;

    (void)state;
    for (int i = 0; i < 8; i++)
        programs[i] = (struct program){.argv = argv, .environment = environment};
    its.patience_ms = 200;
    programs_run(programs, 8, &its);
    for (int i = 0; i < 8; i++) {
        n_done += programs[i].is_done;
        n_late += strcmp(programs[i].err.text, "there was no time left to ask it") == 0;
        free(programs[i].output);
    }
    assert_int_equal(n_done, 2);
    assert_int_equal(n_late, 6);
    its.patience_ms = 60000;
    for (int i = 0; i < 8; i++)
        programs[i] = (struct program){.argv = argv, .environment = environment};
    programs_run(programs, 8, &its);
    for (int i = 0; i < 8; i++) {
        assert_string_equal(programs[i].output, "here\n");
        free(programs[i].output);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_prints_is_taken_and_complaints_are_not),
        cmocka_unit_test(a_failure_says_its_last_complaint),
        cmocka_unit_test(what_cannot_be_run_has_failed),
        cmocka_unit_test(who_takes_too_long_is_killed_with_its_children),
        cmocka_unit_test(what_it_leaves_in_the_background_is_not_waited_for),
        cmocka_unit_test(who_prints_without_end_is_stopped),
        cmocka_unit_test(it_finds_nothing_on_its_input_and_nothing_of_ours),
        cmocka_unit_test(several_run_and_none_begins_after_patience_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
