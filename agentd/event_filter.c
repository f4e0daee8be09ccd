/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events that are wanted, and others; see event_filter.h. */
#include "agentd/event_filter.h"

#include <string.h>

#include "ha/base/json.h"

#define KINDS "service, node, policy, leader, cluster, request or fault"

static bool is(const json_t *row, const char *key, const char *word)
{
    return strcmp(json_text(row, key, ""), word) == 0;
}

static bool is_kind(const char *word)
{
    static const char *const kinds[] = {"service", "node",    "policy", "leader",
                                        "cluster", "request", "fault"};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(word, kinds[i]) == 0)
            return true;
    }
    return false;
}

json_t *event_filter_of(const json_t *request, struct err *err)
{
    static const char *const keys[] = {"who", "node", "service", "kind"};
    json_t *filter = json_object();
    const char *kind = json_text(request, "kind", NULL);

    if (kind && !is_kind(kind)) {
        json_decref(filter);
        err_set(err, "\"%s\" is no kind of events: they are " KINDS, kind);
        return NULL;
    }
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (json_text(request, keys[i], NULL))
            json_object_set(filter, keys[i], json_object_get(request, keys[i]));
    }
    return filter;
}

static bool names_word(const json_t *row, const char *word)
{
    json_t *each;
    size_t i;

    json_array_foreach(json_object_get(row, "args"), i, each)
    {
        if (json_is_string(each) && strcmp(json_string_value(each), word) == 0)
            return true;
    }
    return false;
}

static bool is_by(const json_t *row, const char *who)
{
    return is(row, "who", who) || is(row, "user", who) || is(row, "login", who);
}

/* What was asked there, of it, or what happened to it or on it. */
static bool is_of_node(const json_t *row, const char *node)
{
    return is(row, "node", node) || names_word(row, node) ||
           (is(row, "kind", "node") && is(row, "subject", node)) ||
           (is(row, "kind", "leader") && is(row, "to", node));
}

static bool is_fault(const json_t *row)
{
    static const char *const states[] = {"unknown", "fence", "recovery", "error"};
    const char *code = json_text(row, "code", "");

    if (!is(row, "kind", "service") && !is(row, "kind", "node"))
        return false;
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (is(row, "to", states[i]) && !is(row, "from", states[i]))
            return true;
    }
    return strstr(code, "FAILED") || strstr(code, "CAN_RUN_IT") || strstr(code, "CANNOT_RUN_IT") ||
           strcmp(code, "RESTARTS_LATER") == 0;
}

bool event_passes(const json_t *filter, const json_t *row)
{
    const char *who = json_text(filter, "who", NULL), *node = json_text(filter, "node", NULL);
    const char *service = json_text(filter, "service", NULL);
    const char *kind = json_text(filter, "kind", NULL);

    if (kind && strcmp(kind, "fault") == 0 ? !is_fault(row) : kind && !is(row, "kind", kind))
        return false;
    if (service && !is(row, "service", service) && !names_word(row, service))
        return false;
    return (!who || is_by(row, who)) && (!node || is_of_node(row, node));
}
