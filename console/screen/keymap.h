/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys and what they do, from keymap.def. */
#pragma once

#include "console/screen/key.h"

enum action {
#define ACTION(id, ...) ACTION_##id,
#include "console/screen/keymap.def"
#undef ACTION
    ACTIONS
};

struct key_row {
    const char *shown;
    const char *help;
    int keys[2];
};

extern const struct key_row keymap[ACTIONS];

/* ACTIONS for a key that does nothing. */
enum action keymap_find(int key);
