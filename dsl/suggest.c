/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The nearest word; the first considered wins a tie, so an order of candidates is an answer. */
#include "dsl/suggest.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "ha/base/text.h"

struct suggestion suggestion_for(const char *word)
{
    /* A third of the letters may be wrong, two at least ("no" is not meant by "xy"). */
    int length = (int)strlen(word);
    int allowed = length < 3 ? 1 : length < 7 ? 2 : length / 3;

    return (struct suggestion){.word = word, .distance = allowed + 1};
}

void suggestion_take(struct suggestion *suggestion, const char *candidate)
{
    suggestion->best = candidate;
    suggestion->distance = 0;
}

void suggestion_consider(struct suggestion *suggestion, const char *candidate)
{
    int longer = (int)strlen(candidate) - (int)strlen(suggestion->word);
    int distance;

    /* A name in capitals is far from itself, and nobody doubts what was meant. */
    if (longer == 0 && suggestion->distance > 0 && strcasecmp(suggestion->word, candidate) == 0)
        suggestion_take(suggestion, candidate);
    /* Fewer letters than that cannot be put right; this spares most of the counting. */
    if (longer >= suggestion->distance || -longer >= suggestion->distance)
        return;
    distance = text_distance(suggestion->word, candidate);
    if (distance < suggestion->distance && distance < (int)strlen(candidate)) {
        suggestion->best = candidate;
        suggestion->distance = distance;
    }
}
