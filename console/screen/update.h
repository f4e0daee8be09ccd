/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * (model, key or news) -> model, and what should be done about it. Touches
 * nothing but the model; time comes as an argument.
 */
#pragma once

#include <jansson.h>

#include "console/screen/model.h"

enum request_kind {
    REQUEST_NONE,
    REQUEST_RUN,    /* the verb line, its words into the result */
    REQUEST_CANCEL, /* what still runs: nobody looks any more */
    REQUEST_REDRAW, /* the terminal, from nothing */
    REQUEST_QUIT,
};

struct request {
    enum request_kind kind;
    char line[INPUT_MAX + SERVICE_NAME_MAX];
};

/* key: a code point or an enum press. */
struct request update_key(struct model *model, int key);
/* A row of the watch stream. */
void update_picture(struct model *model, const json_t *row, int64_t now_ms);
/* There is no agent; the words say why. */
void update_away(struct model *model, const char *words, int64_t now_ms);
void update_clock(struct model *model, int64_t now_ms);
void update_size(struct model *model, int rows, int columns);
/* What the verb has said so far. */
void update_result(struct model *model, const char *text, bool is_running, int code);
