/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bounded text, units, and the distance of words; see text.h. */
#include "ha/base/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 63

struct unit {
    const char *name;
    long long factor;
};

/* From small to large: writing takes the last one that divides. */
static const struct unit times[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000},
};
static const struct unit sizes[] = {
    {"B", 1}, {"K", 1LL << 10}, {"M", 1LL << 20}, {"G", 1LL << 30}, {"T", 1LL << 40},
};

void text_init(struct text *text, char *buffer, size_t size)
{
    *text = (struct text){.start = buffer, .size = size};
    if (size)
        buffer[0] = '\0';
}

void text_add(struct text *text, const char *format, ...)
{
    size_t room = text->size - text->length;
    va_list args;
    int wanted;

    if (text->was_cut || room == 0)
        return;
    va_start(args, format);
    wanted = vsnprintf(text->start + text->length, room, format, args);
    va_end(args);
    if (wanted < 0 || (size_t)wanted >= room) {
        text->was_cut = true;
        text->length = text->size - 1;
        return;
    }
    text->length += (size_t)wanted;
}

bool text_copy(char *to, size_t size, const char *from)
{
    size_t length = strnlen(from, size);
    bool fits = length < size;

    if (!fits)
        length = size - 1;
    memcpy(to, from, length);
    to[length] = '\0';
    return fits;
}

int text_distance(const char *a, const char *b)
{
    int rows[3][WORD_MAX + 1];
    size_t a_length = strlen(a), b_length = strlen(b);

    if (a_length > WORD_MAX || b_length > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = (int)j;
    for (size_t i = 1; i <= a_length; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];

        row[0] = (int)i;
        for (size_t j = 1; j <= b_length; j++) {
            int best = above[j - 1] + (a[i - 1] != b[j - 1]);

            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                two_above[j - 2] + 1 < best)
                best = two_above[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a_length % 3][b_length];
}

static bool read_with_unit(const char *word, const struct unit *units, size_t count,
                           long long *value)
{
    long long number = 0;
    const char *at = word;

    if (*at < '0' || *at > '9')
        return false;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, *at - '0', &number))
            return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(at, units[i].name) == 0)
            return !__builtin_mul_overflow(number, units[i].factor, value);
    }
    return false;
}

static void add_with_unit(struct text *text, long long value, const struct unit *units,
                          size_t count)
{
    size_t best = 0;

    for (size_t i = 0; i < count; i++) {
        if (value != 0 && value % units[i].factor == 0)
            best = i;
    }
    text_add(text, "%lld%s", value / units[best].factor, units[best].name);
}

bool text_to_ms(const char *word, long long *ms)
{
    return read_with_unit(word, times, sizeof(times) / sizeof(times[0]), ms);
}

bool text_to_bytes(const char *word, long long *bytes)
{
    return read_with_unit(word, sizes, sizeof(sizes) / sizeof(sizes[0]), bytes);
}

void text_add_ms(struct text *text, long long ms)
{
    add_with_unit(text, ms, times, sizeof(times) / sizeof(times[0]));
}

void text_add_bytes(struct text *text, long long bytes)
{
    add_with_unit(text, bytes, sizes, sizeof(sizes) / sizeof(sizes[0]));
}
