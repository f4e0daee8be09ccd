/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all members say of a pushed policy, and what this one does; see verdict.h. */
#include "agentd/verdict.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "agentd/checker.h"
#include "agentd/control_server.h"
#include "agentd/requests.h"
#include "ha/base/json.h"
#include "ha/base/log.h"
#include "ha/base/text.h"
#include "quorum/wire.h"

/* The first minor of the ring's protocol whose agents say what they think of a push. */
#define VERDICT_MINOR 1

/* One push, from its check here to its decision. */
struct trial {
    struct trial *next;
    uint64_t number; /* of the check */
    char id[24];     /* "": it is checked here, and nobody else has heard of it */
    struct session *session;
    int64_t reply_to;
    json_t *body; /* until it is sent */
    bool is_checked;
    bool must_tell;
    struct checked checked;
    node_set accepted; /* roster */
    json_t *refusal;   /* of the first who refused */
    struct instant until;
};

struct verdicts {
    struct checker *checker;
    sd_event_source *source;
    struct trial *trials;
    uint64_t n_checks;
};

/* Only there so that a turn follows. */
static int on_checked(sd_event_source *source, int fd, uint32_t events, void *context)
{
    (void)source, (void)fd, (void)events, (void)context;
    return 0;
}

struct verdicts *verdicts_new(struct agent *agent, struct err *err)
{
    struct verdicts *verdicts = xcalloc(1, sizeof(*verdicts));

    verdicts->checker = checker_new(&agent->settings, err);
    if (verdicts->checker &&
        sd_event_add_io(agent->loop, &verdicts->source, checker_fd(verdicts->checker), EPOLLIN,
                        on_checked, agent) >= 0)
        return verdicts;
    if (verdicts->checker)
        err_set(err, "cannot wait for checked policies");
    verdicts_free(verdicts);
    return NULL;
}

static void trial_free(struct trial *trial)
{
    checked_fini(&trial->checked);
    json_decref(trial->body);
    json_decref(trial->refusal);
    free(trial);
}

void verdicts_free(struct verdicts *verdicts)
{
    if (!verdicts)
        return;
    sd_event_source_disable_unref(verdicts->source);
    checker_free(verdicts->checker);
    for (struct trial *each = verdicts->trials, *next; each; each = next) {
        next = each->next;
        trial_free(each);
    }
    free(verdicts);
}

static struct trial *find(const struct agent *agent, const char *id)
{
    struct trial *each = agent->verdicts->trials;

    while (each && (id[0] == '\0' || strcmp(each->id, id) != 0))
        each = each->next;
    return each;
}

static struct trial *begin(struct agent *agent, const json_t *push)
{
    struct verdicts *verdicts = agent->verdicts;
    struct trial *trial = xcalloc(1, sizeof(*trial)), **last = &verdicts->trials;
    autojson *known = examine_agents_of(agent->knowledge.policy);
    struct examination examination = {.node = agent_node(agent),
                                      .file = json_text(push, "file", "policy"),
                                      .text = json_text(push, "text", ""),
                                      .known = known};

    trial->number = ++verdicts->n_checks;
    trial->until = INSTANT_NEVER;
    checker_ask(verdicts->checker, trial->number, &examination);
    while (*last)
        last = &(*last)->next;
    *last = trial;
    return trial;
}

void verdict_begin(struct agent *agent, struct session *session, int64_t reply_to, json_t *body)
{
    struct err err = {{0}};
    struct trial *trial;
    int code, n_unsent = 0;

    for (struct trial *each = agent->verdicts->trials; each; each = each->next)
        n_unsent += each->body != NULL;
    if (!requests_can_send(agent, &code, &err)) {
        session_error(session, reply_to, code, "tenuto cluster status shows who is here",
                      "nothing was pushed: %s", err.text);
        return;
    }
    if (n_unsent >= PUSHES_MAX) {
        session_error(session, reply_to, CONTROL_EXIT_UNAVAILABLE, "try again in a while",
                      "nothing was pushed: %d others are checked on this node already", n_unsent);
        return;
    }
    trial = begin(agent, body);
    trial->session = session;
    trial->reply_to = reply_to;
    trial->body = json_incref(body);
}

void verdict_forget(struct agent *agent, const struct session *session)
{
    struct trial *each = agent->verdicts ? agent->verdicts->trials : NULL;

    for (; each; each = each->next) {
        if (each->session != session)
            continue;
        each->session = NULL;
        json_decref(each->body);
        each->body = NULL;
    }
}

void verdict_pushed(struct agent *agent, const json_t *push)
{
    const char *id = json_text(push, "id", "");
    struct trial *trial = find(agent, id);

    /* What asks for something else than a text is decided by what is agreed alone. */
    if (!json_object_get(push, "text") || !requests_has_push(agent, id))
        return;
    if (!trial) {
        trial = begin(agent, push);
        text_copy(trial->id, sizeof(trial->id), id);
    }
    trial->must_tell = true;
    trial->until = instant_after(agent_now(), duration_ms(VERDICT_MS));
}

void verdict_message(struct agent *agent, node_id from, const json_t *message)
{
    struct trial *trial = find(agent, json_text(message, "id", ""));

    if (!trial)
        return;
    if (json_flag(message, "ok", false))
        trial->accepted |= node_bit(from);
    else if (!trial->refusal)
        trial->refusal = json_deep_copy(json_object_get(message, "error"));
    agent->must_look_at_push = true;
}

void verdict_ring_changed(struct agent *agent)
{
    struct trial *each = agent->verdicts ? agent->verdicts->trials : NULL;

    for (; each; each = each->next) {
        each->accepted = 0;
        json_decref(each->refusal);
        each->refusal = NULL;
        each->must_tell = true;
        each->until = instant_after(agent_now(), duration_ms(VERDICT_MS));
    }
}

/* What this node says of it to people elsewhere: with its name, and that it is this node's word. */
static json_t *words_of_ours(const struct agent *agent, const json_t *error)
{
    json_t *words = json_copy((json_t *)error);

    json_object_set_new(words, "error",
                        json_sprintf("%s: %s", agent_node(agent), json_text(error, "error", "")));
    json_object_set_new(words, "node", json_string(agent_node(agent)));
    json_object_set_new(words, "code", json_integer(CONTROL_EXIT_REFUSED));
    return words;
}

static void tell(struct agent *agent, struct trial *trial)
{
    autojson *message = json_pack("{s:s,s:s,s:b}", "kind", "verdict", "id", trial->id, "ok",
                                  trial->checked.error == NULL);
    struct err err = {{0}};

    if (trial->checked.error)
        json_object_set_new(message, "error", words_of_ours(agent, trial->checked.error));
    if (member_tell(agent->member, message, &err))
        trial->must_tell = false;
    else
        log_debug("the verdict has to wait: %s", err.text);
}

/* Good here: now all are asked. What is wrong goes no further than this node. */
static void send(struct agent *agent, struct trial *trial)
{
    json_t *body = trial->body;
    struct err err = {{0}};
    int code = CONTROL_EXIT_FAILED;
    json_t *error = trial->checked.error;

    trial->body = NULL;
    if (error && json_int(error, "code", 0) == CONTROL_EXIT_REFUSED)
        session_error_with(trial->session, trial->reply_to, words_of_ours(agent, error));
    else if (error)
        session_error_with(trial->session, trial->reply_to, json_copy(error));
    else if (requests_send(agent, trial->session, trial->reply_to, body, &code, &err))
        text_copy(trial->id, sizeof(trial->id), json_text(body, "id", ""));
    else
        session_error(trial->session, trial->reply_to, code,
                      "tenuto cluster status shows who is here", "nothing was pushed: %s",
                      err.text);
    trial->session = NULL;
    json_decref(body);
}

static void take_answers(struct agent *agent)
{
    struct checked checked;
    uint64_t number;

    while (checker_take(agent->verdicts->checker, &number, &checked)) {
        struct trial *trial = agent->verdicts->trials;

        while (trial && trial->number != number)
            trial = trial->next;
        if (!trial) {
            checked_fini(&checked);
            continue;
        }
        trial->checked = checked;
        trial->is_checked = true;
        if (trial->body)
            send(agent, trial);
    }
}

/* What waits for nothing any more: decided, refused, or left by who asked. */
static bool is_over(const struct agent *agent, const struct trial *trial)
{
    return trial->is_checked && !trial->body && !requests_has_push(agent, trial->id);
}

void verdict_turn(struct agent *agent, struct instant now)
{
    struct trial **link = &agent->verdicts->trials;

    (void)now;
    take_answers(agent);
    while (*link) {
        struct trial *trial = *link;

        if (is_over(agent, trial)) {
            *link = trial->next;
            trial_free(trial);
            continue;
        }
        if (trial->must_tell && trial->is_checked && trial->id[0] && agent->status.is_in_sync)
            tell(agent, trial);
        link = &trial->next;
    }
}

/*
 * One of before VERDICT_MINOR cannot answer. It is not taken for a yes: its node may lack what the
 * policy names, and nobody else could know.
 */
static json_t *silence(const struct agent *agent, node_id node)
{
    const char *name = agent->roster.nodes[node].name;

    if (agent->status.major[node] == wire_major && agent->status.minor[node] < VERDICT_MINOR)
        return json_pack("{s:o,s:s,s:i}", "error",
                         json_sprintf("%s runs an older tenuto, which cannot check a policy for "
                                      "the others: upgrade it first",
                                      name),
                         "hint", "nothing was changed; services run on as they are meanwhile",
                         "code", CONTROL_EXIT_REFUSED);
    return json_pack("{s:o,s:s,s:i}", "error", json_sprintf("%s did not answer", name), "hint",
                     "nothing was changed; look at its agent: journalctl -u tenuto there", "code",
                     CONTROL_EXIT_REFUSED);
}

enum trial_state verdict_on(const struct agent *agent, struct instant now, const char *id,
                            struct verdict_answer *answer)
{
    const struct trial *trial = find(agent, id);
    node_set silent;

    assert(trial);
    *answer = (struct verdict_answer){.wake_at = trial->until};
    if (trial->refusal) {
        answer->error = json_incref(trial->refusal);
        return TRIAL_REFUSED;
    }
    silent = agent->status.synced & ~trial->accepted;
    if (!silent && trial->checked.policy) {
        answer->policy = trial->checked.policy;
        return TRIAL_ACCEPTED;
    }
    /* Our own word is among them, and was said of this very policy. */
    assert(silent);
    if (!instant_reached(now, trial->until))
        return TRIAL_AWAITED;
    answer->error = silence(agent, node_set_first(silent));
    return TRIAL_REFUSED;
}

void verdict_committed(struct agent *agent, const json_t *patch)
{
    struct trial *trial = find(agent, json_text(json_object_get(patch, "push"), "id", ""));

    if (!trial || !trial->checked.policy)
        return;
    knowledge_offer(&agent->knowledge, trial->checked.arena, trial->checked.policy,
                    trial->checked.text);
    trial->checked.arena = NULL;
    trial->checked.policy = NULL;
}
