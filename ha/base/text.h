/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bounded text: a builder over a buffer of the caller, which never writes past
 * its end and remembers that it had to cut; and how far two words are apart.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct text {
    char *start;
    size_t size;   /* of the buffer, the closing NUL included */
    size_t length; /* bytes written so far */
    bool was_cut;
};

void text_init(struct text *text, char *buffer, size_t size);
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Copies with a closing NUL; false (and cut) if it does not fit. */
bool text_copy(char *to, size_t size, const char *from);

/* Damerau-Levenshtein (restricted) distance; words over 63 bytes count as far apart. */
int text_distance(const char *a, const char *b);

/*
 * Reads "500ms", "10s", "5m", "2h", "1d" into milliseconds and "512M", "4G",
 * "1T" into bytes; false if it is not one, or over the range of int64_t.
 */
bool text_to_ms(const char *word, long long *ms);
bool text_to_bytes(const char *word, long long *bytes);
/* The other way round, in the largest unit that loses nothing: "90s", "2m", "4G". */
void text_add_ms(struct text *text, long long ms);
void text_add_bytes(struct text *text, long long bytes);
