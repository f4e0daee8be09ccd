/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A page is a function that draws a model; it knows no terminal. */
#pragma once

#include "console/screen/canvas.h"
#include "console/screen/model.h"

struct page {
    const char *name;
    void (*draw)(const struct model *model, struct canvas *canvas);
};

extern const struct page page_overview;
extern const struct page page_help;

/* The whole screen of a model. */
void page_draw(const struct model *model, struct canvas *canvas);
/* A pane's title with a rule to the right edge; note stands at the rule's end. */
void page_title(struct canvas *canvas, int row, const char *title, const char *note,
                bool has_focus);
