/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ranges of names; see range.h. */
#include "dsl/range.h"

#include <stdio.h>
#include <string.h>

#include "ha/base/limits.h"

bool range_is_meant(const char *word)
{
    return strpbrk(word, "[]") != NULL;
}

/* "1..20]" with a number on each side that has no leading zero, so that each has one form. */
static bool read_bounds(const char *from, const char *close, int *low, int *high)
{
    int used = 0;
    const char *dots = strstr(from, "..");

    if (!dots || dots > close || sscanf(from, "%6d..%6d%n", low, high, &used) != 2)
        return false;
    if (from + used != close || strspn(from, "0123456789.") != (size_t)used)
        return false;
    if ((*from == '0' && dots != from + 1) || (dots[2] == '0' && dots + 3 != close))
        return false;
    return *low <= *high && *high - *low < SERVICES_MAX;
}

bool range_read(const char *word, struct range *range)
{
    const char *open = strchr(word, '[');
    const char *close = strchr(word, ']');

    if (!open || !close || close < open || strchr(open + 1, '[') || strchr(close + 1, ']') ||
        !read_bounds(open + 1, close, &range->low, &range->high))
        return false;
    range->word = word;
    range->before = (int)(open - word);
    range->after = close + 1;
    return true;
}

const char *range_name(struct arena *arena, const struct range *range, int number)
{
    return arena_printf(arena, "%.*s%d%s", range->before, range->word, number, range->after);
}

const char *range_meant(struct arena *arena, const char *word, const char *name, const char *meant)
{
    size_t before = strcspn(word, "[");
    size_t behind = strlen(name) > before ? strlen(name) - before : 0;
    size_t length = strlen(meant);

    if (behind == 0 || length <= behind || strcmp(meant + length - behind, name + before) != 0)
        return NULL;
    return arena_printf(arena, "%.*s%s", (int)(length - behind), meant, word + before);
}

int range_number(const struct range *range, const char *name)
{
    size_t length = strlen(name);
    size_t before = (size_t)range->before;
    size_t after = strlen(range->after);
    int number = 0, digits;

    if (length <= before + after || strncmp(name, range->word, before) != 0 ||
        strcmp(name + length - after, range->after) != 0)
        return -1;
    digits = (int)(length - before - after);
    if (digits > 6 || (digits > 1 && name[before] == '0'))
        return -1;
    for (int i = 0; i < digits; i++) {
        char digit = name[before + (size_t)i];

        if (digit < '0' || digit > '9')
            return -1;
        number = number * 10 + (digit - '0');
    }
    return number >= range->low && number <= range->high ? number : -1;
}
