/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests on their way to the one who decides, and their answers back; see requests.h. */
#include "agentd/requests.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "agentd/agent.h"
#include "agentd/audit.h"
#include "agentd/control_server.h"
#include "agentd/follow.h"
#include "agentd/off_word.h"
#include "agentd/pending.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
#include "ha/model/codec.h"

/* How long a client waits for an answer of the cluster; a change of leader fits in. */
#define ANSWER_MS 8000
/* How long a push waits: it is refused within two seconds where nobody can decide. A text, once all
 * have it, for as long as they may check it; then for as long as a change of leader takes. */
#define PUSH_MS 1800
/* A late decision would surprise people: it is dropped before they give up. */
#define COMMAND_STALE_MS 7500
#define PUSH_STALE_MS 1500

/* Somebody of ours who waits. */
struct waiting {
    struct waiting *next;
    char id[24];
    struct session *session;
    int64_t reply_to;
    struct instant expires;
    struct instant ends; /* of all patience with a text that is pushed */
    uint64_t durable_at; /* a push that was decided: answered when this is on a quorum's disks */
    json_t *done;
    json_t *message; /* a command or a text, to be told again in another ring */
    struct goal goal;
    bool is_push;
    bool is_told;
    bool is_in_doubt; /* all was read anew since: it may have been decided unseen */
};

struct requests {
    struct waiting *waiting;
    struct pending *commands, *pushes;
    /* What was answered last: who did not hear it may ask again. */
    char answered[COMMANDS_MAX][24];
    unsigned n_answered;
};

struct requests *requests_new(void)
{
    return xcalloc(1, sizeof(struct requests));
}

static void waiting_free(struct waiting *waiting)
{
    json_decref(waiting->done);
    json_decref(waiting->message);
    free(waiting);
}

void requests_free(struct requests *requests)
{
    if (!requests)
        return;
    for (struct waiting *each = requests->waiting, *next; each; each = next) {
        next = each->next;
        waiting_free(each);
    }
    pending_drop_all(&requests->commands);
    pending_drop_all(&requests->pushes);
    free(requests);
}

static void new_id(char *id, size_t size)
{
    uint64_t number = 0;
    struct text text;

    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        abort();
    text_init(&text, id, size);
    /* 62 bits: a positive number for every reader of JSON. */
    text_add(&text, "%llu", (unsigned long long)(number >> 2) + 1);
}

/* For an answer, or for the end of what was accepted: each is looked at with every patch. */
static bool has_room(const struct agent *agent)
{
    int count = follow_count(agent);

    for (const struct waiting *each = agent->requests->waiting; each; each = each->next)
        count++;
    return count < WAITING_MAX;
}

static bool can_be_told(const struct agent *agent, struct err *err)
{
    if (!agent->member || !agent->status.is_quorate)
        return err_set(err, "%s",
                       agent->problem[0] ? agent->problem
                                         : "this node is not part of a quorate cluster");
    if (!agent->status.is_in_sync || agent->status.leader == NODE_NONE)
        return err_set(err, "the cluster has just changed and is catching up");
    return true;
}

/* All members check a text before it is decided. */
static bool is_text(const json_t *body)
{
    return json_object_get(body, "text") != NULL;
}

static void wait_for_answer(struct agent *agent, struct session *session, int64_t reply_to,
                            json_t *body, bool is_told)
{
    struct waiting *waiting = xcalloc(1, sizeof(*waiting));
    int64_t patience = json_int(body, "patience", 0);

    waiting->is_push = strcmp(json_text(body, "kind", ""), "push") == 0;
    text_copy(waiting->id, sizeof(waiting->id), json_text(body, "id", ""));
    waiting->session = session;
    waiting->reply_to = reply_to;
    waiting->is_told = is_told;
    waiting->message = waiting->is_push && !is_text(body) ? NULL : json_incref(body);
    waiting->ends = instant_after(agent_now(), duration_ms(PUSH_PATIENCE_MS));
    if (patience < ANSWER_MS)
        patience = ANSWER_MS;
    waiting->expires =
        instant_after(agent_now(), duration_ms(waiting->is_push ? PUSH_MS : patience));
    waiting->next = agent->requests->waiting;
    agent->requests->waiting = waiting;
}

static bool can_be_kept(const struct agent *agent, bool is_push, int *code, struct err *err)
{
    *code = CONTROL_EXIT_UNAVAILABLE;
    if (pending_count(is_push ? agent->requests->pushes : agent->requests->commands) <
        (is_push ? PUSHES_MAX : COMMANDS_MAX))
        return true;
    return err_set(err, "too many others wait for the leader already; try again in a while");
}

bool requests_can_send(const struct agent *agent, int *code, struct err *err)
{
    *code = CONTROL_EXIT_NO_QUORUM;
    return can_be_told(agent, err) && can_be_kept(agent, true, code, err);
}

bool requests_send(struct agent *agent, struct session *session, int64_t reply_to, json_t *body,
                   int *code, struct err *err)
{
    bool is_push = strcmp(json_text(body, "kind", ""), "push") == 0;
    bool is_patient = !is_push && json_int(body, "patience", 0) > 0 && agent->member;
    char id[24];

    *code = CONTROL_EXIT_UNAVAILABLE;
    if (!has_room(agent))
        return err_set(err, "%d others wait on this node already; try again in a while",
                       WAITING_MAX);
    *code = CONTROL_EXIT_NO_QUORUM;
    new_id(id, sizeof(id));
    json_object_set_new(body, "id", json_string(id));
    audit_sent(agent, session, reply_to, body);
    if (!can_be_told(agent, err)) {
        if (!is_patient)
            return false;
        session_row(session, reply_to,
                    json_pack("{s:o}", "words", json_sprintf("it is kept for now: %s", err->text)));
        wait_for_answer(agent, session, reply_to, body, false);
        return true;
    }
    if (!can_be_kept(agent, is_push, code, err))
        return false;
    if (is_text(body)) {
        json_object_set_new(body, "seen",
                            json_integer((json_int_t)agent->knowledge.policy_version));
        json_object_set_new(body, "left", json_integer(PUSH_PATIENCE_MS));
    }
    *code = CONTROL_EXIT_FAILED;
    off_word_mark(agent, body);
    if (!member_tell(agent->member, body, err))
        return false;
    wait_for_answer(agent, session, reply_to, body, true);
    return true;
}

void requests_set_goal(struct agent *agent, const struct session *session, int64_t reply_to,
                       const struct goal *goal)
{
    struct waiting *newest = agent->requests->waiting;

    if (newest && newest->session == session && newest->reply_to == reply_to)
        newest->goal = *goal;
}

void requests_ring_changed(struct agent *agent)
{
    int64_t patience_ms = agent->status.is_quorate ? ANSWER_MS : PUSH_MS;

    for (struct waiting *each = agent->requests->waiting; each; each = each->next) {
        each->is_told = false;
        if (each->is_push && each->message && !each->durable_at)
            each->expires =
                instant_earliest(each->ends, instant_after(agent_now(), duration_ms(patience_ms)));
    }
}

static struct waiting **find_waiting(struct requests *requests, const char *id)
{
    for (struct waiting **each = &requests->waiting; *each; each = &(*each)->next) {
        if (strcmp((*each)->id, id) == 0)
            return each;
    }
    return NULL;
}

static void finish(struct waiting **link)
{
    struct waiting *waiting = *link;

    *link = waiting->next;
    waiting_free(waiting);
}

static void done(struct waiting *waiting, const json_t *push, uint64_t version)
{
    const char *words = json_text(push, "words", NULL);
    int64_t policy = json_int(push, "version", 0);

    json_decref(waiting->done);
    waiting->durable_at = version;
    waiting->done = json_pack(
        "{s:b,s:I,s:b,s:o}", "done", 1, "version", (json_int_t)policy, "durable", 1, "words",
        words ? json_string(words)
              : json_sprintf("version %lld is in force, on the disks of a quorum",
                             (long long)policy));
}

/*
 * A text that met a change of ring may have come into force, or be about to. It is told again under
 * its id only while that is known: at most one other version has come since, and it was not this.
 * Answers where it is known, or never will be; true: it can be told.
 */
static bool may_be_told(struct agent *agent, struct waiting **link)
{
    struct waiting *waiting = *link;
    const struct knowledge *now = &agent->knowledge;
    uint64_t seen = (uint64_t)json_int(waiting->message, "seen", 0);

    if (now->push && strcmp(now->push, waiting->id) == 0) {
        autojson *push = json_pack("{s:I}", "version", (json_int_t)now->policy_version);

        done(waiting, push, now->agreed->version);
        return false;
    }
    if (waiting->is_in_doubt && now->policy_version > seen + 1) {
        session_error_with(
            waiting->session, waiting->reply_to,
            json_pack("{s:s,s:s,s:i,s:b}", "error",
                      "the cluster changed on the way, and so did the policy; whether this one was "
                      "in force in between is not known",
                      "hint", "see whether it was with: tenuto policy history", "code",
                      CONTROL_EXIT_FAILED, "unknown", 1));
        finish(link);
        return false;
    }
    json_object_set_new(waiting->message, "left",
                        json_integer(instant_since(waiting->ends, agent_now()).ms));
    return true;
}

/* A word that a node is off: who was heard in another ring meanwhile has taken it back. */
static bool still_holds(struct agent *agent, struct waiting **link)
{
    struct waiting *waiting = *link;
    struct err err;

    if (off_word_holds(agent, waiting->message, &err))
        return true;
    session_error(waiting->session, waiting->reply_to, CONTROL_EXIT_FAILED, NULL, "%s", err.text);
    finish(link);
    return false;
}

/* The same under the same id: whoever knows it already does not take it twice. */
static void tell_again(struct agent *agent)
{
    struct waiting **link = &agent->requests->waiting;
    struct err err;

    while (*link) {
        struct waiting *each = *link;

        if (!each->is_told && each->message && !each->durable_at && can_be_told(agent, &err) &&
            (each->is_push ? may_be_told(agent, link) : still_holds(agent, link)))
            each->is_told = member_tell(agent->member, each->message, &err);
        if (*link == each)
            link = &each->next;
    }
}

static void refused(struct agent *agent, const json_t *message)
{
    const char *id = json_text(message, "id", "");
    struct waiting **link = find_waiting(agent->requests, id);

    pending_drop(&agent->requests->pushes, id);
    pending_drop(&agent->requests->commands, id);
    if (!link)
        return;
    session_error_with((*link)->session, (*link)->reply_to,
                       json_copy(json_object_get(message, "error")));
    finish(link);
}

static bool was_answered(const struct requests *requests, const char *id)
{
    for (unsigned i = 0; i < requests->n_answered && i < COMMANDS_MAX; i++) {
        if (strcmp(requests->answered[i], id) == 0)
            return true;
    }
    return false;
}

/* Dropped a little before who pushed it gives up: it is not decided when nobody expects it. */
static void keep_push(struct agent *agent, const json_t *message)
{
    const char *id = json_text(message, "id", "");
    struct waiting **link = find_waiting(agent->requests, id);
    int64_t left_ms = json_int(message, "left", PUSH_PATIENCE_MS);

    if (was_answered(agent->requests, id))
        return;
    pending_keep(
        &agent->requests->pushes, message,
        instant_after(agent_now(), duration_ms(is_text(message) ? left_ms - 500 : PUSH_STALE_MS)));
    if (link && is_text(message))
        (*link)->expires = instant_earliest(
            (*link)->ends, instant_after(agent_now(), duration_ms(VERDICT_MS + PUSH_MS)));
}

static void keep_command(struct agent *agent, const json_t *message)
{
    struct requests *requests = agent->requests;
    int64_t patience = json_int(message, "patience", 0) - (ANSWER_MS - COMMAND_STALE_MS);
    const char *id = json_text(message, "id", "");

    if (was_answered(requests, id))
        return;
    pending_keep(
        &requests->commands, message,
        instant_after(agent_now(),
                      duration_ms(patience > COMMAND_STALE_MS ? patience : COMMAND_STALE_MS)));
    off_word_mark(agent, pending_find(requests->commands, id)->message);
}

void requests_message(struct agent *agent, node_id from, const json_t *message)
{
    const char *kind = json_text(message, "kind", "");

    (void)from;
    if (strcmp(kind, "refused") == 0)
        refused(agent, message);
    else if (strcmp(kind, "push") == 0)
        keep_push(agent, message);
    else if (strcmp(kind, "command") == 0)
        keep_command(agent, message);
    /* A text waits for all verdicts: nothing is decided by it before, of however many services. */
    if (is_text(message))
        agent->must_look_at_push = true;
    else
        agent->must_decide = true;
}

static void remember_answered(struct requests *requests, const char *id)
{
    if (!was_answered(requests, id))
        text_copy(requests->answered[requests->n_answered++ % COMMANDS_MAX],
                  sizeof(requests->answered[0]), id);
}

/* A decided push: its author hears of it when it is on the disks of a quorum. */
static void pushed(struct agent *agent, const json_t *push, uint64_t version)
{
    const char *id = json_text(push, "id", "");
    struct waiting **link = find_waiting(agent->requests, id);

    pending_drop(&agent->requests->pushes, id);
    remember_answered(agent->requests, id);
    if (link)
        done(*link, push, version);
}

/* Refused or done at once, or accepted and followed to its end. */
static void tell_answer(struct agent *agent, const struct waiting *waiting, const json_t *answer)
{
    const char *words = json_text(json_object_get(answer, "why"), "text", "");

    if (!json_flag(answer, "accepted", false)) {
        session_error(waiting->session, waiting->reply_to, CONTROL_EXIT_FAILED, NULL, "%s", words);
    } else if (waiting->goal.kind == GOAL_NONE) {
        session_done(waiting->session, waiting->reply_to,
                     json_pack("{s:b,s:s}", "done", 1, "words", words));
    } else {
        session_row(waiting->session, waiting->reply_to, json_pack("{s:s}", "words", words));
        follow_begin(agent, waiting->session, waiting->reply_to, &waiting->goal);
    }
}

static void answered(struct agent *agent, const json_t *answer)
{
    struct requests *requests = agent->requests;
    char id[24];
    struct text text;
    struct waiting **link;

    text_init(&text, id, sizeof(id));
    text_add(&text, "%lld", (long long)json_int(answer, "command", 0));
    pending_drop(&requests->commands, id);
    remember_answered(requests, id);
    link = find_waiting(requests, id);
    if (!link)
        return;
    tell_answer(agent, *link, answer);
    finish(link);
}

void requests_caught_up(struct agent *agent, const json_t *patches)
{
    json_t *patch, *answer;
    size_t i, j;

    json_array_foreach(patches, i, patch)
    {
        const json_t *push = json_object_get(patch, "push");

        json_array_foreach(json_object_get(patch, "answers"), j, answer) answered(agent, answer);
        if (push)
            pushed(agent, push, (uint64_t)json_int(patch, "version", 0));
    }
}

void requests_committed(struct agent *agent, const json_t *patch, uint64_t version)
{
    const json_t *push = json_object_get(patch, "push");
    json_t *answer;
    size_t i;

    json_array_foreach(json_object_get(patch, "answers"), i, answer) answered(agent, answer);
    if (push)
        pushed(agent, push, version);
    requests_durable(agent, agent->durable);
}

void requests_durable(struct agent *agent, uint64_t version)
{
    struct waiting **link = &agent->requests->waiting;

    while (*link) {
        struct waiting *waiting = *link;

        if (!waiting->durable_at || waiting->durable_at > version) {
            link = &waiting->next;
            continue;
        }
        session_done(waiting->session, waiting->reply_to, json_incref(waiting->done));
        finish(link);
    }
}

static void expired(struct agent *agent, const struct waiting *waiting)
{
    bool is_quorate = agent->status.is_quorate;
    const char *words = "the policy was accepted, but no quorum has confirmed that it is on disk";
    const char *hint = "look at it with: tenuto policy show";

    if (!waiting->durable_at) {
        words = is_quorate ? "the cluster did not answer in time (its leader is busy or has just "
                             "changed)"
                           : "the cluster did not answer in time (it is not quorate any more)";
        hint = waiting->is_push ? "see whether it is in force with: tenuto policy show"
                                : "see who is here with: tenuto cluster status";
    }
    session_error_with(waiting->session, waiting->reply_to,
                       json_pack("{s:s,s:s,s:i,s:b}", "error", words, "hint", hint, "code",
                                 is_quorate ? CONTROL_EXIT_FAILED : CONTROL_EXIT_NO_QUORUM,
                                 "unknown", 1));
}

struct instant requests_expire(struct agent *agent, struct instant now)
{
    struct requests *requests = agent->requests;
    struct waiting **link = &requests->waiting;
    struct instant next = instant_earliest(pending_drop_stale(&requests->commands, now),
                                           pending_drop_stale(&requests->pushes, now));

    tell_again(agent);
    /* What has just turned out to be in force may have been on enough disks for long. */
    requests_durable(agent, agent->durable);
    while (*link) {
        if (instant_reached(now, (*link)->expires)) {
            expired(agent, *link);
            finish(link);
            continue;
        }
        next = instant_earliest(next, (*link)->expires);
        link = &(*link)->next;
    }
    return next;
}

void requests_forget(struct agent *agent, struct session *session)
{
    struct waiting **link = &agent->requests->waiting;

    while (*link) {
        if ((*link)->session == session)
            finish(link);
        else
            link = &(*link)->next;
    }
}

/* The policy has moved on, or a newer version asks: an answer, not silence. */
static void refuse(struct agent *agent, const json_t *message, const char *words)
{
    autojson *refusal =
        json_pack("{s:s,s:s,s:{s:o,s:i}}", "kind", "refused", "id", json_text(message, "id", ""),
                  "error", "error", json_sprintf("it cannot be done any more: %s", words), "code",
                  CONTROL_EXIT_FAILED);

    member_tell(agent->member, refusal, NULL);
}

void requests_into_view(struct agent *agent)
{
    struct cluster_view *view = agent->view;
    struct pending *each = agent->requests->commands, *next;

    view->n_commands = 0;
    for (; each && view->n_commands < COMMANDS_MAX; each = next) {
        struct err err = {{0}};
        struct command *command = &view->commands[view->n_commands];

        next = each->next;
        if (codec_read_command(json_object_get(each->message, "command"), agent->knowledge.policy,
                               command, &err) &&
            off_word_holds(agent, each->message, &err)) {
            command->id = strtoull(json_text(each->message, "id", "0"), NULL, 10);
            view->n_commands++;
        } else {
            refuse(agent, each->message, err.text);
            pending_drop(&agent->requests->commands, json_text(each->message, "id", ""));
        }
    }
}

bool requests_has_push(const struct agent *agent, const char *id)
{
    return pending_find(agent->requests->pushes, id) || find_waiting(agent->requests, id);
}

const json_t *requests_push(const struct agent *agent)
{
    return agent->requests->pushes ? agent->requests->pushes->message : NULL;
}

void requests_push_done(struct agent *agent, const char *id)
{
    pending_drop(&agent->requests->pushes, id);
}

void requests_forget_pushes(struct agent *agent)
{
    pending_drop_all(&agent->requests->pushes);
    for (struct waiting *each = agent->requests->waiting; each; each = each->next)
        each->is_in_doubt = true;
}
