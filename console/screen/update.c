/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What keys and news do to the model; see update.h. */
#include "console/screen/update.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/complete.h"
#include "console/screen/keymap.h"
#include "console/screen/layout.h"
#include "console/width.h"
#include "ha/base/arena.h"
#include "ha/base/text.h"

static const struct request nothing = {.kind = REQUEST_NONE};

static int clamp(int value, int least, int most)
{
    if (value > most)
        value = most;
    return value < least ? least : value;
}

/* Scrolls so that the line is seen, and no further than there is something. */
static void keep_in_view(int *top, int line, const struct area *area)
{
    if (line < *top)
        *top = line;
    if (line >= *top + area->lines)
        *top = line - area->lines + 1;
    *top = clamp(*top, 0, area->total - area->lines < 0 ? 0 : area->total - area->lines);
}

/* After whatever happened: every pane shows what it should. */
static void settle(struct model *model)
{
    struct layout layout = layout_of(model);
    const struct area *bottom = &layout.panes[PANE_BOTTOM];
    int n_nodes = model->picture ? model->picture->n_nodes : 0;

    model->node = clamp(model->node, 0, n_nodes > 0 ? n_nodes - 1 : 0);
    keep_in_view(&model->tops[PANE_NODES], model->node, &layout.panes[PANE_NODES]);
    keep_in_view(&model->tops[PANE_SERVICES], model->selected, &layout.panes[PANE_SERVICES]);
    model->tops[PANE_BOTTOM] =
        clamp(model->tops[PANE_BOTTOM], 0,
              bottom->total > bottom->lines ? bottom->total - bottom->lines : 0);
}

static void close_result(struct model *model)
{
    free(model->result.title);
    free(model->result.text);
    model->result = (struct result){.title = NULL};
    model->tops[PANE_BOTTOM] = 0;
    if (model->focus == PANE_BOTTOM)
        model->focus = PANE_SERVICES;
}

/* Opens the bottom pane for what the line will say. */
static struct request run_line(struct model *model, const char *line)
{
    struct request request = {.kind = REQUEST_RUN};

    /* Those who know other programs try these first. */
    if (strcmp(line, "q") == 0 || strcmp(line, "quit") == 0 || strcmp(line, "exit") == 0)
        return (struct request){.kind = REQUEST_QUIT};
    close_result(model);
    text_copy(request.line, sizeof(request.line), line);
    model->result.title = xstrdup(request.line);
    model->result.is_running = true;
    model->focus = PANE_BOTTOM;
    return request;
}

static struct request ask_about_service(struct model *model, const char *verb)
{
    const struct picture_service *service = model_service(model);
    char line[SERVICE_NAME_MAX + 16];

    if (!service || model->focus == PANE_NODES)
        return nothing;
    snprintf(line, sizeof(line), "%s %s", verb, service->name);
    return run_line(model, line);
}

/* Lines to move; the timeline counts from its end, so it goes the other way. */
static void move_by(struct model *model, int lines)
{
    switch (model->focus) {
    case PANE_NODES: model->node += lines; break;
    case PANE_SERVICES: model_select(model, clamp(model->selected + lines, 0, SERVICES_MAX)); break;
    default: model->tops[PANE_BOTTOM] += model->result.title ? lines : -lines; break;
    }
}

static struct request close_one(struct model *model)
{
    struct request request = nothing;

    if (model->result.title) {
        if (model->result.is_running)
            request.kind = REQUEST_CANCEL;
        close_result(model);
    } else if (model->filter[0]) {
        model->filter[0] = '\0';
        model_sift(model);
    }
    return request;
}

static void begin_input(struct model *model, enum input input, const char *typed)
{
    model->input = input;
    text_copy(model->typed, sizeof(model->typed), typed);
    model->choices[0] = '\0';
}

static struct request act(struct model *model, enum action action)
{
    struct layout layout = layout_of(model);
    int page = layout.panes[model->focus].lines;

    switch (action) {
    case ACTION_DOWN: move_by(model, 1); break;
    case ACTION_UP: move_by(model, -1); break;
    case ACTION_PAGE_DOWN: move_by(model, page); break;
    case ACTION_PAGE_UP: move_by(model, -page); break;
    case ACTION_FIRST: move_by(model, -SERVICES_MAX); break;
    case ACTION_LAST: move_by(model, SERVICES_MAX); break;
    case ACTION_NEXT_PANE: model->focus = (model->focus + 1) % PANES; break;
    case ACTION_LAST_PANE: model->focus = (model->focus + PANES - 1) % PANES; break;
    case ACTION_WHY: return ask_about_service(model, "ha why");
    case ACTION_WHY_NOT: return ask_about_service(model, "ha why-not");
    case ACTION_FILTER: begin_input(model, INPUT_FILTER, model->filter); break;
    case ACTION_PROMPT: begin_input(model, INPUT_PROMPT, ""); break;
    case ACTION_BACK: return close_one(model);
    case ACTION_REDRAW: return (struct request){.kind = REQUEST_REDRAW};
    case ACTION_HELP:
        model->is_help_open = true;
        model->help_top = 0;
        break;
    case ACTION_QUIT:
        if (model->result.title)
            return close_one(model);
        return (struct request){.kind = REQUEST_QUIT};
    default: break;
    }
    return nothing;
}

static void act_on_help(struct model *model, enum action action)
{
    switch (action) {
    case ACTION_DOWN: model->help_top++; break;
    case ACTION_UP: model->help_top--; break;
    case ACTION_PAGE_DOWN: model->help_top += model->rows - 3; break;
    case ACTION_PAGE_UP: model->help_top -= model->rows - 3; break;
    case ACTION_FIRST: model->help_top = 0; break;
    case ACTION_BACK:
    case ACTION_HELP:
    case ACTION_QUIT: model->is_help_open = false; break;
    default: break;
    }
    model->help_top = clamp(model->help_top, 0, ACTIONS);
}

static void erase_last(char *typed)
{
    size_t length = strlen(typed);

    while (length > 0 && (typed[length - 1] & 0xC0) == 0x80)
        length--;
    if (length > 0)
        typed[length - 1] = '\0';
}

static struct request end_input(struct model *model)
{
    enum input input = model->input;
    const char *line = model->typed + strspn(model->typed, " ");

    model->input = INPUT_NONE;
    if (input == INPUT_FILTER || *line == '\0')
        return nothing;
    return run_line(model, line);
}

/* Names that may come next are those of the picture: nobody waits for an agent here. */
static char **names_of(void *context, const char *kind)
{
    const struct picture *picture = ((const struct model *)context)->picture;
    bool is_node = strcmp(kind, "NODE") == 0;
    bool is_service = strcmp(kind, "SERVICE") == 0;
    int count = !picture ? 0 : is_node ? picture->n_nodes : is_service ? picture->n_services : 0;
    char **names = xcalloc((size_t)count + 1, sizeof(char *));

    for (int i = 0; i < count; i++)
        names[i] = xstrdup(is_node ? picture->nodes[i].name : picture->services[i].name);
    return names;
}

/* How much all candidates have in common. */
static size_t common_length(char **words)
{
    size_t length = strlen(words[0]);

    for (char **word = words + 1; *word; word++) {
        while (strncmp(words[0], *word, length) != 0)
            length--;
    }
    /* Not half a character. */
    while (length > 0 && (words[0][length] & 0xC0) == 0x80)
        length--;
    return length;
}

static void show_choices(struct model *model, char **words)
{
    struct text text;

    text_init(&text, model->choices, sizeof(model->choices));
    for (char **word = words; *word; word++)
        text_add(&text, "%s%s", word == words ? "" : "  ", *word);
}

/* Tab: goes on as far as there is only one way, and shows the ways if there are several. */
static void complete_typed(struct model *model)
{
    const char *blank = strrchr(model->typed, ' '), *word = blank ? blank + 1 : model->typed;
    size_t length = strlen(model->typed), typed = strlen(word), common;
    char before[INPUT_MAX];
    struct completions found;

    text_copy(before, sizeof(before), model->typed);
    before[length - typed] = '\0';
    found = complete_word(before, word, names_of, model);
    if (!found.words)
        return;
    common = common_length(found.words);
    if (length - typed + common + 2 < sizeof(model->typed)) {
        memcpy(model->typed + length - typed, found.words[0], common);
        text_copy(model->typed + length - typed + common, 2, found.words[1] ? "" : " ");
    }
    if (found.words[1])
        show_choices(model, found.words);
    completions_fini(&found);
}

/* What is typed into the filter counts at once. */
static struct request type_key(struct model *model, int key)
{
    size_t length = strlen(model->typed);
    bool was_empty = length == 0;

    model->choices[0] = '\0';
    if (key == PRESS_CTRL('C'))
        key = PRESS_ESCAPE;
    if (key == PRESS_ENTER || key == '\n')
        return end_input(model);
    if (key == PRESS_BACKSPACE || key == 127 || key == 8) {
        erase_last(model->typed);
    } else if (key == PRESS_CTRL('U')) {
        model->typed[0] = '\0';
    } else if (key == PRESS_TAB && model->input == INPUT_PROMPT) {
        complete_typed(model);
    } else if (key >= ' ' && length + 5 < sizeof(model->typed)) {
        model->typed[length + width_encode((uint32_t)key, model->typed + length)] = '\0';
    }
    if (model->input == INPUT_FILTER && key == PRESS_ESCAPE)
        model->typed[0] = '\0';
    if (model->input == INPUT_FILTER) {
        text_copy(model->filter, sizeof(model->filter), model->typed);
        model_sift(model);
    }
    if (key == PRESS_ESCAPE || (was_empty && key == PRESS_BACKSPACE))
        model->input = INPUT_NONE;
    return nothing;
}

struct request update_key(struct model *model, int key)
{
    struct request request = nothing;

    if (model->input != INPUT_NONE)
        request = type_key(model, key);
    else if (model->is_help_open)
        act_on_help(model, keymap_find(key));
    else
        request = act(model, keymap_find(key));
    settle(model);
    return request;
}

void update_picture(struct model *model, const json_t *row, int64_t now_ms)
{
    picture_free(model->picture);
    model->picture = picture_new(row);
    model->picture_at_ms = now_ms;
    model->now_ms = now_ms;
    model->is_away = false;
    model_sift(model);
    settle(model);
}

void update_away(struct model *model, const char *words, int64_t now_ms)
{
    if (!model->is_away)
        model->away_since_ms = now_ms;
    model->is_away = true;
    model->now_ms = now_ms;
    text_copy(model->away_words, sizeof(model->away_words), words);
}

void update_clock(struct model *model, int64_t now_ms)
{
    model->now_ms = now_ms;
}

void update_size(struct model *model, int rows, int columns)
{
    model->rows = rows;
    model->columns = columns;
    settle(model);
}

void update_result(struct model *model, const char *text, bool is_running, int code)
{
    struct layout layout;

    if (!model->result.title)
        return;
    free(model->result.text);
    model->result.text = xstrdup(text);
    model->result.is_running = is_running;
    model->result.code = code;
    /* A stream is followed at its end; other answers have a beginning. */
    layout = layout_of(model);
    if (is_running)
        model->tops[PANE_BOTTOM] = layout.panes[PANE_BOTTOM].total;
    settle(model);
}
