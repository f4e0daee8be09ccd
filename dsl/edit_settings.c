/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Settings of one statement. What was asked for is read by the parser itself, as a block of
 * such a statement, so that a setting the grammar learns can be set at once. Where one
 * setting ends and the next begins is what the parser says as well.
 */
#include <string.h>

#include "dsl/edit_work.h"
#include "dsl/parser.h"

/* A word that could stand as it is, or a string in its quotes. */
static bool is_plain(struct arena *arena, const char *word)
{
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));
    struct tokens tokens;

    diagnostics_init(diagnostics, arena, "edit", word, strlen(word));
    tokens = lexer_run(diagnostics);
    return diagnostics->n_errors == 0 && tokens.n_list == 2 &&
           (tokens.list[0].kind == TOKEN_WORD || tokens.list[0].kind == TOKEN_STRING);
}

static const char *quote(struct arena *arena, const char *word)
{
    char *quoted = arena_alloc(arena, 2 * strlen(word) + 3);
    size_t at = 0;

    quoted[at++] = '"';
    for (; *word; word++) {
        const char *special = strchr("\"\\\n\t", *word);

        if (special)
            quoted[at++] = '\\';
        quoted[at++] = *word == '\n' ? 'n' : *word == '\t' ? 't' : *word;
    }
    quoted[at] = '"';
    return quoted;
}

/* A shell took the quotes of a parameter's value away; here they are put back. */
static char *words_of(struct arena *arena, const struct edit_request *request)
{
    const char **words = arena_alloc(arena, (size_t)request->n_words * sizeof(words[0]));

    for (int i = 0; i < request->n_words; i++) {
        words[i] = request->words[i];
        if (i >= 2 && strcmp(request->words[i - 2], "set") == 0 && !is_plain(arena, words[i]))
            words[i] = quote(arena, words[i]);
    }
    return edit_join(arena, words, request->n_words);
}

static struct diagnostics *read_text(struct arena *arena, const char *text, struct tree *tree)
{
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));

    diagnostics_init(diagnostics, arena, "edit", text, strlen(text));
    *tree = parser_run(diagnostics);
    return diagnostics;
}

/* Where one setting was complete and the word is the begin of another; -1 if nowhere. */
static int find_next(const struct diagnostics *found, const char *text, unsigned block)
{
    for (int i = 0; i < found->n_list; i++) {
        const struct location *at = &found->list[i].at;

        /* Where "timeout" may follow and does not, that is what the parser expected. */
        if (found->list[i].code != DIAGNOSTIC_TOO_MUCH &&
            found->list[i].code != DIAGNOSTIC_EXPECTED)
            continue;
        if (syntax_find(arena_strndup(found->arena, text + at->offset, (size_t)at->length),
                        block) != SYNTAX_BROKEN)
            return at->offset;
    }
    return -1;
}

/* The settings that were asked for, as the block of a statement with that head. */
static struct tree *read_settings(struct edit *edit, const char *head,
                                  const struct edit_request *request, struct err *err)
{
    struct arena *arena = edit->arena;
    enum syntax_kind kind = syntax_find(arena_strndup(arena, head, strcspn(head, " ")), IN_POLICY);
    char *words = words_of(arena, request);
    char *text = arena_printf(arena, "%s {\n%s\n}\n", head, words);
    struct tree *tree = arena_alloc(arena, sizeof(*tree));
    int next;

    /* Each round ends a setting; there cannot be more of them than words. */
    for (size_t rounds = strlen(words); rounds > 0; rounds--) {
        next = find_next(read_text(arena, text, tree), text, parser_block_of(kind));
        if (next < 0)
            break;
        text = arena_printf(arena, "%.*s\n%s", next, text, text + next);
    }
    tree = edit_piece(arena, text, err);
    for (int at = 0; tree && at < tree->tokens.n_list; at++) {
        if (tree->tokens.list[at].kind == TOKEN_COMMENT) {
            err_set(err, "a comment cannot be given here; a value with \"#\" needs quotes");
            return NULL;
        }
    }
    return tree;
}

static const char *text_of(const struct tree *tree, const struct syntax *node)
{
    return syntax_text(tree, node);
}

/* Two that cannot both stand in a block: the one replaces the other. */
static bool is_same_setting(const struct tree *a, const struct syntax *left, const struct tree *b,
                            const struct syntax *right)
{
    if (left->kind != right->kind)
        return false;
    /* "migrate live" and "migrate timeout 3m" are two settings of one word. */
    if (left->kind == SYNTAX_MIGRATE)
        return left->child->kind == right->child->kind;
    if (left->kind == SYNTAX_REBALANCE)
        return strcmp(text_of(a, left->child), text_of(b, right->child)) == 0;
    return (left->kind != SYNTAX_SET && left->kind != SYNTAX_DEVICE_SET) ||
           strcmp(text_of(a, left->child), text_of(b, right->child)) == 0;
}

/* A statement's block while its settings change. */
struct block {
    const struct tree *tree;
    const struct syntax *statement;
    const struct syntax *inside; /* NULL if it has none */
    struct splices splices;
    const char *added; /* what goes to its end, with newlines or "; " between */
    const char *glue;
    bool is_on_one_line;
};

static struct block block_of(struct edit *edit, const struct tree *tree,
                             const struct syntax *statement)
{
    struct block block = {.tree = tree, .statement = statement, .added = ""};

    block.splices.arena = edit->arena;
    block.splices.text = tree->diagnostics->text;
    block.inside = syntax_part(statement, SYNTAX_BLOCK);
    block.is_on_one_line = block.inside != NULL;
    for (int at = block.inside ? block.inside->first : 0; block.inside && at < block.inside->end;
         at++)
        block.is_on_one_line = block.is_on_one_line && tree->tokens.list[at].kind != TOKEN_NEWLINE;
    block.glue = block.is_on_one_line ? "; " : "\n";
    return block;
}

static void block_set(struct block *block, const struct tree *asked, const struct syntax *setting)
{
    const char *words = syntax_text(asked, setting);

    for (const struct syntax *at = block->inside ? block->inside->child : NULL; at; at = at->next) {
        if (!is_same_setting(asked, setting, block->tree, at))
            continue;
        splices_add(&block->splices, edit_from(block->tree, at), edit_to(block->tree, at), words);
        return;
    }
    block->added = arena_printf(block->splices.arena, "%s%s%s", block->added,
                                block->added[0] ? block->glue : "", words);
}

/* Puts what is new behind the last setting, or behind what else is in the block. */
static void block_close(struct block *block)
{
    const struct token *tokens = block->tree->tokens.list;
    struct arena *arena = block->splices.arena;
    int at, end;

    if (!block->added[0])
        return;
    if (!block->inside) {
        bool is_one = !strchr(block->added, '\n');

        end = edit_to(block->tree, block->statement);
        splices_add(&block->splices, end, end,
                    arena_printf(arena, is_one ? " { %s }" : " {\n%s\n}", block->added));
        return;
    }
    at = block->inside->last ? block->inside->last->end : block->inside->first + 1;
    while (at < block->inside->end - 1 &&
           (tokens[at].kind == TOKEN_BLANK || tokens[at].kind == TOKEN_SEMICOLON ||
            tokens[at].kind == TOKEN_COMMENT ||
            (!block->inside->last && tokens[at].kind == TOKEN_NEWLINE)))
        at++;
    end = tokens[at].offset;
    if (block->is_on_one_line)
        splices_add(&block->splices, end, end,
                    arena_printf(arena, "%s%s ", block->inside->child ? "; " : " ", block->added));
    else
        splices_add(&block->splices, end, end, arena_printf(arena, "\n%s\n", block->added));
}

static char *block_words(struct block *block)
{
    return splices_apply(&block->splices, edit_from(block->tree, block->statement),
                         edit_to(block->tree, block->statement));
}

static char *with_set(struct edit *edit, struct block *block, const struct edit_request *request,
                      struct err *err)
{
    const char *head = arena_printf(edit->arena, "%s x%s", syntax_word(block->statement->kind),
                                    block->statement->kind == SYNTAX_SERVICE ? ":x" : "");
    struct tree *asked = read_settings(edit, head, request, err);

    if (!asked)
        return NULL;
    for (const struct syntax *at = syntax_inside(asked->policy->child); at; at = at->next) {
        for (const struct syntax *other = at->next; other; other = other->next) {
            if (is_same_setting(asked, at, asked, other)) {
                err_set(err, "\"%s\" and \"%s\" are one setting; give it once",
                        syntax_text(asked, at), syntax_text(asked, other));
                return NULL;
            }
        }
        block_set(block, asked, at);
    }
    block_close(block);
    return block_words(block);
}

/*
 * Whether the words, from *at on, name that setting: "restart", "set" "port", "migrate"
 * "timeout", "monitor" "every". Moves over those it took.
 */
static bool takes_words(const struct tree *tree, const struct syntax *setting,
                        const struct edit_request *request, int *at)
{
    const char *second = *at + 1 < request->n_words ? request->words[*at + 1] : "";
    int first = setting->first + 1;
    const char *written;

    if (strcmp(syntax_word(setting->kind), request->words[*at]) != 0)
        return false;
    while (first < setting->end && !token_is_significant(&tree->tokens.list[first]))
        first++;
    written = arena_strndup(tree->diagnostics->arena,
                            tree->diagnostics->text + tree->tokens.list[first].offset,
                            (size_t)tree->tokens.list[first].length);
    if (setting->kind == SYNTAX_SET && strcmp(second, written) != 0)
        return false;
    if (setting->kind == SYNTAX_MIGRATE &&
        (strcmp(second, "timeout") == 0) != (strcmp(written, "timeout") == 0))
        return false;
    *at += strcmp(second, written) == 0 ? 2 : 1;
    return true;
}

/* What was asked to be unset, as it was said. */
static const char *asked_words(struct edit *edit, const struct edit_request *request, int at)
{
    bool is_pair = at + 1 < request->n_words && (strcmp(request->words[at], "set") == 0 ||
                                                 strcmp(request->words[at + 1], "timeout") == 0);

    return edit_join(edit->arena, request->words + at, is_pair ? 2 : 1);
}

/* Whether the block sets it for the agent, so that "set" was forgotten. */
static bool is_parameter(const struct block *block, const char *word)
{
    for (const struct syntax *each = block->inside ? block->inside->child : NULL; each;
         each = each->next) {
        if ((each->kind == SYNTAX_SET || each->kind == SYNTAX_DEVICE_SET) && each->child &&
            strcmp(syntax_text(block->tree, each->child), word) == 0)
            return true;
    }
    return false;
}

static bool unset_one(struct edit *edit, struct block *block, const struct edit_request *request,
                      int *at, struct err *err)
{
    unsigned blocks = parser_block_of(block->statement->kind);
    int from, to;

    for (const struct syntax *each = block->inside ? block->inside->child : NULL; each;
         each = each->next) {
        if (!takes_words(block->tree, each, request, at))
            continue;
        edit_removal(block->tree, each, each, &from, &to);
        splices_add(&block->splices, from, to, "");
        return true;
    }
    if (is_parameter(block, request->words[*at]))
        return err_set(err, "\"%s\" is a parameter of the agent; write: set %s",
                       request->words[*at], request->words[*at]);
    if (syntax_find(request->words[*at], blocks) == SYNTAX_BROKEN)
        return err_set(err, "%s has no setting \"%s\"", parser_block_title(blocks),
                       request->words[*at]);
    return err_set(err, "\"%s\" is not set there itself, so it cannot be unset",
                   asked_words(edit, request, *at));
}

/* Nothing is left between the braces. */
static bool is_emptied(struct edit *edit, const struct block *block, const char *words)
{
    struct tree *piece = edit_piece(edit->arena, words, NULL);
    const struct syntax *inside = piece ? syntax_part(piece->policy->child, SYNTAX_BLOCK) : NULL;

    if (!inside || inside->child || block->splices.n_list == 0)
        return false;
    for (int at = inside->first; at < inside->end; at++) {
        if (piece->tokens.list[at].kind == TOKEN_COMMENT)
            return false;
    }
    return true;
}

static char *with_unset(struct edit *edit, struct block *block, const struct edit_request *request,
                        struct err *err)
{
    char *words;

    for (int at = 0; at < request->n_words;) {
        if (!unset_one(edit, block, request, &at, err))
            return NULL;
    }
    words = block_words(block);
    if (!is_emptied(edit, block, words))
        return words;
    return arena_strndup(edit->arena,
                         block->tree->diagnostics->text + edit_from(block->tree, block->statement),
                         (size_t)(block->tree->tokens.list[block->inside->first].offset -
                                  edit_from(block->tree, block->statement)));
}

char *edit_with_settings(struct edit *edit, const struct tree *tree, const struct syntax *statement,
                         const struct edit_request *request, struct err *err)
{
    struct block block = block_of(edit, tree, statement);

    if (request->n_words == 0) {
        err_set(err, "which setting? It is written: %s", syntax_usage(statement->kind));
        return NULL;
    }
    if (request->kind == EDIT_SERVICE_UNSET || request->kind == EDIT_NODE_UNSET)
        return with_unset(edit, &block, request, err);
    return with_set(edit, &block, request, err);
}

char *edit_new_statement(struct edit *edit, const char *head, const struct edit_request *request,
                         struct err *err)
{
    struct tree *piece = edit_piece(edit->arena, head, err);

    if (!piece)
        return NULL;
    if (request->n_words == 0)
        return arena_strdup(edit->arena, head);
    return edit_with_settings(edit, piece, piece->policy->child, request, err);
}

static bool witness_add(struct edit *edit, const struct syntax *quorum,
                        const struct edit_request *request, struct err *err)
{
    const char *words = edit_join(edit->arena, request->words, request->n_words);
    const char *head = arena_printf(edit->arena, "quorum { witness %s }", words);
    struct tree *asked = edit_piece(edit->arena, head, err);
    struct block block;

    if (!asked)
        return false;
    edit_say(edit, "the witness is %s", words);
    if (!quorum)
        return edit_insert(edit,
                           edit_last(edit, SYNTAX_NODE) ? edit_last(edit, SYNTAX_NODE)
                                                        : edit_last(edit, SYNTAX_CLUSTER),
                           head, err);
    block = block_of(edit, edit->tree, quorum);
    block_set(&block, asked, syntax_inside(asked->policy->child));
    block_close(&block);
    return edit_rewrite(edit, quorum, block_words(&block), err);
}

bool edit_witness(struct edit *edit, const struct edit_request *request, struct err *err)
{
    const struct syntax *quorum = edit_last(edit, SYNTAX_QUORUM);
    const struct syntax *block = quorum ? syntax_part(quorum, SYNTAX_BLOCK) : NULL;
    const struct syntax *witness = block ? syntax_part(block, SYNTAX_WITNESS) : NULL;
    const char *word = "witness";
    struct edit_request unset = {.kind = EDIT_SERVICE_UNSET, .words = &word, .n_words = 1};
    char *words;

    if (request->kind == EDIT_WITNESS_ADD)
        return witness_add(edit, quorum, request, err);
    if (!witness)
        return err_set(err, "the policy has no witness");
    edit_say(edit, "removed the witness (line %d)", syntax_line(edit->tree, witness));
    if (block->child == block->last) {
        edit_remove(edit, quorum);
        return true;
    }
    words = edit_with_settings(edit, edit->tree, quorum, &unset, err);
    return words && edit_rewrite(edit, quorum, words, err);
}
