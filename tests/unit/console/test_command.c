/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs against a scripted agent: what is printed, and the exit code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "agentd/control.h"
#include "console/command.h"
#include "console/line.h"
#include "ha/base/json.h"
#include "tests/unit/console/scene.h"

static const char script[] =
    "verb cluster nodes\n"
    "row {\"node\":\"alpha\",\"state\":\"online\",\"role\":\"leader\",\"votes\":1,\"armed\":true,"
    "\"lease_ms\":1830,\"services\":12,\"why\":\"\"}\n"
    "row {\"node\":\"beta\",\"state\":\"unknown\",\"role\":\"\",\"votes\":1,\"armed\":false,"
    "\"lease_ms\":null,\"services\":0,\"why\":\"silent \\u001b[31m\"}\n"
    "done {}\n"
    "verb ha status\n"
    "done {}\n"
    "verb ha why ocf:web\n"
    "row {\"kind\":\"now\",\"service\":\"ocf:web\",\"state\":\"started\",\"node\":\"gamma\"}\n"
    "row {\"at\":1700000000000,\"version\":12,\"kind\":\"service\",\"service\":\"ocf:web\","
    "\"subject\":\"ocf:web\",\"from\":\"started\",\"to\":\"fence\",\"node\":\"beta\","
    "\"why\":\"beta is silent\",\"code\":\"ITS_NODE_IS_OFF\",\"line\":31,\"policy\":7,"
    "\"policy_line\":\"rule replicas: keep vm:db* apart\",\"by\":\"alpha\"}\n"
    "row {\"kind\":\"next\",\"lost\":\"gamma\",\"node\":\"alpha\",\"why\":\"it is next\"}\n"
    "done {\"earlier\":2}\n"
    "verb ha why-not ocf:web\n"
    "row {\"kind\":\"now\",\"service\":\"ocf:web\",\"state\":\"started\",\"node\":\"gamma\"}\n"
    "row {\"kind\":\"held\",\"why\":\"the policy says that ocf:web never moves\",\"line\":12,"
    "\"policy\":7,\"policy_line\":\"migrate never\"}\n"
    "row {\"kind\":\"node\",\"node\":\"alpha\",\"step\":5,\"why\":\"it failed on alpha, which was "
    "neither booted nor cleared since\",\"failure\":\"no such device\",\"failure_at\":1}\n"
    "row {\"kind\":\"node\",\"node\":\"beta\",\"step\":1,\"why\":\"it is off\",\"since\":1}\n"
    "row {\"kind\":\"node\",\"node\":\"gamma\",\"step\":0,\"why\":\"it stays on gamma\"}\n"
    "done {}\n"
    "verb ha why\n"
    "error {\"error\":\"there is no service ocf:wbe\",\"hint\":\"did you mean ocf:web?\","
    "\"code\":1}\n"
    "verb ha migrate\n"
    "done {\"words\":\"accepted: ocf:web goes to beta\"}\n"
    "verb ha restart\n"
    "row {\"words\":\"it is being done\",\"version\":7}\n"
    "row {\"at\":1700000000000,\"version\":7,\"kind\":\"service\",\"subject\":\"ocf:web\","
    "\"service\":\"ocf:web\",\"from\":\"started\",\"to\":\"relocate\",\"node\":\"beta\","
    "\"why\":\"jin asked to restart it on beta\"}\n"
    "error {\"error\":\"it is still under way after 30 s\",\"code\":4,\"unknown\":true}\n"
    "verb ha relocate\n"
    "error {\"error\":\"no quorum\",\"code\":4}\n"
    "verb cluster status\n"
    "raw this is no JSON\n"
    "verb events\n"
    "hangup\n"
    "verb fence status\n"
    "error {\"error\":\"two mistakes\",\"code\":5,\"diagnostics\":[{\"code\":\"T0212\","
    "\"severity\":\"error\",\"file\":\"x.tenuto\",\"line\":3,\"column\":9,"
    "\"message\":\"no node is called bta\",\"hint\":\"did you mean beta?\"}]}\n";

/* A node outside of the cluster, and a service with a past. */
static const char other_script[] =
    "verb cluster nodes\n"
    "row {\"node\":\"beta\",\"state\":\"fence\",\"stale\":true}\n"
    "done {\"stale\":true,\"reason\":\"fewer than a quorum of votes are here\"}\n"
    "verb ha why\n"
    "row {\"kind\":\"now\",\"service\":\"ocf:web\",\"state\":\"started\",\"node\":\"beta\","
    "\"is_node_here\":false}\n"
    "done {\"stale\":true,\"reason\":\"fewer than a quorum of votes are here\"}\n"
    "verb events\n"
    "done {}\n"
    "verb fence status\n"
    "row {\"node\":\"beta\",\"watchdog\":null,\"watchdog_ms\":0,\"lease_ms\":24,"
    "\"armed\":false,\"dead_in_ms\":0,\"state\":\"proven off\"}\n"
    "done {}\n"
    "verb cluster status\n"
    "row {\"keeper\":\"disarmed\",\"armed\":false,\"lease_ms\":0}\n"
    "row {\"keeper\":\"away\",\"armed\":false,\"lease_ms\":0}\n"
    "row {\"keeper\":\"condemned\",\"armed\":false,\"lease_ms\":0}\n"
    "row {\"keeper\":\"armed\",\"armed\":true,\"lease_ms\":380}\n"
    "done {}\n";

static struct scene scene;

static int setup(void **state)
{
    (void)state;
    scene_open(&scene, script);
    return 0;
}

static int setup_other(void **state)
{
    (void)state;
    scene_open(&scene, other_script);
    return 0;
}

static int setup_without_agent(void **state)
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

static void a_table_is_aligned_and_carries_no_control_characters(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "cluster nodes"), 0);
    assert_string_equal(scene.out,
                        "NODE   STATE    ROLE    VOTES  ARMED     HEARD  SERVICES  WHY\n"
                        "alpha  online   leader      1  yes    1.8s ago        12  -\n"
                        "beta   unknown  -           1  no            -         0  silent "
                        "\xEF\xBF\xBD[31m\n");
}

static void a_table_on_a_terminal_is_broken_at_its_end(void **state)
{
    const struct verb verb = {.id = VERB_CLUSTER_NODES, .columns = "NODE:node,WHY:why"};
    struct output output;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    autojson *row = json_pack("{s:s, s:s}", "node", "alpha", "why",
                              "it is no longer in the cluster; it may still be running");

    (void)state;
    output_init(&output, &output_text, out, out);
    output.verb = &verb;
    output.columns = 40;
    output_row(&output, row);
    output_done(&output, row);
    output_fini(&output);
    fclose(out);
    assert_string_equal(text, "NODE   WHY\n"
                              "alpha  it is no longer in the cluster;\n"
                              "       it may still be running\n");
    free(text);
}

static void a_node_in_maintenance_for_some_time_says_how_much_is_left(void **state)
{
    const struct verb verb = {.id = VERB_CLUSTER_NODES, .columns = "NODE:node,WHY:why"};
    struct output output;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    autojson *timed = json_pack("{s:s, s:s, s:i}", "node", "alpha", "why", "jin asked for it",
                                "maintenance_until", 7200000);
    autojson *longer = json_pack("{s:s, s:s, s:i}", "node", "gamma", "why", "jin asked for it",
                                 "maintenance_until", 10680001);
    autojson *over = json_pack("{s:s, s:s, s:i}", "node", "beta", "why", "jin asked for it",
                               "maintenance_until", 3600000);

    (void)state;
    output_init(&output, &output_text, out, out);
    output.verb = &verb;
    output.now_ms = 3600000;
    output_row(&output, timed);
    output_row(&output, longer);
    output_row(&output, over);
    output_done(&output, over);
    output_fini(&output);
    fclose(out);
    assert_string_equal(text, "NODE   WHY\n"
                              "alpha  jin asked for it; it ends in 1h\n"
                              "gamma  jin asked for it; it ends in 1h 59m\n"
                              "beta   jin asked for it\n");
    free(text);
}

static void a_sentence_without_room_stands_under_its_row(void **state)
{
    const struct verb verb = {.id = VERB_CLUSTER_NODES, .columns = "NODE:node,WORD:word,WHY:why"};
    struct output output;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    autojson *row = json_pack("{s:s, s:s, s:s}", "node", "alpha", "word", "a long word, that is",
                              "why", "it may still be running its services");

    (void)state;
    output_init(&output, &output_text, out, out);
    output.verb = &verb;
    output.columns = 40;
    output_row(&output, row);
    output_done(&output, row);
    output_fini(&output);
    fclose(out);
    assert_string_equal(text, "NODE   WORD                  WHY\n"
                              "alpha  a long word, that is\n"
                              "       it may still be running its\n"
                              "       services\n");
    free(text);
}

static void help_fits_into_a_small_terminal(void **state)
{
    const char *at;

    (void)state;
    assert_int_equal(scene_run(&scene, "help"), 0);
    for (at = scene.out; *at; at += strcspn(at, "\n"), at += *at == '\n')
        assert_in_range(strcspn(at, "\n"), 0, 80);
    assert_int_equal(scene_run(&scene, "ha why-not --help"), 0);
    assert_string_equal(scene.out,
                        "  ha why-not SERVICE [NODE]  why a service is not on a node, or on any of"
                        "\n                             the others\n");
    assert_int_equal(scene_run(&scene, "rules -h"), 0);
    assert_non_null(strstr(scene.out, "rules remove NAME"));
}

static void json_hands_the_rows_on_as_they_came(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "ha why ocf:web --json"), 0);
    assert_non_null(
        strstr(scene.out, "\n{\"at\":1700000000000,\"by\":\"alpha\",\"code\":\"ITS_NODE_IS_OFF\","
                          "\"from\":\"started\",\"kind\":\"service\",\"line\":31,\"node\":\"beta\","
                          "\"policy\":7,\"policy_line\":\"rule replicas: keep vm:db* apart\","));
    assert_int_equal(strncmp(scene.out, "{\"kind\":\"now\",", 14), 0);
}

static void why_reads_as_a_story(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "ha why ocf:web"), 0);
    assert_int_equal(
        strncmp(scene.out, "ocf:web runs on gamma\n2 earlier decisions: --all\nNov 1", 54), 0);
    assert_non_null(strstr(scene.out,
                           "ocf:web started -> fence on beta\n"
                           "          beta is silent [ITS_NODE_IS_OFF]\n"
                           "          policy version 7, line 31: rule replicas: keep "
                           "vm:db* apart\n"
                           "          decided by alpha at version 12\n"
                           "next      if gamma is lost, it goes to alpha: it is next\n"));
}

static void why_not_gives_each_node_the_step_at_which_it_lost(void **state)
{
    const char *held;

    (void)state;
    assert_int_equal(scene_run(&scene, "ha why-not ocf:web"), 0);
    held =
        strstr(scene.out, "ocf:web runs on gamma\n"
                          "but       the policy says that ocf:web never moves\n"
                          "          policy version 7, line 12: migrate never\n"
                          "NODE   STEP  WHY\n"
                          "alpha     5  it failed on alpha, which was neither booted nor cleared "
                          "since\n"
                          "             ");
    assert_ptr_equal(held, scene.out);
    assert_non_null(strstr(scene.out, ": it is off\ngamma     -  it stays on gamma\n"));
    assert_non_null(strstr(scene.out, ": no such device\nbeta      1  since "));
}

static void an_error_of_the_agent_gives_words_hint_and_code(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "ha why ocf:wbe"), CONTROL_EXIT_FAILED);
    assert_string_equal(scene.out, "");
    assert_string_equal(scene.err, "tenuto: there is no service ocf:wbe\n"
                                   "  hint: did you mean ocf:web?\n");
    assert_int_equal(scene_run(&scene, "ha relocate ocf:web beta --json"), CONTROL_EXIT_NO_QUORUM);
    assert_string_equal(scene.out, "{\"code\":4,\"error\":\"no quorum\"}\n");
    assert_string_equal(scene.err, "");
}

static void diagnostics_of_the_agent_are_shown_one_by_one(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "fence status"), CONTROL_EXIT_REFUSED);
    assert_string_equal(scene.err, "x.tenuto:3:9: error[T0212]: no node is called bta\n"
                                   "  hint: did you mean beta?\n"
                                   "tenuto: two mistakes\n");
}

static void a_request_carries_its_arguments(void **state)
{
    char log[128];

    (void)state;
    setenv("SUDO_USER", "jin", 1);
    assert_int_equal(scene_run(&scene, "ha migrate ocf:web beta"), 0);
    assert_string_equal(scene.out, "accepted: ocf:web goes to beta\n");
    snprintf(log, sizeof(log), "%s.log", scene.socket);
    assert_string_equal(scene_read(log),
                        "{\"args\":[\"ocf:web\",\"beta\"],\"author\":\"jin\",\"id\":1,"
                        "\"verb\":\"ha migrate\"}\n");
    unsetenv("SUDO_USER");
}

/* The request that a line becomes, or what is wrong with the line. */
static const char *parsed(const char *line, struct err *err)
{
    static char text[512];
    struct command command;
    struct line words;
    char *written;

    assert_true(line_split(&words, line, NULL));
    text[0] = '\0';
    if (command_parse(&command, words.n_words, words.words, err)) {
        written = json_write(command.request);
        snprintf(text, sizeof(text), "%s", written);
        free(written);
    }
    command_fini(&command);
    line_fini(&words);
    return text;
}

static void words_and_dashes_both_open_an_option(void **state)
{
    struct err err;

    (void)state;
    assert_string_equal(parsed("ha maintenance on alpha for 2h because new fan --wait", &err),
                        "{\"args\":[\"on\",\"alpha\"],\"because\":\"new fan\",\"for\":7200000,"
                        "\"verb\":\"ha maintenance\",\"wait\":true}");
    assert_string_equal(parsed("ha disarm ignore --because \"new switch\" --wait=30s", &err),
                        "{\"args\":[\"ignore\"],\"because\":\"new switch\","
                        "\"verb\":\"ha disarm\",\"wait\":30000}");
    assert_string_equal(parsed("ha maintenance of alpha", &err), "");
    assert_non_null(strstr(err.text, "\"of\" is none of on|off"));
    assert_string_equal(parsed("ha maintenance on alpha for", &err), "");
    assert_non_null(strstr(err.text, "for needs TIME"));
    assert_string_equal(parsed("ha maintenance on alpha for ever", &err), "");
    assert_non_null(strstr(err.text, "\"ever\" is not a time"));
    assert_string_equal(parsed("ha stop ocf:web --wait=0s", &err), "");
    assert_non_null(strstr(err.text, "is not a time"));
    /* A node may be called as an option is, where no option can stand. */
    assert_string_equal(parsed("ha stop for", &err), "{\"args\":[\"for\"],\"verb\":\"ha stop\"}");
}

/* The steps of what is waited for are told as they come; the end says how it ended. */
static void who_waits_sees_each_step(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "ha restart ocf:web --wait"), CONTROL_EXIT_NO_QUORUM);
    assert_non_null(strstr(scene.out, "it is being done\n"));
    assert_non_null(strstr(scene.out, "ocf:web"));
    assert_non_null(strstr(scene.out, "relocate"));
    assert_non_null(strstr(scene.err, "still under way after 30 s"));
}

/* A script must not take for undone what may have been done. */
static void what_may_have_happened_is_not_said_to_have_failed(void **state)
{
    (void)state;
    scene_run(&scene, "ha restart ocf:web --wait --json");
    assert_non_null(strstr(scene.out, "\"unknown\":true"));
    scene_run(&scene, "ha relocate ocf:web beta --json");
    assert_null(strstr(scene.out, "unknown"));
}

static void an_empty_answer_says_so(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "ha status"), 0);
    assert_string_equal(scene.out, "there are no services in the policy\n");
    assert_int_equal(scene_run(&scene, "ha status --json"), 0);
    assert_string_equal(scene.out, "");
}

static void garbage_and_a_hangup_are_told_apart_from_an_answer(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "cluster status"), CONTROL_EXIT_UNAVAILABLE);
    assert_non_null(strstr(scene.err, "makes no sense"));
    assert_int_equal(scene_run(&scene, "events"), CONTROL_EXIT_UNAVAILABLE);
    assert_non_null(strstr(scene.err, "closed the connection before it had answered"));
}

static void without_an_agent_the_words_say_what_to_do(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "ha status"), CONTROL_EXIT_UNAVAILABLE);
    assert_non_null(strstr(scene.err, "Is tenutod running on this node?"));
    assert_non_null(strstr(scene.err, scene.socket));
    assert_int_equal(scene_run(&scene, "ha status --json"), CONTROL_EXIT_UNAVAILABLE);
    assert_int_equal(strncmp(scene.out, "{\"code\":69,\"error\":", 19), 0);
    assert_string_equal(scene.err, "");
}

static void wrong_usage_is_told_from_the_verbs_own_row(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "ha migrate ocf:web"), CONTROL_EXIT_USAGE);
    assert_string_equal(scene.err, "tenuto: ha migrate needs NODE; it goes: "
                                   "tenuto ha migrate SERVICE NODE "
                                   "[--wait[=TIME]]\n");
    assert_int_equal(scene_run(&scene, "ha status now"), CONTROL_EXIT_USAGE);
    assert_int_equal(scene_run(&scene, "events --since"), CONTROL_EXIT_USAGE);
    assert_non_null(strstr(scene.err, "--since needs WHEN"));
    assert_int_equal(scene_run(&scene, "events --since -4"), CONTROL_EXIT_USAGE);
    assert_int_equal(scene_run(&scene, "events --folow"), CONTROL_EXIT_USAGE);
}

static void a_mistyped_verb_is_guessed(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "ha migarte ocf:web beta"), CONTROL_EXIT_USAGE);
    assert_string_equal(scene.err, "tenuto: there is no verb \"ha migarte\"; "
                                   "did you mean \"ha migrate\"?\n");
    /* Never the one that takes the service away. */
    assert_int_equal(scene_run(&scene, "ha move ocf:web beta"), CONTROL_EXIT_USAGE);
    assert_non_null(strstr(scene.err, "did you mean \"ha migrate\"?"));
    assert_int_equal(scene_run(&scene, "rules delete pair"), CONTROL_EXIT_USAGE);
    assert_non_null(strstr(scene.err, "did you mean \"rules remove\"?"));
    assert_int_equal(scene_run(&scene, "event"), CONTROL_EXIT_USAGE);
    assert_non_null(strstr(scene.err, "did you mean \"events\"?"));
    assert_int_equal(scene_run(&scene, "frobnicate --json"), CONTROL_EXIT_USAGE);
    assert_string_equal(scene.out, "{\"code\":64,\"error\":\"there is no verb \\\"frobnicate\\\"; "
                                   "\\\"tenuto help\\\" lists them\"}\n");
}

static void what_is_no_longer_known_for_sure_is_said_first_and_in_the_exit_code(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "cluster nodes"), CONTROL_EXIT_NO_QUORUM);
    assert_int_equal(strncmp(scene.out,
                             "as last known; this node is not in a quorate cluster: "
                             "fewer than a quorum of votes are here\nNODE  STATE",
                             100),
                     0);
    assert_non_null(strstr(scene.out, "\nbeta  proven off "));
    assert_int_equal(scene_run(&scene, "cluster nodes --json"), CONTROL_EXIT_NO_QUORUM);
    assert_string_equal(scene.out, "{\"node\":\"beta\",\"stale\":true,\"state\":\"fence\"}\n");
}

static void what_is_old_is_said_to_be_so_before_the_story(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "ha why ocf:web"), CONTROL_EXIT_NO_QUORUM);
    assert_string_equal(scene.out,
                        "as last known; this node is not in a quorate cluster: fewer than a quorum "
                        "of votes are here\n"
                        "ocf:web may still run on beta, which is not heard\n");
}

static void where_nothing_has_happened_it_is_said(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "events --since 812d"), 0);
    assert_string_equal(scene.out, "nothing of that kind has happened then\n");
}

static void a_watchdog_that_says_nothing_has_no_time(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "fence status"), 0);
    assert_string_equal(scene.out,
                        "NODE  WATCHDOG  TIMEOUT  ARMED     HEARD  PROVEN OFF IN  STATE\n"
                        "beta         -        -  no     24ms ago            0ms  proven off\n");
}

static void the_keeper_is_told_by_what_it_means_here(void **state)
{
    (void)state;
    assert_int_equal(scene_run(&scene, "cluster status"), 0);
    assert_non_null(strstr(scene.out, "keeper     not armed: nothing here to guard\n"));
    assert_non_null(strstr(scene.out, "keeper     no keeper: nothing can start here\n"));
    assert_non_null(strstr(scene.out, "keeper     about to reset\n"));
    assert_non_null(strstr(scene.out, "keeper     armed, the lease ends in 380ms\n"));
}

int main(void)
{
#define WITH_AGENT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define WITH_OTHER(test) cmocka_unit_test_setup_teardown(test, setup_other, teardown)
#define WITHOUT_AGENT(test) cmocka_unit_test_setup_teardown(test, setup_without_agent, teardown)
    const struct CMUnitTest tests[] = {
        WITH_AGENT(a_table_is_aligned_and_carries_no_control_characters),
        cmocka_unit_test(a_table_on_a_terminal_is_broken_at_its_end),
        cmocka_unit_test(a_node_in_maintenance_for_some_time_says_how_much_is_left),
        cmocka_unit_test(a_sentence_without_room_stands_under_its_row),
        WITHOUT_AGENT(help_fits_into_a_small_terminal),
        WITH_AGENT(json_hands_the_rows_on_as_they_came),
        WITH_AGENT(why_reads_as_a_story),
        WITH_AGENT(why_not_gives_each_node_the_step_at_which_it_lost),
        WITH_AGENT(an_error_of_the_agent_gives_words_hint_and_code),
        WITH_AGENT(diagnostics_of_the_agent_are_shown_one_by_one),
        WITH_AGENT(a_request_carries_its_arguments),
        cmocka_unit_test(words_and_dashes_both_open_an_option),
        WITH_AGENT(who_waits_sees_each_step),
        WITH_AGENT(what_may_have_happened_is_not_said_to_have_failed),
        WITH_AGENT(an_empty_answer_says_so),
        WITH_AGENT(garbage_and_a_hangup_are_told_apart_from_an_answer),
        WITH_OTHER(what_is_no_longer_known_for_sure_is_said_first_and_in_the_exit_code),
        WITH_OTHER(what_is_old_is_said_to_be_so_before_the_story),
        WITH_OTHER(where_nothing_has_happened_it_is_said),
        WITH_OTHER(a_watchdog_that_says_nothing_has_no_time),
        WITH_OTHER(the_keeper_is_told_by_what_it_means_here),
        WITHOUT_AGENT(without_an_agent_the_words_say_what_to_do),
        WITHOUT_AGENT(wrong_usage_is_told_from_the_verbs_own_row),
        WITHOUT_AGENT(a_mistyped_verb_is_guessed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
