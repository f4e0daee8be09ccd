/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From single changes to whole losses; see fence_history.h. */
#include "agentd/fence_history.h"

#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"
#include "ha/base/json.h"
#include "ha/model/reason.h"

struct fence_history {
    json_t *rows;
    json_t *missed; /* node -> when the others missed it */
    json_t *newest; /* node -> the row of its last loss; none once it has left in good order */
    json_t *waits;  /* service -> the row of the loss that it waits behind */
};

struct fence_history *fence_history_new(void)
{
    struct fence_history *history = xcalloc(1, sizeof(*history));

    history->rows = json_array();
    history->missed = json_object();
    history->newest = json_object();
    history->waits = json_object();
    return history;
}

void fence_history_free(struct fence_history *history)
{
    json_decref(history->rows);
    json_decref(history->missed);
    json_decref(history->newest);
    json_decref(history->waits);
    free(history);
}

static const char *proof_of(const char *code)
{
    switch (reason_of_name(code)) {
    case REASON_NODE_PROVEN_OFF: return "watchdog";
    case REASON_NODE_CONFIRMED_OFF: return "word";
    case REASON_NODE_REBOOTED: return "new boot";
    case REASON_NODE_NOT_ARMED: return "not armed";
    case REASON_NODE_NEVER_HEARD: return "never heard";
    default: return "";
    }
}

static void add(json_t *row, const char *member, int64_t number)
{
    json_object_set_new(row, member, json_integer(json_int(row, member, 0) + number));
}

static void take_loss(struct fence_history *history, const json_t *event, const char *node)
{
    int64_t at = json_int(event, "at", 0), missed = json_int(history->missed, node, at);
    json_t *row = json_pack("{s:I,s:s,s:s,s:I,s:i,s:i,s:n,s:s}", "at", (json_int_t)at, "node", node,
                            "proof", proof_of(json_text(event, "code", "")), "proof_ms",
                            (json_int_t)(at > missed ? at - missed : 0), "services", 0, "waiting",
                            0, "again_ms", "why", json_text(event, "why", ""));

    json_object_set(history->newest, node, row);
    json_array_append_new(history->rows, row);
}

static void take_node(struct fence_history *history, const json_t *event)
{
    const char *node = json_text(event, "subject", ""), *to = json_text(event, "to", "");

    if (strcmp(to, "unknown") == 0)
        json_object_set_new(history->missed, node, json_integer(json_int(event, "at", 0)));
    else if (strcmp(to, "fence") == 0 && proof_of(json_text(event, "code", ""))[0])
        take_loss(history, event, node);
    else if (strcmp(to, "fence") == 0)
        json_object_del(history->newest, node);
    if (strcmp(to, "unknown") != 0)
        json_object_del(history->missed, node);
}

static void end_wait(struct fence_history *history, const json_t *event, const char *service)
{
    json_t *row = json_object_get(history->waits, service);

    if (!row)
        return;
    add(row, "waiting", -1);
    if (json_int(row, "waiting", 0) == 0)
        json_object_set_new(row, "again_ms",
                            json_integer(json_int(event, "at", 0) - json_int(row, "at", 0)));
    json_object_del(history->waits, service);
}

/* Who is to be stopped meanwhile waits for no place any more. */
static void take_service(struct fence_history *history, const json_t *event)
{
    const char *service = json_text(event, "service", ""), *code = json_text(event, "code", "");
    const char *node = json_text(json_object_get(event, "about"), "node", "");
    json_t *loss = json_object_get(history->newest, node);
    bool is_lost = strcmp(code, reason_name(REASON_ITS_NODE_IS_OFF)) == 0 ||
                   strcmp(code, reason_name(REASON_ITS_NODE_REBOOTED)) == 0;

    if (is_lost && loss) {
        /* Lost once more before it ran: the first loss is left as it is. */
        json_object_set(history->waits, service, loss);
        add(loss, "services", 1);
        add(loss, "waiting", 1);
        json_object_set_new(loss, "again_ms", json_null());
    } else if (strcmp(code, reason_name(REASON_RUNS_NOW)) == 0 ||
               strcmp(json_text(event, "to", ""), "stopped") == 0) {
        end_wait(history, event, service);
    }
}

void fence_history_take(struct fence_history *history, const json_t *events)
{
    json_t *event;
    size_t i;

    json_array_foreach(events, i, event)
    {
        const char *kind = json_text(event, "kind", "");

        if (strcmp(kind, "node") == 0)
            take_node(history, event);
        else if (strcmp(kind, "service") == 0)
            take_service(history, event);
    }
}

const json_t *fence_history_rows(const struct fence_history *history)
{
    return history->rows;
}
