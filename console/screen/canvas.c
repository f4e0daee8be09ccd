/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cells and how text falls into them; see canvas.h. */
#include "console/screen/canvas.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>

#include "console/width.h"
#include "ha/base/arena.h"

struct stand_in {
    uint32_t code;
    char plain;
};

static const struct stand_in stand_ins[] = {
    {0x25CF, '*'}, /* ● */
    {0x25D0, '~'}, /* ◐ */
    {0x25CB, 'o'}, /* ○ */
    {0x2716, 'x'}, /* ✖ */
    {0x25C7, '='}, /* ◇ */
    {0x2500, '-'}, /* ─ */
    {0x203A, '>'}, /* › */
    {0x2026, '>'}, /* … */
    {0x2192, '>'}, /* → */
    {0x00B7, '.'}, /* · */
};

struct canvas *canvas_new(int rows, int columns, bool is_ascii)
{
    struct canvas *canvas = xcalloc(1, sizeof(*canvas));

    assert(rows > 0 && columns > 0);
    canvas->rows = rows;
    canvas->columns = columns;
    canvas->is_ascii = is_ascii;
    canvas->cells = xcalloc((size_t)rows * (size_t)columns, sizeof(struct cell));
    canvas_clear(canvas);
    return canvas;
}

void canvas_free(struct canvas *canvas)
{
    if (!canvas)
        return;
    free(canvas->cells);
    free(canvas);
}

void canvas_clear(struct canvas *canvas)
{
    for (int i = 0; i < canvas->rows * canvas->columns; i++)
        canvas->cells[i] = (struct cell){.codes = {' '}, .style = STYLE_PLAIN};
    canvas->cursor_row = 0;
    canvas->cursor_column = -1;
    canvas->is_old = false;
}

static uint32_t plain_code(uint32_t code)
{
    for (size_t i = 0; i < sizeof(stand_ins) / sizeof(stand_ins[0]); i++) {
        if (stand_ins[i].code == code)
            return (uint32_t)stand_ins[i].plain;
    }
    return '?';
}

static struct cell *cell_at(struct canvas *canvas, int row, int column)
{
    return &canvas->cells[row * canvas->columns + column];
}

const struct cell *canvas_at(const struct canvas *canvas, int row, int column)
{
    assert(row >= 0 && row < canvas->rows && column >= 0 && column < canvas->columns);
    return &canvas->cells[row * canvas->columns + column];
}

static void combine(struct cell *cell, uint32_t code)
{
    for (int i = 1; i < CELL_CODES; i++) {
        if (cell->codes[i] == 0) {
            cell->codes[i] = code;
            return;
        }
    }
}

/* Overwriting half of a wide character leaves a blank in the other half. */
static void clear_halves(struct canvas *canvas, int row, int column)
{
    struct cell *cell = cell_at(canvas, row, column);

    if (cell->codes[0] == 0 && column > 0)
        cell_at(canvas, row, column - 1)->codes[0] = ' ';
    if (column + 1 < canvas->columns && cell_at(canvas, row, column + 1)->codes[0] == 0)
        cell_at(canvas, row, column + 1)->codes[0] = ' ';
}

static void put_code(struct canvas *canvas, int row, int column, uint32_t code, int width,
                     enum style style)
{
    for (int i = 0; i < width; i++) {
        clear_halves(canvas, row, column + i);
        *cell_at(canvas, row, column + i) = (struct cell){
            .codes = {i == 0 ? code : 0},
            .style = (uint8_t)(canvas->is_old && style == STYLE_PLAIN ? STYLE_QUIET : style),
        };
    }
}

/* As wide as what it stands for, so that columns line up all the same. */
static void put_stand_in(struct canvas *canvas, int row, int column, uint32_t code, int width,
                         enum style style)
{
    for (int i = 0; i < width; i++)
        put_code(canvas, row, column + i, plain_code(code), 1, style);
}

/* The code points of the text, up to so many bytes. */
static int put_bytes(struct canvas *canvas, int row, int column, const char *text, size_t length,
                     enum style style)
{
    const char *end = text + length;
    int used = 0;

    while (text < end) {
        uint32_t code = width_next(&text);
        int width = width_of_code(code);

        if (canvas->is_ascii && code >= 0x7F)
            put_stand_in(canvas, row, column + used, code, width, style);
        else if (width > 0)
            put_code(canvas, row, column + used, code, width, style);
        else if (used > 0)
            combine(cell_at(canvas, row, column + used - 1), code);
        used += width;
    }
    return used;
}

int canvas_put(struct canvas *canvas, int row, int column, int width, enum style style,
               const char *text)
{
    int used = 0;
    size_t length;

    if (row < 0 || row >= canvas->rows || column < 0 || column >= canvas->columns || width <= 0)
        return 0;
    if (width > canvas->columns - column)
        width = canvas->columns - column;
    length = width_fit(text, width, NULL);
    if (text[length] == '\0')
        return put_bytes(canvas, row, column, text, length, style);
    length = width_fit(text, width - 1, NULL);
    used = put_bytes(canvas, row, column, text, length, style);
    return used + put_bytes(canvas, row, column + used, "…", sizeof("…") - 1, style);
}

int canvas_print(struct canvas *canvas, int row, int column, int width, enum style style,
                 const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return canvas_put(canvas, row, column, width, style, text);
}

void canvas_fill(struct canvas *canvas, int row, int from, int to, enum style style,
                 const char *sign)
{
    for (int column = from; column < to && column < canvas->columns; column++)
        canvas_put(canvas, row, column, 1, style, sign);
}

void canvas_select(struct canvas *canvas, int row)
{
    if (row < 0 || row >= canvas->rows)
        return;
    for (int column = 0; column < canvas->columns; column++)
        cell_at(canvas, row, column)->style |= STYLE_SELECTED;
}
