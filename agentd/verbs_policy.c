/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Policies that are pushed, and those that were. */
#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "agentd/branches.h"
#include "agentd/call.h"
#include "agentd/confirm.h"
#include "agentd/control_server.h"
#include "agentd/current.h"
#include "agentd/past.h"
#include "agentd/requests.h"
#include "agentd/verdict.h"
#include "ha/base/json.h"

/* Only root may speak for somebody else: it is root that sudo runs as. */
const char *call_author(const struct call *call)
{
    const char *user = session_user(call->session);

    return strcmp(user, "root") == 0 ? json_text(call->request, "author", user) : user;
}

/* One line of a list: not longer, and nothing that a terminal would obey. */
static bool message_is_good(const struct call *call, const char *message)
{
    bool is_good = strlen(message) < POLICY_MESSAGE_MAX;

    for (const char *at = message; *at && is_good; at++)
        is_good = (unsigned char)*at >= ' ' && *at != '\x7f';
    if (!is_good)
        session_error(call->session, call->id, CONTROL_EXIT_USAGE, "nothing was pushed",
                      "a message is one line of at most %d bytes", POLICY_MESSAGE_MAX - 1);
    return is_good;
}

void verb_policy_push(const struct call *call)
{
    const char *text = json_text(call->request, "text", NULL);
    const char *message = json_text(call->request, "message", "");
    const char *file = call_argument(call, 0);
    int64_t confirm_ms = json_int(call->request, "confirm", 0);
    autojson *body = NULL;

    if (!text) {
        session_error(call->session, call->id, CONTROL_EXIT_USAGE, NULL,
                      "the request carries no \"text\"");
        return;
    }
    if (strlen(text) > POLICY_BYTES_MAX) {
        session_error(call->session, call->id, CONTROL_EXIT_FAILED, NULL,
                      "a policy may have at most %d bytes; this one has %zu", POLICY_BYTES_MAX,
                      strlen(text));
        return;
    }
    if (!message_is_good(call, message))
        return;
    if (confirm_ms && (confirm_ms < CONFIRM_MIN_MS || confirm_ms > CONFIRM_MAX_MS)) {
        session_error(call->session, call->id, CONTROL_EXIT_USAGE, "nothing was pushed",
                      "a policy may wait between 5 s and 7 days to be confirmed");
        return;
    }
    body = json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I}", "kind", "push", "text", text, "file",
                     file ? file : "policy", "author", call_author(call), "message", message,
                     "base", (json_int_t)json_int(call->request, "base", -1), "confirm",
                     (json_int_t)confirm_ms);
    verdict_begin(call->agent, call->session, call->id, body);
}

static void end_waiting(const struct call *call, const char *what)
{
    autojson *body =
        json_pack("{s:s,s:s,s:s}", "kind", "push", "what", what, "author", call_author(call));
    struct err err = {{0}};
    int code;

    if (!requests_send(call->agent, call->session, call->id, body, &code, &err))
        session_error(call->session, call->id, code, "tenuto cluster status shows who is here",
                      "nothing was changed: %s", err.text);
}

void verb_policy_confirm(const struct call *call)
{
    end_waiting(call, "confirm");
}

void verb_policy_abort(const struct call *call)
{
    end_waiting(call, "abort");
}

/* ---- those in force, and those that were ---------------------------------------------------- */

/*
 * The record that is agreed on: the newest on this disk may be one that nobody has acknowledged
 * yet, or the disk may be behind. NULL: there is none, or corosync was not reached yet.
 */
static json_t *policy_in_force(const struct call *call)
{
    const struct member *member = call->agent->member;
    const char *record = member ? json_text(member_records(member), KEY_POLICY, NULL) : NULL;
    json_t *policy = record ? json_read(record, strlen(record), NULL) : NULL;

    if (policy && !json_object_get(policy, "message"))
        json_object_set_new(policy, "message", json_string(""));
    return policy;
}

/* The asking keeps why its answer may be old. */
static struct asking *ask_past(const struct call *call, const char *why_old)
{
    return past_begin(call, why_old ? xstrdup(why_old) : NULL, free);
}

static void tell_policy(struct session *session, int64_t id, json_t *policy, const char *why_old)
{
    json_object_set_new(policy, "current", json_boolean(!why_old));
    session_row(session, id, policy);
    session_done(session, id, current_done(why_old));
}

static void tell_unknown(struct session *session, int64_t id, uint64_t version)
{
    session_error(session, id, CONTROL_EXIT_FAILED, "tenuto policy show prints the one in force",
                  "this node knows no version %llu of the policy", (unsigned long long)version);
}

static void answer_policy(void *context, const struct question *question, json_t *value,
                          const struct err *err)
{
    struct asking *asking = context;

    if (asking->session && value)
        tell_policy(asking->session, asking->id, json_incref(value), asking->rest);
    else if (asking->session && err->text[0])
        session_error(asking->session, asking->id, CONTROL_EXIT_FAILED, NULL, "%s", err->text);
    else if (asking->session && question->version)
        tell_unknown(asking->session, asking->id, question->version);
    else if (asking->session)
        session_error(asking->session, asking->id, CONTROL_EXIT_FAILED,
                      "push one with: tenuto policy push FILE", "no policy was pushed yet");
    past_end(asking);
}

static void show(const struct call *call, json_t *in_force, const char *why_old)
{
    const char *which = call_argument(call, 0);
    struct question question = {.kind = QUESTION_POLICY,
                                .version = which ? strtoull(which, NULL, 10) : 0};
    uint64_t version = (uint64_t)json_int(in_force, "version", 0);
    struct asking *asking;

    if (in_force && (!which || question.version == version)) {
        tell_policy(call->session, call->id, in_force, why_old);
        return;
    }
    json_decref(in_force);
    if (version && question.version > version) {
        tell_unknown(call->session, call->id, question.version);
        return;
    }
    asking = ask_past(call, why_old);
    if (asking)
        past_ask(asking, &question, answer_policy);
}

/* "4@branch": what was in force here and the others went on without. It needs nobody's word. */
static void show_branch(const struct call *call, int64_t version)
{
    autojson *policy = branches_policy(call->agent, version);

    if (!policy) {
        session_error(call->session, call->id, CONTROL_EXIT_FAILED,
                      "\"tenuto policy history\" lists what this node has; a branch is kept by the "
                      "node that lost it",
                      "no branch on this node has version %lld", (long long)version);
        return;
    }
    session_row(call->session, call->id,
                json_pack("{s:I,s:I,s:s,s:s,s:b}", "version", (json_int_t)version, "at",
                          (json_int_t)json_int(policy, "stamp", 0), "author",
                          json_text(policy, "author", ""), "text", json_text(policy, "text", ""),
                          "branch", 1));
    session_done(call->session, call->id, NULL);
}

void verb_policy_show(const struct call *call)
{
    const char *which = call_argument(call, 0);
    char *end = NULL;
    uint64_t number = which ? strtoull(which, &end, 10) : 0;

    if (number > 0 && number < INT64_MAX && strcmp(end, "@branch") == 0) {
        show_branch(call, (int64_t)number);
        return;
    }

    if (which && (number == 0 || *end)) {
        session_error(call->session, call->id, CONTROL_EXIT_USAGE,
                      "\"tenuto policy history\" lists them; what a file would change says "
                      "\"tenuto policy plan FILE\"",
                      "\"%s\" is no version of a policy", which);
        return;
    }
    if (which)
        current_ask_past(call, policy_in_force, show);
    else
        current_ask(call, policy_in_force, show);
}

/* What became of one that was to be confirmed: in a word, and why. */
static void set_outcome(const struct agent *agent, json_t *row, const json_t *policy)
{
    const json_t *waiting = confirm_waiting(agent);
    const char *code = json_text(policy, "outcome", "");

    if (json_int(policy, "version", 0) == json_int(waiting, "version", -1))
        json_object_set_new(row, "outcome", json_string("not yet confirmed"));
    else if (code[0])
        json_object_set_new(row, "outcome",
                            json_string(strcmp(code, reason_name(REASON_CONFIRMED)) == 0
                                            ? "confirmed"
                                            : "taken back"));
    if (code[0])
        json_object_set(row, "why", json_object_get(policy, "why"));
}

static void answer_policies(void *context, const struct question *question, json_t *value,
                            const struct err *err)
{
    struct asking *asking = context;
    autojson *branches = branches_policies(asking->agent);
    json_t *policy;
    size_t i;

    (void)question;
    if (!value) {
        past_fail(asking, err);
        return;
    }
    json_array_foreach(value, i, policy)
    {
        json_t *row;

        if (!asking->session)
            break;
        row = json_pack("{s:O,s:I,s:O,s:O}", "version", json_object_get(policy, "version"), "at",
                        (json_int_t)json_int(policy, "stamp", 0), "author",
                        json_object_get(policy, "author"), "message",
                        json_object_get(policy, "message"));
        set_outcome(asking->agent, row, policy);
        session_row(asking->session, asking->id, row);
    }
    json_array_foreach(branches, i, policy)
    {
        if (asking->session)
            session_row(asking->session, asking->id, json_incref(policy));
    }
    if (asking->session)
        session_done(asking->session, asking->id, current_done(asking->rest));
    past_end(asking);
}

/* What this node keeps of them. */
static void list(const struct call *call, json_t *in_force, const char *why_old)
{
    const char *word = call_argument(call, 0);
    long limit = word ? strtol(word, NULL, 10) : POLICIES_LISTED_MAX;
    struct question question = {.kind = QUESTION_POLICIES, .limit = POLICIES_LISTED_MAX};
    struct asking *asking = ask_past(call, why_old);

    /* Later ones are on their way, and perhaps never in force. */
    question.version = (uint64_t)json_int(in_force, "version", 0);
    json_decref(in_force);
    if (limit < question.limit)
        question.limit = (int)limit;
    if (asking)
        past_ask(asking, &question, answer_policies);
}

void verb_policy_history(const struct call *call)
{
    const char *word = call_argument(call, 0);
    char *end = NULL;

    if (word && (strtol(word, &end, 10) < 1 || *end)) {
        session_error(call->session, call->id, CONTROL_EXIT_USAGE,
                      "tenuto policy history 5 lists the newest five",
                      "\"%s\" is no number of versions", word);
        return;
    }
    current_ask_past(call, policy_in_force, list);
}
