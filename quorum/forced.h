/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Quorum by somebody's word: nodes that an operator swears are off count for nothing, for a stated
 * time. A value, and every decision about it; PROTOCOL.md, "Votes by somebody's word", says why it
 * is right.
 */
#pragma once

#include <jansson.h>

#include "ha/base/err.h"
#include "quorum/group.h"
#include "quorum/ring.h"

#define FORCED_BY_MAX 64

struct forced {
    bool is_in_force;
    int expected;            /* votes, as told to votequorum */
    uint32_t off[NODES_MAX]; /* nodeids */
    int n_off;
    struct instant until;      /* CLOCK_BOOTTIME of the boot below */
    char boot_id[BOOT_ID_MAX]; /* a word does not outlive the boot it was given in */
    char by[FORCED_BY_MAX];
    int64_t at, until_wall; /* for people */
};

/* What is asked for: by these votes, with these nodes off, for that long. */
struct forced_wish {
    const struct roster *configured;
    node_set here; /* nodes of the ring */
    node_set off;
    int expected;
    struct duration lasts;
};

/* false: refused, with words that say what to do. */
bool forced_check(const struct forced_wish *wish, struct err *err);
/* "beta gamma" or "beta,gamma", each a node of the list. */
bool forced_read_names(const struct roster *configured, const char *names, node_set *off,
                       struct err *err);
/* The roster by which is counted while the word is in force. */
void forced_apply(const struct forced *forced, struct roster *roster);
/* Agents that hold a quorum of the configured votes need nobody's word. */
bool forced_is_needless(const struct roster *configured, const struct group_peer *agents,
                        int n_agents);

json_t *forced_write(const struct forced *forced);
/* false: not in force, or of another boot, or over. */
bool forced_read(const json_t *record, const char *boot_id, struct instant now,
                 struct forced *forced);
