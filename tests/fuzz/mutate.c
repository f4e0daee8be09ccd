/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How texts of the language are changed at random: by statements that come, go and move, by
 * words that take each other's places, by blanks and comments in odd places, and by the bytes
 * as libFuzzer changes them. So most texts are nearly right, and reach what lies behind the
 * parser; tests/fuzz/grammar.c writes what is new.
 */
#include "dsl/edit.h"
#include "dsl/parser.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/grammar.h"
#include "tests/unit/dsl/random_policy.h"

#define PLACES_MAX 512

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t length, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t length, size_t most, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_length, const uint8_t *other,
                                 size_t other_length, uint8_t *bytes, size_t most, unsigned seed);

/* Some bytes of a text: a statement, a word, or a place between statements. */
struct place {
    int from;
    int to;
    unsigned block; /* of places between: what may stand there */
    enum syntax_kind kind;
};

struct places {
    struct place list[PLACES_MAX];
    int n_list;
};

struct mutation {
    struct grammar grammar;
    unsigned root;
    const char *text;
    struct tree tree;
    struct places statements, words, gaps;
};

static void add(struct places *places, struct place place)
{
    if (places->n_list < PLACES_MAX)
        places->list[places->n_list++] = place;
}

static struct place place_of(const struct tree *tree, const struct syntax *node)
{
    const struct token *first = &tree->tokens.list[node->first];
    const struct token *last = node->end > node->first ? &tree->tokens.list[node->end - 1] : first;

    return (struct place){first->offset, last->offset + last->length, 0, node->kind};
}

static void find_places(struct mutation *m, const struct syntax *node, unsigned block)
{
    for (const struct syntax *at = node->child; at; at = at->next) {
        struct place place = place_of(&m->tree, at);

        place.block = block;
        if (at->kind == SYNTAX_BLOCK) {
            block = parser_block_of(node->kind);
            add(&m->gaps, (struct place){place.from + 1, place.from + 1, block, at->kind});
            find_places(m, at, block);
            continue;
        }
        if (syntax_word(at->kind)) {
            add(&m->statements, place);
            add(&m->gaps, (struct place){place.to, place.to, block, at->kind});
        } else if (!at->child) {
            add(&m->words, place);
        }
        find_places(m, at, block);
    }
}

static void begin(struct mutation *m, const char *text)
{
    struct diagnostics *found = arena_alloc(m->grammar.arena, sizeof(*found));

    m->text = text;
    diagnostics_init(found, m->grammar.arena, "fuzz", text, strlen(text));
    m->tree = m->root == IN_DRILL_FILE ? parser_run_drill(found) : parser_run(found);
    m->statements.n_list = m->words.n_list = m->gaps.n_list = 0;
    add(&m->gaps, (struct place){0, 0, m->root, SYNTAX_POLICY});
    find_places(m, m->tree.policy, m->root);
    grammar_learn(&m->grammar, &m->tree);
}

static int below(struct mutation *m, int limit)
{
    return random_below(&m->grammar.random, limit);
}

static const struct place *some(struct mutation *m, const struct places *places)
{
    return &places->list[below(m, places->n_list)];
}

static const char *source(struct mutation *m, const struct place *place)
{
    return arena_strndup(m->grammar.arena, m->text + place->from,
                         (size_t)(place->to - place->from));
}

static char *with(struct mutation *m, int from, int to, const char *words)
{
    return arena_printf(m->grammar.arena, "%.*s%s%s", from, m->text, words, m->text + to);
}

static char *put(struct mutation *m, const struct place *gap, const char *statement)
{
    static const char *const before[] = {"\n", "\n", "; ", "\n\n    "};

    return with(m, gap->from, gap->from,
                arena_printf(m->grammar.arena, "%s%s\n", before[below(m, 4)], statement));
}

static const char *new_statement(struct mutation *m, unsigned block)
{
    struct page page = {0};
    const char *words;

    page_say(&page, "");
    grammar_write(&m->grammar, &page, block);
    words = arena_strdup(m->grammar.arena, page.bytes);
    page_free(&page);
    return words;
}

static char *insert_new(struct mutation *m)
{
    const struct place *gap = some(m, &m->gaps);

    return put(m, gap, new_statement(m, gap->block));
}

static char *copy_statement(struct mutation *m)
{
    const struct place *gap = some(m, &m->gaps), *statement;

    if (m->statements.n_list == 0)
        return insert_new(m);
    for (int tries = 0; tries < 8; tries++) {
        statement = some(m, &m->statements);
        if (syntax_blocks(statement->kind) & gap->block)
            return put(m, gap, source(m, statement));
    }
    return insert_new(m);
}

static char *remove_statement(struct mutation *m)
{
    const struct place *statement;

    if (m->statements.n_list == 0)
        return insert_new(m);
    statement = some(m, &m->statements);
    return with(m, statement->from, statement->to, "");
}

static char *rewrite_statement(struct mutation *m)
{
    const struct place *statement;

    if (m->statements.n_list == 0)
        return insert_new(m);
    statement = some(m, &m->statements);
    return with(m, statement->from, statement->to, new_statement(m, statement->block));
}

static char *change_word(struct mutation *m)
{
    static const char *const makes[] = {"NODES",  "SERVICES", "SERVICE", "NAME",  "DURATION",
                                        "NUMBER", "SIZE",     "ADDRESS", "VALUE", "STATE"};
    const struct place *word;

    if (m->words.n_list == 0)
        return insert_new(m);
    word = some(m, &m->words);
    for (int tries = 0; tries < 8; tries++) {
        const struct place *other = some(m, &m->words);

        if (other->kind == word->kind && other != word)
            return with(m, word->from, word->to, source(m, other));
    }
    return with(m, word->from, word->to, grammar_make(&m->grammar, makes[below(m, 10)]));
}

static char *change_layout(struct mutation *m)
{
    static const char *const odd[] = {
        " ", "\t",     "\n",     "\r\n", "# a, b { ;\n", "\n\n# one\n", ";", ", ", "{ ", " }",
        ":", " then ", "[2..4]", "*",    "\xef\xbb\xbf", "\xc3\xa9"};
    const struct token *token = &m->tree.tokens.list[below(m, m->tree.tokens.n_list)];
    bool is_gone = token->kind != TOKEN_END && !token_is_significant(token) && below(m, 3) == 0;

    return with(m, token->offset, token->offset + (is_gone ? token->length : 0),
                odd[below(m, (int)(sizeof(odd) / sizeof(odd[0])))]);
}

static char *mutate_text(struct mutation *m, const char *text)
{
    begin(m, text);
    switch (below(m, 10)) {
    case 0:
    case 1:
    case 2: return insert_new(m);
    case 3: return copy_statement(m);
    case 4: return remove_statement(m);
    case 5: return rewrite_statement(m);
    case 6:
    case 7: return change_word(m);
    default: return change_layout(m);
    }
}

/* "B ocf:web restart 3": a letter whose rest is the kind, a name, and words as it needs them. */
static const char *new_request(struct mutation *m)
{
    enum edit_kind kind = (enum edit_kind)below(m, EDITS);
    unsigned block = kind >= EDIT_NODE_SET && kind <= EDIT_NODE_UNSET ? IN_NODE : IN_SERVICE;
    bool is_rule = kind >= EDIT_RULE_ADD && kind <= EDIT_RULE_DISABLE;
    const char *name = is_rule || block == IN_NODE ? "NODE" : "SERVICE";
    const char *words = "";
    char letter = 'A';

    for (; letter % EDITS != (int)kind; letter++)
        continue;
    if (kind == EDIT_RULE_ADD || kind == EDIT_RULE_SET)
        words = grammar_make(&m->grammar, "SENTENCE");
    else if (kind == EDIT_WITNESS_ADD)
        words = grammar_make(&m->grammar, "ADDRESS");
    else if (!is_rule)
        words = new_statement(m, block);
    /* What is taken away begins with the same words. */
    if ((kind == EDIT_SERVICE_UNSET || kind == EDIT_NODE_UNSET) && below(m, 4) > 0)
        words = arena_strndup(m->grammar.arena, words, strcspn(words, " "));
    name = grammar_make(&m->grammar, is_rule && below(m, 2) ? "NAME" : name);
    return arena_printf(m->grammar.arena, "%c %.*s %s", letter, (int)strcspn(name, " "), name,
                        words);
}

static size_t keep(struct mutation *m, const char *head, const char *text, uint8_t *bytes,
                   size_t most)
{
    char *whole = arena_printf(m->grammar.arena, "%s%s", head, text);
    size_t length = strlen(whole);

    if (length > most)
        return 0;
    memcpy(bytes, whole, length);
    return length;
}

static size_t mutate(struct mutation *m, uint8_t *bytes, size_t length, size_t at, size_t most)
{
    const char *head = arena_strndup(m->grammar.arena, (const char *)bytes, at);
    const char *text = arena_strndup(m->grammar.arena, (const char *)bytes + at, length - at);

    if (m->root == IN_POLICY && below(m, 50) == 0)
        text = random_policy(m->grammar.arena, random_next(&m->grammar.random));
    for (int n = 1 + below(m, 3); n > 0; n--)
        text = mutate_text(m, text);
    if (at > 0 && (at == length || below(m, 2) == 0)) {
        char *request = arena_strdup(m->grammar.arena, new_request(m));

        for (char *newline = strchr(request, '\n'); newline; newline = strchr(newline, '\n'))
            *newline = ' ';
        head = arena_printf(m->grammar.arena, "%s\n", request);
    }
    return keep(m, head, text, bytes, most);
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t length, size_t most, unsigned seed)
{
    struct mutation *m = xcalloc(1, sizeof(*m));
    size_t changed = 0, at;

    m->grammar.arena = arena_new();
    m->grammar.random.state = seed;
    m->root = fuzz_language(bytes, length, &at);
    if (m->root && below(m, 5) > 0)
        changed = mutate(m, bytes, length, at, most);
    arena_free(m->grammar.arena);
    free(m);
    return changed ? changed : LLVMFuzzerMutate(bytes, length, most);
}

/* Statements of the one text go into the other. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_length, const uint8_t *other,
                                 size_t other_length, uint8_t *bytes, size_t most, unsigned seed)
{
    struct mutation *m = xcalloc(2, sizeof(*m)), *from = m + 1;
    struct arena *arena = arena_new();
    size_t at, other_at, length = 0;

    m->grammar.arena = from->grammar.arena = arena;
    m->grammar.random.state = seed;
    m->root = fuzz_language(one, one_length, &at);
    from->root = fuzz_language(other, other_length, &other_at);
    if (m->root && from->root) {
        begin(from, arena_strndup(arena, (const char *)other + other_at, other_length - other_at));
        begin(m, arena_strndup(arena, (const char *)one + at, one_length - at));
    }
    for (int tries = 0; tries < 8 && from->statements.n_list > 0 && length == 0; tries++) {
        const struct place *statement = some(m, &from->statements), *gap = some(m, &m->gaps);

        if (syntax_blocks(statement->kind) & gap->block)
            length = keep(m, arena_strndup(arena, (const char *)one, at),
                          put(m, gap, source(from, statement)), bytes, most);
    }
    arena_free(arena);
    free(m);
    return length;
}
