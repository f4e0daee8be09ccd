/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What somebody missed. A moment after each change of view the leader tells the marks of its
 * requests, hour by hour; whoever has others tells all rows of those hours and wishes for the
 * leader's. Rows of two nodes that know the same are equal, so everybody just takes in all of
 * them. One message at a time is under way, and the past is read by its own thread.
 */
#include <string.h>

#include "agentd/agent.h"
#include "agentd/audit_internal.h"
#include "ha/base/json.h"
#include "ha/base/log.h"

static bool is_here(const struct agent *agent)
{
    return agent->member && agent->status.is_quorate && agent->status.is_in_sync;
}

static bool leads(const struct agent *agent)
{
    return is_here(agent) && agent->status.leader == agent->roster.self;
}

static bool tell(struct agent *agent, json_t *message)
{
    struct err err = {{0}};
    bool is_told = is_here(agent) && member_tell(agent->member, message, &err);

    json_decref(message);
    return is_told;
}

/* One that cannot be told now is found missing when the others are here again. */
bool audit_tell(struct agent *agent, const json_t *row)
{
    return tell(agent, json_pack("{s:s,s:[o],s:b}", "kind", "asked", "rows", json_deep_copy(row),
                                 "news", 1));
}

static void ask(struct agent *agent, struct question question, history_answer *answer)
{
    question.version = agent->audit->view;
    history_ask(agent->history, &question, answer, agent);
}

/* ---- telling rows ---------------------------------------------------------------------------- */

static void tell_more(struct agent *agent);

static void answer_rows(void *context, const struct question *question, json_t *value,
                        const struct err *err)
{
    struct agent *agent = context;
    struct audit *audit = agent->audit;
    size_t count = json_array_size(value);

    if (question->version != audit->view)
        return;
    audit->is_reading = false;
    if (!value) {
        log_warning("requests that others lack are not told: %s", err->text);
        json_array_clear(audit->spans);
        return;
    }
    if (count < REQUESTS_TOLD_MAX) {
        json_array_remove(audit->spans, 0);
        audit->after = 0;
    } else {
        audit->after = json_int(json_array_get(value, count - 1), "id", 0);
    }
    if (count > 0)
        audit->is_telling = tell(agent, json_pack("{s:s,s:O}", "kind", "asked", "rows", value));
    tell_more(agent);
}

static void tell_more(struct agent *agent)
{
    struct audit *audit = agent->audit;

    if (audit->is_reading || audit->is_telling || json_array_size(audit->spans) == 0)
        return;
    audit->is_reading = true;
    ask(agent,
        (struct question){.kind = QUESTION_REQUEST_ROWS,
                          .from_ms = audit->since,
                          .after = (uint64_t)audit->after,
                          .span = json_integer_value(json_array_get(audit->spans, 0)),
                          .limit = REQUESTS_TOLD_MAX},
        answer_rows);
}

/* Behind those that are being told already: what was wished for twice is told once. */
static void add_span(struct audit *audit, json_int_t span)
{
    json_t *each;
    size_t i;

    json_array_foreach(audit->spans, i, each)
    {
        if (json_integer_value(each) == span)
            return;
    }
    if (json_array_size(audit->spans) <= REQUESTS_SPANS_MAX)
        json_array_append_new(audit->spans, json_integer(span));
}

static void rows_taken(struct agent *agent, node_id from, const json_t *message)
{
    autojson *good = json_array();
    bool is_news = json_flag(message, "news", false), is_ours = from == agent->roster.self;
    json_t *row;
    size_t i;

    json_array_foreach(json_object_get(message, "rows"), i, row)
    {
        if (!audit_row_is_good(row))
            continue;
        json_array_append(good, row);
        if (json_object_get(row, "end"))
            audit_show(agent, row, is_news);
    }
    if (!is_ours && json_array_size(good) > 0)
        store_take_requests(agent->store, good);
    if (is_ours && !is_news) {
        agent->audit->is_telling = false;
        tell_more(agent);
    }
}

/* ---- comparing ------------------------------------------------------------------------------- */

static bool is_mark(const json_t *mark)
{
    return json_is_integer(json_array_get(mark, 0)) && json_array_size(mark) == 3;
}

/* Spans of a that b has not, or otherwise. */
static void add_differing(json_t *spans, const json_t *a, const json_t *b)
{
    json_t *mine, *theirs;
    size_t i, j;

    json_array_foreach(a, i, mine)
    {
        bool is_equal = false;

        json_array_foreach(b, j, theirs) is_equal = is_equal || json_equal(mine, theirs);
        if (!is_equal && is_mark(mine))
            json_array_append(spans, json_array_get(mine, 0));
    }
}

static void answer_ours(void *context, const struct question *question, json_t *value,
                        const struct err *err)
{
    struct agent *agent = context;
    struct audit *audit = agent->audit;
    const json_t *ours = json_object_get(value, "marks");
    json_t *theirs = json_object_get(audit->theirs, "marks"), *span;
    autojson *more = json_array(), *wish = json_array();
    size_t i;

    if (question->version != audit->view)
        return;
    if (!value)
        log_warning("requests are not compared with those of the leader: %s", err->text);
    if (value) {
        add_differing(more, ours, theirs);
        add_differing(wish, theirs, ours);
    }
    json_array_foreach(more, i, span) add_span(audit, json_integer_value(span));
    if (json_array_size(wish) > 0)
        tell(agent, json_pack("{s:s,s:O,s:I}", "kind", "asked", "wish", wish, "since",
                              (json_int_t)audit->since));
    json_decref(audit->theirs);
    audit->theirs = NULL;
    tell_more(agent);
}

static void marks_taken(struct agent *agent, node_id from, const json_t *message)
{
    struct audit *audit = agent->audit;

    if (from != agent->status.leader || !json_is_array(json_object_get(message, "marks")))
        return;
    audit->since = json_int(message, "since", 0);
    if (from == agent->roster.self || audit->theirs)
        return;
    audit->theirs = json_deep_copy(message);
    ask(agent, (struct question){.kind = QUESTION_REQUEST_MARKS, .from_ms = audit->since},
        answer_ours);
}

static void wish_taken(struct agent *agent, const json_t *message)
{
    json_t *span;
    size_t i;

    if (!leads(agent) || json_int(message, "since", -1) != agent->audit->since)
        return;
    json_array_foreach(json_object_get(message, "wish"), i, span)
        add_span(agent->audit, json_integer_value(span));
    tell_more(agent);
}

void audit_share_message(struct agent *agent, node_id from, const json_t *message)
{
    if (json_is_array(json_object_get(message, "rows")))
        rows_taken(agent, from, message);
    else if (json_object_get(message, "marks"))
        marks_taken(agent, from, message);
    else if (json_object_get(message, "wish"))
        wish_taken(agent, message);
}

static void answer_marks(void *context, const struct question *question, json_t *value,
                         const struct err *err)
{
    struct agent *agent = context;

    if (question->version != agent->audit->view || !leads(agent))
        return;
    if (!value)
        log_warning("requests are not compared with those of other nodes: %s", err->text);
    else
        tell(agent,
             json_pack("{s:s,s:O,s:O}", "kind", "asked", "since", json_object_get(value, "since"),
                       "marks", json_object_get(value, "marks")));
}

void audit_changed(struct agent *agent)
{
    struct audit *audit = agent->audit;

    audit->view++;
    json_decref(audit->theirs);
    audit->theirs = NULL;
    json_array_clear(audit->spans);
    audit->after = 0;
    audit->is_reading = audit->is_telling = false;
    audit->compare_at = instant_after(agent_now(), duration_ms(REQUESTS_COMPARE_MS));
}

struct instant audit_turn(struct agent *agent, struct instant now)
{
    struct audit *audit = agent->audit;

    if (!instant_reached(now, audit->compare_at))
        return audit->compare_at;
    audit->compare_at = INSTANT_NEVER;
    if (leads(agent))
        ask(agent, (struct question){.kind = QUESTION_REQUEST_MARKS, .from_ms = -1}, answer_marks);
    return INSTANT_NEVER;
}
