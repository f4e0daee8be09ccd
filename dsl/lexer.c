/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lexer. A word is as long as it can be and may hold colons (vm:mail, fd00::1), so
 * the one case that needs care is a rule's "name:", whose last colon is split off.
 */
#include "dsl/lexer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dsl/sign.h"
#include "dsl/utf8.h"

/* Of so many kinds of bad signs it is known that they were told; of more each is told. */
#define KINDS_MAX 16
/* What a merge leaves in a text: seven of one sign at the left margin. */
#define MARKER_LENGTH 7

/* A sign that was told once: a whole text that was copied is full of it. */
struct bad_sign {
    uint32_t point;
    struct diagnostic *entry;
    int count;
};

struct lexer {
    struct diagnostics *diagnostics;
    const char *text;
    int length;
    int at;
    int line;
    struct token *list;
    int n_list;
    int size;
    struct bad_sign signs[KINDS_MAX];
    int n_signs;
    int bad_line;      /* the last one with a sign that was told */
    int unclosed_line; /* the last one on which a quote has no other to end it */
};

static void lexer_add(struct lexer *lexer, enum token_kind kind, int end)
{
    if (lexer->n_list == lexer->size) {
        lexer->size = lexer->size ? lexer->size * 2 : 256;
        lexer->list = xrealloc(lexer->list, (size_t)lexer->size * sizeof(lexer->list[0]));
    }
    lexer->list[lexer->n_list++] = (struct token){
        .kind = kind, .offset = lexer->at, .length = end - lexer->at, .line = lexer->line};
    lexer->at = end;
}

static struct location lexer_place(const struct lexer *lexer, int from, int to)
{
    return diagnostics_place(lexer->diagnostics, lexer->line, from, to - from);
}

static size_t point_size(const struct lexer *lexer, int at)
{
    uint32_t point;

    return utf8_read(lexer->text + at, (size_t)(lexer->length - at), &point);
}

static bool is_blank(const struct lexer *lexer, int at)
{
    char c = lexer->text[at];

    return c == ' ' || c == '\t' || c == '\r';
}

static uint32_t point_at(const struct lexer *lexer, int at)
{
    uint32_t point = 0;

    utf8_read(lexer->text + at, (size_t)(lexer->length - at), &point);
    return point;
}

/* Letters of any language may stand in a word; that a name cannot hold them is said later. */
static size_t word_part(const struct lexer *lexer, int at)
{
    char c = lexer->text[at];

    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return 1;
    if (c != '\0' && strchr("-_.:*[]/%+@", c))
        return 1;
    if ((unsigned char)c < 0x80 || sign_is_foreign(point_at(lexer, at)))
        return 0;
    return point_size(lexer, at);
}

static void read_word(struct lexer *lexer)
{
    int end = lexer->at;
    size_t size;

    while (end < lexer->length && (size = word_part(lexer, end)) > 0)
        end += (int)size;
    /* "rule a :keep": no word begins with one colon; "::1" begins with two. */
    if (lexer->text[lexer->at] == ':' && end - lexer->at > 1 && lexer->text[lexer->at + 1] != ':')
        end = lexer->at + 1;
    /* "web-stack:" ends in a colon of its own; "fd00::" does not. */
    if (end - lexer->at > 1 && lexer->text[end - 1] == ':' && lexer->text[end - 2] != ':')
        end--;
    if (end - lexer->at == 1 && lexer->text[lexer->at] == ':')
        lexer_add(lexer, TOKEN_COLON, end);
    else
        lexer_add(lexer, TOKEN_WORD, end);
}

/*
 * Strings and comments may hold any characters, but no bytes that are none and none that
 * would command the terminal on which the policy is shown. One message a token is enough.
 */
static void check_bytes(struct lexer *lexer, int from, int to)
{
    for (int at = from; at < to;) {
        size_t size = point_size(lexer, at);
        unsigned char byte = (unsigned char)lexer->text[at];

        if (size == 0) {
            diagnostics_add(lexer->diagnostics, DIAGNOSTIC_BAD_UTF8,
                            lexer_place(lexer, at, at + 1));
            return;
        }
        if ((byte < 0x20 && byte != '\t' && byte != '\r') || byte == 0x7f ||
            (byte >= 0x80 && sign_is_turning(point_at(lexer, at)))) {
            diagnostics_add(lexer->diagnostics, DIAGNOSTIC_BAD_BYTE,
                            lexer_place(lexer, at, at + (int)size),
                            sign_name(lexer->diagnostics->arena, point_at(lexer, at)));
            return;
        }
        at += (int)size;
    }
}

static void check_escape(struct lexer *lexer, int at)
{
    struct diagnostic *entry;
    int size;

    if (strchr("\"\\nt", lexer->text[at + 1]) && lexer->text[at + 1] != '\0')
        return;
    size = (int)point_size(lexer, at + 1);
    size = size ? size : 1;
    entry = diagnostics_add(
        lexer->diagnostics, DIAGNOSTIC_BAD_ESCAPE, lexer_place(lexer, at, at + 1 + size),
        arena_strndup(lexer->diagnostics->arena, lexer->text + at, (size_t)size + 1));
    diagnostics_hint(lexer->diagnostics, entry,
                     "there are \\\" \\\\ \\n and \\t; a backslash itself is written \\\\");
}

/*
 * How far a string goes that does not end on its line: to the last "}" there, where that closes
 * a block of the same line; else to the line's end.
 */
static int end_of_open_string(const struct lexer *lexer, int end)
{
    int at = end;
    int depth = 0;

    for (int i = lexer->n_list - 1; i >= 0 && lexer->list[i].kind != TOKEN_NEWLINE; i--)
        depth += (lexer->list[i].kind == TOKEN_OPEN) - (lexer->list[i].kind == TOKEN_CLOSE);
    while (at > lexer->at + 1 && is_blank(lexer, at - 1))
        at--;
    return depth > 0 && at > lexer->at + 1 && lexer->text[at - 1] == '}' ? at - 1 : end;
}

static void read_string(struct lexer *lexer)
{
    struct diagnostic *entry;
    int end = lexer->at + 1;
    size_t size;

    while (end < lexer->length && lexer->text[end] != '"' && lexer->text[end] != '\n') {
        size = point_size(lexer, end);
        if (lexer->text[end] == '\\' && end + 1 < lexer->length && lexer->text[end + 1] != '\n') {
            check_escape(lexer, end);
            size = point_size(lexer, end + 1);
            size = 1 + (size ? size : 1);
        }
        end += size ? (int)size : 1;
    }
    check_bytes(lexer, lexer->at, end);
    if (end < lexer->length && lexer->text[end] == '"') {
        lexer_add(lexer, TOKEN_STRING, end + 1);
        return;
    }
    end = end_of_open_string(lexer, end);
    entry = diagnostics_add(lexer->diagnostics, DIAGNOSTIC_STRING_OPEN,
                            lexer_place(lexer, lexer->at, end));
    diagnostics_hint(lexer->diagnostics, entry,
                     "end it with \"; a line break inside a string is written \\n");
    /* It counts as a string, so that there is one message and not two. */
    lexer_add(lexer, TOKEN_STRING, end);
}

/* Strings of other languages: up to the quote that ends one, if there is any on the line. */
static int end_of_quoted(struct lexer *lexer, int end)
{
    uint32_t closing = sign_closing(point_at(lexer, lexer->at));

    if (lexer->unclosed_line == lexer->line)
        return end;
    for (int at = end; closing && at < lexer->length && lexer->text[at] != '\n';) {
        bool is_found = point_at(lexer, at) == closing;
        size_t size = point_size(lexer, at);

        at += size ? (int)size : 1;
        if (is_found)
            return at;
    }
    lexer->unclosed_line = closing ? lexer->line : lexer->unclosed_line;
    return end;
}

static bool is_line_start(const struct lexer *lexer)
{
    return lexer->at == 0 || lexer->text[lexer->at - 1] == '\n';
}

static enum sign_place place_of_sign(const struct lexer *lexer, int end)
{
    if (is_line_start(lexer))
        return SIGN_AT_MARGIN;
    if (end == lexer->length || lexer->text[end] == '\n' || lexer->text[end] == '\r')
        return SIGN_AT_LINE_END;
    return is_blank(lexer, lexer->at - 1) ? SIGN_ELSEWHERE : SIGN_IN_WORD;
}

/* Whether this sign has to be told: not a second one of its line, nor one that was told before. */
static struct bad_sign *note_sign(struct lexer *lexer, uint32_t point)
{
    /* What opens and what closes are one thing. */
    point = point == ')' ? '(' : point;
    for (int i = 0; i < lexer->n_signs; i++) {
        if (lexer->signs[i].point == point) {
            lexer->signs[i].count++;
            return NULL;
        }
    }
    if (lexer->bad_line == lexer->line || lexer->n_signs == KINDS_MAX)
        return NULL;
    lexer->bad_line = lexer->line;
    lexer->signs[lexer->n_signs] = (struct bad_sign){.point = point, .count = 1};
    return &lexer->signs[lexer->n_signs++];
}

static void report_sign(struct lexer *lexer, uint32_t point, int end, const char *hint)
{
    struct bad_sign *sign = note_sign(lexer, point);

    if (!sign)
        return;
    sign->entry =
        diagnostics_add(lexer->diagnostics, DIAGNOSTIC_BAD_BYTE, lexer_place(lexer, lexer->at, end),
                        sign_name(lexer->diagnostics->arena, point));
    if (hint)
        diagnostics_hint(lexer->diagnostics, sign->entry, "%s", hint);
}

/* A run of bad bytes is one slip. */
static void read_bad(struct lexer *lexer)
{
    uint32_t point = point_at(lexer, lexer->at);
    size_t size = point_size(lexer, lexer->at);
    int end = lexer->at + (size ? (int)size : 1);

    if (size == 0) {
        while (end < lexer->length && (unsigned char)lexer->text[end] >= 0x80 &&
               point_size(lexer, end) == 0)
            end++;
        diagnostics_add(lexer->diagnostics, DIAGNOSTIC_BAD_UTF8,
                        lexer_place(lexer, lexer->at, end));
        lexer_add(lexer, TOKEN_BAD, end);
        return;
    }
    while (end < lexer->length && point_at(lexer, end) == point)
        end += (int)size;
    if (end - lexer->at == (int)size)
        end = end_of_quoted(lexer, end);
    report_sign(lexer, point, end, sign_hint(point, place_of_sign(lexer, end)));
    lexer_add(lexer, sign_is_blank(point) ? TOKEN_BLANK : TOKEN_BAD, end);
}

/* "<<<<<<< HEAD": both sides are read as they are, for they have slips of their own. */
static bool read_marker(struct lexer *lexer)
{
    const char *at = lexer->text + lexer->at;
    int length = 0, end = lexer->at;

    if (!is_line_start(lexer))
        return false;
    while (lexer->at + length < lexer->length && at[length] == at[0])
        length++;
    if (length != MARKER_LENGTH || at[0] == '\0' || !strchr("<=>|", at[0]))
        return false;
    while (end < lexer->length && lexer->text[end] != '\n')
        end++;
    /* The four lines of one merge are one slip. */
    report_sign(lexer, '<', lexer->at + length,
                "a merge left two versions here: keep one, and take its marks away");
    lexer_add(lexer, TOKEN_BLANK, end);
    return true;
}

/* Said of the first of its kind, when it is known how many there are. */
static void count_signs(struct lexer *lexer)
{
    for (int i = 0; i < lexer->n_signs; i++) {
        const struct bad_sign *sign = &lexer->signs[i];

        if (sign->count > 1 && sign->point != '<')
            diagnostics_hint(lexer->diagnostics, sign->entry, "%s%sthis text has %d of them",
                             sign->entry->hint ? sign->entry->hint : "",
                             sign->entry->hint ? "; " : "", sign->count);
    }
}

static void read_blank(struct lexer *lexer)
{
    int end = lexer->at;

    while (end < lexer->length && is_blank(lexer, end))
        end++;
    lexer_add(lexer, TOKEN_BLANK, end);
}

static void read_comment(struct lexer *lexer)
{
    const char *from = lexer->text + lexer->at;
    const char *newline = memchr(from, '\n', (size_t)(lexer->length - lexer->at));
    int end = newline ? (int)(newline - lexer->text) : lexer->length;

    check_bytes(lexer, lexer->at, end);
    lexer_add(lexer, TOKEN_COMMENT, end);
}

static void read_token(struct lexer *lexer)
{
    static const struct {
        char byte;
        enum token_kind kind;
    } single[] = {
        {',', TOKEN_COMMA}, {';', TOKEN_SEMICOLON}, {'=', TOKEN_EQUALS},
        {'|', TOKEN_BAR},   {'{', TOKEN_OPEN},      {'}', TOKEN_CLOSE},
    };
    char c = lexer->text[lexer->at];

    if (read_marker(lexer))
        return;
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
        if (c == single[i].byte) {
            lexer_add(lexer, single[i].kind, lexer->at + 1);
            return;
        }
    }
    if (c == '\n') {
        lexer_add(lexer, TOKEN_NEWLINE, lexer->at + 1);
        lexer->line++;
    } else if (is_blank(lexer, lexer->at)) {
        read_blank(lexer);
    } else if (c == '#') {
        read_comment(lexer);
    } else if (c == '"') {
        read_string(lexer);
    } else if (word_part(lexer, lexer->at) > 0) {
        read_word(lexer);
    } else {
        read_bad(lexer);
    }
}

struct tokens lexer_run(struct diagnostics *diagnostics)
{
    struct lexer lexer = {
        .diagnostics = diagnostics,
        .text = diagnostics->text,
        .length = (int)diagnostics->length,
        .line = 1,
    };
    struct tokens tokens;
    size_t bytes;

    /* Editors of other systems put a byte order mark there; it means nothing. */
    if (lexer.length >= 3 && memcmp(lexer.text, "\xef\xbb\xbf", 3) == 0)
        lexer_add(&lexer, TOKEN_BLANK, 3);
    while (lexer.at < lexer.length)
        read_token(&lexer);
    lexer_add(&lexer, TOKEN_END, lexer.length);
    count_signs(&lexer);
    bytes = (size_t)lexer.n_list * sizeof(lexer.list[0]);
    tokens.list = memcpy(arena_alloc(diagnostics->arena, bytes), lexer.list, bytes);
    tokens.n_list = lexer.n_list;
    free(lexer.list);
    return tokens;
}

bool token_is_significant(const struct token *token)
{
    return token->kind != TOKEN_BLANK && token->kind != TOKEN_COMMENT &&
           token->kind != TOKEN_NEWLINE;
}

bool token_is_word(const struct diagnostics *diagnostics, const struct token *token,
                   const char *word)
{
    return token->kind == TOKEN_WORD && strlen(word) == (size_t)token->length &&
           memcmp(diagnostics->text + token->offset, word, (size_t)token->length) == 0;
}

struct location token_place(const struct diagnostics *diagnostics, const struct token *token)
{
    return diagnostics_place(diagnostics, token->line, token->offset, token->length);
}
