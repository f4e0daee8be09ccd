/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a node says of a pushed policy: by its text, and by the agents that are installed here. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/checker.h"
#include "agentd/control.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
#include "tests/unit/agentd/stage.h"

#define NODES "cluster home\nnode alpha\nnode beta\nnode gamma\n"
#define METADATA                                                                                   \
    "cat <<END\n<?xml version=\"1.0\"?>\n<resource-agent name=\"web\"><version>1</version>"        \
    "<longdesc lang=\"en\">x</longdesc><shortdesc lang=\"en\">x</shortdesc><parameters>"           \
    "<parameter name=\"port\" required=\"1\"><longdesc lang=\"en\">x</longdesc>"                   \
    "<shortdesc lang=\"en\">x</shortdesc><content type=\"integer\"/></parameter></parameters>"     \
    "<actions><action name=\"start\" timeout=\"5s\"/><action name=\"stop\" timeout=\"5s\"/>"       \
    "<action name=\"monitor\" timeout=\"5s\" interval=\"5s\"/></actions></resource-agent>\nEND\n"

static struct stage stage;
static struct checker *checker;
static struct checked checked;

static int set_up(void **state)
{
    struct err err = {{0}};

    (void)state;
    stage_open(&stage);
    snprintf(stage.settings.fence_agents, sizeof(stage.settings.fence_agents), "%s",
             stage.directory);
    snprintf(stage.settings.cache, sizeof(stage.settings.cache), "%s/cache", stage.directory);
    stage_agent(&stage, "web", "echo asked >>$TOP/asked\n" METADATA);
    checker = checker_new(&stage.settings, &err);
    assert_non_null(checker);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    checker_free(checker);
    checked_fini(&checked);
    stage_close(&stage);
    return 0;
}

static void ask(uint64_t number, const char *node, const char *text, const json_t *known)
{
    checker_ask(
        checker, number,
        &(struct examination){.node = node, .file = "home.tenuto", .text = text, .known = known});
}

static uint64_t answer(void)
{
    struct pollfd ready = {.fd = checker_fd(checker), .events = POLLIN};
    uint64_t number = 0;

    checked_fini(&checked);
    assert_int_equal(poll(&ready, 1, STAGE_PATIENCE_MS), 1);
    assert_true(checker_take(checker, &number, &checked));
    return number;
}

/* The error's words; "" if it is taken. */
static const char *judged(const char *node, const char *text)
{
    ask(1, node, text, NULL);
    answer();
    return json_text(checked.error, "error", "");
}

static int code(void)
{
    return (int)json_int(checked.error, "code", 0);
}

static void what_is_good_comes_back_compiled(void **state)
{
    (void)state;
    assert_string_equal(judged("alpha", NODES "service ocf:a { agent test:web; set port 80 }\n"),
                        "");
    assert_int_equal(checked.policy->n_services, 1);
    assert_string_equal(checked.policy->services[0].agent, "test:web");
    assert_non_null(strstr(checked.text, "ocf:a"));
}

static void a_slip_in_the_text_is_not_this_nodes_fault(void **state)
{
    (void)state;
    assert_string_equal(judged("alpha", NODES "nod delta\n"), "the policy has errors");
    assert_int_equal(code(), CONTROL_EXIT_FAILED);
    assert_int_equal(json_array_size(json_object_get(checked.error, "diagnostics")), 1);
    assert_null(checked.policy);
}

static void what_no_agent_of_ours_runs_is_refused(void **state)
{
    (void)state;
    assert_non_null(strstr(judged("alpha", NODES "service vm:a\n"), "services of type vm"));
    assert_int_equal(code(), CONTROL_EXIT_REFUSED);
}

static void an_agent_that_is_missing_here_is_named(void **state)
{
    (void)state;
    assert_string_equal(judged("gamma", NODES "service ocf:a { agent test:mail }\n"),
                        "agent test:mail is not installed here, and ocf:a may come here");
    assert_int_equal(code(), CONTROL_EXIT_REFUSED);
    assert_non_null(strstr(json_text(checked.error, "hint", ""), "install it on gamma"));
}

static void what_may_not_come_here_need_not_be_installed_here(void **state)
{
    (void)state;
    assert_string_equal(judged("gamma", NODES "service ocf:a { agent test:mail }\n"
                                              "rule r: keep ocf:a on alpha, beta\n"),
                        "");
    assert_string_equal(judged("alpha", NODES "service ocf:a { agent test:mail }\n"
                                              "rule r: keep ocf:a on alpha, beta\n"),
                        "agent test:mail is not installed here, and ocf:a may come here");
    /* Who is kept with it may go where it may, and nowhere else. */
    assert_string_equal(judged("gamma", NODES "service ocf:a { agent test:mail }\n"
                                              "service ocf:b { agent test:web; set port 1 }\n"
                                              "rule r: keep ocf:b on alpha, beta\n"
                                              "rule s: keep ocf:a, ocf:b together\n"),
                        "");
    assert_string_equal(judged("gamma", NODES "service ocf:a { agent test:mail; state ignored }\n"),
                        "");
}

static void what_is_missing_already_keeps_nobody_from_mending(void **state)
{
    autojson *known = json_pack("{s:b}", "test:mail", 1);

    (void)state;
    ask(7, "gamma", NODES "service ocf:a { agent test:mail }\n", known);
    assert_int_equal(answer(), 7);
    assert_null(checked.error);
}

static void what_the_agent_says_of_itself_counts(void **state)
{
    const json_t *found;

    (void)state;
    assert_string_equal(judged("alpha", NODES "service ocf:a { agent test:web }\n"),
                        "the policy has errors, by what the agents there say");
    assert_int_equal(code(), CONTROL_EXIT_REFUSED);
    found = json_array_get(json_object_get(checked.error, "diagnostics"), 0);
    assert_string_equal(json_text(found, "code", ""), "T0254");
    assert_non_null(strstr(judged("alpha", NODES "service ocf:a { agent test:web; set port x }\n"),
                           "by what the agents"));
}

static void an_agent_is_asked_once(void **state)
{
    struct err err = {{0}};

    (void)state;
    judged("alpha", NODES "service ocf:a { agent test:web; set port 80 }\n");
    judged("alpha", NODES "service ocf:a { agent test:web; set port 81 }\n");
    checker_free(checker);
    checker = checker_new(&stage.settings, &err);
    assert_string_equal(judged("alpha", NODES "service ocf:a { agent test:web; set port 82 }\n"),
                        "");
    assert_string_equal(stage_read(&stage, "asked"), "asked\n");
}

static void several_are_answered_in_order(void **state)
{
    (void)state;
    ask(3, "alpha", NODES, NULL);
    ask(4, "alpha", "nod x\n", NULL);
    ask(5, "alpha", NODES, NULL);
    assert_int_equal(answer(), 3);
    assert_int_equal(answer(), 4);
    assert_non_null(checked.error);
    assert_int_equal(answer(), 5);
    assert_null(checked.error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_good_comes_back_compiled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slip_in_the_text_is_not_this_nodes_fault, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_no_agent_of_ours_runs_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_agent_that_is_missing_here_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_may_not_come_here_need_not_be_installed_here, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_missing_already_keeps_nobody_from_mending, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_the_agent_says_of_itself_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_agent_is_asked_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(several_are_answered_in_order, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
