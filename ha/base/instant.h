/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A point in time and a span of time, both in milliseconds, as two types that
 * the compiler does not let anybody mix. Which clock an instant belongs to is
 * said where it is stored: ledger time (agreed, inside ha_state) or the local
 * CLOCK_BOOTTIME (leases, keepers, timers). Wall clocks decide nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct instant {
    int64_t ms;
};

struct duration {
    int64_t ms;
};

#define INSTANT_NEVER ((struct instant){INT64_MAX})
#define INSTANT_UNKNOWN ((struct instant){0})

static inline struct duration duration_ms(int64_t ms)
{
    return (struct duration){ms};
}

static inline struct instant instant_after(struct instant from, struct duration span)
{
    if (from.ms == INT64_MAX)
        return from;
    return (struct instant){from.ms + span.ms};
}

static inline struct duration instant_since(struct instant later, struct instant earlier)
{
    return (struct duration){later.ms - earlier.ms};
}

static inline bool instant_before(struct instant a, struct instant b)
{
    return a.ms < b.ms;
}

static inline bool instant_reached(struct instant now, struct instant due)
{
    return now.ms >= due.ms;
}

static inline struct instant instant_earliest(struct instant a, struct instant b)
{
    return a.ms < b.ms ? a : b;
}

static inline struct instant instant_latest(struct instant a, struct instant b)
{
    return a.ms > b.ms ? a : b;
}
