/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The model's own bookkeeping; see model.h. */
#include "console/screen/model.h"

#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"
#include "ha/base/text.h"

struct model *model_new(int rows, int columns, bool is_ascii)
{
    struct model *model = xcalloc(1, sizeof(*model));

    model->rows = rows;
    model->columns = columns;
    model->is_ascii = is_ascii;
    model->focus = PANE_SERVICES;
    return model;
}

void model_free(struct model *model)
{
    if (!model)
        return;
    picture_free(model->picture);
    free(model->visible);
    free(model->result.title);
    free(model->result.text);
    free(model);
}

const struct picture_service *model_service(const struct model *model)
{
    if (!model->picture || model->selected >= model->n_visible)
        return NULL;
    return &model->picture->services[model->visible[model->selected]];
}

static bool passes(const struct picture_service *service, const char *filter)
{
    return filter[0] == '\0' || strcasestr(service->name, filter) ||
           strcasestr(service->state, filter) || strcasestr(service->node, filter) ||
           strcasestr(service->why, filter);
}

void model_select(struct model *model, int position)
{
    const struct picture_service *service;

    if (position >= model->n_visible)
        position = model->n_visible - 1;
    model->selected = position < 0 ? 0 : position;
    service = model_service(model);
    if (service)
        text_copy(model->service, sizeof(model->service), service->name);
}

void model_sift(struct model *model)
{
    const struct picture *picture = model->picture;
    int position = model->selected;

    model->n_visible = 0;
    if (!picture)
        return;
    model->visible = xrealloc(model->visible, sizeof(int) * (size_t)(picture->n_services + 1));
    for (int i = 0; i < picture->n_services; i++) {
        if (!passes(&picture->services[i], model->filter))
            continue;
        if (strcmp(picture->services[i].name, model->service) == 0)
            position = model->n_visible;
        model->visible[model->n_visible++] = i;
    }
    model_select(model, position);
}

int64_t model_clock(const struct model *model)
{
    int64_t now_ms = model->is_away ? model->away_since_ms : model->now_ms;

    if (!model->picture || model->picture->now_ms == 0)
        return now_ms;
    return model->picture->now_ms + (now_ms - model->picture_at_ms);
}
