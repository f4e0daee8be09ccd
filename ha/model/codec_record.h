/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The flight record: what a manager knew at each step, and what it decided, as
 * lines of JSON. A record is whole by itself: it begins with
 *
 *   {"record":1,"program":"0.1.0","node":"alpha"}
 *   {"policy":7,"text":"cluster home ..."}
 *   {"full":true,"at":...,"now":...,"self":"alpha","before":{},"seen":{},"after":{}}
 *
 * and goes on with steps that say only what is different from the step before: "before" from the
 * last "after", "seen" from the last "seen". A step on which nothing was new but the time, and
 * nothing was decided, is left out. Records put one behind the other are a record.
 */
#pragma once

#include <jansson.h>

#include "ha/base/err.h"
#include "ha/model/change.h"
#include "ha/model/cluster_view.h"
#include "ha/model/ha_state.h"
#include "ha/model/policy.h"

#define RECORD_FORMAT 1

/* One step of a manager. */
struct record_step {
    const struct policy *policy;
    const struct cluster_view *view;
    const struct ha_state *before; /* as it was agreed */
    const struct ha_state *after;  /* as it was decided */
    const struct answer *answers;
    int n_answers;
    node_set fences; /* nodes declared proven off */
};

/* ---- writing: new references ----------------------------------------------------------------- */

struct record_writer;

struct record_writer *record_writer_new(void);
void record_writer_free(struct record_writer *writer);
json_t *record_begin(const char *program, const char *node);
json_t *record_policy(uint64_t version, const char *text);
/* The next step is written in full: after a policy, a gap, at the begin of a file. */
void record_writer_restart(struct record_writer *writer);
/* The next line, or NULL: nothing in it is worth one. */
json_t *record_writer_step(struct record_writer *writer, const struct record_step *step);

/* ---- reading --------------------------------------------------------------------------------- */

enum record_line {
    RECORD_BEGIN,
    RECORD_POLICY, /* the reader's policy is to be set to what its text says */
    RECORD_STEP,
};

struct record_reader {
    const struct policy *policy;
    bool is_other;          /* than the one recorded: what it does not know is passed over */
    bool is_begun;          /* a full step has been read, so that differences mean something */
    struct ha_state *state; /* as decided in the last step */
    struct ha_state *before;
    struct cluster_view *view;
    struct answer answers[COMMANDS_MAX];
    int n_answers;
    node_set fences;
};

void record_reader_init(struct record_reader *reader);
void record_reader_fini(struct record_reader *reader);
/* What kind of line it is; false and err: none that this version knows. */
bool record_kind(const json_t *line, enum record_line *kind, struct err *err);
/* Takes in a step. */
bool record_read_step(struct record_reader *reader, const json_t *line, struct err *err);
