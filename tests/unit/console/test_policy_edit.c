/* SPDX-License-Identifier: GPL-3.0-or-later */
/* policy push and policy edit, with somebody at a terminal who answers, and with nobody there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/unit/console/sitting.h"

#define NODES "cluster home\nnode alpha\nnode beta\nnode gamma\n"
#define OLD NODES "service ocf:a { agent heartbeat:Dummy }\n"
#define NEW NODES "service ocf:a { agent heartbeat:Dummy; memory 2G }\n"
#define WRONG NODES "service ocf:a { agnet heartbeat:Dummy }\n"
/* OLD as JSON, and as JSON in JSON. */
#define OLD_JSON                                                                                   \
    "\"cluster home\\nnode alpha\\nnode beta\\nnode gamma\\n"                                      \
    "service ocf:a { agent heartbeat:Dummy }\\n\""
#define OLD_RECORD                                                                                 \
    "\"{\\\"version\\\":7,\\\"text\\\":\\\"cluster home\\\\nnode alpha\\\\nnode beta\\\\n"         \
    "node gamma\\\\nservice ocf:a { agent heartbeat:Dummy }\\\\n\\\"}\""
#define ANSWERS                                                                                    \
    "verb ha state\nrow {\"version\":9,\"records\":{\"policy\":" OLD_RECORD                        \
    ",\"service/ocf:a\":\"{\\\"state\\\":\\\"started\\\",\\\"node\\\":\\\"alpha\\\","              \
    "\\\"running\\\":true}\"}}\ndone {}\n"                                                         \
    "verb policy show\nrow {\"version\":7,\"text\":" OLD_JSON "}\ndone {}\n"
#define TAKEN "verb policy push\ndone {\"words\":\"version 8 is in force\",\"version\":8}\n"
#define STALE                                                                                      \
    "verb policy push\nerror {\"error\":\"version 8 is in force by now, not 7\",\"code\":3}\n"

static struct scene scene;
static char editor[160];

static void begin(const char *script)
{
    scene_open(&scene, script);
    snprintf(scene.settings.history, sizeof(scene.settings.history), "%s/state/tenuto/history",
             scene.folder);
    unsetenv("VISUAL");
    setenv("EDITOR", "false", 1);
    setenv("NO_COLOR", "1", 1);
}

static int setup(void **state)
{
    (void)state;
    begin(ANSWERS TAKEN);
    return 0;
}

static int setup_stale(void **state)
{
    (void)state;
    begin(ANSWERS STALE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scene_close(&scene);
    return 0;
}

/* An editor that does this with its file, "$1"; $n counts its visits. */
static void edit_by(const char *script)
{
    char text[1024];

    snprintf(text, sizeof(text),
             "n=$(cat %s/visits 2>/dev/null || echo 0)\nn=$((n + 1))\n"
             "echo $n >%s/visits\n%s\n",
             scene.folder, scene.folder, script);
    snprintf(editor, sizeof(editor), "sh %s", scene_write(&scene, "editor", text));
    setenv("EDITOR", editor, 1);
}

/* An editor that leaves that text. */
static void edit_to(const char *text)
{
    char script[256];

    snprintf(script, sizeof(script), "cat %s >\"$1\"", scene_write(&scene, "typed", text));
    edit_by(script);
}

/* The requests that the agent has had. */
static const char *requests(void)
{
    char path[160];

    snprintf(path, sizeof(path), "%s.log", scene.socket);
    return scene_read(path);
}

static bool was_asked(const char *words)
{
    const char *log = requests();

    return log && strstr(log, words);
}

/* Where the text was kept, as the last line of the screen says; NULL: nowhere. */
static const char *kept_path(void)
{
    static char path[512];
    const char *at = strstr(scene.out, "your text is in ");

    if (!at)
        return NULL;
    snprintf(path, sizeof(path), "%s", at + strlen("your text is in "));
    path[strcspn(path, "\n")] = '\0';
    return path;
}

static int n_left_over(void)
{
    char command[200], words[16] = "";
    FILE *list;

    snprintf(command, sizeof(command), "ls -d %s/state/tenuto/edit-* 2>/dev/null | wc -l",
             scene.folder);
    list = popen(command, "r");
    if (!list || !fgets(words, sizeof(words), list))
        abort();
    pclose(list);
    return (int)strtol(words, NULL, 10);
}

static const char *push_line(const char *options, const char *text)
{
    static char line[256];

    snprintf(line, sizeof(line), "policy push %s %s", options,
             scene_write(&scene, "new.tenuto", text));
    return line;
}

/* ---- push ------------------------------------------------------------------------------------ */

static void a_push_at_a_terminal_shows_its_plan_and_asks(void **state)
{
    (void)state;
    assert_int_equal(sitting_run(&scene, push_line("", NEW),
                                 (struct reply[]){{"push it? [y/N] ", "n\n"}, {NULL, NULL}}),
                     1);
    assert_non_null(strstr(scene.out, "~ service ocf:a: + memory 2G\n"));
    assert_non_null(strstr(scene.out, "nothing was pushed"));
    assert_false(was_asked("policy push"));
    assert_int_equal(sitting_run(&scene, push_line("", NEW),
                                 (struct reply[]){{"push it? [y/N] ", "y\n"}, {NULL, NULL}}),
                     0);
    assert_non_null(strstr(scene.out, "version 8 is in force"));
    assert_true(was_asked("\"base\":7"));
}

static void what_is_said_of_a_push_goes_with_it(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, push_line("--message twice --confirm 5m", NEW)), 0);
    assert_true(was_asked("\"message\":\"twice\""));
    assert_true(was_asked("\"confirm\":300000"));
}

/* The fake agent shows the same text whatever version it is asked for. */
static void a_rollback_pushes_an_earlier_text_as_a_new_version(void **state)
{
    (void)state;
    assert_int_equal(sitting_run(&scene, "policy rollback 3",
                                 (struct reply[]){{"push it? [y/N] ", "n\n"}, {NULL, NULL}}),
                     1);
    assert_non_null(strstr(scene.out, "nothing was pushed"));
    assert_true(was_asked("\"args\":[\"3\"]"));
    assert_false(was_asked("policy push"));
    assert_int_equal(sitting_run(&scene, "policy rollback 3",
                                 (struct reply[]){{"push it? [y/N] ", "y\n"}, {NULL, NULL}}),
                     0);
    assert_true(was_asked("\"message\":\"rollback to 3\""));
    assert_true(was_asked("\"base\":7"));
    assert_true(was_asked("\"text\":" OLD_JSON));
}

static void a_rollback_may_be_given_words_of_its_own(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "policy rollback --yes --message oops 3"), 0);
    assert_true(was_asked("\"message\":\"oops\""));
    assert_int_equal(scene_run(&scene, "policy rollback"), 64);
}

static void an_empty_line_and_the_end_of_the_input_mean_no(void **state)
{
    (void)state;
    assert_int_equal(sitting_run(&scene, push_line("", NEW),
                                 (struct reply[]){{"push it? [y/N] ", "\n"}, {NULL, NULL}}),
                     1);
    assert_int_equal(sitting_run(&scene, push_line("", NEW),
                                 (struct reply[]){{"push it? [y/N] ", "what\n"},
                                                  {"push it? [y/N] ", "\004"},
                                                  {NULL, NULL}}),
                     1);
    assert_false(was_asked("policy push"));
}

static void who_is_certain_is_not_asked(void **state)
{
    (void)state;
    assert_int_equal(sitting_run(&scene, push_line("--yes", NEW), (struct reply[]){{NULL, NULL}}),
                     0);
    assert_non_null(strstr(scene.out, "~ service ocf:a: + memory 2G\n"));
    assert_true(was_asked("\"base\":7"));
}

static void without_a_terminal_nobody_is_asked(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, push_line("", NEW)), 0);
    assert_false(was_asked("ha state"));
    assert_false(was_asked("\"base\""));
    assert_int_equal(scene_run(&scene, push_line("--base 5", NEW)), 0);
    assert_true(was_asked("\"base\":5"));
}

static void a_stale_push_shows_the_new_difference(void **state)
{
    (void)state;
    assert_int_equal(sitting_run(&scene, push_line("--yes", NEW), (struct reply[]){{NULL, NULL}}),
                     3);
    assert_non_null(strstr(scene.out, "version 8 is in force by now, not 7"));
    assert_non_null(strstr(strstr(scene.out, "nothing was pushed; what it would do now:\n"),
                           "~ service ocf:a: + memory 2G\n"));
}

static void a_policy_with_errors_is_not_asked_about(void **state)
{
    (void)state;
    assert_int_equal(sitting_run(&scene, push_line("", WRONG), (struct reply[]){{NULL, NULL}}), 1);
    assert_null(strstr(scene.out, "push it?"));
}

/* ---- edit ------------------------------------------------------------------------------------ */

static void what_is_edited_is_planned_and_pushed(void **state)
{
    (void)state;
    edit_to(NEW);
    assert_int_equal(
        sitting_run(&scene, "policy edit",
                    (struct reply[]){{"or [K]eep it for later? ", "p\n"}, {NULL, NULL}}),
        0);
    assert_non_null(strstr(scene.out, "changes from version 7:\n  ~ service ocf:a: + memory 2G\n"));
    assert_true(was_asked("\"base\":7"));
    assert_true(was_asked("memory 2G"));
    assert_int_equal(n_left_over(), 0);
}

static void what_is_kept_lies_in_a_file_that_only_its_owner_reads(void **state)
{
    struct stat file, folder;
    char path[512];

    (void)state;
    edit_to(NEW);
    assert_int_equal(
        sitting_run(&scene, "policy edit",
                    (struct reply[]){{"or [K]eep it for later? ", "k\n"}, {NULL, NULL}}),
        0);
    assert_false(was_asked("policy push"));
    assert_non_null(kept_path());
    assert_string_equal(scene_read(kept_path()), NEW);
    assert_int_equal(stat(kept_path(), &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    snprintf(path, sizeof(path), "%s", kept_path());
    *strrchr(path, '/') = '\0';
    assert_int_equal(stat(path, &folder), 0);
    assert_int_equal(folder.st_mode & 0777, 0700);
}

static void errors_are_shown_and_the_text_is_edited_again(void **state)
{
    (void)state;
    edit_by("if [ $n = 1 ]; then sed -i s/agent/agnet/ \"$1\"; else sed -i 's/agnet/agent/; "
            "s/Dummy/Dummy; restart 4/' \"$1\"; fi");
    assert_int_equal(sitting_run(&scene, "policy edit",
                                 (struct reply[]){{"or [S]ave it aside? ", "e\n"},
                                                  {"or [K]eep it for later? ", "p\n"},
                                                  {NULL, NULL}}),
                     0);
    assert_non_null(strstr(scene.out, "agnet"));
    assert_non_null(strstr(scene.out, "did you mean \"agent\"?"));
    assert_true(was_asked("restart 4"));
}

static void a_text_with_errors_is_saved_aside_or_abandoned(void **state)
{
    (void)state;
    edit_to(WRONG);
    assert_int_equal(sitting_run(&scene, "policy edit",
                                 (struct reply[]){{"or [S]ave it aside? ", "s\n"}, {NULL, NULL}}),
                     1);
    assert_string_equal(scene_read(kept_path()), WRONG);
    assert_int_equal(sitting_run(&scene, "policy edit",
                                 (struct reply[]){{"or [S]ave it aside? ", "\004"}, {NULL, NULL}}),
                     1);
    assert_string_equal(scene_read(kept_path()), WRONG);
    assert_int_equal(n_left_over(), 2);
    assert_int_equal(sitting_run(&scene, "policy edit",
                                 (struct reply[]){{"or [S]ave it aside? ", "a\n"}, {NULL, NULL}}),
                     1);
    assert_null(kept_path());
    assert_int_equal(n_left_over(), 2);
    assert_false(was_asked("policy push"));
}

static void who_changes_nothing_is_let_go(void **state)
{
    (void)state;
    edit_by(":");
    assert_int_equal(sitting_run(&scene, "policy edit", (struct reply[]){{NULL, NULL}}), 0);
    assert_non_null(strstr(scene.out, "nothing was changed"));
    assert_int_equal(n_left_over(), 0);
}

static void an_editor_that_is_not_there_is_named(void **state)
{
    (void)state;
    setenv("EDITOR", "/no/such/editor --wait", 1);
    assert_int_equal(scene_run(&scene, "policy edit"), 1);
    assert_non_null(strstr(scene.err, "there is no editor \"/no/such/editor --wait\" here; set "
                                      "VISUAL or EDITOR to one"));
    assert_int_equal(n_left_over(), 0);
}

static void what_a_failing_editor_wrote_is_not_lost(void **state)
{
    (void)state;
    edit_by("echo '# half' >>\"$1\"; exit 7");
    assert_int_equal(scene_run(&scene, "policy edit"), 1);
    assert_non_null(strstr(scene.err, "ended with exit code 7"));
    assert_string_equal(scene_read(kept_path()), OLD "# half\n");
}

static void a_stale_edit_keeps_the_text_and_shows_the_difference(void **state)
{
    (void)state;
    edit_to(NEW);
    assert_int_equal(
        sitting_run(&scene, "policy edit",
                    (struct reply[]){{"or [K]eep it for later? ", "p\n"}, {NULL, NULL}}),
        3);
    assert_non_null(strstr(scene.out, "what it would do now:\n"));
    assert_string_equal(scene_read(kept_path()), NEW);
}

static void a_file_is_edited_in_its_place(void **state)
{
    char line[256], path[160];

    (void)state;
    snprintf(path, sizeof(path), "%s", scene_write(&scene, "mine.tenuto", OLD));
    snprintf(line, sizeof(line), "policy edit %s", path);
    edit_to(NEW);
    assert_int_equal(
        sitting_run(&scene, line,
                    (struct reply[]){{"or [K]eep it for later? ", "k\n"}, {NULL, NULL}}),
        0);
    assert_string_equal(scene_read(path), NEW);
    assert_int_equal(n_left_over(), 0);
    edit_to(WRONG);
    assert_int_equal(
        sitting_run(&scene, line, (struct reply[]){{"or [S]ave it aside? ", "s\n"}, {NULL, NULL}}),
        1);
    assert_string_equal(scene_read(path), NEW);
    assert_string_equal(scene_read(kept_path()), WRONG);
}

static void a_file_is_kept_where_no_agent_can_plan(void **state)
{
    char line[256], path[160];

    (void)state;
    scene_close(&scene);
    begin(NULL);
    snprintf(path, sizeof(path), "%s", scene_write(&scene, "mine.tenuto", OLD));
    snprintf(line, sizeof(line), "policy edit --yes %s", path);
    edit_to(NEW);
    assert_int_equal(scene_run(&scene, line), 69);
    assert_string_equal(scene_read(path), NEW);
}

static void without_a_terminal_only_the_certain_push(void **state)
{
    (void)state;
    edit_to(NEW);
    assert_int_equal(scene_run(&scene, "policy edit"), 0);
    assert_false(was_asked("policy push"));
    assert_string_equal(scene_read(kept_path()), NEW);
    assert_int_equal(scene_run(&scene, "policy edit --yes"), 0);
    assert_true(was_asked("\"base\":7"));
    edit_to(WRONG);
    assert_int_equal(scene_run(&scene, "policy edit --yes"), 1);
    assert_string_equal(scene_read(kept_path()), WRONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_push_at_a_terminal_shows_its_plan_and_asks),
        TEST(what_is_said_of_a_push_goes_with_it),
        TEST(a_rollback_pushes_an_earlier_text_as_a_new_version),
        TEST(a_rollback_may_be_given_words_of_its_own),
        TEST(an_empty_line_and_the_end_of_the_input_mean_no),
        TEST(who_is_certain_is_not_asked),
        TEST(without_a_terminal_nobody_is_asked),
        cmocka_unit_test_setup_teardown(a_stale_push_shows_the_new_difference, setup_stale,
                                        teardown),
        TEST(a_policy_with_errors_is_not_asked_about),
        TEST(what_is_edited_is_planned_and_pushed),
        TEST(what_is_kept_lies_in_a_file_that_only_its_owner_reads),
        TEST(errors_are_shown_and_the_text_is_edited_again),
        TEST(a_text_with_errors_is_saved_aside_or_abandoned),
        TEST(who_changes_nothing_is_let_go),
        TEST(an_editor_that_is_not_there_is_named),
        TEST(what_a_failing_editor_wrote_is_not_lost),
        cmocka_unit_test_setup_teardown(a_stale_edit_keeps_the_text_and_shows_the_difference,
                                        setup_stale, teardown),
        TEST(a_file_is_edited_in_its_place),
        TEST(a_file_is_kept_where_no_agent_can_plan),
        TEST(without_a_terminal_only_the_certain_push),
#undef TEST
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
