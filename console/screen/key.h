/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A key: a code point, or one of these where there is none. */
#pragma once

#include <stdint.h>

enum press {
    PRESS_UP = -1,
    PRESS_DOWN = -2,
    PRESS_LEFT = -3,
    PRESS_RIGHT = -4,
    PRESS_PAGE_UP = -5,
    PRESS_PAGE_DOWN = -6,
    PRESS_HOME = -7,
    PRESS_END = -8,
    PRESS_BACKSPACE = -9,
    PRESS_BACK_TAB = -10,
    PRESS_NONE = -99,
};

#define PRESS_TAB 9
#define PRESS_ENTER 13
#define PRESS_ESCAPE 27
#define PRESS_CTRL(letter) ((letter)&0x1F)
