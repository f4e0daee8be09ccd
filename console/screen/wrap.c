/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines out of text; see wrap.h. */
#include "console/screen/wrap.h"

#include <string.h>

#include "console/width.h"

struct wrap wrap_begin(const char *text, int columns)
{
    return (struct wrap){.at = text ? text : "", .columns = columns < 4 ? 4 : columns};
}

/* Where a line that fits so far is best broken: before its last word. */
static size_t break_at(const char *text, size_t fits)
{
    for (size_t i = fits; i > 0; i--) {
        if (text[i] == ' ' && strspn(text, " ") < i)
            return i;
    }
    return fits;
}

bool wrap_next(struct wrap *wrap, struct wrapped *line)
{
    const char *text = wrap->at;
    size_t whole = strcspn(text, "\n"), fits;

    if (*text == '\0')
        return false;
    if (!wrap->is_open) {
        wrap->indent = (int)strspn(text, " ");
        if (wrap->indent > wrap->columns / 2)
            wrap->indent = 0;
    }
    *line = (struct wrapped){.start = text, .indent = wrap->is_open ? wrap->indent : 0};
    fits = width_fit(text, wrap->columns - line->indent, NULL);
    wrap->is_open = fits < whole;
    line->length = wrap->is_open ? break_at(text, fits) : whole;
    wrap->at += line->length;
    wrap->at += wrap->is_open ? strspn(wrap->at, " ") : *wrap->at == '\n';
    return true;
}

int wrap_count(const char *text, int columns)
{
    struct wrap wrap = wrap_begin(text, columns);
    struct wrapped line;
    int count = 0;

    while (wrap_next(&wrap, &line))
        count++;
    return count;
}
