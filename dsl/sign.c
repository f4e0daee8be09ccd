/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signs that policies do not use, as a table; see sign.h. */
#include "dsl/sign.h"

#include <stddef.h>

#define BLANK_HINT "it looks like a blank and is none: delete it and type a blank"
#define NOTHING_HINT "nothing is seen of it: delete it, or the word around it, and type it anew"
#define QUOTE_HINT "strings are written in \"double quotes\""
#define STRING_HINT "write the value as a string, in \"\""
#define MARGIN_HINT "no line begins with it; comments begin with #"
#define DASH_HINT "it looks like a \"-\": type that"
#define BRACKET_HINT "lists need no brackets, and blocks stand in \"{\" and \"}\""
#define ORDER_HINT "an order of nodes is written: alpha, then beta; of services: start A before B"

enum sign_kind { SIGN_SEEN, SIGN_BLANK, SIGN_NOTHING, SIGN_TURNING };

/* Ranges of characters, in order. */
static const struct sign {
    uint32_t first;
    uint32_t last;
    enum sign_kind kind;
    const char *name; /* NULL: it can be shown */
    const char *hint;
} signs[] = {
    {0x00a0, 0x00a0, SIGN_BLANK, "a no-break space", BLANK_HINT},
    {0x00ab, 0x00ab, SIGN_SEEN, NULL, QUOTE_HINT},
    {0x00ad, 0x00ad, SIGN_NOTHING, "a soft hyphen", NOTHING_HINT},
    {0x00bb, 0x00bb, SIGN_SEEN, NULL, QUOTE_HINT},
    {0x2000, 0x200a, SIGN_BLANK, "a space of another width", BLANK_HINT},
    {0x200b, 0x200d, SIGN_NOTHING, "a space of no width", NOTHING_HINT},
    {0x200e, 0x200f, SIGN_TURNING, "a mark of direction", NOTHING_HINT},
    {0x2010, 0x2015, SIGN_SEEN, NULL, DASH_HINT},
    {0x2018, 0x201f, SIGN_SEEN, NULL, QUOTE_HINT},
    {0x2022, 0x2022, SIGN_SEEN, NULL, "names in a list are separated by commas"},
    {0x2026, 0x2026, SIGN_SEEN, NULL, "a range has two dots: name[1..9]"},
    {0x2028, 0x2029, SIGN_BLANK, "a separator of lines", "end the line there instead"},
    {0x202a, 0x202e, SIGN_TURNING, "a mark of direction", NOTHING_HINT},
    {0x202f, 0x202f, SIGN_BLANK, "a narrow no-break space", BLANK_HINT},
    {0x2039, 0x203a, SIGN_SEEN, NULL, QUOTE_HINT},
    {0x205f, 0x205f, SIGN_BLANK, "a space of another width", BLANK_HINT},
    {0x2060, 0x2064, SIGN_NOTHING, "a space of no width", NOTHING_HINT},
    {0x2066, 0x2069, SIGN_TURNING, "a mark of direction", NOTHING_HINT},
    {0x2190, 0x21ff, SIGN_SEEN, NULL, ORDER_HINT},
    {0x2212, 0x2212, SIGN_SEEN, NULL, DASH_HINT},
    {0x2264, 0x2265, SIGN_SEEN, NULL, NULL},
    {0x3000, 0x3000, SIGN_BLANK, "a wide space", BLANK_HINT},
    {0xfeff, 0xfeff, SIGN_NOTHING, "a byte order mark", NOTHING_HINT},
    {0xff01, 0xff5e, SIGN_SEEN, NULL, "it is a wide sign: type the plain one"},
};

static const struct sign *find_sign(uint32_t point)
{
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (point >= signs[i].first && point <= signs[i].last)
            return &signs[i];
    }
    return NULL;
}

bool sign_is_foreign(uint32_t point)
{
    return find_sign(point) != NULL;
}

bool sign_is_blank(uint32_t point)
{
    const struct sign *sign = find_sign(point);

    return sign && sign->kind == SIGN_BLANK;
}

bool sign_is_turning(uint32_t point)
{
    const struct sign *sign = find_sign(point);

    return sign && sign->kind == SIGN_TURNING;
}

uint32_t sign_closing(uint32_t point)
{
    switch (point) {
    case '\'':
    case '`': return point;
    case 0x00ab: return 0x00bb;
    case 0x2018:
    case 0x201a: return 0x2019;
    case 0x201c:
    case 0x201d: return 0x201d;
    case 0x201e: return 0x201c;
    default: return 0;
    }
}

static const char *utf8(struct arena *arena, uint32_t point)
{
    if (point < 0x80)
        return arena_printf(arena, "%c", (char)point);
    if (point < 0x800)
        return arena_printf(arena, "%c%c", (char)(0xc0 | point >> 6), (char)(0x80 | (point & 63)));
    return arena_printf(arena, "%c%c%c", (char)(0xe0 | point >> 12),
                        (char)(0x80 | (point >> 6 & 63)), (char)(0x80 | (point & 63)));
}

const char *sign_name(struct arena *arena, uint32_t point)
{
    const struct sign *sign = find_sign(point);

    if (sign && sign->name)
        return arena_printf(arena, "%s (U+%04X)", sign->name, (unsigned)point);
    if (sign)
        return arena_printf(arena, "\"%s\" (U+%04X)", utf8(arena, point), (unsigned)point);
    if (point > 0x20 && point < 0x7f)
        return arena_printf(arena, "\"%s\"", utf8(arena, point));
    return arena_printf(arena, "the byte 0x%02x", (unsigned)point);
}

static const char *hint_of_ascii(uint32_t point, enum sign_place place)
{
    if (point == '`' && place == SIGN_AT_MARGIN)
        return "this line is not part of a policy: take it away";
    if (point == '\'' || point == '`')
        return QUOTE_HINT;
    if (point == '(' || point == ')')
        return BRACKET_HINT;
    if (point == '\\' && place == SIGN_AT_LINE_END)
        return "a list goes on behind its comma without any sign";
    if (point == '$' && place == SIGN_AT_MARGIN)
        return "this is a line for a shell: take it away";
    if (point == '&' && place == SIGN_ELSEWHERE)
        return "names in a list are separated by commas";
    if (point == '>' && place != SIGN_AT_MARGIN)
        return ORDER_HINT;
    if (place == SIGN_AT_MARGIN)
        return MARGIN_HINT;
    return point > 0x20 ? STRING_HINT : NULL;
}

const char *sign_hint(uint32_t point, enum sign_place place)
{
    const struct sign *sign = find_sign(point);

    return sign ? sign->hint : point < 0x80 ? hint_of_ascii(point, place) : NULL;
}
