/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of theme.def, and the marks of states; see theme.h. */
#include "console/screen/theme.h"

#include <string.h>

#define BOLD ATTRIBUTE_BOLD
#define DIM ATTRIBUTE_DIM
#define REVERSE ATTRIBUTE_REVERSE

const struct look theme[STYLES] = {
#define STYLE(id, letter, colour, attributes) [STYLE_##id] = {letter, colour, attributes},
#include "console/screen/theme.def"
#undef STYLE
};

#undef BOLD
#undef DIM
#undef REVERSE

struct marked_state {
    const char *state;
    struct mark mark;
};

static const struct mark moving = {"◐", STYLE_BUSY};

static const struct marked_state services[] = {
    {"started", {"●", STYLE_GOOD}},  {"ignored", {"○", STYLE_QUIET}},
    {"stopped", {"○", STYLE_QUIET}}, {"error", {"✖", STYLE_BAD}},
    {"fence", {"✖", STYLE_BAD}},     {"freeze", {"◇", STYLE_BUSY}},
};

static const struct marked_state nodes[] = {
    {"online", {"●", STYLE_GOOD}},
    {"proven off", {"✖", STYLE_BAD}},
    {"unknown", {"✖", STYLE_BAD}},
    {"gone", {"○", STYLE_QUIET}},
};

static struct mark find_mark(const struct marked_state *list, size_t count, const char *state,
                             struct mark other)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].state, state) == 0)
            return list[i].mark;
    }
    return other;
}

struct mark theme_service_mark(const char *state)
{
    return find_mark(services, sizeof(services) / sizeof(services[0]), state, moving);
}

struct mark theme_node_mark(const char *state)
{
    return find_mark(nodes, sizeof(nodes) / sizeof(nodes[0]), state, moving);
}

struct mark theme_stale_mark(bool is_ascii)
{
    /* In plain letters it should ask, not look like the mark of something frozen. */
    return (struct mark){is_ascii ? "?" : "◇", STYLE_QUIET};
}
