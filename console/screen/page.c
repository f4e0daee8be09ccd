/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all pages share: the choice of the page, and titles; see page.h. */
#include "console/screen/page.h"

#include "console/screen/layout.h"
#include "console/screen/wrap.h"
#include "console/width.h"

void page_title(struct canvas *canvas, int row, const char *title, const char *note, bool has_focus)
{
    int note_columns = note[0] ? width_of(note) + 1 : 0;
    int end = canvas->columns - 1;
    int column = 1;

    column += canvas_put(canvas, row, column, canvas->columns - 2,
                         has_focus ? STYLE_FOCUS : STYLE_TITLE, title);
    if (note_columns > end - column - 4)
        note_columns = 0;
    canvas_fill(canvas, row, column + 1, end - note_columns, STYLE_RULE, "─");
    if (note_columns)
        canvas_put(canvas, row, end - note_columns + 1, note_columns, STYLE_QUIET, note);
}

static void draw_too_small(struct canvas *canvas)
{
    struct wrapped line;
    struct wrap wrap;
    char words[96];

    snprintf(words, sizeof(words),
             "the window is too small: %dx%d; it needs %d columns and %d rows", canvas->columns,
             canvas->rows, LAYOUT_COLUMNS_MIN, LAYOUT_ROWS_MIN);
    wrap = wrap_begin(words, canvas->columns);
    for (int row = 0; row < canvas->rows && wrap_next(&wrap, &line); row++)
        canvas_print(canvas, row, 0, canvas->columns, STYLE_PLAIN, "%.*s", (int)line.length,
                     line.start);
}

void page_draw(const struct model *model, struct canvas *canvas)
{
    const struct page *page = model->is_help_open ? &page_help : &page_overview;

    canvas_clear(canvas);
    if (model->rows < LAYOUT_ROWS_MIN || model->columns < LAYOUT_COLUMNS_MIN)
        draw_too_small(canvas);
    else
        page->draw(model, canvas);
}
