/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every place of a text where something is named. A list names services where a word has a
 * colon or a star, else nodes or sets of them, if there are any of that name; so what a
 * setting lists need not be known here, and one that the grammar learns is not forgotten.
 */
#include <fnmatch.h>
#include <string.h>

#include "dsl/lsp_work.h"
#include "dsl/range.h"

static void add(const struct document *document, struct mentions *mentions,
                const struct mention *mention)
{
    if (mentions->n_list == mentions->size) {
        int size = mentions->size ? 2 * mentions->size : 64;
        struct mention *list = arena_alloc(document->arena, (size_t)size * sizeof(list[0]));

        if (mentions->n_list > 0)
            memcpy(list, mentions->list, (size_t)mentions->n_list * sizeof(list[0]));
        mentions->list = list;
        mentions->size = size;
    }
    mentions->list[mentions->n_list++] = *mention;
}

static void add_definitions(const struct document *document, struct mentions *mentions,
                            const struct syntax *statement)
{
    struct mention mention = {.statement = statement, .is_definition = true};
    const struct syntax *names = syntax_part(statement, SYNTAX_NAMES);

    mention.name = syntax_part(statement, SYNTAX_NAME);
    switch (statement->kind) {
    case SYNTAX_NODE: mention.role = NAME_NODE; break;
    case SYNTAX_LET: mention.role = NAME_LET; break;
    case SYNTAX_RULE:
    case SYNTAX_DISABLED: mention.role = NAME_RULE; break;
    case SYNTAX_SERVICE: mention.role = NAME_SERVICE; break;
    default: return;
    }
    if (mention.role == NAME_SERVICE)
        mention.name = names ? names->child : NULL;
    for (; mention.name; mention.name = mention.name->next) {
        mention.word = syntax_text(document->tree, mention.name);
        if (mention.name->kind == SYNTAX_NAME)
            add(document, mentions, &mention);
        if (mention.role != NAME_SERVICE)
            return;
    }
}

/* What a listed word without a colon means: a set of nodes goes before a node. */
static bool role_of(const struct mentions *mentions, int n_definitions, const char *word,
                    enum name_role *role)
{
    bool is_found = false;

    *role = NAME_SERVICE;
    if (strpbrk(word, ":*"))
        return true;
    for (int i = 0; i < n_definitions; i++) {
        struct mention one = {.word = word, .role = mentions->list[i].role};

        if ((one.role != NAME_NODE && one.role != NAME_LET) ||
            !mention_means(&one, one.role, mentions->list[i].word))
            continue;
        *role = is_found && *role == NAME_LET ? NAME_LET : one.role;
        is_found = true;
    }
    return is_found;
}

/* The lists below a node; n_definitions are known by now. */
static void add_lists(const struct document *document, struct mentions *mentions, int n_definitions,
                      const struct syntax *statement, const struct syntax *node)
{
    struct mention mention = {.statement = statement};

    for (const struct syntax *at = node->child; at; at = at->next) {
        if (at->kind != SYNTAX_NAME)
            add_lists(document, mentions, n_definitions, statement, at);
        if (at->kind != SYNTAX_NAME || node->kind != SYNTAX_NAMES ||
            (statement->kind == SYNTAX_SERVICE && node == syntax_part(statement, SYNTAX_NAMES)))
            continue;
        mention.name = at;
        mention.word = syntax_text(document->tree, at);
        if (role_of(mentions, n_definitions, mention.word, &mention.role))
            add(document, mentions, &mention);
    }
}

const struct mentions *mentions_of(struct document *document)
{
    struct mentions *mentions = &document->mentions;
    const struct syntax *first = document->tree ? document->tree->policy->child : NULL;
    int n_definitions;

    if (document->has_mentions)
        return mentions;
    *mentions = (struct mentions){0};
    document->has_mentions = true;
    /* Nodes and sets of them first: every list of such names is held against them. */
    for (const struct syntax *at = first; at; at = at->next) {
        if (at->kind == SYNTAX_NODE || at->kind == SYNTAX_LET)
            add_definitions(document, mentions, at);
    }
    n_definitions = mentions->n_list;
    for (const struct syntax *at = first; at; at = at->next) {
        if (at->kind != SYNTAX_NODE && at->kind != SYNTAX_LET)
            add_definitions(document, mentions, at);
    }
    for (const struct syntax *at = first; at; at = at->next)
        add_lists(document, mentions, n_definitions, at, at);
    return mentions;
}

const struct mention *mentions_at(const struct document *document, const struct mentions *mentions,
                                  int offset)
{
    for (int i = 0; i < mentions->n_list; i++) {
        const struct token *token = &document->tree->tokens.list[mentions->list[i].name->first];

        if (offset >= token->offset && offset <= token->offset + token->length)
            return &mentions->list[i];
    }
    return NULL;
}

bool mention_is_plain(const struct mention *mention)
{
    return !strpbrk(mention->word, "*[]");
}

bool mention_means(const struct mention *mention, enum name_role role, const char *name)
{
    struct range range;

    if (mention->role != role)
        return false;
    if (strcmp(mention->word, name) == 0)
        return true;
    if (range_is_meant(mention->word))
        return range_read(mention->word, &range) && range_number(&range, name) >= 0;
    /* The word holds letters, digits and the like, so the star is all that fnmatch sees. */
    return strchr(mention->word, '*') && fnmatch(mention->word, name, FNM_NOESCAPE) == 0;
}
