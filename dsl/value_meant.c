/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values as other programs write them; see value_meant.h. Guesses only: each is checked again. */
#include "dsl/value_meant.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "dsl/catalog.h"
#include "dsl/habit.h"
#include "dsl/range.h"
#include "ha/base/text.h"
#include "ha/model/policy.h"

/* Digits of one number; more are no time and no size that anybody means. */
#define DIGITS_MAX 9
#define UNIT_MAX 16
#define WORD_MAX 256
#define AGENTS_FOLDER "/usr/lib/ocf/resource.d/"

/* A number with up to three digits behind its point, in thousandths; false if there is none. */
static bool take_number(const char **at, long long *thousandths)
{
    size_t digits = strspn(*at, "0123456789");
    size_t fraction = (*at)[digits] == '.' ? strspn(*at + digits + 1, "0123456789") : 0;

    *thousandths = 0;
    if (digits == 0 || digits > DIGITS_MAX || fraction > 3)
        return false;
    for (size_t i = 0; i < digits; i++)
        *thousandths = *thousandths * 10 + ((*at)[i] - '0');
    for (size_t i = 0; i < 3; i++)
        *thousandths = *thousandths * 10 + (i < fraction ? (*at)[digits + 1 + i] - '0' : 0);
    *at += digits + (fraction ? fraction + 1 : 0);
    return true;
}

/* One number with its unit, read as ours would be; in thousandths of the smallest unit. */
static bool take_part(const char **at, bool (*read)(const char *, long long *), long long *sum)
{
    char unit[UNIT_MAX], one[UNIT_MAX + 1];
    long long number, scale;
    size_t length;
    const char *ours;

    if (!take_number(at, &number))
        return false;
    length = strspn(*at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (length == 0 || length >= sizeof(unit))
        return false;
    memcpy(unit, *at, length);
    unit[length] = '\0';
    ours = habit_unit(unit);
    if (!ours)
        return false;
    snprintf(one, sizeof(one), "1%s", ours);
    *at += length;
    return read(one, &scale) && !__builtin_mul_overflow(number, scale, &number) &&
           !__builtin_add_overflow(*sum, number, sum);
}

static const char *meant_amount(struct arena *arena, const char *word,
                                bool (*read)(const char *, long long *),
                                void (*add)(struct text *, long long))
{
    char buffer[32];
    struct text text;
    long long sum = 0;

    do {
        if (!take_part(&word, read, &sum))
            return NULL;
    } while (*word);
    if (sum % 1000 != 0)
        return NULL;
    text_init(&text, buffer, sizeof(buffer));
    add(&text, sum / 1000);
    return arena_strdup(arena, buffer);
}

const char *meant_duration(struct arena *arena, const char *word)
{
    return meant_amount(arena, word, text_to_ms, text_add_ms);
}

const char *meant_size(struct arena *arena, const char *word)
{
    return meant_amount(arena, word, text_to_bytes, text_add_bytes);
}

const char *meant_count(struct arena *arena, const char *word)
{
    static const char *const words[] = {"zero", "one",   "two",   "three", "four", "five",
                                        "six",  "seven", "eight", "nine",  "ten"};

    if (word[0] == '+' && word[1] && strspn(word + 1, "0123456789") == strlen(word + 1))
        return arena_strdup(arena, word + 1);
    if (strcmp(word, "never") == 0 || strcmp(word, "none") == 0 || strcmp(word, "no") == 0)
        return "0";
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word, words[i]) == 0)
            return arena_printf(arena, "%zu", i);
    }
    return NULL;
}

const char *meant_address(struct arena *arena, const char *word)
{
    unsigned char binary[sizeof(struct in6_addr)];
    const char *close = strchr(word, ']');
    const char *colon = strchr(word, ':');
    const char *meant = NULL;

    if (word[0] == '[' && close)
        meant = arena_strndup(arena, word + 1, (size_t)(close - word - 1));
    else if (colon && strchr(word, '.') && strchr(word, '.') < colon)
        meant = arena_strndup(arena, word, (size_t)(colon - word));
    return meant && inet_pton(strchr(meant, ':') ? AF_INET6 : AF_INET, meant, binary) == 1 ? meant
                                                                                           : NULL;
}

const char *meant_agent(struct arena *arena, const char *word)
{
    char *agent = arena_strdup(arena, word);
    char *split;

    if (strncmp(agent, AGENTS_FOLDER, strlen(AGENTS_FOLDER)) == 0)
        agent += strlen(AGENTS_FOLDER);
    if (strncmp(agent, "ocf:", 4) == 0)
        agent += strspn(agent + 3, ":") + 3;
    split = agent + strcspn(agent, ":/");
    if (!*split)
        return NULL;
    agent =
        arena_printf(arena, "%.*s:%s", (int)(split - agent), agent, split + strspn(split, ":/"));
    return agent_name_is_valid(agent) ? agent : NULL;
}

const char *meant_service(struct arena *arena, const char *word)
{
    size_t type = strcspn(word, ":/.");
    size_t gap = strspn(word + type, ":/.");
    char *service;

    if (gap == 0)
        return NULL;
    service = arena_printf(arena, "%.*s:%s", (int)type, word, word + type + gap);
    for (size_t i = 0; i < type; i++)
        service[i] = (char)tolower((unsigned char)service[i]);
    return service_name_is_valid(service) && strcmp(service, word) != 0 ? service : NULL;
}

const char *meant_range(struct arena *arena, const char *word)
{
    const char *open = strchr(word, '[');
    const char *between, *high, *close;
    struct range range;
    const char *meant;

    if (!open)
        return NULL;
    between = open + 1 + strspn(open + 1, "0123456789");
    high = between + strspn(between, "-:.");
    close = high + strspn(high, "0123456789");
    if (between == open + 1 || high == between || close == high || *close != ']')
        return NULL;
    meant = arena_printf(arena, "%.*s..%s", (int)(between - word), word, high);
    if (range_read(meant, &range) && strcmp(meant, word) != 0)
        return meant;
    meant = arena_printf(arena, "%.*s%.*s..%.*s%s", (int)(open + 1 - word), word,
                         (int)(close - high), high, (int)(between - open - 1), open + 1, close);
    return range_read(meant, &range) ? meant : NULL;
}
