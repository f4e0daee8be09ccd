/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cells as lines of text: the screen of the tests. */
#include "console/screen/canvas.h"
#include "console/width.h"

static bool is_blank(const struct cell *cell)
{
    return cell->codes[0] == ' ' && cell->codes[1] == 0;
}

static void write_cell(FILE *out, const struct cell *cell)
{
    for (int i = 0; i < CELL_CODES && cell->codes[i]; i++) {
        char bytes[4];

        fwrite(bytes, 1, width_encode(cell->codes[i], bytes), out);
    }
}

void canvas_text_write(FILE *out, const struct canvas *canvas)
{
    for (int row = 0; row < canvas->rows; row++) {
        int end = canvas->columns;

        while (end > 0 && is_blank(canvas_at(canvas, row, end - 1)))
            end--;
        for (int column = 0; column < end; column++)
            write_cell(out, canvas_at(canvas, row, column));
        fputc('\n', out);
    }
}

/* A capital letter means: selected. */
void canvas_text_write_styles(FILE *out, const struct canvas *canvas)
{
    for (int row = 0; row < canvas->rows; row++) {
        for (int column = 0; column < canvas->columns; column++) {
            uint8_t style = canvas_at(canvas, row, column)->style;
            char letter = theme[style & ~STYLE_SELECTED].letter;

            if (style & STYLE_SELECTED)
                letter = letter >= 'a' && letter <= 'z' ? (char)(letter - 'a' + 'A') : '#';
            fputc(letter, out);
        }
        fputc('\n', out);
    }
}
