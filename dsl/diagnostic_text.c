/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Diagnostics for people: the place, the words, the source line, and a caret that also
 * stands right under wide characters and behind tabs. Long lines are shown in part.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsl/diagnostic.h"
#include "dsl/page.h"
#include "dsl/utf8.h"

/* A tab goes to the next multiple of this; source lines are printed with blanks instead. */
#define TAB_COLUMNS 4
/* Columns of a source line to show; a terminal's, less the margin. */
#define EXCERPT_COLUMNS 100
/* Columns in front of the caret that are still shown when a line is too long. */
#define EXCERPT_BEFORE 60

/* What is written, and for whom. */
struct report {
    struct page page;
    const struct diagnostics *diagnostics;
    bool in_colour;
};

static void add_colour(struct report *report, const char *sequence)
{
    if (report->in_colour)
        page_say(&report->page, sequence);
}

/* One code point of a source line as it is shown: tabs as blanks, what cannot be shown as "?". */
struct glyph {
    size_t size; /* in bytes of the text */
    int columns;
    bool is_tab;
    bool is_shown; /* as it is */
};

static struct glyph glyph_at(const char *text, size_t length, int column)
{
    uint32_t point;
    struct glyph glyph = {.size = utf8_read(text, length, &point), .columns = 1};

    if (glyph.size == 0) {
        glyph.size = 1;
    } else if (point == '\t') {
        glyph.is_tab = true;
        glyph.columns = TAB_COLUMNS - column % TAB_COLUMNS;
    } else if (point >= 0x20 && (point < 0x7f || point >= 0xa0)) {
        glyph.is_shown = true;
        glyph.columns = utf8_columns(point);
    }
    return glyph;
}

static int columns_of(const char *text, size_t length, int from)
{
    int column = from;

    for (size_t i = 0; i < length;) {
        struct glyph glyph = glyph_at(text + i, length - i, column);

        column += glyph.columns;
        i += glyph.size;
    }
    return column - from;
}

/* Shows the columns from..to of a line. */
static void add_columns(struct page *page, const char *text, size_t length, int from, int to)
{
    int column = 0;

    for (size_t i = 0; i < length && column < to;) {
        struct glyph glyph = glyph_at(text + i, length - i, column);

        if (column >= from) {
            if (glyph.is_tab)
                page_repeat(page, " ", glyph.columns);
            else if (glyph.is_shown)
                page_add(page, text + i, glyph.size);
            else
                page_say(page, "?");
        }
        column += glyph.columns;
        i += glyph.size;
    }
}

static void add_excerpt(struct report *report, struct location at, const char *colour)
{
    const struct diagnostics *diagnostics = report->diagnostics;
    struct page *page = &report->page;
    const char *text = diagnostics->text;
    size_t offset = (size_t)at.offset;
    size_t start = offset;
    size_t end = offset;
    size_t marked;
    char number[32];
    int before, wide, from = 0;

    while (start > 0 && text[start - 1] != '\n')
        start--;
    while (end < diagnostics->length && text[end] != '\n')
        end++;
    if (end > start && text[end - 1] == '\r' && end > offset)
        end--;
    marked = (size_t)at.length < end - offset ? (size_t)at.length : end - offset;
    before = columns_of(text + start, offset - start, 0);
    wide = columns_of(text + offset, marked, before);
    if (before > EXCERPT_COLUMNS - 20)
        from = before - EXCERPT_BEFORE;
    if (wide > from + EXCERPT_COLUMNS - before)
        wide = from + EXCERPT_COLUMNS - before;
    snprintf(number, sizeof(number), "%5d | ", at.line);
    page_say(page, number);
    page_say(page, from ? "... " : "");
    add_columns(page, text + start, end - start, from, from + EXCERPT_COLUMNS);
    page_say(page, before + columns_of(text + offset, end - offset, before) > from + EXCERPT_COLUMNS
                       ? " ..."
                       : "");
    page_say(page, "\n      | ");
    page_repeat(page, " ", before - from + (from ? 4 : 0));
    add_colour(report, colour);
    page_say(page, "^");
    page_repeat(page, "~", wide - 1);
    add_colour(report, "\033[0m");
    page_say(page, "\n");
}

static void add_place(struct report *report, struct location at)
{
    struct page *page = &report->page;
    char numbers[32];

    add_colour(report, "\033[1m");
    page_say(page, report->diagnostics->file);
    snprintf(numbers, sizeof(numbers), ":%d:%d: ", at.line, at.column);
    page_say(page, numbers);
    add_colour(report, "\033[0m");
}

static void add_diagnostic(struct report *report, const struct diagnostic *entry)
{
    struct page *page = &report->page;
    const char *colour = entry->severity == SEVERITY_ERROR     ? "\033[1;31m"
                         : entry->severity == SEVERITY_WARNING ? "\033[1;35m"
                                                               : "\033[1;36m";

    add_place(report, entry->at);
    add_colour(report, colour);
    page_say(page, severity_name(entry->severity));
    page_say(page, "[");
    page_say(page, diagnostic_code_name(entry->code));
    page_say(page, "]: ");
    add_colour(report, "\033[0m");
    page_say(page, entry->words);
    page_say(page, "\n");
    add_excerpt(report, entry->at, colour);
    if (entry->hint) {
        page_say(page, "      = hint: ");
        page_say(page, entry->hint);
        page_say(page, "\n");
    }
    for (int i = 0; i < entry->n_notes; i++) {
        add_place(report, entry->notes[i].at);
        page_say(page, "note: ");
        page_say(page, entry->notes[i].words);
        page_say(page, "\n");
        add_excerpt(report, entry->notes[i].at, "\033[1;36m");
    }
}

char *diagnostics_text(struct diagnostics *diagnostics, bool in_colour)
{
    struct report report = {.diagnostics = diagnostics, .in_colour = in_colour};
    int unseen = diagnostics->n_errors + diagnostics->n_warnings + diagnostics->n_infos -
                 diagnostics->n_list;
    char *text;

    diagnostics_sort(diagnostics);
    page_say(&report.page, "");
    for (int i = 0; i < diagnostics->n_list; i++)
        add_diagnostic(&report, &diagnostics->list[i]);
    if (unseen > 0) {
        char words[96];

        snprintf(words, sizeof(words), "... and %d more; mend the first ones first\n", unseen);
        page_say(&report.page, words);
    }
    text = arena_strndup(diagnostics->arena, report.page.bytes, report.page.length);
    page_free(&report.page);
    return text;
}
