/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What happened: decisions out of the history's patches, and what people asked for, in one stream
 * by the cluster's time. Both are read by the history's thread, one after the other.
 */
#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "agentd/audit.h"
#include "agentd/branches.h"
#include "agentd/call.h"
#include "agentd/control_server.h"
#include "agentd/event_filter.h"
#include "agentd/past.h"
#include "agentd/recent.h"
#include "agentd/verbs.h"
#include "ha/base/arena.h"
#include "ha/base/json.h"

struct listing {
    json_t *filter;
    json_t *decisions; /* rows, once they are read */
    int64_t from_ms, until_ms;
};

static void listing_free(void *rest)
{
    struct listing *listing = rest;

    json_decref(listing->filter);
    json_decref(listing->decisions);
    free(listing);
}

static void tell_row(const struct asking *asking, const struct listing *listing, json_t *row)
{
    if (event_passes(listing->filter, row))
        session_row(asking->session, asking->id, json_incref(row));
}

/* What was asked stands before what came of it in the same millisecond. */
static void tell_in_order(const struct asking *asking, const struct listing *listing,
                          const json_t *requests)
{
    size_t n_decisions = json_array_size(listing->decisions), at = 0, i;
    json_t *row;

    json_array_foreach(requests, i, row)
    {
        autojson *event = audit_event(row);

        if (!event)
            continue;
        while (at < n_decisions &&
               json_int(json_array_get(listing->decisions, at), "at", 0) < json_int(event, "at", 0))
            tell_row(asking, listing, json_array_get(listing->decisions, at++));
        tell_row(asking, listing, event);
    }
    while (at < n_decisions)
        tell_row(asking, listing, json_array_get(listing->decisions, at++));
}

static void tell_all(struct asking *asking, const json_t *requests)
{
    const struct listing *listing = asking->rest;

    if (asking->session)
        tell_in_order(asking, listing, requests);
    if (asking->session && asking->follows)
        session_follow(asking->session, asking->id, listing->filter);
    else if (asking->session)
        session_done(asking->session, asking->id, NULL);
    past_end(asking);
}

static void answer_requests(void *context, const struct question *question, json_t *value,
                            const struct err *err)
{
    struct asking *asking = context;

    (void)question;
    if (value)
        tell_all(asking, value);
    else
        past_fail(asking, err);
}

static void answer_decisions(void *context, const struct question *question, json_t *value,
                             const struct err *err)
{
    struct asking *asking = context;
    struct listing *listing = asking->rest;
    json_t *patch;
    size_t i;

    (void)question;
    if (!value) {
        past_fail(asking, err);
        return;
    }
    json_array_foreach(value, i, patch)
    {
        autojson *rows = asking->session ? verb_events_of(patch) : NULL;

        json_array_extend(listing->decisions, rows);
    }
    branches_events(asking->agent, listing->from_ms, listing->until_ms, listing->decisions);
    past_ask(asking,
             &(struct question){.kind = QUESTION_REQUESTS,
                                .from_ms = listing->from_ms,
                                .until_ms = listing->until_ms,
                                .limit = REQUESTS_KEPT_MAX + REQUESTS_MINOR_MAX},
             answer_requests);
}

void verb_events(const struct call *call)
{
    struct err err = {{0}};
    json_t *filter = event_filter_of(call->request, &err);
    struct listing *listing;
    struct asking *asking;

    if (!filter) {
        session_error(call->session, call->id, CONTROL_EXIT_USAGE, NULL, "%s", err.text);
        return;
    }
    listing = xcalloc(1, sizeof(*listing));
    *listing = (struct listing){
        .filter = filter,
        .decisions = json_array(),
        .from_ms = json_int(call->request, "since", 0),
        .until_ms = json_int(call->request, "until", 0),
    };
    asking = past_begin(call, listing, listing_free);
    if (!asking)
        return;
    asking->follows = json_flag(call->request, "follow", false);
    past_ask(asking,
             &(struct question){.kind = QUESTION_PATCHES,
                                .from_ms = listing->from_ms,
                                .until_ms = listing->until_ms,
                                .limit = EVENTS_KEPT_MAX},
             answer_decisions);
}

void verbs_remember(struct agent *agent, const json_t *patches)
{
    json_t *patch, *row;
    size_t i, j;

    recent_drop_decisions(agent->recent);
    json_array_foreach(patches, i, patch)
    {
        autojson *rows = verb_events_of(patch);

        json_array_foreach(rows, j, row) recent_add(agent->recent, row);
    }
}
