/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Policies that are pushed, and those that were. */
#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "agentd/call.h"
#include "agentd/control_server.h"
#include "agentd/past.h"
#include "agentd/requests.h"
#include "dsl/policy_text.h"
#include "ha/base/json.h"

/* Only root may speak for somebody else: it is root that sudo runs as. */
const char *call_author(const struct call *call)
{
    const char *user = session_user(call->session);

    return strcmp(user, "root") == 0 ? json_text(call->request, "author", user) : user;
}

/* The leader checks again; here first, so that a slip goes no further than this node. */
static bool text_is_good(const struct call *call, const char *file, const char *text)
{
    struct arena *arena = arena_new();
    struct policy *policy = arena_alloc(arena, sizeof(*policy));
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));
    bool is_good;

    diagnostics_init(diagnostics, arena, file, text, strlen(text));
    is_good =
        policy_rehearse(arena, file, text, strlen(text), policy, diagnostics, REHEARSE_BRIEFLY);
    if (!is_good)
        session_error_with(call->session, call->id,
                           json_pack("{s:s,s:s,s:i,s:o}", "error",
                                     "the policy has errors; nothing was changed", "hint",
                                     "mend them and push again", "code", CONTROL_EXIT_FAILED,
                                     "diagnostics", diagnostics_json(diagnostics)));
    arena_free(arena);
    return is_good;
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
    struct err err = {{0}};
    json_t *body;
    int code;

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
    if (!message_is_good(call, message) || !text_is_good(call, file ? file : "policy", text))
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
    if (!requests_send(call->agent, call->session, call->id, body, &code, &err))
        session_error(call->session, call->id, code, "tenuto cluster status shows who is here",
                      "nothing was pushed: %s", err.text);
    json_decref(body);
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

static void answer_policy(void *context, const struct question *question, json_t *value,
                          const struct err *err)
{
    struct asking *asking = context;
    long long version = (long long)question->version;

    if (asking->session && value) {
        session_row(asking->session, asking->id, json_incref(value));
        session_done(asking->session, asking->id, NULL);
    } else if (asking->session && err->text[0]) {
        session_error(asking->session, asking->id, CONTROL_EXIT_FAILED, NULL, "%s", err->text);
    } else if (asking->session && version) {
        session_error(asking->session, asking->id, CONTROL_EXIT_FAILED,
                      "tenuto policy show prints the one in force",
                      "this node knows no version %lld of the policy", version);
    } else if (asking->session) {
        session_error(asking->session, asking->id, CONTROL_EXIT_FAILED,
                      "push one with: tenuto policy push FILE", "no policy was pushed yet");
    }
    past_end(asking);
}

void verb_policy_show(const struct call *call)
{
    const char *which = call_argument(call, 0);
    struct question question = {.kind = QUESTION_POLICY};
    struct asking *asking;
    char *end = NULL;

    if (which)
        question.version = strtoull(which, &end, 10);
    if (which && (question.version == 0 || *end)) {
        session_error(call->session, call->id, CONTROL_EXIT_USAGE,
                      "\"tenuto policy history\" lists them; what a file would change says "
                      "\"tenuto policy plan FILE\"",
                      "\"%s\" is no version of a policy", which);
        return;
    }
    asking = past_begin(call, NULL, NULL);
    if (asking)
        past_ask(asking, &question, answer_policy);
}

static void answer_policies(void *context, const struct question *question, json_t *value,
                            const struct err *err)
{
    struct asking *asking = context;
    json_t *policy;
    size_t i;

    (void)question;
    if (!value) {
        past_fail(asking, err);
        return;
    }
    json_array_foreach(value, i, policy)
    {
        if (!asking->session)
            break;
        session_row(asking->session, asking->id,
                    json_pack("{s:O,s:I,s:O,s:O}", "version", json_object_get(policy, "version"),
                              "at", (json_int_t)json_int(policy, "stamp", 0), "author",
                              json_object_get(policy, "author"), "message",
                              json_object_get(policy, "message")));
    }
    if (asking->session)
        session_done(asking->session, asking->id, call_done_of(asking->agent));
    past_end(asking);
}

/* What this node keeps of them: one that joined later has those since. */
void verb_policy_history(const struct call *call)
{
    const char *word = call_argument(call, 0);
    struct question question = {.kind = QUESTION_POLICIES, .limit = POLICIES_LISTED_MAX};
    struct asking *asking;
    char *end = NULL;
    long limit = word ? strtol(word, &end, 10) : POLICIES_LISTED_MAX;

    if (limit < 1 || (word && *end)) {
        session_error(call->session, call->id, CONTROL_EXIT_USAGE,
                      "tenuto policy history 5 lists the newest five",
                      "\"%s\" is no number of versions", word);
        return;
    }
    if (limit < question.limit)
        question.limit = (int)limit;
    asking = past_begin(call, NULL, NULL);
    if (asking)
        past_ask(asking, &question, answer_policies);
}
