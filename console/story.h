/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results that read better as sentences than as a table. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* "ocf:web started -> recovery on beta" */
void story_head(char *words, size_t size, const json_t *event);
/* "ocf:web started -> recovery on beta: beta has been silent for 2000 ms" */
void story_event(char *words, size_t size, const json_t *event);
/* The same with its time in front, as a line. */
void story_event_line(FILE *out, const json_t *event, int64_t now_ms, bool in_colour);
/* How a node's state is called: "fence" would read as if somebody had fenced it just now. */
const char *story_node_state(const char *state);
/* "cluster status": a short block with the chain of times. */
/* Quorum by somebody's word, as one line. */
void story_forced(FILE *out, const json_t *forced, int64_t now_ms);
void story_status(FILE *out, const json_t *status, int64_t now_ms);
/* That a policy waits to be confirmed, and what comes back when; one line. */
void story_confirm(FILE *out, const json_t *confirm, int64_t now_ms);
/* One thing that is wrong with a policy, as the agent tells it. */
void story_diagnostic(FILE *out, const json_t *diagnostic);
