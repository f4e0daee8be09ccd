/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Backwards from the present to what caused it; see chain.h. What a reason leads to: why_cause. */
#include "agentd/chain.h"

#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"
#include "ha/base/id.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
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

#define NO_EVENT SIZE_MAX

/* Events are found by links, not by search: a story of thousands of vain starts must stay cheap. */
struct chain {
    const json_t *events;
    json_t *newest; /* "KIND SUBJECT" -> position of its last event so far */
    size_t *before; /* by position: the event before it of the same subject, or NO_EVENT */
    bool *is_in;    /* by position */
};

static const char *key_of(char *key, size_t size, const char *kind, const char *subject)
{
    struct text text;

    text_init(&text, key, size);
    text_add(&text, "%s %s", kind, subject);
    return key;
}

static size_t newest_of(const struct chain *chain, const char *kind, const char *subject)
{
    char key[SERVICE_NAME_MAX + 32];
    const json_t *at =
        subject ? json_object_get(chain->newest, key_of(key, sizeof(key), kind, subject)) : NULL;

    return at ? (size_t)json_integer_value(at) : NO_EVENT;
}

static void link_event(struct chain *chain, size_t at)
{
    const json_t *event = json_array_get(chain->events, at);
    const char *kind = json_text(event, "kind", ""), *subject = json_text(event, "subject", "");
    char key[SERVICE_NAME_MAX + 32];

    chain->before[at] = newest_of(chain, kind, subject);
    json_object_set_new(chain->newest, key_of(key, sizeof(key), kind, subject),
                        json_integer((json_int_t)at));
}

/* How a node came to be as it was then: back to when it was last well, or to what is in already. */
static void mark_node(struct chain *chain, const char *node)
{
    size_t at = newest_of(chain, "node", node);

    while (at != NO_EVENT && !chain->is_in[at]) {
        const json_t *event = json_array_get(chain->events, at);

        chain->is_in[at] = true;
        if (is(event, "from", "online") || is(event, "to", "online"))
            return;
        at = chain->before[at];
    }
}

static void mark_newest(struct chain *chain, const char *kind, const char *subject)
{
    size_t at = newest_of(chain, kind, subject);

    if (at != NO_EVENT)
        chain->is_in[at] = true;
}

static void mark_cause(struct chain *chain, const json_t *event)
{
    const json_t *about = json_object_get(event, "about");
    enum reason_code code = reason_of_name(json_text(event, "code", ""));

    switch (code == REASON_CODES ? CAUSE_BEFORE : why_cause(code)) {
    case CAUSE_NODE: mark_node(chain, json_text(about, "node", NULL)); break;
    case CAUSE_TARGET: mark_node(chain, json_text(about, "other", NULL)); break;
    case CAUSE_POLICY: mark_newest(chain, "policy", "policy"); break;
    case CAUSE_PARTNER: mark_newest(chain, "service", json_text(about, "service", NULL)); break;
    case CAUSE_REQUEST:
    case CAUSE_BEFORE: break;
    }
}

/* The events of one patch happened together: a partner may be written behind. */
static size_t link_patch(struct chain *chain, size_t begin)
{
    int64_t version = json_int(json_array_get(chain->events, begin), "version", 0);
    size_t at = begin;

    for (; at < json_array_size(chain->events); at++) {
        if (json_int(json_array_get(chain->events, at), "version", 0) != version)
            break;
        link_event(chain, at);
    }
    return at;
}

json_t *chain_of(const json_t *events, const char *service, const char *waits_for)
{
    size_t n_events = json_array_size(events);
    struct chain chain = {
        .events = events,
        .newest = json_object(),
        .before = xcalloc(n_events + 1, sizeof(size_t)),
        .is_in = xcalloc(n_events + 1, sizeof(bool)),
    };
    json_t *rows = json_array();

    for (size_t at = 0, end; at < n_events; at = end) {
        end = link_patch(&chain, at);
        for (; at < end; at++) {
            const json_t *event = json_array_get(events, at);

            if (!is(event, "service", service))
                continue;
            chain.is_in[at] = true;
            mark_cause(&chain, event);
        }
    }
    mark_node(&chain, waits_for);
    for (size_t at = 0; at < n_events; at++) {
        if (chain.is_in[at])
            json_array_append(rows, json_array_get(events, at));
    }
    json_decref(chain.newest);
    free(chain.before);
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
