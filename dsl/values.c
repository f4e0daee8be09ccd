/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading values, one function a type; see values.h. */
#include "dsl/values.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "dsl/value_meant.h"
#include "ha/base/text.h"

static const char *ms_as_text(struct arena *arena, long long ms)
{
    char buffer[32];
    struct text text;

    text_init(&text, buffer, sizeof(buffer));
    text_add_ms(&text, ms);
    return arena_strdup(arena, buffer);
}

static const char *bytes_as_text(struct arena *arena, long long bytes)
{
    char buffer[32];
    struct text text;

    text_init(&text, buffer, sizeof(buffer));
    text_add_bytes(&text, bytes);
    return arena_strdup(arena, buffer);
}

static bool report_range(const struct tree *tree, const struct syntax *value, const char *what,
                         const char *least, const char *most)
{
    diagnostics_add(tree->diagnostics, DIAGNOSTIC_OUT_OF_RANGE, syntax_place(tree, value), what,
                    syntax_text(tree, value), least, most);
    return false;
}

/* meant: what can be put in its place; NULL if that is anybody's guess. */
static bool report_type(const struct tree *tree, const struct syntax *value,
                        enum diagnostic_code code, const char *meant, const char *hint)
{
    struct diagnostic *entry = diagnostics_add(tree->diagnostics, code, syntax_place(tree, value),
                                               syntax_text(tree, value));

    if (meant)
        diagnostics_suggest(tree->diagnostics, entry, meant);
    else
        diagnostics_hint(tree->diagnostics, entry, "%s", hint);
    return false;
}

static bool is_bare_number(const char *word)
{
    return *word && strspn(word, "0123456789") == strlen(word);
}

bool value_duration(const struct tree *tree, const struct syntax *value, struct bounds bounds,
                    struct duration *duration)
{
    struct arena *arena = tree->diagnostics->arena;
    const char *word = syntax_text(tree, value);
    long long ms;

    if (!text_to_ms(word, &ms))
        return report_type(
            tree, value, DIAGNOSTIC_NOT_A_DURATION, meant_duration(arena, word),
            is_bare_number(word)
                ? arena_printf(arena, "a unit is missing, as in %ss or %sm", word, word)
                : "a duration is a whole number and a unit: 500ms, 10s, 5m, 2h or"
                  " 1d");
    if (ms < bounds.least || ms > bounds.most)
        return report_range(tree, value, bounds.what, ms_as_text(arena, bounds.least),
                            ms_as_text(arena, bounds.most));
    duration->ms = ms;
    return true;
}

static bool read_digits(const char *word, const char **end, int64_t *number)
{
    *number = 0;
    *end = word;
    while (**end >= '0' && **end <= '9') {
        if (__builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, **end - '0', number))
            *number = INT64_MAX;
        ++*end;
    }
    return *end > word;
}

static bool check_count(const struct tree *tree, const struct syntax *value, struct bounds bounds,
                        int64_t number)
{
    struct arena *arena = tree->diagnostics->arena;

    if (number >= bounds.least && number <= bounds.most)
        return true;
    return report_range(tree, value, bounds.what, arena_printf(arena, "%d", (int)bounds.least),
                        arena_printf(arena, "%d", (int)bounds.most));
}

bool value_count(const struct tree *tree, const struct syntax *value, struct bounds bounds,
                 int *count)
{
    const char *word = syntax_text(tree, value);
    const char *end;
    int64_t number;

    if (!read_digits(word, &end, &number) || *end)
        return report_type(tree, value, DIAGNOSTIC_NOT_A_COUNT,
                           meant_count(tree->diagnostics->arena, word),
                           "write digits only, without sign, unit or fraction");
    if (!check_count(tree, value, bounds, number))
        return false;
    *count = (int)number;
    return true;
}

bool value_integer(const struct tree *tree, const struct syntax *value, struct bounds bounds,
                   int *number)
{
    const char *word = syntax_text(tree, value);
    bool is_negative = *word == '-';
    const char *end;
    int64_t size;

    if (!read_digits(word + is_negative, &end, &size) || *end)
        return report_type(tree, value, DIAGNOSTIC_NOT_A_COUNT,
                           meant_count(tree->diagnostics->arena, word),
                           "write digits only; a \"-\" may stand before them");
    if (!check_count(tree, value, bounds, is_negative ? -size : size))
        return false;
    *number = (int)(is_negative ? -size : size);
    return true;
}

/* A number with a fraction of so many digits, as a whole number of the smallest of them. */
static bool read_fraction(const struct tree *tree, const struct syntax *value, struct bounds bounds,
                          int digits, int *result)
{
    struct arena *arena = tree->diagnostics->arena;
    const char *word = syntax_text(tree, value);
    const char *end, *point;
    int64_t number, fraction = 0, scale = 1;
    bool is_right = read_digits(word, &end, &number);

    point = end;
    if (is_right && *point == '.')
        is_right = read_digits(point + 1, &end, &fraction) && end - point - 1 <= digits;
    if (!is_right || *end)
        return report_type(tree, value, DIAGNOSTIC_NOT_A_NUMBER, meant_count(arena, word),
                           arena_printf(arena,
                                        "write it as in 2 or 0.5; up to %d digits may stand"
                                        " behind the point",
                                        digits));
    for (int64_t i = 0; i < digits; i++) {
        scale *= 10;
        fraction *= *point == '.' && i >= end - point - 1 ? 10 : 1;
    }
    /* A fraction beyond the upper bound is beyond it too. */
    if (!check_count(tree, value, bounds,
                     number == bounds.most && fraction > 0 ? number + 1 : number))
        return false;
    *result = (int)(number * scale + fraction);
    return true;
}

bool value_thousandths(const struct tree *tree, const struct syntax *value, struct bounds bounds,
                       int *thousandths)
{
    return read_fraction(tree, value, bounds, 3, thousandths);
}

bool value_millionths(const struct tree *tree, const struct syntax *value, struct bounds bounds,
                      int *millionths)
{
    return read_fraction(tree, value, bounds, 6, millionths);
}

bool value_size(const struct tree *tree, const struct syntax *value, struct bounds bounds,
                int64_t *bytes)
{
    struct arena *arena = tree->diagnostics->arena;
    const char *word = syntax_text(tree, value);
    long long size;

    if (!text_to_bytes(word, &size))
        return report_type(
            tree, value, DIAGNOSTIC_NOT_A_SIZE, meant_size(arena, word),
            is_bare_number(word)
                ? arena_printf(arena, "a unit is missing, as in %sM or %sG", word, word)
                : "a size is a whole number and a unit: 512M, 4G or 1T");
    if (size < bounds.least || size > bounds.most)
        return report_range(tree, value, bounds.what, bytes_as_text(arena, bounds.least),
                            bytes_as_text(arena, bounds.most));
    *bytes = size;
    return true;
}

/* "/24" with as many bits as the family has; gives the bits or -1. */
static int read_prefix(const char *slash, int most)
{
    const char *end;
    int64_t bits;

    if (!read_digits(slash + 1, &end, &bits) || *end || bits > most)
        return -1;
    return (int)bits;
}

const char *value_address(const struct tree *tree, const struct syntax *value, bool has_prefix)
{
    struct arena *arena = tree->diagnostics->arena;
    const char *word = syntax_text(tree, value);
    const char *slash = has_prefix ? strchr(word, '/') : NULL;
    const char *host = slash ? arena_strndup(arena, word, (size_t)(slash - word)) : word;
    unsigned char binary[sizeof(struct in6_addr)];
    char canonical[INET6_ADDRSTRLEN];
    int family = strchr(host, ':') ? AF_INET6 : AF_INET;
    int bits = slash ? read_prefix(slash, family == AF_INET ? 32 : 128) : 0;

    if (bits < 0 || inet_pton(family, host, binary) != 1) {
        report_type(tree, value, DIAGNOSTIC_BAD_ADDRESS, meant_address(arena, word),
                    has_prefix ? "write it as 10.77.0.80/24 or fd00::80/64"
                               : "write it as 10.77.0.1 or fd00::1");
        return NULL;
    }
    inet_ntop(family, binary, canonical, sizeof(canonical));
    return slash ? arena_printf(arena, "%s/%d", canonical, bits) : arena_strdup(arena, canonical);
}

const char *value_string(const struct tree *tree, const struct syntax *value)
{
    const char *raw = syntax_text(tree, value);
    size_t length = strlen(raw);
    char *text;
    size_t n = 0;

    if (!syntax_is_string(tree, value))
        return raw;
    text = arena_alloc(tree->diagnostics->arena, length + 1);
    for (size_t i = 1; i + 1 < length; i++) {
        if (raw[i] != '\\') {
            text[n++] = raw[i];
            continue;
        }
        i++;
        text[n++] = raw[i] == 'n' ? '\n' : raw[i] == 't' ? '\t' : raw[i];
    }
    text[n] = '\0';
    return text;
}

/* What somebody took for a name, as far as it goes: "${name}", "HOME", "(date)". */
static size_t shown_dollar_length(const char *at)
{
    if (*at == '{' && strchr(at, '}'))
        return strcspn(at, "}") + 1;
    return strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
}

static void report_dollar(const struct tree *tree, const struct syntax *value, const char *raw,
                          const char *at)
{
    size_t length = shown_dollar_length(at);
    struct diagnostic *entry =
        diagnostics_add(tree->diagnostics, DIAGNOSTIC_BAD_DOLLAR,
                        syntax_place_within(tree, value, (int)(at - raw) - 1, (int)length + 1),
                        arena_strndup(tree->diagnostics->arena, at, length));

    diagnostics_hint(tree->diagnostics, entry,
                     *at == '{' ? "no braces stand around $name and $type"
                                : "$name and $type are the service's own; $$ is a dollar");
}

/* The name behind a "$": letters, or a second dollar. */
static size_t dollar_length(const char *at)
{
    return *at == '$' ? 1 : strspn(at, "abcdefghijklmnopqrstuvwxyz");
}

static bool is_dollar(const char *at, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(at, name, length) == 0;
}

bool value_check_dollars(const struct tree *tree, const struct syntax *value)
{
    const char *raw = syntax_text(tree, value);
    bool is_right = true;

    if (!syntax_is_string(tree, value))
        return true;
    for (const char *at = strchr(raw, '$'); at; at = strchr(at, '$')) {
        size_t length = dollar_length(++at);

        if (!is_dollar(at, length, "name") && !is_dollar(at, length, "type") &&
            !is_dollar(at, length, "$")) {
            report_dollar(tree, value, raw, at);
            is_right = false;
        }
        at += length;
    }
    return is_right;
}

const char *value_fill_in(struct arena *arena, const char *text, const char *service)
{
    const char *name = strchr(service, ':') + 1;
    size_t type_length = (size_t)(name - service) - 1;
    size_t dollars = 0;
    char *filled;
    size_t n = 0;

    for (const char *at = strchr(text, '$'); at; at = strchr(at + 1, '$'))
        dollars++;
    if (dollars == 0)
        return text;
    filled = arena_alloc(arena, strlen(text) + dollars * strlen(service) + 1);
    while (*text) {
        const char *part = text;
        size_t length = 1;

        if (*text++ == '$') {
            size_t skip = dollar_length(text);

            part = is_dollar(text, skip, "name")   ? name
                   : is_dollar(text, skip, "type") ? service
                                                   : text;
            length = part == name ? strlen(name) : part == service ? type_length : 1;
            text += skip;
        }
        memcpy(filled + n, part, length);
        n += length;
    }
    filled[n] = '\0';
    return filled;
}
