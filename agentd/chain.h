/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The chain of decisions that led to where a service is: its own newest story,
 * and of everything else only what caused a step of it. Works on events as
 * verb_events_of makes them, oldest first.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Where the newest story begins among a service's own events: where it last ran, or was stopped. */
size_t chain_begin(const json_t *own);
/*
 * events: all since then, of whomever; a new array with those that belong to the story. waits_for:
 * a node that is the cause of how it is now, or NULL.
 */
json_t *chain_of(const json_t *events, const char *service, const char *waits_for);
/* A line of a text, from 1, without the blanks around it; "" if there is none. */
json_t *chain_line(const char *text, int64_t line);
