/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the tree; see syntax.h. The parser makes it. */
#include "dsl/syntax.h"

#include <string.h>

static const struct {
    unsigned blocks;
    const char *word;
    const char *usage;
} phrases[SYNTAX_KINDS] = {
#define PHRASE(blocks, word, id, rule, usage) [SYNTAX_##id] = {blocks, word, usage},
#include "dsl/phrase.def"
#undef PHRASE
};

const char *syntax_usage(enum syntax_kind kind)
{
    return phrases[kind].usage;
}

const char *syntax_word(enum syntax_kind kind)
{
    return phrases[kind].word;
}

unsigned syntax_blocks(enum syntax_kind kind)
{
    return phrases[kind].blocks;
}

enum syntax_kind syntax_find(const char *word, unsigned blocks)
{
    for (int kind = 0; kind < SYNTAX_KINDS; kind++) {
        if ((phrases[kind].blocks & blocks) && strcmp(phrases[kind].word, word) == 0)
            return (enum syntax_kind)kind;
    }
    return SYNTAX_BROKEN;
}

const struct syntax *syntax_part(const struct syntax *node, enum syntax_kind kind)
{
    for (const struct syntax *part = node->child; part; part = part->next) {
        if (part->kind == kind)
            return part;
    }
    return NULL;
}

const struct syntax *syntax_inside(const struct syntax *node)
{
    const struct syntax *block = syntax_part(node, SYNTAX_BLOCK);

    return block ? block->child : NULL;
}

const char *syntax_text(const struct tree *tree, const struct syntax *node)
{
    const struct token *first = &tree->tokens.list[node->first];
    const struct token *last = &tree->tokens.list[node->end - 1];

    return arena_strndup(tree->diagnostics->arena, tree->diagnostics->text + first->offset,
                         (size_t)(last->offset + last->length - first->offset));
}

bool syntax_is_string(const struct tree *tree, const struct syntax *node)
{
    return tree->tokens.list[node->first].kind == TOKEN_STRING;
}

struct location syntax_place(const struct tree *tree, const struct syntax *node)
{
    const struct token *last = &tree->tokens.list[node->end - 1];
    struct location at = syntax_head_place(tree, node);

    at.length = last->offset + last->length - at.offset;
    return at;
}

struct location syntax_head_place(const struct tree *tree, const struct syntax *node)
{
    return token_place(tree->diagnostics, &tree->tokens.list[node->first]);
}

struct location syntax_place_within(const struct tree *tree, const struct syntax *node, int from,
                                    int length)
{
    const struct token *first = &tree->tokens.list[node->first];

    return diagnostics_place(tree->diagnostics, first->line, first->offset + from, length);
}

int syntax_line(const struct tree *tree, const struct syntax *node)
{
    return tree->tokens.list[node->first].line;
}
