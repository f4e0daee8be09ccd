/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What colours and attributes mean: a style is a meaning, theme.def says how it looks. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum style {
#define STYLE(id, ...) STYLE_##id,
#include "console/screen/theme.def"
#undef STYLE
    STYLES
};

/* Laid over any style: the row that the cursor is on. */
#define STYLE_SELECTED 0x80

enum attribute {
    ATTRIBUTE_BOLD = 1,
    ATTRIBUTE_DIM = 2,
    ATTRIBUTE_REVERSE = 4,
};

struct look {
    char letter;
    int colour;
    int attributes;
};

extern const struct look theme[STYLES];

/* How a state of a service or a node is marked: the glyph differs too, not only the colour. */
struct mark {
    const char *glyph;
    enum style style;
};

struct mark theme_service_mark(const char *state);
struct mark theme_node_mark(const char *state);
/* Of a state that held when it was last known. */
struct mark theme_stale_mark(bool is_ascii);
