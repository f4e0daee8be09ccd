/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads that are current: what a member knows of them, and what its other parts call. */
#pragma once

#include "ha/base/json.h"
#include "quorum/ring.h"

struct member;

/* Reads that want to be current: one question at a time is under way for all of them. */
struct reading {
    uint64_t wanted;   /* the newest number that somebody waits for */
    uint64_t answered; /* the newest that was */
    uint64_t sent;     /* under way in this view; 0: none */
    node_set heard;    /* who answered that one */
};

/* Another view: what was asked in the one before is asked anew. */
void read_begin(struct member *member);
/* Asks what is to be asked, and says what was answered; also after we came in sync. */
void read_look(struct member *member);
bool read_asked(struct member *member, node_id from, const json_t *body, struct err *err);
bool read_heard(struct member *member, node_id from, const json_t *body, struct err *err);
