/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a step decided then and what it decides now, in words for people. */
#pragma once

#include "ha/model/codec_record.h"
#include "ha/whatif/replay.h"

struct replay_words {
    const char *kind; /* service, node, cluster, command */
    char subject[SERVICE_NAME_MAX + NODE_NAME_MAX + 32];
    char then[REASON_TEXT_MAX + 256];
    char now[REASON_TEXT_MAX + 256];
};

void replay_words_of(struct replay_words *words, const struct replay_difference *difference,
                     const struct record_reader *reader, const struct replay *replay);
