/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The limits of what is kept of events and requests; a part of limits.h. */
#pragma once

/* Events kept on each node for the timeline. */
#define EVENTS_KEPT_MAX 10000
/* Requests kept on each node, as many as events; some 500 bytes each, so 5 MiB. */
#define REQUESTS_KEPT_MAX 10000
/* Of those who may not ask: they must not push out what administrators asked for. */
#define REQUESTS_MINOR_MAX 1000
/* One of them, with so many arguments, each word cut at REASON_TEXT_MAX. */
#define REQUEST_BYTES_MAX 8192
#define REQUEST_WORDS_MAX 8
/* So many that it refused a node keeps at once, and one more in that time: a script gone wild. */
#define REQUESTS_IN_A_ROW 60
#define REQUEST_EVERY_MS 1000
/* Rows in one message, of 25 to 400 KiB; beats go between messages. */
#define REQUESTS_TOLD_MAX 50
/* They are compared by hours, and all that is older than so many of them at once. */
#define REQUESTS_SPAN_MS (60 * 60000)
#define REQUESTS_SPANS_MAX 500
/* After a change of view: who has just come has others to do first, and more may come. */
#define REQUESTS_COMPARE_MS 1000
