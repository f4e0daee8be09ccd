/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Times for people; see when.h. */
#include "console/when.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ha/base/text.h"

const char *when_clock(struct when *when, int64_t at_ms, int64_t now_ms)
{
    time_t at = (time_t)(at_ms / 1000), now = (time_t)(now_ms / 1000);
    struct tm then, today;

    if (!localtime_r(&at, &then) || !localtime_r(&now, &today))
        return "?";
    strftime(when->text, sizeof(when->text),
             then.tm_yday == today.tm_yday && then.tm_year == today.tm_year ? "%H:%M:%S"
                                                                            : "%b %d %H:%M",
             &then);
    return when->text;
}

const char *when_span(struct when *when, int64_t ms)
{
    long long value = ms < 0 ? 0 : ms;

    if (value < 1000)
        snprintf(when->text, sizeof(when->text), "%lldms", value);
    else if (value < 9950 && (value + 50) / 100 % 10 == 0)
        snprintf(when->text, sizeof(when->text), "%llds", (value + 50) / 1000);
    else if (value < 9950)
        snprintf(when->text, sizeof(when->text), "%lld.%llds", (value + 50) / 1000,
                 (value + 50) / 100 % 10);
    else if (value < 60000)
        snprintf(when->text, sizeof(when->text), "%llds", value / 1000);
    else if (value < 3600000)
        snprintf(when->text, sizeof(when->text), "%lldm", value / 60000);
    else if (value < 86400000)
        snprintf(when->text, sizeof(when->text), "%lldh", value / 3600000);
    else
        snprintf(when->text, sizeof(when->text), "%lldd", value / 86400000);
    return when->text;
}

const char *when_ago(struct when *when, int64_t at_ms, int64_t now_ms)
{
    struct when span;
    int64_t age = now_ms - at_ms;

    /* Clocks of two nodes differ a little: what seems to lie ahead has just been. */
    if (age < 1000)
        return "just now";
    if (age < 60000)
        snprintf(when->text, sizeof(when->text), "%llds ago", (long long)age / 1000);
    else
        snprintf(when->text, sizeof(when->text), "%s ago", when_span(&span, age));
    return when->text;
}

const char *when_exact(struct when *when, int64_t ms)
{
    long long fraction = ms % 1000;
    int digits = 3;
    struct text text;

    if (ms < 1000 || ms % 1000 == 0 || ms >= 3600000) {
        text_init(&text, when->text, sizeof(when->text));
        text_add_ms(&text, ms);
        return when->text;
    }
    while (fraction % 10 == 0) {
        fraction /= 10;
        digits--;
    }
    snprintf(when->text, sizeof(when->text), "%lld.%0*llds", (long long)ms / 1000, digits,
             fraction);
    return when->text;
}

/* strptime is lenient about what follows; here nothing may. */
static bool fits(const char *word, const char *format, struct tm *at)
{
    const char *end = strptime(word, format, at);

    return end && *end == '\0';
}

/* "yesterday 22:00", "yesterday": takes the word off, moves the day. */
static const char *read_day(const char *word, struct tm *at, bool *is_day)
{
    static const struct {
        const char *name;
        int days;
    } days[] = {{"today", 0}, {"yesterday", 1}};

    for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
        size_t length = strlen(days[i].name);

        if (strncmp(word, days[i].name, length) != 0 || (word[length] && word[length] != ' '))
            continue;
        at->tm_mday -= days[i].days;
        at->tm_hour = at->tm_min = 0;
        *is_day = true;
        return word + length + (word[length] == ' ');
    }
    *is_day = false;
    return word;
}

/* "2026-11-22T14:02:11Z" as logs have it, with seconds or without. */
static bool read_utc(const char *word, int64_t *at_ms)
{
    struct tm at = {0};

    if (!fits(word, "%Y-%m-%dT%H:%M:%SZ", &at) && !fits(word, "%Y-%m-%dT%H:%MZ", &at))
        return false;
    *at_ms = (int64_t)timegm(&at) * 1000;
    return true;
}

static bool read_date(const char *word, struct tm *at)
{
    static const char *const formats[] = {"%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M",
                                          "%Y-%m-%dT%H:%M:%S"};

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (fits(word, formats[i], at))
            return true;
    }
    at->tm_hour = at->tm_min = at->tm_sec = 0;
    return fits(word, "%Y-%m-%d", at);
}

bool when_read(const char *word, int64_t now_ms, int64_t *at_ms, struct err *err)
{
    time_t now = (time_t)(now_ms / 1000);
    bool is_clock, is_day;
    const char *rest;
    struct tm at;
    long long ago;

    if (text_to_ms(word, &ago)) {
        *at_ms = now_ms - ago;
        return true;
    }
    if (read_utc(word, at_ms))
        return true;
    if (!localtime_r(&now, &at))
        return err_set(err, "the clock of this machine is wrong");
    at.tm_sec = 0;
    rest = read_day(word, &at, &is_day);
    is_clock = fits(rest, "%H:%M", &at) || fits(rest, "%H:%M:%S", &at);
    if (!is_clock && !(is_day ? *rest == '\0' : read_date(rest, &at)))
        return err_set(err,
                       "\"%s\" is no time; write 14:02, 14:02:11, \"2026-11-22 14:02\", "
                       "\"yesterday 22:00\", or 10m for ten minutes ago",
                       word);
    at.tm_isdst = -1;
    *at_ms = (int64_t)mktime(&at) * 1000;
    if (is_clock && !is_day && *at_ms > now_ms) {
        at.tm_mday--;
        at.tm_isdst = -1;
        *at_ms = (int64_t)mktime(&at) * 1000;
    }
    return true;
}

int64_t when_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
