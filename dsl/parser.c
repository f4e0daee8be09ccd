/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The grammar of the policy language, one function a rule, each with its rule above it: here
 * are statements and their blocks, the other parser_ files have what needs no block. Which
 * statement may stand where is in phrase.def. A rule returns false as soon as it has
 * reported a slip; recovery then goes to the end of the statement, reading its block on the
 * way, so that one slip gives one message.
 */
#include "dsl/parser.h"

#include <string.h>

#include "dsl/cursor.h"
#include "dsl/habit.h"
#include "dsl/parser_drill.h"
#include "dsl/parser_rules.h"
#include "dsl/parser_settings.h"
#include "dsl/parser_slips.h"
#include "dsl/suggest.h"
#include "ha/model/policy.h"

struct phrase;
static void read_block_into(struct cursor *c, struct syntax *node, unsigned block);
static void read_statement(struct cursor *c, struct syntax *into, unsigned block);
static const struct phrase *phrase_here(const struct cursor *c, unsigned blocks);
static int column_of(const struct cursor *c, int token);

/* The block of a statement that has one, or 0. */
static unsigned block_of(enum syntax_kind kind)
{
    switch (kind) {
    case SYNTAX_CLUSTER: return IN_CLUSTER;
    case SYNTAX_NODE: return IN_NODE;
    case SYNTAX_QUORUM: return IN_QUORUM;
    case SYNTAX_FENCING: return IN_FENCING;
    case SYNTAX_DEVICE: return IN_DEVICE;
    case SYNTAX_SCHEDULING: return IN_SCHEDULING;
    case SYNTAX_DEFAULTS: return IN_DEFAULTS;
    case SYNTAX_SERVICE:
    case SYNTAX_DRILL_ADD: return IN_SERVICE;
    case SYNTAX_DRILL: return IN_DRILL;
    case SYNTAX_ALERT: return IN_ALERT;
    case SYNTAX_ACCESS: return IN_ACCESS;
    default: return 0;
    }
}

static const char *block_title(unsigned block)
{
    switch (block) {
    case IN_CLUSTER: return "a cluster";
    case IN_NODE: return "a node";
    case IN_QUORUM: return "a quorum block";
    case IN_FENCING: return "a fencing block";
    case IN_DEVICE: return "a fence device";
    case IN_SCHEDULING: return "a scheduling block";
    case IN_DEFAULTS: return "a defaults block";
    case IN_SERVICE: return "a service";
    case IN_DRILL: return "a drill";
    case IN_ALERT: return "an alert";
    case IN_ACCESS: return "an access block";
    case IN_DRILL_FILE: return "a drill in a file of its own";
    default: return "a policy outside of blocks";
    }
}

static bool is_close_next(const struct cursor *c)
{
    struct cursor ahead = *c;

    cursor_settle_over_lines(&ahead);
    return cursor_kind(&ahead) == TOKEN_CLOSE;
}

/* A slip among the settings does not end them: it is as far to the right as they are. */
static bool is_indented_next(const struct cursor *c)
{
    struct cursor ahead = *c;
    int offset;

    cursor_settle_over_lines(&ahead);
    offset = ahead.tokens.list[ahead.at].offset;
    return cursor_kind(c) == TOKEN_NEWLINE && cursor_kind(&ahead) == TOKEN_WORD && offset > 0 &&
           c->diagnostics->text[offset - 1] != '\n' && !phrase_here(&ahead, IN_POLICY);
}

/*
 * The next line is a setting of the block that this statement has no "{" for. Inside of another
 * block it could as well be a setting of that one.
 */
static bool is_open_forgotten(const struct cursor *c, const struct syntax *node)
{
    unsigned outer = node->kind == SYNTAX_DEVICE ? IN_FENCING : IN_POLICY;
    struct cursor ahead = *c;

    if (cursor_kind(c) == TOKEN_WORD)
        return phrase_here(c, block_of(node->kind)) && !phrase_here(c, outer);
    if (cursor_kind(c) != TOKEN_NEWLINE)
        return false;
    cursor_settle_over_lines(&ahead);
    return phrase_here(&ahead, block_of(node->kind)) && !phrase_here(&ahead, outer) &&
           column_of(&ahead, ahead.at) > column_of(c, node->first);
}

static void report_forgotten(struct cursor *c)
{
    bool is_here = cursor_kind(c) == TOKEN_WORD;
    struct diagnostic *entry;

    if (cursor_is_spoilt(c))
        return;
    entry = diagnostics_add(c->diagnostics, DIAGNOSTIC_EXPECTED, cursor_place(c),
                            "\"{\" before the settings that follow",
                            is_here ? arena_printf(c->diagnostics->arena, "\"%s\"", cursor_text(c))
                                    : "the end of the line");
    diagnostics_hint(c->diagnostics, entry,
                     is_here ? "write \"{\" before it, and \"}\" behind the last of them"
                             : "a \"{\" is missing at the end of this line, and its \"}\" behind"
                               " the last of them");
}

/* Settings up to the line's end, a "}", or a statement of the policy. */
static void read_same_line(struct cursor *c, struct syntax *into, unsigned block)
{
    while (
        cursor_kind(c) == TOKEN_SEMICOLON ||
        (cursor_kind(c) == TOKEN_WORD && (phrase_here(c, block) || !phrase_here(c, IN_POLICY)))) {
        if (cursor_kind(c) == TOKEN_SEMICOLON)
            cursor_take(c);
        else
            read_statement(c, into, block);
    }
}

/* Said once; the settings are read as what they are, and a "}" behind them as theirs. */
static bool read_forgotten(struct cursor *c, struct syntax *node)
{
    struct syntax *inside;

    report_forgotten(c);
    inside = cursor_add(c, node, SYNTAX_BLOCK);
    read_same_line(c, inside, block_of(node->kind));
    while (is_open_forgotten(c, node) || (node->kind != SYNTAX_DEVICE && is_indented_next(c))) {
        cursor_settle_over_lines(c);
        read_statement(c, inside, block_of(node->kind));
    }
    cursor_finish(c, inside);
    if (is_close_next(c)) {
        cursor_settle_over_lines(c);
        cursor_take(c);
    }
    return false;
}

/* block = "{" { statement } "}" */
static bool read_block(struct cursor *c, struct syntax *node)
{
    if (is_open_forgotten(c, node))
        return read_forgotten(c, node);
    if (cursor_kind(c) != TOKEN_OPEN)
        return cursor_expected(c, "\"{\" and a block on the same line");
    read_block_into(c, node, block_of(node->kind));
    return true;
}

static bool read_block_if_there(struct cursor *c, struct syntax *node)
{
    return (cursor_kind(c) != TOKEN_OPEN && !is_open_forgotten(c, node)) || read_block(c, node);
}

/* NAME [ block ] */
static bool read_named(struct cursor *c, struct syntax *node)
{
    return cursor_read(c, node, SYNTAX_NAME, "a name") && read_block_if_there(c, node);
}

/* "let" NAME "=" NODE { "," NODE } */
static bool read_let(struct cursor *c, struct syntax *node)
{
    return cursor_read(c, node, SYNTAX_NAME, "a name") && cursor_need(c, TOKEN_EQUALS, "\"=\"") &&
           cursor_read_names(c, node, "a node");
}

/* "defaults" [ TYPE ] block */
static bool read_defaults(struct cursor *c, struct syntax *node)
{
    if (cursor_kind(c) == TOKEN_WORD && !is_open_forgotten(c, node))
        cursor_read(c, node, SYNTAX_NAME, "a type");
    return read_block(c, node);
}

/* "service" SERVICE { "," SERVICE } [ block ] */
static bool read_service(struct cursor *c, struct syntax *node)
{
    return cursor_read_names(c, node, "a service") && read_block_if_there(c, node);
}

/* "drill" STRING block */
static bool read_drill(struct cursor *c, struct syntax *node)
{
    return cursor_read_string(c, node) && read_block(c, node);
}

/* "at" DURATION command */
static bool read_at(struct cursor *c, struct syntax *node)
{
    if (!cursor_read(c, node, SYNTAX_VALUE, "a duration"))
        return false;
    if (cursor_is_over(c))
        return cursor_expected(c, "a command");
    read_statement(c, node, IN_DRILL);
    return !node->last->is_broken;
}

/* "within" DURATION "expect" ... */
static bool read_within(struct cursor *c, struct syntax *node)
{
    if (cursor_is_word(c, "expect"))
        return cursor_expected(c, "a duration");
    if (!cursor_read(c, node, SYNTAX_VALUE, "a duration"))
        return false;
    if (!cursor_is_word(c, "expect"))
        return cursor_expected(c, "\"expect\"");
    read_statement(c, node, IN_DRILL);
    return !node->last->is_broken;
}

/* How much of the text is one block: all of it. */
static bool is_whole(unsigned block)
{
    return block == IN_POLICY || block == IN_DRILL_FILE;
}

struct phrase {
    unsigned blocks;
    const char *word;
    enum syntax_kind kind;
    bool (*read)(struct cursor *c, struct syntax *node);
};

static const struct phrase phrases[] = {
#define PHRASE(blocks, word, id, rule, usage) {blocks, word, SYNTAX_##id, read_##rule},
#include "dsl/phrase.def"
#undef PHRASE
};

#define PHRASES (sizeof(phrases) / sizeof(phrases[0]))

static const struct phrase *phrase_here(const struct cursor *c, unsigned blocks)
{
    for (size_t i = 0; i < PHRASES; i++) {
        if ((phrases[i].blocks & blocks) && cursor_is_word(c, phrases[i].word))
            return &phrases[i];
    }
    return NULL;
}

/* A statement of the policy at the very left: the block before it was not closed. */
static bool is_at_margin(const struct cursor *c)
{
    int offset = c->tokens.list[c->at].offset;

    return (offset == 0 || c->diagnostics->text[offset - 1] == '\n') && phrase_here(c, IN_POLICY);
}

static void skip_block(struct cursor *c)
{
    int depth = 0;

    do {
        if (cursor_kind(c) == TOKEN_OPEN)
            depth++;
        else if (cursor_kind(c) == TOKEN_CLOSE)
            depth--;
        cursor_take(c);
        if (depth > 0)
            cursor_settle_over_lines(c);
    } while (depth > 0 && cursor_kind(c) != TOKEN_END && !is_at_margin(c));
}

static int column_of(const struct cursor *c, int token)
{
    int offset = c->tokens.list[token].offset;
    int column = 0;

    while (offset - column > 0 && c->diagnostics->text[offset - column - 1] != '\n')
        column++;
    return column;
}

/* The lines below a broken statement that are further to the right are a part of it. */
static bool is_continued(const struct cursor *c, const struct syntax *node, unsigned block)
{
    struct cursor ahead = *c;

    if (cursor_kind(c) != TOKEN_NEWLINE)
        return false;
    cursor_settle_over_lines(&ahead);
    return cursor_kind(&ahead) != TOKEN_END && cursor_kind(&ahead) != TOKEN_CLOSE &&
           !phrase_here(&ahead, block) && column_of(&ahead, ahead.at) > column_of(c, node->first);
}

static bool is_without_name(const struct syntax *node)
{
    const struct syntax *names = syntax_part(node, SYNTAX_NAMES);

    if (node->kind == SYNTAX_SERVICE)
        return !names || !names->child;
    return (node->kind == SYNTAX_CLUSTER || node->kind == SYNTAX_NODE) &&
           !syntax_part(node, SYNTAX_NAME);
}

/* A "}" in the middle of a line, behind which nothing begins: it ends no block. */
static bool is_stray_close(const struct cursor *c)
{
    struct cursor ahead = *c;

    if (cursor_kind(c) != TOKEN_CLOSE)
        return false;
    cursor_take(&ahead);
    return cursor_kind(&ahead) == TOKEN_STRING || cursor_kind(&ahead) == TOKEN_OPEN ||
           (cursor_kind(&ahead) == TOKEN_WORD && !phrase_here(&ahead, IN_POLICY | IN_FENCING));
}

/* A "{" in a statement that has no block, and no block behind it either. */
static bool is_stray_open(const struct cursor *c, const struct syntax *node)
{
    struct cursor ahead = *c;

    if (node->kind == SYNTAX_BROKEN || block_of(node->kind))
        return false;
    while (cursor_kind(&ahead) != TOKEN_NEWLINE && cursor_kind(&ahead) != TOKEN_END) {
        if (cursor_kind(&ahead) == TOKEN_CLOSE)
            return false;
        cursor_take(&ahead);
    }
    cursor_settle_over_lines(&ahead);
    return cursor_kind(&ahead) == TOKEN_END ||
           column_of(&ahead, ahead.at) <= column_of(c, node->first);
}

/*
 * Goes to the end of the statement; its block, if it should have one, is read all the same,
 * unless even the name is missing that it would say something of.
 */
static void recover(struct cursor *c, struct syntax *node, unsigned block)
{
    bool is_nameless = is_without_name(node);

    for (;;) {
        if (is_continued(c, node, block))
            cursor_settle_over_lines(c);
        if (!is_stray_close(c) && (cursor_is_over(c) || is_at_margin(c)))
            return;
        if (cursor_kind(c) != TOKEN_OPEN || is_stray_open(c, node))
            cursor_take(c);
        else if (block_of(node->kind) && !is_nameless && !syntax_part(node, SYNTAX_BLOCK))
            read_block_into(c, node, block_of(node->kind));
        else
            skip_block(c);
    }
}

/* "cluster, node, let": everything that may stand in a block. */
static const char *list_words(struct arena *arena, unsigned block)
{
    const char *list = "";

    for (size_t i = 0; i < PHRASES; i++) {
        if (phrases[i].blocks & block)
            list = arena_printf(arena, "%s%s%s", list, *list ? ", " : "", phrases[i].word);
    }
    return list;
}

/* Where a word stands that has no place here; services come first, for they are what is meant. */
static void report_misplaced(struct cursor *c, unsigned block, const struct phrase *elsewhere,
                             const char *habit)
{
    unsigned blocks = elsewhere->blocks;
    struct diagnostic *entry = diagnostics_add(c->diagnostics, DIAGNOSTIC_MISPLACED,
                                               cursor_place(c), cursor_text(c), block_title(block));

    if (habit)
        diagnostics_hint(c->diagnostics, entry, "%s", habit);
    else
        diagnostics_hint(c->diagnostics, entry, "it stands in %s: %s",
                         block_title(blocks & IN_SERVICE ? IN_SERVICE : blocks & -blocks),
                         syntax_usage(elsewhere->kind));
}

/* What a word may have meant that nobody knows. */
static void hint_unknown(struct cursor *c, unsigned block, struct diagnostic *entry,
                         const char *word)
{
    struct suggestion suggestion = suggestion_for(word);
    struct arena *arena = c->diagnostics->arena;

    for (size_t i = 0; i < PHRASES; i++) {
        if (phrases[i].blocks & block)
            suggestion_consider(&suggestion, phrases[i].word);
    }
    if (suggestion.best)
        diagnostics_suggest(c->diagnostics, entry, suggestion.best);
    else if (block == IN_POLICY && service_name_is_valid(word))
        diagnostics_hint(c->diagnostics, entry, "a service is written: service %s { SETTINGS }",
                         word);
    else if (strstr(word, ".."))
        diagnostics_hint(c->diagnostics, entry, "a range stands in brackets: ocf:db[1..3]");
    else if ((block & IN_SETTINGS) && node_name_is_valid(word))
        diagnostics_hint(c->diagnostics, entry,
                         "a parameter of its agent is written: set %s VALUE; else there are %s",
                         word, list_words(arena, block));
    else
        diagnostics_hint(c->diagnostics, entry, "there are %s", list_words(arena, block));
}

static void report_unknown(struct cursor *c, unsigned block)
{
    const char *word = cursor_text(c);
    const char *habit = habit_hint(block, word);
    const struct phrase *elsewhere = block == IN_DEFAULTS && phrase_here(c, IN_SERVICE)
                                         ? phrase_here(c, IN_SERVICE)
                                         : phrase_here(c, ~block);
    struct diagnostic *entry;

    if (cursor_is_spoilt(c))
        return;
    if (elsewhere) {
        report_misplaced(c, block, elsewhere, habit);
        return;
    }
    entry =
        is_whole(block)
            ? diagnostics_add(c->diagnostics, DIAGNOSTIC_UNKNOWN_STATEMENT, cursor_place(c), word)
            : diagnostics_add(c->diagnostics, DIAGNOSTIC_UNKNOWN_SETTING, cursor_place(c),
                              block_title(block), block == IN_DRILL ? "command" : "setting", word);
    habit = habit ? habit : habit_of_signs(word);
    if (habit)
        diagnostics_hint(c->diagnostics, entry, "%s", habit);
    else
        hint_unknown(c, block, entry, word);
}

static void read_statement(struct cursor *c, struct syntax *into, unsigned block)
{
    const struct phrase *phrase = phrase_here(c, block);
    struct syntax *node = cursor_add(c, into, phrase ? phrase->kind : SYNTAX_BROKEN);

    c->statement = node;
    c->usage = NULL;
    if (!phrase) {
        if (cursor_kind(c) == TOKEN_WORD && !cursor_is_cut(c))
            report_unknown(c, block);
        else if (!cursor_is_cut(c))
            slip_no_word(c, block, is_whole(block));
        node->is_broken = true;
        /* A second "{" is passed over, and so is its "}" if there are two of them as well. */
        if (cursor_kind(c) == TOKEN_OPEN && !is_whole(block)) {
            c->n_extra_open++;
            cursor_take(c);
            cursor_finish(c, node);
            return;
        }
        /* What is no statement here may be one elsewhere, where recovery would stop at once. */
        if (cursor_kind(c) == TOKEN_WORD)
            cursor_take(c);
    } else {
        cursor_take(c);
        node->is_broken = !phrase->read(c, node) || node->is_broken;
        if (!node->is_broken && !cursor_is_over(c)) {
            bool begins_another = phrase_here(c, block) != NULL;

            slip_too_much(c, node, block, begins_another);
            node->is_broken = true;
            if (begins_another) {
                cursor_finish(c, node);
                return;
            }
        }
    }
    if (node->is_broken)
        recover(c, node, block);
    if (!phrase && block == IN_POLICY && column_of(c, node->first) > 0)
        slip_headless(c);
    cursor_finish(c, node);
}

static void report_open(struct cursor *c, int open)
{
    struct diagnostic *entry = diagnostics_add(c->diagnostics, DIAGNOSTIC_BLOCK_OPEN,
                                               token_place(c->diagnostics, &c->tokens.list[open]));

    if (cursor_kind(c) == TOKEN_END)
        diagnostics_hint(c->diagnostics, entry, "the text ends before a \"}\"");
    else
        diagnostics_note(c->diagnostics, entry, cursor_place(c),
                         "the next statement begins here, at the left margin: a \"}\" is missing"
                         " before it");
}

/* { statement ( newline | ";" ) }, up to the end of its block or of the text. */
static void read_statements(struct cursor *c, struct syntax *into, unsigned block)
{
    for (;;) {
        cursor_settle_over_lines(c);
        if (cursor_kind(c) == TOKEN_SEMICOLON)
            cursor_take(c);
        else if (cursor_kind(c) == TOKEN_END || cursor_kind(c) == TOKEN_CLOSE)
            return;
        else if (!is_whole(block) && is_at_margin(c) && !phrase_here(c, block))
            return;
        else
            read_statement(c, into, block);
    }
}

static void read_block_into(struct cursor *c, struct syntax *node, unsigned block)
{
    struct syntax *inside = cursor_add(c, node, SYNTAX_BLOCK);
    const struct syntax *statement = c->statement;
    int open = cursor_take(c);

    read_statements(c, inside, block);
    c->statement = statement;
    if (cursor_kind(c) == TOKEN_CLOSE) {
        cursor_take(c);
    } else {
        report_open(c, open);
        node->is_broken = true;
    }
    cursor_finish(c, inside);
}

/*
 * A policy where a drill is wanted: said once, instead of an error for each of its statements. A
 * drill begins with its name or its policy.
 */
static bool report_policy(struct cursor *c)
{
    struct diagnostic *entry;

    cursor_settle_over_lines(c);
    if (!phrase_here(c, IN_POLICY) || phrase_here(c, IN_DRILL_FILE))
        return false;
    entry = diagnostics_add(c->diagnostics, DIAGNOSTIC_NOT_A_DRILL, cursor_place(c));
    diagnostics_hint(c->diagnostics, entry, "this plays the drills in it: tenuto policy check %s",
                     c->diagnostics->file);
    return true;
}

static struct tree read_text(struct diagnostics *diagnostics, unsigned block)
{
    struct cursor cursor = {.diagnostics = diagnostics, .previous = -1, .cut_at = -1};
    struct tree tree = {.diagnostics = diagnostics, .is_sure = true};

    tree.tokens = cursor.tokens = lexer_run(diagnostics);
    tree.policy = arena_alloc(diagnostics->arena, sizeof(*tree.policy));
    tree.policy->kind = SYNTAX_POLICY;
    tree.policy->end = tree.tokens.n_list;
    if (block == IN_DRILL_FILE && report_policy(&cursor)) {
        tree.is_sure = false;
        return tree;
    }
    read_statements(&cursor, tree.policy, block);
    while (cursor_kind(&cursor) == TOKEN_CLOSE) {
        if (cursor.n_extra_open-- <= 0)
            diagnostics_add(diagnostics, DIAGNOSTIC_BLOCK_CLOSE, cursor_place(&cursor));
        tree.is_sure = false;
        cursor_take(&cursor);
        read_statements(&cursor, tree.policy, block);
    }
    for (const struct syntax *part = tree.policy->child; part; part = part->next)
        tree.is_sure = tree.is_sure && !part->is_broken;
    return tree;
}

struct tree parser_run(struct diagnostics *diagnostics)
{
    return read_text(diagnostics, IN_POLICY);
}

struct tree parser_run_drill(struct diagnostics *diagnostics)
{
    return read_text(diagnostics, IN_DRILL_FILE);
}

unsigned parser_block_of(enum syntax_kind kind)
{
    return block_of(kind);
}

const char *parser_block_title(unsigned block)
{
    return block_title(block);
}
