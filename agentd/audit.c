/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests as rows: how each begins, is carried, and ends; see audit.h. */
#include "agentd/audit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "agentd/agent.h"
#include "agentd/audit_internal.h"
#include "agentd/control_server.h"
#include "agentd/recent.h"
#include "ha/base/json.h"
#include "ha/base/log.h"
#include "ha/base/text.h"

/* As many as can be on their way at a time, from all nodes. */
#define OPEN_MAX (2 * COMMANDS_MAX)
#define CREDIT_MAX_MS (REQUESTS_IN_A_ROW * REQUEST_EVERY_MS)

enum rank { RANK_NODE = 1, RANK_CLUSTER };

struct audit *audit_new(void)
{
    struct audit *audit = xcalloc(1, sizeof(*audit));

    audit->open = json_array();
    audit->spans = json_array();
    audit->credit_ms = CREDIT_MAX_MS;
    audit->compare_at = INSTANT_NEVER;
    return audit;
}

static void asked_free(struct asked *asked)
{
    json_decref(asked->row);
    free(asked);
}

void audit_free(struct audit *audit)
{
    if (!audit)
        return;
    while (audit->asked) {
        struct asked *next = audit->asked->next;

        asked_free(audit->asked);
        audit->asked = next;
    }
    json_decref(audit->open);
    json_decref(audit->theirs);
    json_decref(audit->spans);
    free(audit);
}

/* ---- a row ----------------------------------------------------------------------------------- */

static int64_t new_id(void)
{
    uint64_t number = 0;

    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        abort();
    return (int64_t)(number >> 2) + 1;
}

static void put_text(json_t *row, const char *key, const char *value)
{
    char text[REASON_TEXT_MAX];
    struct text builder;

    if (!value || !value[0])
        return;
    text_init(&builder, text, sizeof(text));
    text_add(&builder, "%s", value);
    json_object_set_new(row, key, json_string(text));
    /* Cut within a letter it is no text any more. */
    if (!json_object_get(row, key))
        json_object_set_new(row, key, json_string("?"));
}

/* The members that say what is asked for, by name: none that somebody adds later is kept unseen. */
static json_t *options_of(const json_t *request)
{
    static const char *const keys[] = {"for",  "within",  "confirm", "wait",
                                       "base", "message", "because"};
    json_t *options = json_object();

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        json_t *value = json_object_get(request, keys[i]);

        if (json_is_string(value))
            put_text(options, keys[i], json_string_value(value));
        else if (json_is_integer(value) || json_is_true(value))
            json_object_set(options, keys[i], value);
    }
    return options;
}

static json_t *args_of(const json_t *request)
{
    const json_t *args = json_object_get(request, "args");
    json_t *list = json_array();

    for (size_t i = 0; i < json_array_size(args) && i < REQUEST_WORDS_MAX; i++) {
        autojson *holder = json_object();

        put_text(holder, "word", json_string_value(json_array_get(args, i)));
        if (json_object_get(holder, "word"))
            json_array_append(list, json_object_get(holder, "word"));
    }
    return list;
}

/* Only root may speak for somebody else, as call_author has it. */
static const char *by_whom(const struct peer *peer, const json_t *request)
{
    return peer->uid == 0 ? json_text(request, "author", peer->user) : peer->user;
}

/* In the cluster's time, so that nothing that was asked seems to follow what it led to. */
static int64_t stamp_now(const struct agent *agent)
{
    int64_t now = agent_wall_ms();

    return now > agent->knowledge.stamp ? now : agent->knowledge.stamp;
}

static json_t *row_of(const struct agent *agent, const struct peer *peer, const json_t *request,
                      const char *verb)
{
    json_t *row =
        json_pack("{s:I,s:I,s:s,s:I,s:I,s:o,s:o}", "id", (json_int_t)new_id(), "at",
                  (json_int_t)stamp_now(agent), "verb", verb, "uid", (json_int_t)peer->uid, "pid",
                  (json_int_t)peer->pid, "args", args_of(request), "options", options_of(request));

    put_text(row, "node", agent_node(agent)[0] ? agent_node(agent) : "this node");
    put_text(row, "user", peer->user);
    put_text(row, "program", peer->program);
    put_text(row, "from", peer->from);
    put_text(row, "terminal", peer->terminal);
    put_text(row, "by", by_whom(peer, request));
    put_text(row, "ssh", json_text(request, "ssh", NULL));
    if (peer->login >= 0)
        json_object_set_new(row, "login", json_integer(peer->login));
    return row;
}

bool audit_row_is_good(const json_t *row)
{
    const json_t *end = json_object_get(row, "end"), *words = json_object_get(end, "words");

    return json_is_object(row) && json_int(row, "id", 0) > 0 && json_int(row, "at", 0) > 0 &&
           json_text(row, "verb", NULL) && json_text(row, "node", NULL) &&
           (!end || (json_int(end, "rank", 0) > 0 && (!words || json_is_string(words)))) &&
           json_dumpb(row, NULL, 0, JSON_COMPACT) <= REQUEST_BYTES_MAX;
}

static json_t *end_of(enum rank rank, int code, const char *words)
{
    json_t *end = json_pack("{s:i,s:b,s:i}", "rank", (int)rank, "ok", code == 0, "code", code);

    put_text(end, "words", words);
    return end;
}

/* ---- showing --------------------------------------------------------------------------------- */

/* "ha stop ocf:web" */
static json_t *subject_of(const json_t *row)
{
    char words[REASON_TEXT_MAX];
    struct text text;
    json_t *each, *subject;
    size_t i;

    text_init(&text, words, sizeof(words));
    text_add(&text, "%s", json_text(row, "verb", ""));
    json_array_foreach(json_object_get(row, "args"), i, each)
        text_add(&text, " %s", json_is_string(each) ? json_string_value(each) : "?");
    subject = json_string(words);
    return subject ? subject : json_string(json_text(row, "verb", ""));
}

json_t *audit_event(const json_t *row)
{
    static const char *const kept[] = {"id",      "node",    "uid",      "user",  "pid",
                                       "program", "login",   "from",     "ssh",   "verb",
                                       "args",    "options", "terminal", "unkept"};
    const json_t *end = json_object_get(row, "end");
    int64_t at = json_int(row, "at", 0), stamp = json_int(end, "stamp", 0);
    json_t *event;

    if (!audit_row_is_good(row))
        return NULL;
    event =
        json_pack("{s:s,s:I,s:o,s:s,s:s,s:s}", "kind", "request", "at",
                  (json_int_t)(stamp > 0 && stamp < at ? stamp : at), "subject", subject_of(row),
                  "who", json_text(row, "by", json_text(row, "user", "?")), "outcome",
                  !end                          ? "unanswered"
                  : json_flag(end, "ok", false) ? "accepted"
                                                : "refused",
                  "why", json_text(end, "words", ""));
    if (end)
        json_object_set_new(event, "exit", json_integer(json_int(end, "code", 0)));
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (json_object_get(row, kept[i]))
            json_object_set(event, kept[i], json_object_get(row, kept[i]));
    }
    return event;
}

void audit_show(struct agent *agent, const json_t *row, bool is_news)
{
    json_t *event = audit_event(row);

    if (!event)
        return;
    recent_add(agent->recent, event);
    if (is_news)
        control_event(agent->control, event);
    json_decref(event);
}

static void log_row(const json_t *row)
{
    autojson *event = audit_event(row);

    log_info("%s asked: %s: %s%s%s", json_text(event, "who", "?"), json_text(event, "subject", ""),
             json_text(event, "outcome", ""), json_text(event, "why", "")[0] ? ", " : "",
             json_text(event, "why", ""));
}

static void answer_recent(void *context, const struct question *question, json_t *value,
                          const struct err *err)
{
    struct agent *agent = context;
    json_t *row;
    size_t i;

    (void)question;
    if (!value)
        log_warning("what people asked for is not shown: %s", err->text);
    json_array_foreach(value, i, row) audit_show(agent, row, false);
}

void audit_recall(struct agent *agent)
{
    history_ask(agent->history, &(struct question){.kind = QUESTION_REQUESTS, .limit = RECENT_MAX},
                answer_recent, agent);
}

/* ---- known to all, without an end ------------------------------------------------------------ */

static void store_row(struct agent *agent, json_t *row)
{
    autojson *rows = json_pack("[O]", row);

    store_take_requests(agent->store, rows);
}

static json_t *find_open(const struct audit *audit, int64_t id, size_t *at)
{
    for (*at = 0; *at < json_array_size(audit->open); ++*at) {
        json_t *row = json_array_get(audit->open, *at);

        if (json_int(row, "id", 0) == id)
            return row;
    }
    return NULL;
}

static void hear(struct agent *agent, node_id from, json_t *row)
{
    struct audit *audit = agent->audit;
    size_t at;

    if (!audit_row_is_good(row) || find_open(audit, json_int(row, "id", 0), &at))
        return;
    if (json_array_size(audit->open) >= OPEN_MAX)
        json_array_remove(audit->open, 0);
    json_array_append_new(audit->open, json_deep_copy(row));
    if (from != agent->roster.self)
        store_row(agent, row);
}

/* By the cluster: all members hear of it in the same words. */
static void end_open(struct agent *agent, int64_t id, json_t *end)
{
    autojson *news = json_pack("{s:I,s:o}", "id", (json_int_t)id, "end", end);
    size_t at;
    json_t *row = find_open(agent->audit, id, &at);

    store_row(agent, news);
    for (struct asked *each = agent->audit->asked; each; each = each->next) {
        if (json_int(each->row, "id", 0) == id)
            each->is_ended = true;
    }
    if (!row)
        return;
    json_object_set(row, "end", end);
    audit_show(agent, row, true);
    if (strcmp(json_text(row, "node", ""), agent_node(agent)) == 0)
        log_row(row);
    json_array_remove(agent->audit->open, at);
}

void audit_message(struct agent *agent, node_id from, const json_t *message)
{
    const char *kind = json_text(message, "kind", "");
    json_t *row = json_object_get(message, "asked");
    const json_t *error = json_object_get(message, "error");

    if (strcmp(kind, "asked") == 0)
        audit_share_message(agent, from, message);
    else if (strcmp(kind, "refused") == 0)
        end_open(agent, strtoll(json_text(message, "id", "0"), NULL, 10),
                 end_of(RANK_CLUSTER, (int)json_int(error, "code", CONTROL_EXIT_FAILED),
                        json_text(error, "error", "")));
    else if (row)
        hear(agent, from, row);
}

static void end_by_patch(struct agent *agent, const json_t *patch, int64_t id, json_t *end)
{
    json_object_set_new(end, "stamp", json_integer(json_int(patch, "stamp", 0)));
    end_open(agent, id, end);
}

void audit_committed(struct agent *agent, const json_t *patch)
{
    const json_t *push = json_object_get(patch, "push"), *answer;
    size_t i;

    json_array_foreach(json_object_get(patch, "answers"), i, answer) end_by_patch(
        agent, patch, json_int(answer, "command", 0),
        end_of(RANK_CLUSTER,
               json_flag(answer, "accepted", false) ? CONTROL_EXIT_OK : CONTROL_EXIT_FAILED,
               json_text(json_object_get(answer, "why"), "text", "")));
    if (push) {
        autojson *said =
            json_sprintf("version %lld is in force", (long long)json_int(push, "version", 0));

        end_by_patch(agent, patch, strtoll(json_text(push, "id", "0"), NULL, 10),
                     end_of(RANK_CLUSTER, CONTROL_EXIT_OK,
                            json_text(push, "words", json_string_value(said))));
    }
}

void audit_caught_up(struct agent *agent, const json_t *patches)
{
    json_t *patch;
    size_t i;

    json_array_foreach(patches, i, patch) audit_committed(agent, patch);
}

/* ---- of our clients -------------------------------------------------------------------------- */

static struct asked *find_asked(const struct agent *agent, const struct session *session,
                                int64_t reply_to)
{
    for (struct asked *each = agent->audit->asked; each; each = each->next) {
        if (each->session == session && each->reply_to == reply_to)
            return each;
    }
    return NULL;
}

/*
 * It only looks whether it could be done. Other verbs know no such word and are carried out all the
 * same: a request that bears it must not go unseen by that.
 */
static bool is_only_tried(const json_t *request, const char *verb)
{
    static const char *const verbs[] = {"cluster admit", "witness admit", "witness dismiss"};

    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verb, verbs[i]) == 0)
            return json_flag(request, "dry", false);
    }
    return false;
}

void audit_begin(struct agent *agent, struct session *session, const json_t *request,
                 const char *verb)
{
    struct asked *asked;

    if (is_only_tried(request, verb))
        return;
    asked = xcalloc(1, sizeof(*asked));
    asked->session = session;
    asked->reply_to = json_int(request, "id", 0);
    asked->row = row_of(agent, session_peer(session), request, verb);
    asked->next = agent->audit->asked;
    agent->audit->asked = asked;
}

void audit_begun(struct agent *agent, const struct session *session, int64_t reply_to)
{
    struct asked *asked = find_asked(agent, session, reply_to);

    if (!asked || asked->is_sent)
        return;
    asked->is_sent = true;
    store_row(agent, asked->row);
    audit_tell(agent, asked->row);
}

void audit_sent(struct agent *agent, const struct session *session, int64_t reply_to, json_t *body)
{
    struct asked *asked = find_asked(agent, session, reply_to);

    if (!asked)
        return;
    asked->is_sent = true;
    json_object_set_new(body, "id", json_sprintf("%lld", (long long)json_int(asked->row, "id", 0)));
    json_object_set_new(body, "asked", json_copy(asked->row));
    store_row(agent, asked->row);
}

/* A script gone wild must not fill the table: what is too much is counted in the next row kept. */
static bool has_credit(struct audit *audit, struct instant now)
{
    audit->credit_ms += instant_since(now, audit->filled_at).ms;
    audit->filled_at = now;
    if (audit->credit_ms > CREDIT_MAX_MS)
        audit->credit_ms = CREDIT_MAX_MS;
    if (audit->credit_ms < REQUEST_EVERY_MS) {
        audit->n_unkept++;
        return false;
    }
    audit->credit_ms -= REQUEST_EVERY_MS;
    return true;
}

static void drop(struct agent *agent, struct asked *asked)
{
    struct asked **link = &agent->audit->asked;

    while (*link != asked)
        link = &(*link)->next;
    *link = asked->next;
    asked_free(asked);
}

/* By us: nobody else has answered it, or can have. */
static void end_asked(struct agent *agent, struct asked *asked, int code, const char *words)
{
    struct audit *audit = agent->audit;

    if (!asked->is_ended && (asked->is_sent || has_credit(audit, agent_now()))) {
        json_object_set_new(asked->row, "end", end_of(RANK_NODE, code, words));
        if (code == CONTROL_EXIT_NO_PERMISSION)
            json_object_set_new(asked->row, "minor", json_true());
        if (!asked->is_sent && audit->n_unkept > 0) {
            json_object_set_new(asked->row, "unkept", json_integer(audit->n_unkept));
            audit->n_unkept = 0;
        }
        store_row(agent, asked->row);
        log_row(asked->row);
        /* Those who are told show it where it comes back to them in order; nobody is: here, now. */
        if (!audit_tell(agent, asked->row))
            audit_show(agent, asked->row, true);
    }
    drop(agent, asked);
}

void audit_answered(struct agent *agent, const struct session *session, int64_t reply_to,
                    const json_t *line)
{
    struct asked *asked = find_asked(agent, session, reply_to);
    bool is_done = json_flag(line, "done", false);

    if (asked)
        end_asked(agent, asked,
                  (int)json_int(line, "code", is_done ? CONTROL_EXIT_OK : CONTROL_EXIT_FAILED),
                  json_text(line, is_done ? "words" : "error", ""));
}

/* What was sent gets its end from the cluster all the same. */
void audit_forget(struct agent *agent, const struct session *session)
{
    for (struct asked *each = agent->audit->asked, *next; each; each = next) {
        next = each->next;
        if (each->session == session)
            drop(agent, each);
    }
}
