/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which rows of the screen belong to what. */
#pragma once

#include "console/screen/model.h"

/* Below this nothing sensible can be shown. */
#define LAYOUT_ROWS_MIN 10
#define LAYOUT_COLUMNS_MIN 40

struct area {
    int title; /* the row of its title; its lines follow */
    int lines; /* how many of them */
    int total; /* how many there would be */
};

struct layout {
    struct area panes[PANES];
    int footer;
};

struct layout layout_of(const struct model *model);
/* Where words begin in the timeline: times of other days are wider. */
int layout_time_columns(const struct model *model);
/* How many columns the words in the bottom pane have. */
int layout_words_columns(const struct model *model);
