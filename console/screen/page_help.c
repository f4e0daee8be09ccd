/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys and the marks, from the rows that also make them work. */
#include "console/screen/keymap.h"
#include "console/screen/page.h"
#include "console/screen/theme.h"

#define KEY_COLUMN 3
#define HELP_COLUMN 18

struct mark_row {
    const char *state; /* one of those that are marked so */
    const char *meaning;
};

static const struct mark_row marks[] = {
    {"started", "started, online: as it should be"},
    {"migrate", "on its way: starting, stopping, moving, recovering; a node in maintenance"},
    {"fence", "trouble: error, or its node is lost and not yet proven off"},
    {"stopped", "stopped; a node that has left the policy"},
    {"freeze", "left alone while its agent restarts; on all: only what was last known"},
};

#define N_MARKS (int)(sizeof(marks) / sizeof(marks[0]))

static void draw_line(struct canvas *canvas, int row, int line)
{
    int width = canvas->columns - HELP_COLUMN - 1;

    if (line < ACTIONS) {
        canvas_put(canvas, row, KEY_COLUMN, HELP_COLUMN - KEY_COLUMN - 1, STYLE_KEY,
                   keymap[line].shown);
        canvas_put(canvas, row, HELP_COLUMN, width, STYLE_PLAIN, keymap[line].help);
    } else if (line > ACTIONS && line - ACTIONS - 1 < N_MARKS) {
        const struct mark_row *mark = &marks[line - ACTIONS - 1];
        struct mark shown = theme_service_mark(mark->state);

        canvas_put(canvas, row, KEY_COLUMN, 2, shown.style, shown.glyph);
        canvas_put(canvas, row, KEY_COLUMN + 3, canvas->columns - KEY_COLUMN - 4, STYLE_PLAIN,
                   mark->meaning);
    }
}

static void draw(const struct model *model, struct canvas *canvas)
{
    int last = ACTIONS + N_MARKS, shown = canvas->rows - 2;
    int top = model->help_top;

    if (top > last + 1 - shown)
        top = last + 1 - shown < 0 ? 0 : last + 1 - shown;
    page_title(canvas, 0, "HELP", "Esc closes", true);
    for (int i = 0; i < shown && top + i <= last; i++)
        draw_line(canvas, 1 + i, top + i);
    canvas_put(canvas, canvas->rows - 1, 1, canvas->columns - 2, STYLE_QUIET,
               "\"tenuto shell\" is a command line with the same verbs; \":help\" lists them");
}

const struct page page_help = {
    .name = "help",
    .draw = draw,
};
