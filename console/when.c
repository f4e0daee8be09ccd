/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Times for people; see when.h. */
#include "console/when.h"

#include <stdio.h>
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

bool when_read(const char *word, int64_t now_ms, int64_t *at_ms, struct err *err)
{
    time_t now = (time_t)(now_ms / 1000);
    struct tm at;
    long long ago;
    bool is_clock;

    if (text_to_ms(word, &ago)) {
        *at_ms = now_ms - ago;
        return true;
    }
    if (!localtime_r(&now, &at))
        return err_set(err, "the clock of this machine is wrong");
    at.tm_sec = 0;
    is_clock = fits(word, "%H:%M", &at) || fits(word, "%H:%M:%S", &at);
    if (!is_clock && !fits(word, "%Y-%m-%d %H:%M", &at) && !fits(word, "%Y-%m-%d %H:%M:%S", &at))
        return err_set(err,
                       "\"%s\" is no time; write 14:02, 14:02:11, \"2026-11-22 14:02\", or 10m "
                       "for ten minutes ago",
                       word);
    at.tm_isdst = -1;
    *at_ms = (int64_t)mktime(&at) * 1000;
    if (is_clock && *at_ms > now_ms) {
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
