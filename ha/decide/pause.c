/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pauses as the manager sees them; see pause.h. */
#include "ha/decide/pause.h"

#include "ha/base/text.h"

bool pause_is_news(const struct round *round, service_id id, struct reason *why)
{
    const struct service *record = &round->state->services[id];
    const struct service_view *view = &round->view->services[id];
    bool is_known = record->why.code == REASON_RESTARTS_LATER;
    bool has_ended =
        is_known && view->result == JOB_DONE && node_in(view->running_on, record->node);

    if (view->pause.ms == 0 && !has_ended)
        return false;
    *why = reason_of(REASON_RUNS_NOW);
    why->node = record->node;
    if (view->pause.ms == 0)
        return true;
    why->code = REASON_RESTARTS_LATER;
    why->number = view->pause.ms;
    text_copy(why->words, sizeof(why->words), view->words);
    return true;
}
