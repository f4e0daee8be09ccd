/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The formatter. One statement a line, four columns a block; a block that was written on
 * one line stays there while it fits; one blank line at most; comments behind a statement
 * begin at column 41, or two blanks behind a longer one. Nothing is lined up with a
 * neighbour, so that a change touches its own lines only.
 */
#include "dsl/format.h"

#include <stdint.h>
#include <string.h>

#include "dsl/page.h"
#include "dsl/utf8.h"

#define LINE_COLUMNS 100
#define COMMENT_COLUMN 40
#define INDENT "    "

struct formatter {
    const struct tree *tree;
    struct page page;
};

static const struct token *token(const struct formatter *f, int at)
{
    return &f->tree->tokens.list[at];
}

static const char *bytes(const struct formatter *f, int at)
{
    return f->tree->diagnostics->text + token(f, at)->offset;
}

/* Columns of the line that is being written. */
static int column(const struct formatter *f)
{
    size_t start = f->page.length;
    uint32_t point;
    int columns = 0;

    while (start > 0 && f->page.bytes[start - 1] != '\n')
        start--;
    while (start < f->page.length) {
        size_t size = utf8_read(f->page.bytes + start, f->page.length - start, &point);

        columns += size ? utf8_columns(point) : 1;
        start += size ? size : 1;
    }
    return columns;
}

static void break_line(struct formatter *f, int depth)
{
    page_say(&f->page, "\n");
    page_repeat(&f->page, INDENT, depth);
}

static void add_comment(struct formatter *f, int at)
{
    int length = token(f, at)->length;

    while (length > 1 && strchr(" \t\r", bytes(f, at)[length - 1]))
        length--;
    page_add(&f->page, bytes(f, at), (size_t)length);
}

static void add_comment_behind(struct formatter *f, int at)
{
    int here = column(f);

    page_repeat(&f->page, " ", here + 2 > COMMENT_COLUMN ? 2 : COMMENT_COLUMN - here);
    add_comment(f, at);
}

/* The words of a statement up to its block: what may be broken over lines is behind commas. */
struct head {
    const struct syntax *tier; /* the one that was not left yet; NULL where there are none */
    int previous;              /* the token before; -1 at the statement's begin */
    bool is_fresh;             /* on a line that goes on, with nothing on it yet */
};

/* Between two tiers; a node may be called "then" as well. */
static bool is_then(struct head *head, int at)
{
    bool is_behind_tier = false;

    while (head->tier && at >= head->tier->end) {
        head->tier = head->tier->next;
        is_behind_tier = true;
    }
    return is_behind_tier && head->tier && at < head->tier->first;
}

static void add_word(struct formatter *f, struct head *head, int at, int depth)
{
    const struct token *word = token(f, at);
    bool is_close = word->kind == TOKEN_COMMA || word->kind == TOKEN_COLON;
    bool is_behind_comma = head->previous >= 0 && token(f, head->previous)->kind == TOKEN_COMMA;

    if (is_then(head, at) && !is_behind_comma)
        page_say(&f->page, ",");
    if (is_behind_comma && !head->is_fresh && column(f) + word->length + 2 > LINE_COLUMNS) {
        break_line(f, depth + 1);
        head->is_fresh = true;
    }
    if (head->previous >= 0 && !head->is_fresh && !is_close)
        page_say(&f->page, " ");
    page_add(&f->page, bytes(f, at), (size_t)word->length);
    head->previous = at;
    head->is_fresh = false;
}

/* A comment in the middle of a statement whose line goes on. */
static void add_inner_comment(struct formatter *f, struct head *head, int at, bool is_behind,
                              int depth)
{
    if (is_behind)
        add_comment_behind(f, at);
    else if (head->is_fresh)
        add_comment(f, at);
    if (!is_behind && !head->is_fresh) {
        break_line(f, depth + 1);
        add_comment(f, at);
    }
    break_line(f, depth + 1);
    head->is_fresh = true;
}

static void add_head(struct formatter *f, const struct syntax *node, int end, int depth)
{
    const struct syntax *tiers = syntax_part(node, SYNTAX_TIERS);
    struct head head = {.tier = tiers ? tiers->child : NULL, .previous = -1};
    bool is_behind = true;

    for (int at = node->first; at < end; at++) {
        if (token(f, at)->kind == TOKEN_NEWLINE) {
            is_behind = false;
        } else if (token(f, at)->kind == TOKEN_COMMENT) {
            add_inner_comment(f, &head, at, is_behind, depth);
        } else if (token_is_significant(token(f, at))) {
            add_word(f, &head, at, depth);
            is_behind = true;
        }
    }
}

static void add_statements(struct formatter *f, const struct syntax *block, int depth);
static void add_statement(struct formatter *f, const struct syntax *node, int depth);

/* Only newlines and comments need lines of their own. */
static bool is_on_one_line(const struct formatter *f, const struct syntax *block)
{
    for (int at = block->first; at < block->end; at++) {
        if (token(f, at)->kind == TOKEN_NEWLINE && block->child)
            return false;
        if (token(f, at)->kind == TOKEN_COMMENT)
            return false;
    }
    return true;
}

/* False, with nothing written, if it does not fit. */
static bool add_block_on_one_line(struct formatter *f, const struct syntax *block, int depth)
{
    size_t before = f->page.length;

    if (!is_on_one_line(f, block))
        return false;
    page_say(&f->page, " { ");
    for (const struct syntax *at = block->child; at; at = at->next) {
        add_statement(f, at, depth + 1);
        page_say(&f->page, at->next ? "; " : " ");
    }
    page_say(&f->page, "}");
    if (column(f) <= LINE_COLUMNS && !memchr(f->page.bytes + before, '\n', f->page.length - before))
        return true;
    f->page.length = before;
    f->page.bytes[before] = '\0';
    return false;
}

static void add_statement(struct formatter *f, const struct syntax *node, int depth)
{
    const struct syntax *block = syntax_part(node, SYNTAX_BLOCK);

    add_head(f, node, block ? block->first : node->end, depth);
    if (!block || add_block_on_one_line(f, block, depth))
        return;
    page_say(&f->page, " {");
    add_statements(f, block, depth + 1);
    break_line(f, depth);
    page_say(&f->page, "}");
}

/* Where the next line goes in a run of statements. */
struct run {
    int depth;
    int newlines;  /* since the last thing that was written */
    bool is_first; /* nothing was written yet */
};

static void begin_line(struct formatter *f, struct run *run)
{
    if (run->newlines > 1 && !run->is_first)
        page_say(&f->page, "\n");
    if (run->depth > 0 || !run->is_first)
        break_line(f, run->depth);
    run->newlines = 0;
    run->is_first = false;
}

static void add_statements(struct formatter *f, const struct syntax *block, int depth)
{
    const struct syntax *next = block->child;
    struct run run = {.depth = depth, .is_first = true};
    int at = block->kind == SYNTAX_BLOCK ? block->first + 1 : block->first;

    while (at < block->end) {
        if (next && at == next->first) {
            begin_line(f, &run);
            add_statement(f, next, depth);
            at = next->end;
            next = next->next;
            continue;
        }
        if (token(f, at)->kind == TOKEN_NEWLINE)
            run.newlines++;
        if (token(f, at)->kind == TOKEN_COMMENT && run.newlines == 0 &&
            (depth > 0 || !run.is_first)) {
            add_comment_behind(f, at);
        } else if (token(f, at)->kind == TOKEN_COMMENT) {
            begin_line(f, &run);
            add_comment(f, at);
        }
        at++;
    }
}

char *format_run(const struct tree *tree)
{
    struct formatter f = {.tree = tree};
    char *text;

    page_say(&f.page, "");
    add_statements(&f, tree->policy, 0);
    if (f.page.length > 0)
        page_say(&f.page, "\n");
    text = arena_strndup(tree->diagnostics->arena, f.page.bytes, f.page.length);
    page_free(&f.page);
    return text;
}
