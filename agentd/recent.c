/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A short list of events; see recent.h. */
#include "agentd/recent.h"

#include "ha/base/json.h"

static int64_t at_of(const json_t *recent, size_t i)
{
    return json_int(json_array_get(recent, i), "at", 0);
}

/* Requests have an id, decisions a version. */
static void drop_request(json_t *recent, int64_t id)
{
    for (size_t i = json_array_size(recent); id > 0 && i-- > 0;) {
        if (json_int(json_array_get(recent, i), "id", 0) == id)
            json_array_remove(recent, i);
    }
}

void recent_add(json_t *recent, json_t *row)
{
    size_t at;

    drop_request(recent, json_int(row, "id", 0));
    at = json_array_size(recent);
    while (at > 0 && at_of(recent, at - 1) > json_int(row, "at", 0))
        at--;
    json_array_insert(recent, at, row);
    if (json_array_size(recent) > RECENT_MAX)
        json_array_remove(recent, 0);
}

void recent_drop_decisions(json_t *recent)
{
    for (size_t i = json_array_size(recent); i-- > 0;) {
        if (json_int(json_array_get(recent, i), "id", 0) == 0)
            json_array_remove(recent, i);
    }
}
