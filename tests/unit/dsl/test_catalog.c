/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What agents say of themselves; the messages that come of it are in tests/policies. */
#include "tests/unit/dsl/dsl_test.h"

#include <stdio.h>
#include <string.h>

#include "dsl/example_agents.h"
#include "dsl/page.h"

static int list_nothing(void *context, const char *const **list)
{
    (void)context;
    *list = NULL;
    return 0;
}

static struct agent_answer find_nothing(void *context, const char *name)
{
    (void)context;
    (void)name;
    return (struct agent_answer){.standing = AGENT_NOT_INSTALLED};
}

static const struct catalog empty_catalog = {.find = find_nothing, .list = list_nothing};

static struct compiled judge(const char *text, const struct catalog *catalog)
{
    struct compiled compiled = compile_text(text);

    /* What the compiling itself found is not the question here. */
    diagnostics_init(compiled.diagnostics, compiled.arena, "test.tenuto", text, strlen(text));
    policy_check_agents(compiled.arena, catalog, text, strlen(text), compiled.diagnostics);
    return compiled;
}

static bool fits(const char *parameter, const char *value)
{
    struct agent_answer web = example_agents.find(NULL, "example:web");

    return agent_value_fits(web.description, agent_find_parameter(web.description, parameter),
                            value);
}

static void a_machine_without_agents_says_so_once(void **state)
{
    const char *text = THREE_NODES "service ocf:a { agent example:web }\n"
                                   "service ocf:b { agent example:guest; set colour blue }\n";
    struct compiled compiled = judge(text, &empty_catalog);

    (void)state;
    only_diagnostic(&compiled, "T0250");
    assert_int_equal(compiled.diagnostics->n_errors, 0);
    compiled_free(&compiled);
}

static void a_policy_with_other_errors_is_still_looked_at(void **state)
{
    const char *text = THREE_NODES "rule r: keep nobody apart\n"
                                   "service ocf:a { agent example:guest; start timeout 2m\n"
                                   "set colour blue\n";
    struct compiled compiled = judge(text, &example_agents);

    (void)state;
    only_diagnostic(&compiled, "T0259");
    compiled_free(&compiled);
}

static void what_is_broken_is_not_missing(void **state)
{
    const char *text = THREE_NODES "service ocf:a { agent example:guest; set config }\n";
    struct compiled compiled = judge(text, &example_agents);

    (void)state;
    assert_int_equal(compiled.diagnostics->n_errors, 0);
    compiled_free(&compiled);
}

static void values_are_read_as_agents_read_them(void **state)
{
    (void)state;
    assert_true(fits("port", "80"));
    assert_true(fits("port", "-1"));
    assert_true(fits("port", ""));
    assert_false(fits("port", "-"));
    assert_false(fits("port", "80 "));
    assert_true(fits("log", "on"));
    assert_true(fits("log", "False"));
    assert_false(fits("log", "On"));
    assert_false(fits("log", "y"));
    assert_true(fits("grace", "30"));
    assert_true(fits("grace", "100ms"));
    assert_true(fits("grace", "2min"));
    assert_false(fits("grace", "min"));
    assert_false(fits("grace", "2 min"));
    assert_true(fits("mode", "hard"));
    assert_false(fits("mode", "Hard"));
    assert_true(fits("limit", "anything"));
    assert_true(fits("ip", "anything"));
}

static void nearest_names_are_those_of_slips(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    assert_string_equal(catalog_nearest(&example_agents, arena, "example:wep"), "example:web");
    assert_string_equal(catalog_nearest(&example_agents, arena, "EXAMPEL:web"), "example:web");
    assert_string_equal(catalog_nearest(&example_agents, arena, "other:web"), "example:web");
    assert_null(catalog_nearest(&example_agents, arena, "example:ids"));
    assert_null(catalog_nearest(&example_agents, arena, "other:thing"));
    assert_null(catalog_nearest(&example_agents, arena, "fence_thing"));
    assert_string_equal(catalog_nearest(&example_agents, arena, "gest"), "example:guest");
    /* The beginning of a name, though much is missing. */
    assert_string_equal(catalog_nearest(&example_agents, arena, "fence_exa"), "fence_example");
    arena_free(arena);
}

/* Every service of its own agent, each of them set wrong: time must not grow with the square. */
static void many_agents_are_taken_one_by_one(void **state)
{
    struct page page = {0};
    struct compiled compiled;
    char line[128];

    (void)state;
    page_say(&page, THREE_NODES);
    for (int i = 0; i < 4000; i++) {
        snprintf(line, sizeof(line), "service ocf:s%d { agent far:a%d; set p%d 1 }\n", i, i, i);
        page_say(&page, line);
    }
    compiled = judge(page.bytes, &example_agents);
    assert_int_equal(compiled.diagnostics->n_infos, 4000);
    assert_int_equal(compiled.diagnostics->n_list, DIAGNOSTICS_MAX);
    compiled_free(&compiled);
    page_free(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_without_agents_says_so_once),
        cmocka_unit_test(a_policy_with_other_errors_is_still_looked_at),
        cmocka_unit_test(what_is_broken_is_not_missing),
        cmocka_unit_test(values_are_read_as_agents_read_them),
        cmocka_unit_test(nearest_names_are_those_of_slips),
        cmocka_unit_test(many_agents_are_taken_one_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
