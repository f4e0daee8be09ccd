/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The flight recorder: what the manager on this node knew at each step and what
 * it decided, in a file bounded in bytes and the one before it (ha/model/
 * codec_record.h says what is in them). A thread of its own writes, so that no
 * disk stands between the ring and the beat; nothing is synced, because nobody
 * decides on it. What cannot be written is lost and said once; the record goes
 * on with a full step.
 */
#pragma once

#include <stddef.h>

#include "ha/model/codec_record.h"

struct recorder;

/* Whose step it is, and the text that its policy was made from. */
struct flight {
    const char *node;
    uint64_t policy_version;
    const char *policy_text;
};

/* The file at path is gone on with; beyond bytes_max it becomes path.old. */
struct recorder *recorder_new(const char *path, size_t bytes_max);
/* Writes what is queued. */
void recorder_free(struct recorder *recorder);
/* For tests: waits until what is queued is written, or lost. */
void recorder_settle(struct recorder *recorder);
/* At once back. */
void recorder_step(struct recorder *recorder, const struct flight *flight,
                   const struct record_step *step);
