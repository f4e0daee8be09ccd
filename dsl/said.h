/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What has been said already while names are looked up, so that one slip gives one message and
 * what follows from it gives none. Internal to this room.
 */
#pragma once

#include <stdbool.h>

#include "dsl/diagnostic.h"

struct resolution;
struct syntax;

struct said {
    bool links_are_unsure;      /* some addresses were not understood */
    bool is_unsure_of_nodes;    /* a node was declared, if not well */
    bool is_unsure_of_services; /* the same of a service, so a name that nobody bears may be its */
    bool defaults_are_unsure;   /* one of them was reported, so what services lack is not */
    bool is_in_broken;          /* the statement was reported, so how its ranges look is not */
    int mixed_line;      /* the last line with a service for a node, or a node for a service */
    int open_range_line; /* the last one with a "[" that was reported and not closed */
};

/* "did you mean": the word may be a range, of which the name was one; then a range is offered. */
void said_suggest(struct resolution *resolution, struct diagnostic *entry, const struct syntax *at,
                  const char *name, const char *meant);
/* An unknown name is told once; where else it stands is a note, as far as there is room for it. */
bool said_before(struct resolution *resolution, enum diagnostic_code code, const struct syntax *at,
                 const char *name);
