/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One row of the agent's watch stream, taken apart into what the pages show.
 * Immutable; its texts belong to it. Whatever the row lacks is shown as not known.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct arena;

struct picture_node {
    const char *name;
    const char *state;
    const char *role;
    const char *why;
    int64_t lease_ms; /* -1: not known */
    int services;
    bool is_armed;
};

struct picture_service {
    const char *name;
    const char *state;
    const char *node; /* "": nowhere */
    const char *target;
    const char *wanted;
    const char *why;
    int64_t since_ms; /* 0: not known */
};

struct picture_event {
    int64_t at_ms;
    const char *words;
};

struct picture {
    struct arena *arena;
    const char *cluster;
    const char *node; /* whose agent tells this */
    const char *reason;
    const char *keeper;
    bool is_quorate;
    bool is_in_sync;
    bool is_stale; /* what it says of nodes and services is what it last knew */
    bool is_armed;
    int votes;
    int expected;
    bool is_forced;         /* by an operator's word */
    int64_t lease_ms;       /* -1: not known */
    int64_t policy_version; /* 0: none */
    const char *policy_author;
    int64_t policy_at_ms;
    int64_t
        back_version; /* comes back unless somebody confirms the one in force; 0: nothing waits */
    int64_t confirm_until_ms;
    int64_t now_ms; /* the agent's clock when it said this */
    struct picture_node *nodes;
    int n_nodes;
    struct picture_service *services;
    int n_services;
    struct picture_event *events; /* newest last */
    int n_events;
};

struct picture *picture_new(const json_t *row);
void picture_free(struct picture *picture);
