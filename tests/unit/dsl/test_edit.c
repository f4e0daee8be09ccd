/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Edits change the statement they are about, in the formatter's layout, and nothing else; what
 * they are asked and cannot do they say.
 */
#include "tests/unit/dsl/dsl_test.h"

#include <string.h>

#include "dsl/edit.h"

#define WORDS_MAX 16

static struct arena *arena;
static struct edit_result *result;
static struct err err;

static const char base[] = THREE_NODES "\n"
                                       "# The page.\n"
                                       "service ocf:web   {   agent heartbeat:x }   # first\n"
                                       "\n"
                                       "service ocf:db[1..4],   ocf:extra {\n"
                                       "  agent heartbeat:pg # the agent\n"
                                       "\n"
                                       "  # how often\n"
                                       "  monitor every 5s\n"
                                       "}\n"
                                       "\n"
                                       "rule pair: keep ocf:web,  ocf:db1 together\n"
                                       "rule far:  try ocf:db[1..4],  ocf:extra apart # odd\n"
                                       "rule all: try ocf:* apart\n";

static int setup(void **state)
{
    (void)state;
    arena = arena_new();
    result = arena_alloc(arena, sizeof(*result));
    memset(&err, 0, sizeof(err));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* The words are given as one line, with | between those that have blanks inside. */
static bool edit_text(const char *text, enum edit_kind kind, const char *name, const char *line)
{
    const char *words[WORDS_MAX];
    struct edit_request request = {.kind = kind, .name = name, .words = words};
    const char *glue = strchr(line, '|') ? "|" : " ";

    for (; *line; line += strspn(line, glue)) {
        size_t length = strcspn(line, glue);

        words[request.n_words++] = arena_strndup(arena, line, length);
        line += length;
    }
    return edit_run(arena, "test.tenuto", text, strlen(text), &request, result, &err);
}

static bool edit(enum edit_kind kind, const char *name, const char *line)
{
    return edit_text(base, kind, name, line);
}

/* The old text with one part replaced by another. */
static const char *replaced(const char *text, const char *old, const char *new)
{
    const char *at = strstr(text, old);

    assert_non_null(at);
    return arena_printf(arena, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
}

static void assert_edit(bool done, const char *expected)
{
    if (!done)
        print_message("%s\n%s", err.text,
                      result->diagnostics ? diagnostics_text(result->diagnostics, false) : "");
    assert_true(done);
    assert_string_equal(result->text, expected);
}

static void assert_refused(bool done, const char *words)
{
    assert_false(done);
    if (!strstr(err.text, words))
        print_message("%s\n", err.text);
    assert_non_null(strstr(err.text, words));
}

static void settings_come_without_commas_between_them(void **state)
{
    (void)state;
    assert_edit(edit(EDIT_SERVICE_SET, "ocf:web", "restart 2 keep on alpha, beta set port 80"),
                replaced(base, "service ocf:web   {   agent heartbeat:x }   # first",
                         "service ocf:web { agent heartbeat:x; restart 2; keep on alpha, beta; set "
                         "port 80 }  # first"));
    assert_string_equal(result->said[0], "ocf:web with: restart 2 keep on alpha, beta set port 80");
}

static void a_setting_that_is_there_is_replaced_in_its_place(void **state)
{
    const char *once;

    (void)state;
    assert_true(edit(EDIT_SERVICE_SET, "ocf:db[1..4],ocf:extra", "monitor every 9s restart 7"));
    once = replaced(base, "service ocf:db[1..4],   ocf:extra {\n  agent heartbeat:pg # the agent",
                    "service ocf:db[1..4], ocf:extra {\n    agent heartbeat:pg                  # "
                    "the agent");
    once = replaced(once, "  # how often\n  monitor every 5s\n",
                    "    # how often\n    monitor every 9s\n    restart 7\n");
    assert_string_equal(result->text, once);
}

static void a_value_that_needs_quotes_gets_them(void **state)
{
    (void)state;
    assert_true(edit(EDIT_SERVICE_SET, "ocf:web", "set|title|say \"a\\b\"; $name # no comment"));
    assert_non_null(strstr(result->text, "set title \"say \\\"a\\\\b\\\"; $name # no comment\" }"));
    assert_true(edit(EDIT_SERVICE_SET, "ocf:web", "set|a|\"as it is\"|restart|1"));
    assert_non_null(strstr(result->text, "set a \"as it is\""));
}

static void two_ways_to_migrate_are_two_settings(void **state)
{
    (void)state;
    assert_true(edit(EDIT_SERVICE_SET, "ocf:web", "migrate timeout 3m migrate never"));
    assert_non_null(strstr(result->text, "migrate timeout 3m; migrate never }"));
    assert_edit(edit_text(arena_strdup(arena, result->text), EDIT_SERVICE_UNSET, "ocf:web",
                          "migrate timeout"),
                replaced(base, "   {   agent heartbeat:x }   # first",
                         " { agent heartbeat:x; migrate never }  # first"));
}

static void unset_takes_a_setting_with_its_line_away(void **state)
{
    (void)state;
    assert_true(edit(EDIT_SERVICE_UNSET, "ocf:db[1..4],ocf:extra", "monitor every"));
    assert_non_null(strstr(result->text, "\n\n    # how often\n}\n\nrule pair"));
    assert_refused(edit(EDIT_SERVICE_UNSET, "ocf:web", "monitor"),
                   "\"monitor\" is not set there itself");
    assert_refused(edit(EDIT_SERVICE_UNSET, "ocf:web", "monitro"),
                   "a service has no setting \"monitro\"");
    assert_refused(edit(EDIT_SERVICE_UNSET, "ocf:web", ""), "which setting?");
    assert_refused(edit_text(THREE_NODES "service ocf:a { agent heartbeat:x; set port 80 }\n",
                             EDIT_SERVICE_UNSET, "ocf:a", "port"),
                   "a parameter of the agent; write: set port");
}

static void one_of_several_gets_a_statement_of_its_own(void **state)
{
    (void)state;
    assert_true(edit(EDIT_SERVICE_SET, "ocf:db2", "restart 5"));
    assert_non_null(strstr(result->text, "\nservice ocf:db1, ocf:db[3..4], ocf:extra {\n"));
    assert_non_null(strstr(result->text, "\n}\n\nservice ocf:db2 {\n"
                                         "    agent heartbeat:pg                  # the agent\n\n"
                                         "    # how often\n"
                                         "    monitor every 5s\n"
                                         "    restart 5\n}\n\nrule pair"));
    assert_non_null(strstr(result->said[1], "ocf:db2 got a statement of its own"));
}

static void what_is_added_goes_behind_its_like(void **state)
{
    (void)state;
    assert_edit(edit(EDIT_SERVICE_ADD, "ocf:new", "agent heartbeat:n"),
                replaced(base, "}\n\nrule pair",
                         "}\n\nservice ocf:new { agent heartbeat:n }\n\nrule pair"));
    assert_edit(edit(EDIT_SERVICE_ADD, "ocf:new[1..2]", "agent heartbeat:n restart 1"),
                replaced(base, "}\n\nrule pair",
                         "}\n\nservice ocf:new[1..2] {\n    agent heartbeat:n\n    restart 1\n}\n\n"
                         "rule pair"));
    assert_edit(edit(EDIT_RULE_ADD, "more", "start ocf:db1 before ocf:web"),
                arena_printf(arena, "%srule more: start ocf:db1 before ocf:web\n", base));
    assert_edit(edit_text("cluster home\nnode a", EDIT_SERVICE_ADD, "ocf:new", "agent heartbeat:n"),
                "cluster home\nnode a\n\nservice ocf:new { agent heartbeat:n }");
}

static void what_is_there_is_not_added_again(void **state)
{
    (void)state;
    assert_refused(edit(EDIT_SERVICE_ADD, "ocf:db3", "agent heartbeat:n"),
                   "ocf:db3 is in the policy already (line 9); \"tenuto ha set\" changes it");
    assert_refused(edit(EDIT_RULE_ADD, "pair", "try ocf:web, ocf:db2 apart"),
                   "there is a rule \"pair\" already (line 16)");
}

static void a_removed_service_leaves_the_rules_too(void **state)
{
    const char *expected;

    (void)state;
    expected = replaced(base, "service ocf:web   {   agent heartbeat:x }   # first\n\n", "\n");
    expected = replaced(expected, "rule pair: keep ocf:web,  ocf:db1 together\n", "");
    assert_edit(edit(EDIT_SERVICE_REMOVE, "ocf:web", ""), expected);
    assert_string_equal(result->said[0], "removed service ocf:web (line 7)");
    assert_string_equal(result->said[1], "the comment above it (line 6) stays");
    assert_string_equal(result->said[2], "removed rule pair (line 16): it would say nothing any "
                                         "more, with nothing left but ocf:db1");
    assert_int_equal(result->n_said, 3);
}

static void a_rule_goes_on_without_one_of_several(void **state)
{
    (void)state;
    assert_true(edit(EDIT_SERVICE_REMOVE, "ocf:db2", ""));
    assert_non_null(strstr(result->text, "service ocf:db1, ocf:db[3..4], ocf:extra {"));
    assert_non_null(strstr(
        result->text, "rule far: try ocf:db1, ocf:db[3..4], ocf:extra apart  # odd\nrule all"));
    assert_string_equal(result->said[1], "took ocf:db2 out of rule far (line 17)");
}

static void a_pattern_stays_for_the_services_to_come(void **state)
{
    (void)state;
    assert_true(edit(EDIT_SERVICE_REMOVE, "ocf:web,ocf:db[1..4],ocf:extra", ""));
    assert_non_null(strstr(result->text, "\n\n# The page.\n\nrule all: try ocf:* apart\n"));
    assert_int_equal(result->diagnostics->n_warnings, 1);
}

static void rules_are_changed_switched_and_removed(void **state)
{
    (void)state;
    assert_edit(edit(EDIT_RULE_SET, "pair", "try ocf:web, ocf:db1 together"),
                replaced(base, "keep ocf:web,  ocf:db1", "try ocf:web, ocf:db1"));
    assert_edit(edit(EDIT_RULE_DISABLE, "far", ""),
                replaced(base, "rule far:  try ocf:db[1..4],  ocf:extra apart # odd",
                         "disabled rule far: try ocf:db[1..4], ocf:extra apart  # odd"));
    assert_edit(edit_text(arena_strdup(arena, result->text), EDIT_RULE_ENABLE, "far", ""),
                replaced(base, "rule far:  try ocf:db[1..4],  ocf:extra apart # odd",
                         "rule far: try ocf:db[1..4], ocf:extra apart  # odd"));
    assert_edit(edit(EDIT_RULE_REMOVE, "far", ""),
                replaced(base, "rule far:  try ocf:db[1..4],  ocf:extra apart # odd\n", ""));
    assert_edit(edit(EDIT_RULE_ENABLE, "far", ""), base);
    assert_string_equal(result->difference, "");
    assert_refused(edit(EDIT_RULE_SET, "fra", "try ocf:* apart"), "did you mean \"far\"?");
}

static void comments_inside_a_list_that_changes_go_above_it(void **state)
{
    const char *text = replaced(base, "ocf:db[1..4],  ocf:extra apart # odd",
                                "ocf:db[1..4],\n # inside\n ocf:extra apart");

    (void)state;
    assert_edit(edit_text(text, EDIT_RULE_SET, "far", "try ocf:web, ocf:extra apart"),
                replaced(text, "rule far:  try ocf:db[1..4],\n # inside\n ocf:extra apart",
                         "# inside\nrule far: try ocf:web, ocf:extra apart"));
}

static void nodes_are_set_in_the_same_way(void **state)
{
    (void)state;
    assert_edit(edit(EDIT_NODE_SET, "beta", "memory 4G cpus 2"),
                replaced(base, "node beta { address 10.0.0.2 }",
                         "node beta { address 10.0.0.2; memory 4G; cpus 2 }"));
    assert_edit(
        edit_text(arena_strdup(arena, result->text), EDIT_NODE_UNSET, "beta", "memory cpus"), base);
    assert_refused(edit(EDIT_NODE_SET, "beta", "restart 2"), "no place in a node");
    assert_refused(edit(EDIT_NODE_SET, "delta", "cpus 2"), "no node is called \"delta\"");
}

static void nodes_come_behind_the_last_and_go_with_their_line(void **state)
{
    (void)state;
    assert_edit(edit(EDIT_NODE_ADD, "delta", "address 10.0.0.4"),
                replaced(base, "node gamma { address 10.0.0.3 }\n",
                         "node gamma { address 10.0.0.3 }\nnode delta { address 10.0.0.4 }\n"));
    assert_edit(edit_text(arena_strdup(arena, result->text), EDIT_NODE_REMOVE, "delta", ""), base);
    assert_edit(edit(EDIT_NODE_REMOVE, "alpha", ""),
                replaced(base, "node alpha { address 10.0.0.1 }\n", ""));
    assert_refused(edit(EDIT_NODE_ADD, "beta", "address 10.0.0.4"),
                   "in the policy already (line 3)");
    assert_refused(edit(EDIT_NODE_ADD, "delta", "address 10.0.0.3"), "would be wrong");
    assert_refused(edit(EDIT_NODE_REMOVE, "delta", ""), "no node is called \"delta\"");
    assert_refused(edit_text(THREE_NODES "let big = alpha, beta\n"
                                         "rule r: keep ocf:* on big\n",
                             EDIT_NODE_REMOVE, "alpha", ""),
                   "would be wrong");
}

static void what_would_be_wrong_is_refused_with_its_place(void **state)
{
    (void)state;
    assert_refused(edit(EDIT_SERVICE_SET, "ocf:web", "restart x"),
                   "with that the policy would be wrong; nothing was changed");
    assert_string_equal(diagnostic_code_name(result->diagnostics->list[0].code), "T0203");
    assert_refused(edit(EDIT_NODE_UNSET, "beta", "address"), "the policy would be wrong");
    assert_refused(edit(EDIT_SERVICE_SET, "ocf:web", "restat 1"), "did you mean \"restart\"?");
    assert_refused(edit(EDIT_SERVICE_SET, "ocf:web", "restart 1 restart 2"), "give it once");
    assert_refused(edit(EDIT_SERVICE_SET, "ocf:web", "restart 1 #2 relocate 3"), "a comment");
    assert_refused(edit(EDIT_SERVICE_SET, "ocf:web", "restart 1 } rule x: try ocf:* apart"), "");
    assert_refused(edit(EDIT_SERVICE_SET, "ocf:wb", "restart 1"), "did you mean \"ocf:web\"?");
    assert_refused(edit(EDIT_SERVICE_SET, "web", "restart 1"), "did you mean \"ocf:web\"?");
    assert_refused(edit(EDIT_RULE_ADD, "keep", "ocf:web, ocf:db2 together"),
                   "a name for the rule comes first: rules add NAME keep");
    assert_refused(edit(EDIT_SERVICE_REMOVE, "ocf:*", ""), "is a pattern");
    assert_refused(edit(EDIT_SERVICE_REMOVE, "ocf:db[4..1]", ""), "is not a range of names");
    assert_refused(edit(EDIT_RULE_ADD, "new", "keep ocf:web"), "expected together, apart or on");
    assert_refused(edit_text("cluster home {\n", EDIT_RULE_ADD, "new", "try ocf:* apart"),
                   "the policy has mistakes; mend them first");
}

static void an_edit_may_mend_what_was_wrong(void **state)
{
    const char *text = THREE_NODES "service ocf:web\n";

    (void)state;
    assert_edit(edit_text(text, EDIT_SERVICE_SET, "ocf:web", "agent heartbeat:x"),
                THREE_NODES "service ocf:web { agent heartbeat:x }\n");
}

static void a_witness_is_text_like_any_other(void **state)
{
    (void)state;
    assert_edit(edit(EDIT_WITNESS_ADD, "", "10.0.0.9 lms"),
                replaced(base, "10.0.0.3 }\n", "10.0.0.3 }\n\nquorum { witness 10.0.0.9 lms }\n"));
    /* Corosync would not start with it. */
    assert_refused(
        edit_text(replaced(base, "cluster home", "quorum { last-man-standing yes }\ncluster home"),
                  EDIT_WITNESS_ADD, "", "10.0.0.9 lms"),
        "the policy would be wrong");
    assert_edit(edit(EDIT_WITNESS_ADD, "", "10.0.0.9 lms"),
                replaced(base, "10.0.0.3 }\n", "10.0.0.3 }\n\nquorum { witness 10.0.0.9 lms }\n"));
    assert_edit(edit_text(arena_strdup(arena, result->text), EDIT_WITNESS_REMOVE, "", ""), base);
    assert_refused(edit(EDIT_WITNESS_REMOVE, "", ""), "the policy has no witness");
}

static void what_a_line_holds_besides_stays(void **state)
{
    const char *text = THREE_NODES "service ocf:a { agent heartbeat:x }; service ocf:b { agent "
                                   "heartbeat:x } ;service ocf:c { agent heartbeat:x }# end\n";

    (void)state;
    assert_edit(edit_text(text, EDIT_SERVICE_REMOVE, "ocf:a", ""),
                replaced(text, "service ocf:a { agent heartbeat:x }; ", ""));
    assert_edit(edit_text(text, EDIT_SERVICE_REMOVE, "ocf:b", ""),
                replaced(text, "service ocf:b { agent heartbeat:x } ;", ""));
    assert_edit(edit_text(text, EDIT_SERVICE_REMOVE, "ocf:c", ""),
                replaced(text, " ;service ocf:c { agent heartbeat:x }", " "));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(settings_come_without_commas_between_them),
        TEST(a_setting_that_is_there_is_replaced_in_its_place),
        TEST(a_value_that_needs_quotes_gets_them),
        TEST(two_ways_to_migrate_are_two_settings),
        TEST(unset_takes_a_setting_with_its_line_away),
        TEST(one_of_several_gets_a_statement_of_its_own),
        TEST(what_is_added_goes_behind_its_like),
        TEST(what_is_there_is_not_added_again),
        TEST(a_removed_service_leaves_the_rules_too),
        TEST(a_rule_goes_on_without_one_of_several),
        TEST(a_pattern_stays_for_the_services_to_come),
        TEST(rules_are_changed_switched_and_removed),
        TEST(comments_inside_a_list_that_changes_go_above_it),
        TEST(nodes_are_set_in_the_same_way),
        TEST(nodes_come_behind_the_last_and_go_with_their_line),
        TEST(what_would_be_wrong_is_refused_with_its_place),
        TEST(an_edit_may_mend_what_was_wrong),
        TEST(a_witness_is_text_like_any_other),
        TEST(what_a_line_holds_besides_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
