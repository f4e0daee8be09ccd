/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is wrong with a text, where, and how to mend it. Codes, severity and
 * words are rows of diagnostic.def; printing shows the line with a caret.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ha/base/arena.h"
#include "ha/base/limits.h"

struct location {
    int line;   /* from 1 */
    int column; /* from 1, in code points */
    int offset; /* in bytes, from 0 */
    int length; /* in bytes */
};

enum severity {
    SEVERITY_ERROR,
    SEVERITY_WARNING,
    SEVERITY_INFO, /* nothing to mend: what was not looked at, what others advise */
};

enum diagnostic_code {
#define DIAGNOSTIC(id, code, severity, words) DIAGNOSTIC_##id,
#include "dsl/diagnostic.def"
#undef DIAGNOSTIC
    DIAGNOSTIC_CODES
};

struct diagnostic_note {
    struct location at;
    const char *words;
};

struct diagnostic {
    enum diagnostic_code code;
    enum severity severity;
    struct location at;
    const char *words;
    const char *hint;     /* what to write instead; NULL if there is nothing to say */
    const char *replace;  /* the text to put in place of it; NULL if no one word would do */
    const char *expected; /* what the grammar wanted there; NULL if that is not what is wrong */
    struct diagnostic_note notes[2];
    int n_notes;
};

/* The place that was asked for last: most are asked for in the order of the text. */
struct diagnostics_memo {
    int offset;
    int line;
    int column; /* 0: none yet */
};

struct diagnostics {
    struct arena *arena;
    struct diagnostics_memo *memo;
    const char *file;
    const char *text;
    size_t length;
    struct diagnostic list[DIAGNOSTICS_MAX];
    struct diagnostic spare; /* what is over the limit goes here: counted, not shown */
    int n_list;
    int n_errors;
    int n_warnings;
    int n_infos;
};

void diagnostics_init(struct diagnostics *diagnostics, struct arena *arena, const char *file,
                      const char *text, size_t length);
/*
 * The words are made from the .def row's format with the arguments given; what
 * is returned is the entry, for its hint and notes.
 */
struct diagnostic *diagnostics_add(struct diagnostics *diagnostics, enum diagnostic_code code,
                                   struct location at, ...);
/* What to write instead; the last one counts. */
void diagnostics_hint(struct diagnostics *diagnostics, struct diagnostic *entry, const char *format,
                      ...) __attribute__((format(printf, 3, 4)));
/* "did you mean": a hint that a program can apply. */
void diagnostics_suggest(struct diagnostics *diagnostics, struct diagnostic *entry,
                         const char *word);
/* A second or third place; more than two are left out. */
void diagnostics_note(struct diagnostics *diagnostics, struct diagnostic *entry, struct location at,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));
/*
 * The place of so many bytes of the text on a line that is known already; where nothing more is
 * shown, without its column.
 */
struct location diagnostics_place(const struct diagnostics *diagnostics, int line, int offset,
                                  int length);
/* "error" */
const char *severity_name(enum severity severity);
/* "T0212" */
const char *diagnostic_code_name(enum diagnostic_code code);

/* In order of place; diagnostics_text does it too. */
void diagnostics_sort(struct diagnostics *diagnostics);
/*
 * home.tenuto:12:9: error[T0212]: no node is called "bta", then the line, a
 * caret, hint and notes; in order of place.
 */
char *diagnostics_text(struct diagnostics *diagnostics, bool in_colour);
/*
 * [{"code","severity","file","line","column","length","message","hint","notes":[...]}];
 * a new reference.
 */
json_t *diagnostics_json(const struct diagnostics *diagnostics);
