/* SPDX-License-Identifier: GPL-3.0-or-later */
/* policy diff: versions that an agent keeps, side by side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/console/scene.h"

/* What an agent answers when it is asked for that version, or for "": the one in force. */
struct answer {
    const char *asked;
    int version;
    const char *service; /* the statement behind the nodes, as JSON */
};

#define PLAIN "service ocf:a { agent heartbeat:Dummy }\\n"
#define LARGE "service ocf:a { agent heartbeat:Dummy; memory 2G }\\n"
#define SPREAD "# first\\nservice ocf:a {\\n    agent heartbeat:Dummy\\n}\\n"

static struct scene scene;

static void begin(const struct answer *answers, int n_answers)
{
    char script[4096] = "";
    size_t used = 0;

    for (int i = 0; i < n_answers; i++)
        used += (size_t)snprintf(script + used, sizeof(script) - used,
                                 "verb policy show%s\nrow {\"version\":%d,\"text\":\"cluster "
                                 "home\\nnode alpha\\nnode beta\\nnode gamma\\n%s\"}\ndone {}\n",
                                 answers[i].asked, answers[i].version, answers[i].service);
    snprintf(script + used, sizeof(script) - used,
             "verb policy show 3@branch\nrow {\"version\":3,\"branch\":true,\"text\":\"cluster "
             "home\\nnode alpha\\nnode beta\\nnode gamma\\n" PLAIN "\"}\ndone {}\n"
             "verb policy show 9\nerror {\"error\":\"this node knows no version 9\",\"code\":1}\n");
    scene_open(&scene, script);
}

static int setup(void **state)
{
    static const struct answer answers[] = {
        {"", 3, LARGE}, {" 3", 3, LARGE}, {" 2", 2, PLAIN}, {" 1", 1, SPREAD}, {" 4", 4, "what"},
    };

    (void)state;
    begin(answers, 5);
    return 0;
}

static int setup_first(void **state)
{
    static const struct answer answer = {"", 1, PLAIN};

    (void)state;
    begin(&answer, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scene_close(&scene);
    return 0;
}

static void what_the_newest_version_changed_needs_no_word(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "policy diff"), 2);
    assert_string_equal(scene.out, "changes from version 2 to version 3:\n"
                                   "  ~ service ocf:a: + memory 2G\n");
}

static void one_of_a_branch_is_called_so(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "policy diff 3@branch"), 2);
    assert_string_equal(scene.out, "changes from version 3@branch to version 3:\n"
                                   "  ~ service ocf:a: + memory 2G\n");
}

static void any_two_versions_are_compared(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "policy diff 3 2"), 2);
    assert_string_equal(scene.out, "changes from version 3 to version 2:\n"
                                   "  ~ service ocf:a: - memory 2G\n");
    assert_int_equal(scene_run(&scene, "policy diff 1 2"), 0);
    assert_string_equal(scene.out, "versions 1 and 2 say the same in other words\n");
    assert_int_equal(scene_run(&scene, "policy diff 2 2"), 0);
    assert_string_equal(scene.out, "versions 2 and 2 say the same\n");
}

static void a_program_gets_rows(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "policy diff 2 --json"), 2);
    assert_string_equal(scene.out,
                        "{\"after\":\"2G\",\"idle\":false,\"kind\":\"difference\",\"services\":"
                        "[\"ocf:a\"],\"setting\":\"memory\",\"sign\":\"~\",\"statement\":\"service "
                        "ocf:a\"}\n"
                        "{\"effects\":1,\"from\":2,\"kind\":\"sum\",\"lines\":1,\"to\":3}\n");
}

static void what_cannot_be_compared_is_said(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "policy diff 9"), 1);
    assert_non_null(strstr(scene.err, "this node knows no version 9"));
    assert_int_equal(scene_run(&scene, "policy diff 4"), 1);
    assert_non_null(strstr(scene.err, "one of them is no right policy"));
}

static void the_first_version_is_all_new(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "policy diff"), 2);
    assert_non_null(strstr(scene.out, "  + node alpha\n"));
    assert_non_null(strstr(scene.out, "  + service ocf:a: agent heartbeat:Dummy\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_the_newest_version_changed_needs_no_word, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(one_of_a_branch_is_called_so, setup, teardown),
        cmocka_unit_test_setup_teardown(any_two_versions_are_compared, setup, teardown),
        cmocka_unit_test_setup_teardown(a_program_gets_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_compared_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_version_is_all_new, setup_first, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
