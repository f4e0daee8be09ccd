/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of keymap.def; see keymap.h. */
#include "console/screen/keymap.h"

const struct key_row keymap[ACTIONS] = {
#define ACTION(id, shown, help, ...) [ACTION_##id] = {shown, help, {__VA_ARGS__}},
#include "console/screen/keymap.def"
#undef ACTION
};

enum action keymap_find(int key)
{
    for (int action = 0; action < ACTIONS; action++) {
        if (key != 0 && (keymap[action].keys[0] == key || keymap[action].keys[1] == key))
            return (enum action)action;
    }
    return ACTIONS;
}
