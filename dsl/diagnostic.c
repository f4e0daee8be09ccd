/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Collecting diagnostics: words from the rows of diagnostic.def, made safe to print
 * (what a text contains must never reach a terminal as control bytes), and as JSON.
 */
#include "dsl/diagnostic.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsl/utf8.h"

/* A message is a sentence; a word of the text that is longer than this is cut. */
#define WORDS_MAX 400

static const struct {
    const char *code;
    enum severity severity;
    const char *words;
} rows[] = {
#define DIAGNOSTIC(id, code, severity, words)                                                      \
    [DIAGNOSTIC_##id] = {code, SEVERITY_##severity, words},
#include "dsl/diagnostic.def"
#undef DIAGNOSTIC
};

const char *severity_name(enum severity severity)
{
    static const char *const names[] = {
        [SEVERITY_ERROR] = "error",
        [SEVERITY_WARNING] = "warning",
        [SEVERITY_INFO] = "info",
    };

    return names[severity];
}

const char *diagnostic_code_name(enum diagnostic_code code)
{
    return rows[code].code;
}

void diagnostics_init(struct diagnostics *diagnostics, struct arena *arena, const char *file,
                      const char *text, size_t length)
{
    memset(diagnostics, 0, sizeof(*diagnostics));
    diagnostics->arena = arena;
    diagnostics->memo = arena_alloc(arena, sizeof(*diagnostics->memo));
    diagnostics->file = file;
    diagnostics->text = text;
    diagnostics->length = length;
}

struct location diagnostics_place(const struct diagnostics *diagnostics, int line, int offset,
                                  int length)
{
    struct location at = {.line = line, .column = 1, .offset = offset, .length = length};
    struct diagnostics_memo *memo = diagnostics->memo;
    int start = offset;
    uint32_t point;

    /* Somebody may send megabytes of mistakes on one line: its columns are counted once. */
    if (diagnostics->n_errors + diagnostics->n_warnings > DIAGNOSTICS_MAX)
        return at;
    if (memo->column > 0 && memo->line == line && memo->offset <= offset) {
        start = memo->offset;
        at.column = memo->column;
    }
    while (at.column == 1 && start > 0 && diagnostics->text[start - 1] != '\n')
        start--;
    while (start < offset) {
        size_t size = utf8_read(diagnostics->text + start, (size_t)(offset - start), &point);

        start += size ? (int)size : 1;
        at.column++;
    }
    *memo = (struct diagnostics_memo){.offset = offset, .line = line, .column = at.column};
    return at;
}

/* Cuts at a code point's end and leaves no control bytes and no bytes that are not UTF-8. */
static char *keep_printable(struct arena *arena, char *words)
{
    size_t length = strlen(words);
    size_t size;
    uint32_t point;

    for (size_t i = 0; i < length; i += size) {
        size = utf8_read(words + i, length - i, &point);
        if (i + size > WORDS_MAX - 4) {
            words[i] = '\0';
            return arena_printf(arena, "%s ...", words);
        }
        if (size == 0 || point < 0x20 || (point >= 0x7f && point < 0xa0)) {
            size = size ? size : 1;
            memset(words + i, '?', size);
        }
    }
    return words;
}

static const char *make_words(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    char *words;
    int length;

    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    words = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(words, (size_t)length + 1, format, args);
    return keep_printable(arena, words);
}

struct diagnostic *diagnostics_add(struct diagnostics *diagnostics, enum diagnostic_code code,
                                   struct location at, ...)
{
    struct diagnostic *entry = &diagnostics->spare;
    va_list args;

    if (rows[code].severity == SEVERITY_ERROR)
        diagnostics->n_errors++;
    else if (rows[code].severity == SEVERITY_WARNING)
        diagnostics->n_warnings++;
    else
        diagnostics->n_infos++;
    memset(entry, 0, sizeof(*entry));
    if (diagnostics->n_list == DIAGNOSTICS_MAX)
        return entry;
    entry = &diagnostics->list[diagnostics->n_list++];
    entry->code = code;
    entry->severity = rows[code].severity;
    entry->at = at;
    va_start(args, at);
    entry->words = make_words(diagnostics->arena, rows[code].words, args);
    va_end(args);
    return entry;
}

void diagnostics_hint(struct diagnostics *diagnostics, struct diagnostic *entry, const char *format,
                      ...)
{
    va_list args;

    if (entry == &diagnostics->spare)
        return;
    va_start(args, format);
    entry->hint = make_words(diagnostics->arena, format, args);
    va_end(args);
}

void diagnostics_suggest(struct diagnostics *diagnostics, struct diagnostic *entry,
                         const char *word)
{
    diagnostics_hint(diagnostics, entry, "did you mean \"%s\"?", word);
    if (entry != &diagnostics->spare)
        entry->replace = word;
}

void diagnostics_note(struct diagnostics *diagnostics, struct diagnostic *entry, struct location at,
                      const char *format, ...)
{
    struct diagnostic_note *note;
    va_list args;

    if (entry == &diagnostics->spare || entry->n_notes == 2)
        return;
    note = &entry->notes[entry->n_notes++];
    note->at = at;
    va_start(args, format);
    note->words = make_words(diagnostics->arena, format, args);
    va_end(args);
}

/* Two at one place are told apart by their code, two of one code by their words. */
static int compare_places(const void *a, const void *b)
{
    const struct diagnostic *left = a;
    const struct diagnostic *right = b;

    if (left->at.offset != right->at.offset)
        return left->at.offset < right->at.offset ? -1 : 1;
    if (left->code != right->code)
        return left->code < right->code ? -1 : 1;
    return strcmp(left->words, right->words);
}

void diagnostics_sort(struct diagnostics *diagnostics)
{
    qsort(diagnostics->list, (size_t)diagnostics->n_list, sizeof(diagnostics->list[0]),
          compare_places);
}

static void set_place(json_t *object, struct location at)
{
    json_object_set_new(object, "line", json_integer(at.line));
    json_object_set_new(object, "column", json_integer(at.column));
    json_object_set_new(object, "length", json_integer(at.length));
}

json_t *diagnostics_json(const struct diagnostics *diagnostics)
{
    json_t *list = json_array();

    for (int i = 0; i < diagnostics->n_list; i++) {
        const struct diagnostic *entry = &diagnostics->list[i];
        json_t *object = json_object();
        json_t *notes = json_array();

        json_object_set_new(object, "code", json_string(rows[entry->code].code));
        json_object_set_new(object, "severity", json_string(severity_name(entry->severity)));
        json_object_set_new(object, "file", json_string(diagnostics->file));
        set_place(object, entry->at);
        json_object_set_new(object, "message", json_string(entry->words));
        if (entry->hint)
            json_object_set_new(object, "hint", json_string(entry->hint));
        if (entry->replace)
            json_object_set_new(object, "replace", json_string(entry->replace));
        for (int k = 0; k < entry->n_notes; k++) {
            json_t *note = json_object();

            set_place(note, entry->notes[k].at);
            json_object_set_new(note, "message", json_string(entry->notes[k].words));
            json_array_append_new(notes, note);
        }
        json_object_set_new(object, "notes", notes);
        json_array_append_new(list, object);
    }
    return list;
}
