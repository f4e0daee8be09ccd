/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a tree, of a policy and of a drill: it covers the tokens, parts lie inside what
 * they are parts of and behind each other; what is reported is where it says, and so much at
 * most; a text without slips has no broken statement and nothing between its statements.
 */
#include "dsl/parser.h"
#include "tests/fuzz/fuzz.h"

unsigned fuzz_language(const uint8_t *bytes, size_t length, size_t *at)
{
    (void)bytes;
    (void)length;
    *at = 0;
    return IN_POLICY;
}

/* A list that was expected and did not come stands where it was expected, among others' tokens. */
static bool is_missing(const struct syntax *node)
{
    return (node->kind == SYNTAX_NAMES || node->kind == SYNTAX_TIERS) &&
           (!node->child || (!node->child->next && is_missing(node->child)));
}

/* Whether something in it was reported. */
static bool check_node(const struct tree *tree, const struct syntax *node)
{
    bool is_broken = node->is_broken || node->kind == SYNTAX_BROKEN || is_missing(node);
    const struct syntax *last = NULL;
    int at = node->first;

    assert(node->first >= 0 && node->first <= node->end && node->end <= tree->tokens.n_list);
    for (const struct syntax *part = node->child; part; part = part->next) {
        last = part;
        is_broken = check_node(tree, part) || is_broken;
        if (is_missing(part))
            continue;
        assert(part->first >= at && part->end <= node->end);
        at = part->end;
    }
    assert(node->last == last);
    return is_broken;
}

/* Of a right text: what means something, apart from ";", belongs to a statement. */
static void check_between(const struct tree *tree, const struct syntax *block, int at, int end)
{
    const struct syntax *next = block->child;

    while (at < end) {
        const struct token *token = &tree->tokens.list[at];

        if (next && at == next->first) {
            const struct syntax *inside = syntax_part(next, SYNTAX_BLOCK);

            assert(next->end > next->first && token_is_significant(token));
            if (inside)
                check_between(tree, inside, inside->first + 1, inside->end - 1);
            at = next->end;
            next = next->next;
            continue;
        }
        assert(!token_is_significant(token) || token->kind == TOKEN_SEMICOLON ||
               token->kind == TOKEN_END);
        at++;
    }
    assert(!next);
}

static void parse(const char *text, size_t length, struct tree (*run)(struct diagnostics *))
{
    struct arena *arena = arena_new();
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));
    struct tree tree;
    bool is_broken;

    diagnostics_init(found, arena, "fuzz", text, length);
    tree = run(found);
    fuzz_check_diagnostics(found);
    assert(tree.policy->first == 0 && tree.policy->end == tree.tokens.n_list);
    is_broken = check_node(&tree, tree.policy);
    assert(!is_broken || found->n_errors > 0);
    if (found->n_errors == 0) {
        assert(tree.is_sure);
        check_between(&tree, tree.policy, 0, tree.policy->end);
    }
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char *text = fuzz_copy(bytes, length);

    parse(text, length, parser_run);
    parse(text, length, parser_run_drill);
    free(text);
    return 0;
}
