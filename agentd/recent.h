/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The newest events, oldest first, as verb_events_of and audit_event make them: what a screen shows
 * of the past, kept so that a picture of it costs no disk.
 */
#pragma once

#include <jansson.h>

/* What a screen's timeline shows at most. */
#define RECENT_MAX 50

/* At its place in time; a request that is there already gives way to the newer word of it. */
void recent_add(json_t *recent, json_t *row);
/* All are about to be added anew. */
void recent_drop_decisions(json_t *recent);
