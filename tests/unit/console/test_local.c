/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Policies checked, laid out and pushed from here: nothing is lost, nothing wrong is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/unit/console/scene.h"

static const char right[] = "cluster home {\n    network lan\n}\n\n"
                            "node alpha {\n    address 10.0.0.1\n}\n";
static const char wrong[] = "cluster home {\n    network lna\n";

static struct scene scene;

static int setup(void **state)
{
    (void)state;
    scene_open(&scene, "verb policy push\ndone {\"version\":5,\"words\":\"version 5 is in "
                       "force\"}\nverb policy show\nrow {\"version\":4,\"text\":\"cluster home "
                       "{ }\\n\"}\ndone {}\n");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scene_close(&scene);
    return 0;
}

static int run_on(const char *verb, const char *path, const char *rest)
{
    char line[512];

    snprintf(line, sizeof(line), "%s %s%s", verb, path, rest);
    return scene_run(&scene, line);
}

static const char *request_log(void)
{
    char path[128];

    snprintf(path, sizeof(path), "%s.log", scene.socket);
    return scene_read(path);
}

static void a_right_policy_is_said_to_be_right(void **state)
{
    (void)state;
    assert_int_equal(run_on("policy check", scene_write(&scene, "a.tenuto", right), ""), 0);
    assert_non_null(strstr(scene.out, "a.tenuto: right\n"));
    assert_non_null(strstr(scene.out, "\ntimes: token 1s, beat 500ms, lease 2s, watchdog "));
    assert_non_null(strstr(scene.out, "\n       with one node nobody takes over\n"));
    assert_int_equal(run_on("policy check", scene_write(&scene, "a.tenuto", right), " --json"), 0);
    assert_non_null(strstr(scene.out, "{\"errors\":0,\"file\":"));
    assert_non_null(strstr(scene.out, "\"survival\":\"does not survive the loss of alpha: "));
    assert_non_null(strstr(scene.out, "\"times\":{"));
    assert_non_null(strstr(scene.out, "\"token_ms\":1000,"));
    assert_non_null(strstr(scene.out, "\"warnings\":0}\n"));
}

static void a_mistake_is_shown_with_a_caret_and_as_json(void **state)
{
    const char *path = scene_write(&scene, "b.tenuto", wrong);

    (void)state;
    assert_int_equal(run_on("policy check", path, ""), 1);
    assert_non_null(strstr(scene.out, "b.tenuto:2:13: error["));
    assert_non_null(strstr(scene.out, "^"));
    assert_non_null(strstr(scene.out,
                           "b.tenuto: 2 errors, 0 warnings; more about it: tenuto explain"
                           " T0107\n"));
    assert_int_equal(run_on("policy check", path, " --json"), 1);
    assert_non_null(strstr(scene.out, "\"line\":2"));
}

static void codes_are_explained_and_listed(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "explain t0212"), 0);
    assert_non_null(strstr(scene.out, "T0212, an error: a node that the policy does not have\n"));
    assert_non_null(strstr(scene.out, "\nright:\n\n    rule fast: "));
    assert_int_equal(scene_run(&scene, "explain T0401 T0212 --json"), 0);
    assert_non_null(strstr(scene.out, "{\"about\":\"no watchdog\",\"code\":\"T0401\","));
    assert_non_null(strstr(scene.out, "\n{\"about\":\"a node that the policy does not have\","));
    assert_int_equal(scene_run(&scene, "explain"), 0);
    assert_non_null(strstr(scene.out, "T0401  warning  no watchdog\n"));
    assert_int_equal(scene_run(&scene, "explain --json"), 0);
    assert_null(strstr(scene.out, "\"words\""));
}

static void an_unknown_code_is_refused_with_the_nearest(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "explain T217"), 64);
    assert_non_null(strstr(scene.err, "no message has the code \"T217\""));
    assert_non_null(strstr(scene.err, "did you mean \"T0217\"?"));
    assert_int_equal(scene_run(&scene, "explain watchdog"), 64);
    assert_non_null(strstr(scene.err, "\"tenuto explain\" lists all codes"));
}

static void a_wrong_policy_is_never_sent(void **state)
{
    const char *path = scene_write(&scene, "b.tenuto", wrong);

    (void)state;
    assert_int_equal(run_on("policy push", path, ""), 1);
    assert_non_null(strstr(scene.err, "b.tenuto:2:13: error["));
    assert_non_null(strstr(scene.err, "nothing was sent"));
    assert_int_equal(run_on("policy push", path, " --json"), 1);
    assert_non_null(strstr(scene.out, "\"diagnostics\":[{"));
    assert_null(request_log());
    assert_int_equal(run_on("policy push", "/nonexistent.tenuto", ""), 1);
    assert_non_null(strstr(scene.err, "cannot read /nonexistent.tenuto: No such file"));
}

static void a_right_policy_is_sent_whole_with_its_author(void **state)
{
    (void)state;
    assert_int_equal(run_on("policy push", scene_write(&scene, "a.tenuto", right), ""), 0);
    assert_string_equal(scene.out, "version 5 is in force\n");
    assert_non_null(strstr(request_log(), "\"author\":\""));
    assert_non_null(strstr(request_log(), "\"text\":\"cluster home {\\n    network lan\\n}"));
}

static void a_policy_is_shown_byte_for_byte(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "policy show 4"), 0);
    assert_string_equal(scene.out, "cluster home { }\n");
}

static void fmt_rewrites_only_what_differs_and_keeps_the_mode(void **state)
{
    const char *path = scene_write(&scene, "a.tenuto", "cluster home { network lan }\n\n\n");
    struct stat before, after;

    (void)state;
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(run_on("policy fmt --check", path, ""), 1);
    assert_non_null(strstr(scene.out, "a.tenuto would be rewritten\n"));
    assert_int_equal(run_on("policy fmt", path, ""), 0);
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(before.st_mode & 07777, 0640);
    assert_int_equal(run_on("policy fmt", path, ""), 0);
    assert_string_equal(scene.out, "");
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(run_on("policy fmt --check", path, ""), 0);
}

static void fmt_leaves_a_wrong_text_alone(void **state)
{
    const char *path = scene_write(&scene, "b.tenuto", "cluster home {\n");

    (void)state;
    assert_int_equal(run_on("policy fmt", path, ""), 1);
    assert_non_null(strstr(scene.err, "a text with mistakes is left as it is"));
    assert_string_equal(scene_read(path), "cluster home {\n");
    assert_int_equal(run_on("policy fmt", "/nonexistent.tenuto", ""), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_right_policy_is_said_to_be_right, setup, teardown),
        cmocka_unit_test_setup_teardown(a_mistake_is_shown_with_a_caret_and_as_json, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(codes_are_explained_and_listed, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unknown_code_is_refused_with_the_nearest, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_wrong_policy_is_never_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(a_right_policy_is_sent_whole_with_its_author, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_policy_is_shown_byte_for_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(fmt_rewrites_only_what_differs_and_keeps_the_mode, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(fmt_leaves_a_wrong_text_alone, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
