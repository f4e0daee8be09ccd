/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Backwards from the present to what caused it; see chain.h. What a reason leads to: why_cause. */
#include "agentd/chain.h"

#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"
#include "ha/base/json.h"
#include "ha/decide/why.h"

static bool is(const json_t *event, const char *member, const char *word)
{
    return strcmp(json_text(event, member, ""), word) == 0;
}

/* That it runs, or has been stopped, is the end of a story. */
static bool is_settled(const json_t *event)
{
    return is(event, "code", reason_name(REASON_RUNS_NOW)) || is(event, "to", "stopped");
}

size_t chain_begin(const json_t *own)
{
    size_t at = json_array_size(own);

    while (at > 0 && is_settled(json_array_get(own, at - 1)))
        at--;
    while (at > 0 && !is_settled(json_array_get(own, at - 1)))
        at--;
    return at > 0 ? at - 1 : 0;
}

/* ---- what belongs to it ---------------------------------------------------------------------- */

struct chain {
    const json_t *events;
    bool *is_in; /* by position in events */
};

/* How a node came to be as it was then: back to when it was last well. */
static void mark_node(struct chain *chain, const char *node, size_t end)
{
    for (size_t at = end; node && at-- > 0;) {
        const json_t *event = json_array_get(chain->events, at);

        if (!is(event, "kind", "node") || !is(event, "subject", node))
            continue;
        chain->is_in[at] = true;
        if (is(event, "from", "online") || is(event, "to", "online"))
            return;
    }
}

static void mark_newest(struct chain *chain, const char *kind, const char *subject, size_t end)
{
    for (size_t at = end; subject && at-- > 0;) {
        const json_t *event = json_array_get(chain->events, at);

        if (!is(event, "kind", kind) || !is(event, "subject", subject))
            continue;
        chain->is_in[at] = true;
        return;
    }
}

/* The events of one patch happened together: a partner may be written behind. */
static size_t end_of_patch(const struct chain *chain, size_t at)
{
    int64_t version = json_int(json_array_get(chain->events, at), "version", 0);

    while (at < json_array_size(chain->events) &&
           json_int(json_array_get(chain->events, at), "version", 0) == version)
        at++;
    return at;
}

static void mark_cause(struct chain *chain, size_t at)
{
    const json_t *event = json_array_get(chain->events, at);
    const json_t *about = json_object_get(event, "about");
    enum reason_code code = reason_of_name(json_text(event, "code", ""));
    size_t end = end_of_patch(chain, at);

    switch (code == REASON_CODES ? CAUSE_BEFORE : why_cause(code)) {
    case CAUSE_NODE: mark_node(chain, json_text(about, "node", NULL), end); break;
    case CAUSE_TARGET: mark_node(chain, json_text(about, "other", NULL), end); break;
    case CAUSE_POLICY: mark_newest(chain, "policy", "policy", end); break;
    case CAUSE_PARTNER:
        mark_newest(chain, "service", json_text(about, "service", NULL), end);
        break;
    case CAUSE_REQUEST:
    case CAUSE_BEFORE: break;
    }
}

json_t *chain_of(const json_t *events, const char *service, const char *waits_for)
{
    struct chain chain = {
        .events = events,
        .is_in = xcalloc(json_array_size(events) + 1, sizeof(bool)),
    };
    json_t *rows = json_array();

    mark_node(&chain, waits_for, json_array_size(events));
    for (size_t at = json_array_size(events); at-- > 0;) {
        if (!is(json_array_get(events, at), "service", service))
            continue;
        chain.is_in[at] = true;
        mark_cause(&chain, at);
    }
    for (size_t at = 0; at < json_array_size(events); at++) {
        if (chain.is_in[at])
            json_array_append(rows, json_array_get(events, at));
    }
    free(chain.is_in);
    return rows;
}

json_t *chain_line(const char *text, int64_t line)
{
    size_t length;

    for (int64_t at = 1; text && at < line; at++) {
        text = strchr(text, '\n');
        text = text ? text + 1 : NULL;
    }
    if (!text || line < 1)
        return json_string("");
    text += strspn(text, " \t");
    length = strcspn(text, "\r\n");
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    return json_stringn(text, length);
}
