/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text to tree: what recovery finds, and that the tree covers the text. */
#include "tests/unit/dsl/dsl_test.h"

#include <string.h>

#include "dsl/parser.h"

struct parsed {
    struct arena *arena;
    struct tree tree;
};

static struct parsed parse(const char *text)
{
    struct parsed parsed = {.arena = arena_new()};
    struct diagnostics *diagnostics = arena_alloc(parsed.arena, sizeof(*diagnostics));

    diagnostics_init(diagnostics, parsed.arena, "test", text, strlen(text));
    parsed.tree = parser_run(diagnostics);
    return parsed;
}

static int count_statements(const struct syntax *inside)
{
    int n = 0;

    for (; inside; inside = inside->next)
        n++;
    return n;
}

static void assert_messages(const char *text, int n_messages)
{
    struct parsed parsed = parse(text);

    if (parsed.tree.diagnostics->n_list != n_messages)
        print_message("%s", diagnostics_text(parsed.tree.diagnostics, false));
    assert_int_equal(parsed.tree.diagnostics->n_list, n_messages);
    arena_free(parsed.arena);
}

static void children_lie_in_order_inside_their_parents(const struct tree *tree,
                                                       const struct syntax *node)
{
    int at = node->first;

    for (const struct syntax *child = node->child; child; child = child->next) {
        assert_true(child->first >= at && child->end > child->first && child->end <= node->end);
        children_lie_in_order_inside_their_parents(tree, child);
        at = child->end;
    }
}

static void the_tree_covers_every_token(void **state)
{
    struct parsed parsed =
        parse("# a\nnode a { cpus 1; }\n\nrule b: try vm:a,\n  vm:b on c then d\n"
              "nonsense { x }\n} drill \"x\" { cut a | b }\nset");

    (void)state;
    assert_int_equal(parsed.tree.policy->first, 0);
    assert_int_equal(parsed.tree.policy->end, parsed.tree.tokens.n_list);
    children_lie_in_order_inside_their_parents(&parsed.tree, parsed.tree.policy);
    arena_free(parsed.arena);
}

static void one_slip_is_one_message(void **state)
{
    (void)state;
    assert_messages("servce vm:a { restart 1; what ever }\nnode b\n", 1);
    assert_messages("service vm:a vm:b { restart 1 }\nnode b\n", 1);
    assert_messages("node { cpus 1 }\n", 1);
    assert_messages("service vm:a { monitor 10s; restart 1 }\n", 1);
    assert_messages("rule a: keep vm:a, on b\n", 1);
    assert_messages("let a = b,\n    c d,\n    e\n", 1);
    assert_messages("node a {\n    cpus 1\nnode b\n", 1);
    assert_messages("node a }\nnode b\n", 1);
    assert_messages("fencing { device x { agent y\n    fences z }\n", 1);
}

static void every_slip_is_found(void **state)
{
    (void)state;
    assert_messages("nod a\nservice vm:a { restat 1; monitor 1s }\nlet x y\n", 4);
    assert_messages("service vm:a vm:b { restat 1 }\n", 2);
}

static void what_follows_a_slip_is_read(void **state)
{
    struct parsed parsed = parse("service vm:a vm:b { restart 1; stop timeout 1s }\nnode b\n");
    const struct syntax *service = parsed.tree.policy->child;

    (void)state;
    assert_true(service->is_broken);
    assert_false(parsed.tree.is_sure);
    assert_int_equal(count_statements(syntax_inside(service)), 2);
    assert_int_equal(service->next->kind, SYNTAX_NODE);
    assert_false(service->next->is_broken);
    arena_free(parsed.arena);
}

static void an_open_block_ends_at_the_next_statement_at_the_margin(void **state)
{
    struct parsed parsed = parse("service vm:a {\n    restart 1\nservice vm:b\n");
    const struct diagnostic *entry = &parsed.tree.diagnostics->list[0];

    (void)state;
    assert_int_equal(count_statements(parsed.tree.policy->child), 2);
    assert_int_equal(parsed.tree.diagnostics->n_list, 1);
    assert_string_equal(diagnostic_code_name(entry->code), "T0107");
    assert_int_equal(entry->at.line, 1);
    assert_int_equal(entry->at.column, 14);
    assert_int_equal(entry->n_notes, 1);
    assert_int_equal(entry->notes[0].at.line, 3);
    arena_free(parsed.arena);
}

static void lines_go_on_after_commas_then_and_before(void **state)
{
    (void)state;
    assert_messages("let a = b,\n\n    # comment\n    c\n", 0);
    assert_messages("rule a: try vm:a on b, then\n    c then\n    d\n", 0);
    assert_messages("rule a: start vm:a before\n    vm:b,\n    vm:c\n", 0);
}

static void names_may_be_words_of_the_language(void **state)
{
    (void)state;
    assert_messages("node node { cpus 1 }\nlet service = node\nrule rule: keep vm:rule on node\n",
                    0);
}

static void the_whole_grammar_is_read(void **state)
{
    (void)state;
    assert_messages("quorum {\n witness q lms\n tie-breaker lowest\n wait-for-all yes\n"
                    " last-man-standing no\n two-node no\n}\n"
                    "fencing { watchdog none; device d { agent fence_x; fences a, b; delay 2s\n"
                    " set ip 10.0.0.1; set password secret p } }\n",
                    0);
    assert_messages("scheduling { mode dynamic; rebalance on start; improve 0.1; method topsis\n"
                    " rebalance when imbalance 0.3 for 60s }\n"
                    "alert a { run \"/bin/x\"; on fence, error }\n"
                    "access { admin a key \"k\"; operator b key \"k\"; viewer c key \"k\" }\n",
                    0);
    assert_messages(
        "drill \"x\" {\n cut a, b\n partition a | b, c\n within 30s expect vm:a started\n"
        " power off a\n maintenance on b\n snapshot\n}\n",
        0);
}

static void nesting_without_end_is_passed_over(void **state)
{
    struct arena *arena = arena_new();
    char *text = arena_alloc(arena, 200001);
    struct parsed parsed;

    (void)state;
    memset(text, '{', 200000);
    parsed = parse(text);
    assert_int_equal(parsed.tree.diagnostics->n_errors, 1);
    arena_free(parsed.arena);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tree_covers_every_token),
        cmocka_unit_test(one_slip_is_one_message),
        cmocka_unit_test(every_slip_is_found),
        cmocka_unit_test(what_follows_a_slip_is_read),
        cmocka_unit_test(an_open_block_ends_at_the_next_statement_at_the_margin),
        cmocka_unit_test(lines_go_on_after_commas_then_and_before),
        cmocka_unit_test(names_may_be_words_of_the_language),
        cmocka_unit_test(the_whole_grammar_is_read),
        cmocka_unit_test(nesting_without_end_is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
