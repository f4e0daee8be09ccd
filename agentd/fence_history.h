/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The losses of the past, out of what was agreed: which node, by what proof it was off, and how
 * long each part took. Works on events as verb_events_of makes them.
 */
#pragma once

#include <jansson.h>

struct fence_history;

struct fence_history *fence_history_new(void);
void fence_history_free(struct fence_history *history);
/* Events, oldest first; a part at a time. */
void fence_history_take(struct fence_history *history, const json_t *events);
/*
 * One row a loss, oldest first: node, at (it was proven off), proof, proof_ms (since it was
 * missed), services (that were lost with it), waiting (of these, not running yet), again_ms (from
 * the proof until the last of them ran, or was to be stopped; null while any waits), why.
 */
const json_t *fence_history_rows(const struct fence_history *history);
