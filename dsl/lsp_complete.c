/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What may stand at a place. The parser reads the text up to there and says what it would
 * have expected next, so there is no second grammar that could differ from the first.
 */
#include <string.h>

#include "dsl/lsp_work.h"
#include "dsl/parser.h"
#include "ha/base/json.h"

/* As the protocol numbers kinds of items. */
enum item_kind { ITEM_VARIABLE = 6, ITEM_CLASS = 7, ITEM_VALUE = 12, ITEM_KEYWORD = 14 };

static void add_item(json_t *items, const char *label, enum item_kind kind, const char *detail)
{
    json_array_append_new(
        items, json_pack("{s:s, s:i, s:s}", "label", label, "kind", kind, "detail", detail));
}

/* A word of a statement; the same word may be read in two places of a usage. */
static void add_word(json_t *items, const char *word)
{
    const json_t *each;
    size_t i;

    json_array_foreach(items, i, each)
    {
        if (strcmp(json_text(each, "label", ""), word) == 0)
            return;
    }
    add_item(items, word, ITEM_KEYWORD, "");
}

static const char *role_title(enum name_role role)
{
    switch (role) {
    case NAME_NODE: return "a node";
    case NAME_LET: return "a set of nodes";
    case NAME_SERVICE: return "a service";
    default: return "a rule";
    }
}

static void add_names(struct document *document, json_t *items, enum name_role role)
{
    const struct mentions *mentions = mentions_of(document);

    for (int i = 0; i < mentions->n_list; i++) {
        if (mentions->list[i].role == role && mentions->list[i].is_definition)
            add_item(items, mentions->list[i].word, ITEM_VARIABLE, role_title(role));
    }
}

static void add_types(json_t *items)
{
#define SERVICE_TYPE(name, needs_agent, needs_address, is_run, help)                               \
    add_item(items, name, ITEM_CLASS, help);
#include "dsl/service_type.def"
#undef SERVICE_TYPE
}

/* "keep, try or start", "\"timeout\"", "a node": what the grammar says that it wants. */
static void add_expected(struct document *document, json_t *items, struct arena *arena,
                         const char *what)
{
    if (strncmp(what, "a node", 6) == 0) {
        add_names(document, items, NAME_LET);
        add_names(document, items, NAME_NODE);
        if (strncmp(what, "a node, ", 8) == 0)
            add_expected(document, items, arena, what + 8);
    } else if (strcmp(what, "a service") == 0) {
        add_names(document, items, NAME_SERVICE);
    } else if (strcmp(what, "a type") == 0) {
        add_types(items);
    } else if (what[0] == '"') {
        add_item(items, arena_strndup(arena, what + 1, strcspn(what + 1, "\"")), ITEM_KEYWORD, "");
    } else if (strstr(what, " or ")) {
        while (*what) {
            size_t length = strcspn(what, ", ");

            if (length > 0 && !(length == 2 && strncmp(what, "or", 2) == 0))
                add_item(items, arena_strndup(arena, what, length), ITEM_VALUE, "");
            what += length + strspn(what + length, ", ");
        }
    }
}

static void add_statements(json_t *items, unsigned block)
{
    for (int kind = 0; kind < SYNTAX_KINDS; kind++) {
        if (syntax_blocks((enum syntax_kind)kind) & block)
            add_item(items, syntax_word((enum syntax_kind)kind), ITEM_KEYWORD,
                     syntax_usage((enum syntax_kind)kind));
    }
}

/* The words of a usage that are written as they are and may still come. */
static void add_usage_words(json_t *items, struct arena *arena, const char *usage)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz-";

    usage += strcspn(usage, " ");
    while (*usage) {
        size_t length = strspn(usage, letters);
        bool is_word = length > 1 && !strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ:\"_", usage[length]);

        if (length > 1 && usage[length] == '\0')
            is_word = true;
        if (is_word && strncmp(usage, "or", length) != 0)
            add_word(items, arena_strndup(arena, usage, length));
        usage += length ? length : 1;
        if (length && !is_word)
            usage += strcspn(usage, " ");
    }
}

/* The statement that the text breaks off in or behind, and the block it breaks off in. */
struct context {
    const struct syntax *statement;
    unsigned block;
};

static struct context context_at_end(const struct tree *tree, unsigned block)
{
    struct context context = {.block = block};
    const struct syntax *node = tree->policy;

    while (node && node->last) {
        const struct syntax *last = node->last;
        const struct syntax *inside = NULL;
        unsigned blocks = parser_block_of(last->kind);

        for (const struct syntax *at = last->child; at; at = at->next)
            inside = at->kind == SYNTAX_BLOCK ? at : inside;
        if (!inside || tree->tokens.list[inside->end - 1].kind == TOKEN_CLOSE ||
            (blocks == 0 && last->kind != SYNTAX_BLOCK)) {
            context.statement = last;
            return context;
        }
        context.block = blocks;
        node = inside;
    }
    return context;
}

/* Nothing but blanks between here and the end of another statement, or a brace. */
static bool is_at_start(const struct tree *tree)
{
    int at = tree->tokens.n_list - 2;

    while (at >= 0 && (tree->tokens.list[at].kind == TOKEN_BLANK ||
                       tree->tokens.list[at].kind == TOKEN_COMMENT))
        at--;
    return at < 0 || tree->tokens.list[at].kind == TOKEN_NEWLINE ||
           tree->tokens.list[at].kind == TOKEN_OPEN || tree->tokens.list[at].kind == TOKEN_CLOSE ||
           tree->tokens.list[at].kind == TOKEN_SEMICOLON;
}

/* Something is missing behind a comma: it is said of the comma, and may be put in here. */
static bool is_behind(const struct diagnostics *diagnostics, struct location at, int offset)
{
    int end = at.offset + at.length;

    return end <= offset && (int)strspn(diagnostics->text + end, " \t\r\n") >= offset - end;
}

static const char *expected_at(const struct diagnostics *diagnostics, int offset)
{
    for (int i = 0; i < diagnostics->n_list; i++) {
        if (diagnostics->list[i].expected &&
            (diagnostics->list[i].at.offset == offset ||
             is_behind(diagnostics, diagnostics->list[i].at, offset)))
            return diagnostics->list[i].expected;
    }
    return NULL;
}

static bool is_name_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte && strchr("-_.:*", byte)) || (byte & 0x80);
}

/* What the grammar allows there. */
static void add_words(struct document *document, json_t *items, struct arena *arena,
                      const struct completion *place, unsigned block)
{
    if (place->expected)
        add_expected(document, items, arena, place->expected);
    else if (is_at_start(place->tree))
        add_statements(items, block);
    else if (place->statement && syntax_usage(place->statement->kind))
        add_usage_words(items, arena, syntax_usage(place->statement->kind));
}

json_t *lsp_completion(struct document *document, const json_t *params, struct err *err)
{
    int start = document_offset(document, json_object_get(params, "position"));
    struct diagnostics *found;
    json_t *items = json_array();
    struct arena *arena;
    const char *expected;
    struct completion place;
    struct context context;
    struct tree tree;

    (void)err;
    document_read(document);
    if (!document->tree)
        return items;
    arena = arena_new();
    while (start > 0 && is_name_byte(document->text[start - 1]))
        start--;
    found = arena_alloc(arena, sizeof(*found));
    diagnostics_init(found, arena, "", document->text, (size_t)start);
    tree = document->is_drill ? parser_run_drill(found) : parser_run(found);
    expected = expected_at(found, start);
    context = context_at_end(&tree, document->is_drill ? IN_DRILL_FILE : IN_POLICY);
    if (tree.tokens.n_list > 1 && tree.tokens.list[tree.tokens.n_list - 2].kind == TOKEN_COMMENT)
        expected = "nothing";
    place = (struct completion){&tree, context.statement, expected, start};
    if (!lsp_agent_complete(document, items, &place))
        add_words(document, items, arena, &place, context.block);
    arena_free(arena);
    return items;
}
