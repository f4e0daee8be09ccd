/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Times for people. Instants are Unix milliseconds of the wall clock and are
 * shown in local time; spans are milliseconds. Everything goes into a small
 * buffer of the caller, which is returned.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ha/base/err.h"

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
/*
 * "14:02" or "14:02:11", the last time it was that; "yesterday 22:00"; "2026-11-22", with a time or
 * a "T" and a time; "2026-11-22T14:02Z"; "10m": so long ago.
 */
bool when_read(const char *word, int64_t now_ms, int64_t *at_ms, struct err *err);
/* The wall clock. */
int64_t when_now(void);
