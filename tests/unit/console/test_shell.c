/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The shell fed from a pipe: line by line, until the first error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/control.h"
#include "console/shell.h"
#include "tests/unit/console/scene.h"

static const char agent[] = "verb ha status\ndone {}\nverb ha why\n"
                            "error {\"error\":\"no such service\",\"code\":1}\n"
                            "verb ha migrate\ndone {\"words\":\"accepted\"}\n";

static struct scene scene;
static char said[4096];

static int setup(void **state)
{
    (void)state;
    scene_open(&scene, agent);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scene_close(&scene);
    return 0;
}

/* In a process of its own, because it is about standard input and output. */
static int run_script(const char *script)
{
    char path[160];
    int status;
    pid_t pid;

    snprintf(path, sizeof(path), "%s", scene_write(&scene, "script", script));
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        char out[128];

        snprintf(out, sizeof(out), "%s/out", scene.folder);
        if (!freopen(path, "r", stdin) || !freopen(out, "w", stdout) || dup2(1, 2) != 2)
            _exit(99);
        setvbuf(stdout, NULL, _IONBF, 0);
        _exit(shell_run(&scene.settings));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    snprintf(path, sizeof(path), "%s/out", scene.folder);
    snprintf(said, sizeof(said), "%s", scene_read(path));
    return WEXITSTATUS(status);
}

static void every_line_is_a_verb_and_comments_are_none(void **state)
{
    (void)state;
    assert_int_equal(
        run_script("# first look\nha status\n\n  tenuto ha migrate \"ocf:web\" beta # go"), 0);
    assert_string_equal(said, "there are no services in the policy\naccepted\n");
}

static void the_first_error_ends_it_with_its_exit_code(void **state)
{
    (void)state;
    assert_int_equal(run_script("ha status\nha why ocf:web\nha migrate ocf:web beta\n"), 1);
    assert_string_equal(said, "there are no services in the policy\ntenuto: no such service\n"
                              "tenuto: stopped at line 2\n");
    assert_int_equal(run_script("ha migrate ocf:web\n"), CONTROL_EXIT_USAGE);
    assert_int_equal(run_script("ha \"migrate\n"), CONTROL_EXIT_USAGE);
    assert_non_null(strstr(said, "a quote is opened and not closed"));
}

static void exit_ends_it_well(void **state)
{
    (void)state;
    assert_int_equal(run_script("exit\nha why ocf:web\n"), 0);
    assert_string_equal(said, "");
}

static void a_shell_does_not_open_a_shell(void **state)
{
    (void)state;
    assert_int_equal(run_script("shell\n"), CONTROL_EXIT_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_line_is_a_verb_and_comments_are_none, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_first_error_ends_it_with_its_exit_code, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(exit_ends_it_well, setup, teardown),
        cmocka_unit_test_setup_teardown(a_shell_does_not_open_a_shell, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
