/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Nodes are few and always seen; services and what happened share the rest.
 * Each gets what it needs while there is room; when there is not, neither takes all.
 */
#include "console/screen/layout.h"

#include "console/screen/wrap.h"
#include "console/when.h"
#include "console/width.h"

/* A blank before the time, two behind it. */
#define MARGIN 3

static int at_least(int value, int least)
{
    return value < least ? least : value;
}

static int at_most(int value, int most)
{
    return value > most ? most : value;
}

int layout_time_columns(const struct model *model)
{
    struct when when;

    if (!model->picture || model->picture->n_events == 0)
        return MARGIN;
    return MARGIN +
           width_of(when_clock(&when, model->picture->events[0].at_ms, model_clock(model)));
}

int layout_words_columns(const struct model *model)
{
    return model->columns - (model->result.title ? 4 : layout_time_columns(model) + 1);
}

static int bottom_total(const struct model *model)
{
    int columns = layout_words_columns(model), total = 0;

    if (model->result.title)
        return model->result.text ? wrap_count(model->result.text, columns) : 0;
    for (int i = 0; model->picture && i < model->picture->n_events; i++)
        total += at_least(wrap_count(model->picture->events[i].words, columns), 1);
    return total;
}

struct layout layout_of(const struct model *model)
{
    struct layout layout = {.footer = model->rows - 1};
    int body = model->rows - 2 - PANES, rest, bottom;
    int n_nodes = model->picture ? model->picture->n_nodes : 0;
    struct area *nodes = &layout.panes[PANE_NODES], *services = &layout.panes[PANE_SERVICES];
    struct area *last = &layout.panes[PANE_BOTTOM];

    nodes->total = n_nodes;
    services->total = model->n_visible;
    last->total = bottom_total(model);
    nodes->lines = at_most(at_least(n_nodes, 1), at_least(body / 3, 3));
    rest = body - nodes->lines;
    /* What was asked for is read now: it may take more than the timeline does. */
    bottom = model->result.title ? rest * 2 / 3 : at_least(rest / 3, 4);
    bottom = at_most(at_least(last->total, 1), bottom);
    /* In the smallest window each still has a line of its own. */
    bottom = at_most(bottom, rest - 1);
    services->lines = at_most(at_least(services->total, 1), rest - bottom);
    last->lines = rest - services->lines;
    nodes->title = 1;
    services->title = nodes->title + 1 + nodes->lines;
    last->title = services->title + 1 + services->lines;
    return layout;
}
