/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Times for people. Instants are Unix milliseconds of the wall clock and are
 * shown in local time; spans are milliseconds. Everything goes into a small
 * buffer of the caller, which is returned.
 */
#pragma once

#include <stdint.h>

#define WHEN_SIZE 32

struct when {
    char text[WHEN_SIZE];
};

/* "14:02:11" today, else "Nov 21 14:02". */
const char *when_clock(struct when *when, int64_t at_ms, int64_t now_ms);
/* "just now", "42s ago", "2h ago", "3d ago". */
const char *when_ago(struct when *when, int64_t at_ms, int64_t now_ms);
/* About how long, short enough for a table: "320ms", "1.8s", "42s", "12m", "2h", "3d". */
const char *when_span(struct when *when, int64_t ms);
/* Exactly how long, for times that somebody set: "7.32s", "500ms", "5m". */
const char *when_exact(struct when *when, int64_t ms);
/* The wall clock. */
int64_t when_now(void);
