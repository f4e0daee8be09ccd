/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a statement stands among the bytes: what belongs to it, where a new one goes, what
 * goes with it. A new one is set apart by a blank line only where that can be told again
 * when it is removed, so that both together leave the text as it was.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dsl/edit_work.h"
#include "dsl/format.h"
#include "dsl/parser.h"

static const struct token *token(const struct tree *tree, int at)
{
    return &tree->tokens.list[at];
}

static int token_end(const struct tree *tree, int at)
{
    return token(tree, at)->offset + token(tree, at)->length;
}

void edit_say(struct edit *edit, const char *format, ...)
{
    struct edit_result *result = edit->result;
    char words[1024];
    va_list args;

    if (result->n_said == EDIT_SAID_MAX)
        return;
    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    if (result->n_said == EDIT_SAID_MAX - 1)
        snprintf(words, sizeof(words), "... and more");
    result->said[result->n_said++] = arena_strdup(edit->arena, words);
}

const char *edit_source(const struct edit *edit, int from, int to)
{
    return arena_strndup(edit->arena, edit->text + from, (size_t)(to - from));
}

int edit_from(const struct tree *tree, const struct syntax *node)
{
    return token(tree, node->first)->offset;
}

int edit_to(const struct tree *tree, const struct syntax *node)
{
    return token_end(tree, node->end - 1);
}

/* The token behind a position that is no blank. */
static int next_token(const struct tree *tree, int at)
{
    while (token(tree, at)->kind == TOKEN_BLANK)
        at++;
    return at;
}

static int text_length(const struct tree *tree)
{
    return token(tree, tree->tokens.n_list - 1)->offset;
}

static int line_end(const struct tree *tree, int offset)
{
    const char *text = tree->diagnostics->text;
    int length = text_length(tree);

    while (offset < length && text[offset] != '\n')
        offset++;
    return offset;
}

static int line_start(const struct tree *tree, int offset)
{
    const char *text = tree->diagnostics->text;

    while (offset > 0 && text[offset - 1] != '\n')
        offset--;
    return offset;
}

/* Nothing but blanks on the line that begins there. */
static bool is_blank_line(const struct tree *tree, int offset)
{
    const char *text = tree->diagnostics->text;

    for (int end = line_end(tree, offset); offset < end; offset++) {
        if (!strchr(" \t\r", text[offset]))
            return false;
    }
    return true;
}

struct tree *edit_piece(struct arena *arena, const char *words, struct err *err)
{
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));
    struct tree *tree = arena_alloc(arena, sizeof(*tree));
    const struct diagnostic *first = &diagnostics->list[0];

    diagnostics_init(diagnostics, arena, "edit", words, strlen(words));
    *tree = parser_run(diagnostics);
    if (diagnostics->n_errors > 0) {
        diagnostics_sort(diagnostics);
        err_set(err, "%s%s%s", first->words, first->hint ? "; " : "",
                first->hint ? first->hint : "");
        return NULL;
    }
    if (tree->policy->child && !tree->policy->child->next)
        return tree;
    err_set(err, "one statement is changed at a time");
    return NULL;
}

char *edit_join(struct arena *arena, const char *const *words, int n_words)
{
    char *joined = arena_strdup(arena, n_words > 0 ? words[0] : "");

    for (int i = 1; i < n_words; i++)
        joined = arena_printf(arena, "%s %s", joined, words[i]);
    return joined;
}

/* The statement as the formatter has it, without the newline at its end. */
static char *lay_out(struct arena *arena, const char *words, struct err *err)
{
    struct tree *piece = edit_piece(arena, words, err);
    char *layout = piece ? format_run(piece) : NULL;

    if (layout && layout[0])
        layout[strlen(layout) - 1] = '\0';
    return layout;
}

/* Comments inside the old statement that its new words do not have, a line each. */
static const char *lost_comments(const struct edit *edit, const struct syntax *statement,
                                 const char *words)
{
    const char *lost = "";

    for (int at = statement->first; at < statement->end; at++) {
        const char *comment;

        if (token(edit->tree, at)->kind != TOKEN_COMMENT)
            continue;
        comment = edit_source(edit, token(edit->tree, at)->offset, token_end(edit->tree, at));
        if (!strstr(words, comment))
            lost = arena_printf(edit->arena, "%s%s\n", lost, comment);
    }
    return lost;
}

bool edit_rewrite(struct edit *edit, const struct syntax *statement, const char *words,
                  struct err *err)
{
    const struct tree *tree = edit->tree;
    int behind = next_token(tree, statement->end);
    int from = edit_from(tree, statement);
    int to = edit_to(tree, statement);
    const char *comment = "";
    char *layout;

    if (token(tree, behind)->kind == TOKEN_COMMENT) {
        comment = edit_source(edit, to, token_end(tree, behind));
        to = token_end(tree, behind);
    }
    layout = lay_out(
        edit->arena,
        arena_printf(edit->arena, "%s%s%s", lost_comments(edit, statement, words), words, comment),
        err);
    if (!layout)
        return false;
    if (strcmp(layout, edit_source(edit, from, to)) != 0)
        splices_add(&edit->splices, from, to, layout);
    return true;
}

static bool has_newline(const struct edit *edit, const struct syntax *node)
{
    int from = edit_from(edit->tree, node);

    return memchr(edit->text + from, '\n', (size_t)(edit_to(edit->tree, node) - from)) != NULL;
}

/* The end of the line on which it ends and no other statement goes on. */
static int end_behind(const struct edit *edit, const struct syntax *behind)
{
    int length = text_length(edit->tree);
    int end;

    if (!behind)
        return length > 0 && edit->text[length - 1] == '\n' ? length - 1 : length;
    end = line_end(edit->tree, edit_to(edit->tree, behind));
    for (const struct syntax *at = behind->next; at && edit_from(edit->tree, at) < end;
         at = at->next)
        end = line_end(edit->tree, edit_to(edit->tree, at));
    return end;
}

bool edit_insert(struct edit *edit, const struct syntax *behind, const char *words, struct err *err)
{
    char *layout = lay_out(edit->arena, words, err);
    int length = text_length(edit->tree);
    int end = end_behind(edit, behind);
    bool is_end = end == length || is_blank_line(edit->tree, end + 1);
    bool is_alike = behind && !has_newline(edit, behind) && layout && !strchr(layout, '\n') &&
                    syntax_find(arena_strndup(edit->arena, layout, strcspn(layout, " ")),
                                IN_POLICY) == behind->kind;

    if (!layout)
        return false;
    if (length == 0)
        splices_add(&edit->splices, 0, 0, arena_printf(edit->arena, "%s\n", layout));
    else
        splices_add(&edit->splices, end, end,
                    arena_printf(edit->arena, "\n%s%s", is_end && !is_alike ? "\n" : "", layout));
    return true;
}

/* With the lines on which it stands alone, and one of two blank lines that would meet. */
static void remove_lines(const struct tree *tree, int from, int *out_from, int *out_to)
{
    int length = text_length(tree);
    int start = line_start(tree, from);
    int end = *out_to;
    bool is_last = end >= length - 1 || is_blank_line(tree, end + 1);

    if (start > 0) {
        int before = line_start(tree, start - 1);
        bool is_behind_blank = is_blank_line(tree, before) && before > 0;

        *out_from = is_last && is_behind_blank ? before - 1 : start - 1;
        return;
    }
    /* The first line of all: the newline that goes is its own. */
    *out_from = from;
    *out_to = end < length ? end + 1 : end;
    if (end < length - 1 && is_blank_line(tree, end + 1) && line_end(tree, end + 1) < length)
        *out_to = line_end(tree, end + 1) + 1;
}

void edit_removal(const struct tree *tree, const struct syntax *first, const struct syntax *last,
                  int *from, int *to)
{
    int before = first->first - 1;
    int behind = next_token(tree, last->end);
    int rest = behind;

    *from = edit_from(tree, first);
    *to = edit_to(tree, last);
    while (before >= 0 && token(tree, before)->kind == TOKEN_BLANK)
        before--;
    while (token(tree, rest)->kind == TOKEN_SEMICOLON || token(tree, rest)->kind == TOKEN_COMMENT)
        rest = next_token(tree, rest + 1);
    if ((before < 0 || token(tree, before)->kind == TOKEN_NEWLINE) &&
        (token(tree, rest)->kind == TOKEN_NEWLINE || token(tree, rest)->kind == TOKEN_END)) {
        *to = line_end(tree, *to);
        remove_lines(tree, *from, from, to);
    } else if (token(tree, behind)->kind == TOKEN_SEMICOLON) {
        *to = token(tree, next_token(tree, behind + 1))->offset;
    } else if (before >= 0 && token(tree, before)->kind == TOKEN_SEMICOLON) {
        *from = token(tree, before)->offset;
    }
}

void edit_remove(struct edit *edit, const struct syntax *statement)
{
    struct removed *removed = arena_alloc(edit->arena, sizeof(*removed));
    struct removed **at = &edit->removed;

    while (*at && (*at)->statement->first < statement->first)
        at = &(*at)->next;
    removed->statement = statement;
    removed->next = *at;
    *at = removed;
}

/* Nothing of worth stands between them: blanks, and the comment behind the first. */
static bool is_next(const struct tree *tree, const struct syntax *first,
                    const struct syntax *second)
{
    bool is_behind = true;

    if (first->next != second)
        return false;
    for (int at = first->end; at < second->first; at++) {
        is_behind = is_behind && token(tree, at)->kind != TOKEN_NEWLINE;
        if (token(tree, at)->kind == TOKEN_COMMENT && !is_behind)
            return false;
    }
    return true;
}

/* A blank line that parted what goes parts what comes together now. */
static bool is_parted(const struct edit *edit, int from, int to)
{
    const struct tree *tree = edit->tree;
    bool has_gap = false;

    if (from == 0 || edit->text[from] != '\n' || to >= text_length(tree) - 1)
        return false;
    for (int at = line_end(tree, from + 1) + 1; at < to; at = line_end(tree, at) + 1)
        has_gap = has_gap || is_blank_line(tree, at);
    return has_gap && !is_blank_line(tree, line_start(tree, from)) && !is_blank_line(tree, to + 1);
}

void edit_finish(struct edit *edit)
{
    struct removed *first = edit->removed;

    while (first) {
        struct removed *last = first;
        int from, to;

        while (last->next && is_next(edit->tree, last->statement, last->next->statement))
            last = last->next;
        edit_removal(edit->tree, first->statement, last->statement, &from, &to);
        splices_add(&edit->splices, from, to,
                    first != last && is_parted(edit, from, to) ? "\n" : "");
        first = last->next;
    }
}

const struct syntax *edit_last(const struct edit *edit, enum syntax_kind kind)
{
    const struct syntax *last = NULL;

    for (const struct syntax *at = edit->tree->policy->child; at; at = at->next) {
        if (at->kind == kind || (kind == SYNTAX_RULE && at->kind == SYNTAX_DISABLED))
            last = at;
    }
    return last;
}

const struct syntax *edit_last_before_services(const struct edit *edit)
{
    const struct syntax *last = NULL;

    for (const struct syntax *at = edit->tree->policy->child; at; at = at->next) {
        if (at->kind != SYNTAX_RULE && at->kind != SYNTAX_DISABLED && at->kind != SYNTAX_DRILL &&
            at->kind != SYNTAX_ALERT && at->kind != SYNTAX_ACCESS)
            last = at;
    }
    return last;
}
