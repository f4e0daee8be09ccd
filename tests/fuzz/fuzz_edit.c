/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a request and a policy: the first line is the kind, the name and the words, the
 * rest is the text. Whatever comes out is a policy that is right; statements that were not
 * meant are there byte for byte and in their order, with what stands between them; no comment
 * is lost; and what the edit did can be taken back.
 */
#include "dsl/difference.h"
#include "dsl/edit.h"
#include "tests/fuzz/fuzz.h"

#define WORDS_MAX 32

unsigned fuzz_language(const uint8_t *bytes, size_t length, size_t *at)
{
    const uint8_t *newline = memchr(bytes, '\n', length);

    *at = newline ? (size_t)(newline - bytes) + 1 : length;
    return IN_POLICY;
}

static int split(struct arena *arena, const char *line, const char **words)
{
    int n_words = 0;

    while (*line && n_words < WORDS_MAX) {
        size_t length = strcspn(line, " ");

        words[n_words++] = arena_strndup(arena, line, length);
        line += length + (line[length] == ' ');
    }
    return n_words;
}

static bool run(struct arena *arena, const char *text, const struct edit_request *request,
                struct edit_result *result)
{
    struct err err = {{0}};
    bool is_done = edit_run(arena, "fuzz", text, strlen(text), request, result, &err);

    assert(is_done || err.text[0]);
    if (result->diagnostics)
        fuzz_check_diagnostics(result->diagnostics);
    if (!is_done)
        return false;
    assert(result->text && result->diagnostics->n_errors == 0 && result->n_said > 0);
    assert((strcmp(result->text, text) == 0) == (result->difference[0] == '\0'));
    return true;
}

/* Whether a statement may be another one afterwards; all the others must stay as they are. */
static bool may_change(enum edit_kind kind, const struct syntax *statement)
{
    bool is_rule = statement->kind == SYNTAX_RULE || statement->kind == SYNTAX_DISABLED;

    switch (kind) {
    case EDIT_SERVICE_ADD: return false;
    case EDIT_SERVICE_SET:
    case EDIT_SERVICE_UNSET: return statement->kind == SYNTAX_SERVICE;
    case EDIT_SERVICE_REMOVE: return is_rule || statement->kind == SYNTAX_SERVICE;
    case EDIT_NODE_ADD:
    case EDIT_RULE_ADD: return false;
    case EDIT_RULE_SET:
    case EDIT_RULE_REMOVE:
    case EDIT_RULE_ENABLE:
    case EDIT_RULE_DISABLE: return is_rule;
    case EDIT_NODE_SET:
    case EDIT_NODE_UNSET:
    case EDIT_NODE_REMOVE: return statement->kind == SYNTAX_NODE;
    case EDIT_WITNESS_ADD:
    case EDIT_WITNESS_REMOVE: return statement->kind == SYNTAX_QUORUM;
    default: return true;
    }
}

/* How many statements one edit of that kind may rewrite; services stand in any number. */
static int may_rewrite(enum edit_kind kind)
{
    switch (kind) {
    case EDIT_SERVICE_ADD:
    case EDIT_NODE_ADD:
    case EDIT_RULE_ADD: return 0;
    case EDIT_SERVICE_SET:
    case EDIT_SERVICE_UNSET:
    case EDIT_SERVICE_REMOVE: return INT32_MAX;
    default: return 1;
    }
}

/* The old statements are looked for in the new text one behind the other. */
static void check_statements(const struct fuzz_reading *old, const struct fuzz_reading *new,
                             enum edit_kind kind)
{
    const struct tree *before = old->resolution->tree, *after = new->resolution->tree;
    const struct syntax *at = after->policy->child;
    int n_changed = 0;

    for (const struct syntax *each = before->policy->child; each; each = each->next) {
        const char *words = syntax_text(before, each);
        const struct syntax *found = at;

        while (found && strcmp(syntax_text(after, found), words) != 0)
            found = found->next;
        if (found) {
            at = found->next;
            continue;
        }
        assert(may_change(kind, each));
        n_changed++;
    }
    assert(n_changed <= may_rewrite(kind));
}

/* All that changed lies on the lines of what may change; new lines may come in one place. */
static void check_bytes(const struct fuzz_reading *old, const char *new, enum edit_kind kind)
{
    const struct tree *tree = old->resolution->tree;
    const char *text = tree->diagnostics->text;
    size_t length = tree->diagnostics->length, new_length = strlen(new);
    size_t head = 0, tail = 0;
    bool is_inside = false;

    while (head < length && head < new_length && text[head] == new[head])
        head++;
    while (tail < length - head && tail < new_length - head &&
           text[length - tail - 1] == new[new_length - tail - 1])
        tail++;
    if (may_rewrite(kind) != 1 || kind == EDIT_RULE_REMOVE || kind == EDIT_NODE_REMOVE ||
        kind == EDIT_WITNESS_ADD || kind == EDIT_WITNESS_REMOVE ||
        (head == length && head == new_length))
        return;
    for (const struct syntax *each = tree->policy->child; each; each = each->next) {
        struct location at = syntax_place(tree, each);
        size_t end = (size_t)(at.offset + at.length);

        end += strcspn(text + end, "\n");
        is_inside = is_inside ||
                    (may_change(kind, each) && (size_t)at.offset <= head && end >= length - tail);
    }
    assert(is_inside);
}

static bool is_removal(enum edit_kind kind)
{
    return kind == EDIT_SERVICE_REMOVE || kind == EDIT_RULE_REMOVE || kind == EDIT_WITNESS_REMOVE ||
           kind == EDIT_SERVICE_UNSET || kind == EDIT_NODE_UNSET || kind == EDIT_NODE_REMOVE;
}

/* Whether it goes with its statement: it stands inside of it, or behind it on the same line. */
static bool is_of_statement(const struct tree *tree, const struct token *comment)
{
    const struct syntax *before = NULL;

    for (const struct syntax *at = tree->policy->child; at; at = at->next) {
        if (tree->tokens.list[at->first].offset < comment->offset)
            before = at;
    }
    return before && (&tree->tokens.list[before->end] > comment ||
                      tree->tokens.list[before->end - 1].line == comment->line);
}

/* Every comment of the old text is one of the new; what is taken away takes its own along. */
static void check_comments(struct arena *arena, const struct fuzz_reading *old,
                           const struct fuzz_reading *new, enum edit_kind kind)
{
    const struct tree *tree = old->resolution->tree;
    char *after = arena_printf(arena, "\n%s", fuzz_comments(arena, new->resolution->tree));

    for (int at = 0; at < tree->tokens.n_list; at++) {
        const struct token *token = &tree->tokens.list[at];
        int length = token->length;

        if (token->kind != TOKEN_COMMENT || (is_removal(kind) && is_of_statement(tree, token)))
            continue;
        while (length > 1 && strchr(" \t\r", tree->diagnostics->text[token->offset + length - 1]))
            length--;
        assert(strstr(after, arena_printf(arena, "\n%.*s\n", length,
                                          tree->diagnostics->text + token->offset)));
    }
}

/* Two policies are told apart if and only if they mean something else. */
static void check_difference(struct arena *arena, const struct fuzz_reading *old,
                             const struct fuzz_reading *new)
{
    struct difference difference;
    bool is_same;

    if (!old->is_right)
        return;
    is_same = strcmp(fuzz_meaning(arena, old), fuzz_meaning(arena, new)) == 0;
    assert(difference_find(arena, old->diagnostics->text, new->diagnostics->text, &difference));
    assert(is_same == (difference.n_effects == 0));
    for (int i = 0; i < difference.n_lines; i++)
        assert(difference_words(arena, &difference.lines[i])[0]);
}

static bool is_laid_out(struct arena *arena, const char *text)
{
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));
    char *layout = policy_format(arena, "fuzz", text, strlen(text), found);

    return layout && strcmp(layout, text) == 0;
}

/* What takes a request back; false where nothing so simple does. */
static bool reverse(const struct edit_request *request, struct edit_request *back)
{
    *back = (struct edit_request){.name = request->name};
    switch (request->kind) {
    case EDIT_SERVICE_ADD: back->kind = EDIT_SERVICE_REMOVE; return true;
    case EDIT_RULE_ADD: back->kind = EDIT_RULE_REMOVE; return true;
    case EDIT_RULE_ENABLE: back->kind = EDIT_RULE_DISABLE; return true;
    case EDIT_RULE_DISABLE: back->kind = EDIT_RULE_ENABLE; return true;
    default: return false;
    }
}

/* Added and removed is as if nothing had been; switched and back means the same. */
static void take_back(struct arena *arena, const char *text, const struct edit_request *request,
                      struct edit_result *result)
{
    struct fuzz_reading old = fuzz_read(arena, text, strlen(text)), now;
    const char *changed = result->text;
    struct edit_request back;
    bool is_add = request->kind == EDIT_SERVICE_ADD || request->kind == EDIT_RULE_ADD;

    if (!reverse(request, &back) || strcmp(changed, text) == 0 ||
        !run(arena, changed, &back, result))
        return;
    assert(!is_add || strcmp(result->text, text) == 0);
    now = fuzz_read(arena, result->text, strlen(result->text));
    assert(!old.is_right || strcmp(fuzz_meaning(arena, &old), fuzz_meaning(arena, &now)) == 0);
    if (is_laid_out(arena, text))
        assert(strcmp(result->text, text) == 0);
}

static void try_edit(struct arena *arena, const char *text, const struct edit_request *request)
{
    struct edit_result *result = arena_alloc(arena, sizeof(*result));
    struct fuzz_reading old, new;

    if (!run(arena, text, request, result))
        return;
    old = fuzz_read(arena, text, strlen(text));
    new = fuzz_read(arena, result->text, strlen(result->text));
    assert(new.is_right);
    check_statements(&old, &new, request->kind);
    check_bytes(&old, result->text, request->kind);
    check_difference(arena, &old, &new);
    check_comments(arena, &old, &new, request->kind);
    if (is_laid_out(arena, text))
        assert(is_laid_out(arena, result->text));
    take_back(arena, text, request, result);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct arena *arena = arena_new();
    const char *line = arena_strndup(arena, (const char *)bytes, length);
    const char *text = line + strcspn(line, "\n");
    const char *words[WORDS_MAX + 2] = {"", ""};
    int n_words;

    text += *text == '\n';
    n_words = split(arena, arena_strndup(arena, line, strcspn(line, "\n")), words);
    if (n_words > 1)
        try_edit(arena, text,
                 &(struct edit_request){
                     .kind = (enum edit_kind)((unsigned char)words[0][0] % EDITS),
                     .name = words[1],
                     .words = words + 2,
                     .n_words = n_words > 2 ? n_words - 2 : 0,
                 });
    arena_free(arena);
    return 0;
}
