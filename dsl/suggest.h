/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * "Did you mean": the one of many words that is nearest to what was written, if any is
 * near enough to be meant.
 */
#pragma once

struct suggestion {
    const char *word; /* what was written */
    const char *best; /* NULL as long as nothing is near enough */
    int distance;
};

struct suggestion suggestion_for(const char *word);
/* It is known that this one was meant. */
void suggestion_take(struct suggestion *suggestion, const char *candidate);
void suggestion_consider(struct suggestion *suggestion, const char *candidate);
