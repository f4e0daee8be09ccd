/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plays plans, and says which promise was broken first. */
#pragma once

#include "tests/swarm/plan.h"

#define PROMISE_MAX 80

struct play {
    bool is_bad;
    char promise[PROMISE_MAX]; /* which, without names: what a smaller history must break too */
    char words[REASON_TEXT_MAX];
    uint64_t hash; /* of all that was told */
    long n_events;
    long n_changes;
    long n_fences;
    long n_answers;
};

/* To be called once: from then on an assertion that fails is a broken promise. */
void play_begin(void);
/* Marks the events of the plan that turned out to be impossible. */
void play_plan(struct plan *plan, struct play *play);
