/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first page: how the cluster is, its nodes, its services, and what happened last. */
#include <string.h>

#include "console/screen/keymap.h"
#include "console/screen/layout.h"
#include "console/screen/page.h"
#include "console/screen/page_header.h"
#include "console/screen/wrap.h"
#include "console/when.h"
#include "console/width.h"

/* Where a line's parts begin: the cursor's mark, the state's mark, the name. */
#define CURSOR_COLUMN 1
#define MARK_COLUMN 3
#define NAME_COLUMN 5
#define GAP 2
/* "heard 380ms ago" */
#define HEARD_COLUMNS 15

struct pen {
    struct canvas *canvas;
    int row;
    int column;
};

/* Puts a text into a field of so many columns and moves on; the last field takes the rest. */
static void put_field(struct pen *pen, int columns, enum style style, const char *text)
{
    int left = pen->canvas->columns - 1 - pen->column;

    canvas_put(pen->canvas, pen->row, pen->column, columns < left ? columns : left, style, text);
    pen->column += columns + GAP;
}

static void put_rest(struct pen *pen, enum style style, const char *text)
{
    put_field(pen, pen->canvas->columns, style, text);
}

static void put_mark(struct pen *pen, struct mark mark, bool has_cursor)
{
    if (has_cursor)
        canvas_put(pen->canvas, pen->row, CURSOR_COLUMN, 1, STYLE_STRONG, "›");
    canvas_put(pen->canvas, pen->row, MARK_COLUMN, 1, mark.style, mark.glyph);
    pen->column = NAME_COLUMN;
}

static int widest(int so_far, const char *text, int most)
{
    int width = width_of(text);

    if (width > most)
        width = most;
    return width > so_far ? width : so_far;
}

/* "of" is not shown when all are. */
static void write_note(char *note, size_t size, const struct area *area, int top)
{
    note[0] = '\0';
    if (area->total > area->lines)
        snprintf(note, size, "%d-%d of %d", top + 1, top + area->lines, area->total);
}

static void draw_node(struct pen *pen, const struct picture_node *node, struct mark mark,
                      int name_columns)
{
    struct when when;
    char text[64];

    put_field(pen, name_columns, STYLE_STRONG, node->name);
    put_field(pen, 11, mark.style, node->state);
    put_field(pen, 6, STYLE_PLAIN, node->role[0] && strcmp(node->role, "member") ? node->role : "");
    if (!node->is_armed)
        put_field(pen, HEARD_COLUMNS, node->services > 0 ? STYLE_BAD : STYLE_QUIET, "not armed");
    else if (node->lease_ms < 0)
        put_field(pen, HEARD_COLUMNS, STYLE_BUSY, "not heard");
    else {
        snprintf(text, sizeof(text), "heard %s ago", when_span(&when, node->lease_ms));
        put_field(pen, HEARD_COLUMNS, STYLE_PLAIN, text);
    }
    snprintf(text, sizeof(text), "%d service%s", node->services, node->services == 1 ? "" : "s");
    put_field(pen, 11, STYLE_PLAIN, text);
    put_rest(pen, STYLE_QUIET, node->why);
}

static void draw_nodes(const struct model *model, struct canvas *canvas, const struct area *area)
{
    const struct picture *picture = model->picture;
    bool has_focus = model->focus == PANE_NODES;
    int name_columns = 6, top = model->tops[PANE_NODES];
    char note[64];

    write_note(note, sizeof(note), area, top);
    page_title(canvas, area->title, "NODES", note, has_focus);
    for (int i = 0; i < picture->n_nodes; i++)
        name_columns = widest(name_columns, picture->nodes[i].name, canvas->columns / 5);
    for (int i = 0; i < area->lines && top + i < picture->n_nodes; i++) {
        const struct picture_node *node = &picture->nodes[top + i];
        struct pen pen = {.canvas = canvas, .row = area->title + 1 + i};
        bool has_cursor = has_focus && top + i == model->node;

        struct mark mark =
            picture->is_stale ? theme_stale_mark(canvas->is_ascii) : theme_node_mark(node->state);

        put_mark(&pen, mark, has_cursor);
        draw_node(&pen, node, mark, name_columns);
        if (has_cursor)
            canvas_select(canvas, pen.row);
    }
}

struct service_columns {
    int name;
    int state;
    int node;
};

/* "beta", or "beta -> gamma" while it moves. */
static const char *where(const struct picture_service *service, char *text, size_t size)
{
    if (service->target[0] && strcmp(service->target, service->node) != 0)
        snprintf(text, size, "%s -> %s", service->node, service->target);
    else
        snprintf(text, size, "%s", service->node[0] ? service->node : "-");
    return text;
}

static void draw_service(struct pen *pen, const struct picture_service *service, struct mark mark,
                         const struct service_columns *columns, int64_t now_ms)
{
    bool is_wanted = service->wanted[0] == '\0' || strcmp(service->wanted, "started") == 0 ||
                     strcmp(service->wanted, service->state) == 0;
    struct when when;
    char text[160];

    put_field(pen, columns->name, STYLE_STRONG, service->name);
    put_field(pen, columns->state, mark.style, service->state);
    put_field(pen, columns->node, STYLE_PLAIN, where(service, text, sizeof(text)));
    text[0] = '\0';
    if (service->since_ms > 0)
        snprintf(text, sizeof(text), "since %s", when_span(&when, now_ms - service->since_ms));
    put_field(pen, 10, STYLE_PLAIN, text);
    if (!is_wanted) {
        snprintf(text, sizeof(text), "wanted: %s", service->wanted);
        put_field(pen, width_of(text), STYLE_BUSY, text);
    }
    put_rest(pen, STYLE_QUIET, service->why);
}

static struct service_columns measure_services(const struct picture *picture, int columns)
{
    struct service_columns widths = {.name = 8, .state = 7, .node = 5};
    char text[160];

    for (int i = 0; i < picture->n_services; i++) {
        const struct picture_service *service = &picture->services[i];

        widths.name = widest(widths.name, service->name, columns / 3);
        widths.state = widest(widths.state, service->state, 13);
        widths.node = widest(widths.node, where(service, text, sizeof(text)), columns / 5);
    }
    return widths;
}

static int count_started(const struct picture *picture)
{
    int count = 0;

    for (int i = 0; i < picture->n_services; i++)
        count += strcmp(picture->services[i].state, "started") == 0;
    return count;
}

static void title_services(const struct model *model, struct canvas *canvas,
                           const struct area *area)
{
    const struct picture *picture = model->picture;
    char title[128], note[INPUT_MAX + 64];

    snprintf(title, sizeof(title), "SERVICES  %s%d of %d started",
             picture->is_stale ? "as last known: " : "", count_started(picture),
             picture->n_services);
    write_note(note, sizeof(note), area, model->tops[PANE_SERVICES]);
    if (model->filter[0])
        snprintf(note, sizeof(note), "/%s: %d shown, Esc shows all", model->filter,
                 model->n_visible);
    page_title(canvas, area->title, title, note, model->focus == PANE_SERVICES);
}

static void draw_services(const struct model *model, struct canvas *canvas, const struct area *area)
{
    const struct picture *picture = model->picture;
    struct service_columns columns = measure_services(picture, canvas->columns);
    int top = model->tops[PANE_SERVICES];

    title_services(model, canvas, area);
    for (int i = 0; i < area->lines && top + i < model->n_visible; i++) {
        const struct picture_service *service = &picture->services[model->visible[top + i]];
        struct pen pen = {.canvas = canvas, .row = area->title + 1 + i};
        bool has_cursor = top + i == model->selected;

        struct mark mark = picture->is_stale ? theme_stale_mark(canvas->is_ascii)
                                             : theme_service_mark(service->state);

        put_mark(&pen, mark, has_cursor);
        draw_service(&pen, service, mark, &columns, model_clock(model));
        if (has_cursor && model->focus == PANE_SERVICES)
            canvas_select(canvas, pen.row);
    }
    if (model->n_visible == 0)
        canvas_put(canvas, area->title + 1, NAME_COLUMN, canvas->columns - NAME_COLUMN - 1,
                   STYLE_QUIET,
                   picture->n_services == 0 ? "none in the policy" : "none has these letters");
}

static void put_wrapped(struct canvas *canvas, int row, int column, const struct wrapped *line)
{
    column += line->indent;
    canvas_print(canvas, row, column, canvas->columns - column, STYLE_PLAIN, "%.*s",
                 (int)line->length, line->start);
}

/* One event from its last line upwards; rows outside the area are not drawn. */
static int draw_event(const struct model *model, struct canvas *canvas,
                      const struct picture_event *event, int last_row, int first_row)
{
    int columns = layout_words_columns(model), count = wrap_count(event->words, columns);
    struct wrap wrap = wrap_begin(event->words, columns);
    struct wrapped line;
    struct when when;
    int row = last_row - (count > 0 ? count : 1) + 1;

    if (row >= first_row && row < canvas->rows - 1)
        canvas_put(canvas, row, 1, layout_time_columns(model) - 1, STYLE_QUIET,
                   when_clock(&when, event->at_ms, model_clock(model)));
    for (int i = 0; wrap_next(&wrap, &line); i++) {
        if (row + i >= first_row && row + i < canvas->rows - 1)
            put_wrapped(canvas, row + i, layout_time_columns(model), &line);
    }
    return row - 1;
}

static void draw_timeline(const struct model *model, struct canvas *canvas, const struct area *area)
{
    const struct picture *picture = model->picture;
    int shown = area->total < area->lines ? area->total : area->lines;
    int row = area->title + shown + model->tops[PANE_BOTTOM];
    char note[64] = "";

    if (model->tops[PANE_BOTTOM] > 0)
        snprintf(note, sizeof(note), "%d line%s newer below", model->tops[PANE_BOTTOM],
                 model->tops[PANE_BOTTOM] == 1 ? "" : "s");
    page_title(canvas, area->title, "TIMELINE", note, model->focus == PANE_BOTTOM);
    for (int i = picture->n_events - 1; i >= 0 && row > area->title; i--)
        row = draw_event(model, canvas, &picture->events[i], row, area->title + 1);
    if (picture->n_events == 0)
        canvas_put(canvas, area->title + 1, NAME_COLUMN, canvas->columns - NAME_COLUMN - 1,
                   STYLE_QUIET, "nothing has happened yet");
}

static void draw_result(const struct model *model, struct canvas *canvas, const struct area *area)
{
    const struct result *result = &model->result;
    struct wrap wrap = wrap_begin(result->text, layout_words_columns(model));
    int top = model->tops[PANE_BOTTOM];
    struct wrapped line;
    char note[96] = "Esc closes";

    if (result->is_running)
        snprintf(note, sizeof(note), "running, Esc ends it");
    else if (result->code != 0)
        snprintf(note, sizeof(note), "exit code %d, Esc closes", result->code);
    else if (area->total > area->lines)
        snprintf(note, sizeof(note), "%d-%d of %d, Esc closes", top + 1, top + area->lines,
                 area->total);
    page_title(canvas, area->title, result->title, note, model->focus == PANE_BOTTOM);
    for (int i = 0; i < top + area->lines && wrap_next(&wrap, &line); i++) {
        if (i >= top)
            put_wrapped(canvas, area->title + 1 + i - top, 2, &line);
    }
}

/* Before the first picture: why there is none, and what to do. */
static void draw_nothing(const struct model *model, struct canvas *canvas)
{
    const char *words = model->is_away ? model->away_words : "asking the agent ...";
    struct wrap wrap = wrap_begin(words, canvas->columns - 6);
    struct wrapped line;
    int row = 3;

    while (row < canvas->rows - 2 && wrap_next(&wrap, &line))
        put_wrapped(canvas, row++, 3, &line);
    if (model->is_away)
        canvas_put(canvas, row + 1, 3, canvas->columns - 6, STYLE_QUIET,
                   "Trying again every second; q leaves.");
}

static int put_key(struct canvas *canvas, int column, const char *key, const char *what)
{
    int row = canvas->rows - 1;

    column += canvas_put(canvas, row, column, canvas->columns - column, STYLE_KEY, key) + 1;
    column += canvas_put(canvas, row, column, canvas->columns - column, STYLE_PLAIN, what);
    return column + 3;
}

/* What is typed, or the keys that matter most here. */
static void draw_footer(const struct model *model, struct canvas *canvas)
{
    int row = canvas->rows - 1, column = 1;

    if (model->input != INPUT_NONE) {
        int width = width_of(model->typed), room = canvas->columns - 4;
        const char *typed = model->typed;

        /* The end of a long line is what one types at. */
        for (; width > room; width = width_of(typed))
            width_next(&typed);
        canvas_put(canvas, row, 1, 1, STYLE_KEY, model->input == INPUT_FILTER ? "/" : ":");
        column = 2 + canvas_put(canvas, row, 2, room + 1, STYLE_PLAIN, typed);
        canvas_put(canvas, row, column + 2, canvas->columns - column - 3, STYLE_QUIET,
                   model->choices);
        canvas->cursor_row = row;
        canvas->cursor_column = column;
        return;
    }
    if (model->is_away && model->picture) {
        canvas_put(canvas, row, 1, canvas->columns - 2, STYLE_BAD, model->away_words);
        return;
    }
    column = put_key(canvas, column, "Tab", "pane");
    column = put_key(canvas, column, "w", "why");
    column = put_key(canvas, column, "/", "filter");
    column = put_key(canvas, column, ":", "command");
    column = put_key(canvas, column, "?", "help");
    put_key(canvas, column, "q", model->result.title ? "close" : "leave");
}

static void draw(const struct model *model, struct canvas *canvas)
{
    struct layout layout = layout_of(model);

    header_draw(model, canvas);
    canvas->is_old = model->is_away;
    if (model->picture) {
        draw_nodes(model, canvas, &layout.panes[PANE_NODES]);
        draw_services(model, canvas, &layout.panes[PANE_SERVICES]);
        if (!model->result.title)
            draw_timeline(model, canvas, &layout.panes[PANE_BOTTOM]);
    } else {
        draw_nothing(model, canvas);
    }
    canvas->is_old = false;
    if (model->result.title)
        draw_result(model, canvas, &layout.panes[PANE_BOTTOM]);
    draw_footer(model, canvas);
}

const struct page page_overview = {
    .name = "overview",
    .draw = draw,
};
