/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who lacks an older version of the policy tells {"kind":"version wanted","version":7}; the first
 * of those in sync, other than the one who asks, tells {"kind":"version told","policy":{...}} from
 * its own store. Who has none older ends it: the past is bounded, and as old as its oldest keeper.
 */
#include "agentd/versions.h"

#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "ha/base/json.h"
#include "ha/base/log.h"

/* Between two of them: the ring has better things to carry. */
#define ASK_EVERY_MS 100
/* Nobody answered: a ring has changed, perhaps. */
#define ASK_AGAIN_MS 5000

struct versions {
    bool must_list;                  /* what this node has is to be looked up */
    uint64_t want;                   /* the newest that it lacks; 0: none */
    bool has[POLICIES_KEPT_MAX + 1]; /* by how far below the newest */
    uint64_t newest;
    struct instant ask_at;
};

struct versions *versions_new(void)
{
    return xcalloc(1, sizeof(struct versions));
}

void versions_free(struct versions *versions)
{
    free(versions);
}

void versions_look(struct agent *agent)
{
    agent->versions->must_list = true;
}

static void want_next(struct versions *versions)
{
    uint64_t below = 0;

    while (below < POLICIES_KEPT_MAX && below < versions->newest && versions->has[below])
        below++;
    versions->want =
        below < POLICIES_KEPT_MAX && below < versions->newest ? versions->newest - below : 0;
}

static void listed(void *context, const struct question *question, json_t *value,
                   const struct err *err)
{
    struct agent *agent = context;
    struct versions *versions = agent->versions;
    json_t *each;
    size_t i;

    (void)question, (void)err;
    memset(versions->has, 0, sizeof(versions->has));
    versions->newest = agent->knowledge.policy_version;
    json_array_foreach(value, i, each)
    {
        uint64_t version = (uint64_t)json_int(each, "version", 0);

        if (version <= versions->newest && versions->newest - version <= POLICIES_KEPT_MAX)
            versions->has[versions->newest - version] = true;
    }
    want_next(versions);
    versions->ask_at = agent_now();
}

/* The first of those in sync, so that all agree who answers. */
static bool is_ours_to_tell(const struct agent *agent, node_id asker)
{
    return node_set_first(agent->status.synced & ~node_bit(asker)) == agent->roster.self;
}

static void found(void *context, const struct question *question, json_t *value,
                  const struct err *err)
{
    struct agent *agent = context;
    autojson *message = json_pack("{s:s,s:I,s:O*}", "kind", "version told", "version",
                                  (json_int_t)question->version, "policy", value);
    struct err why = {{0}};

    (void)err;
    if (!agent->member || !member_tell(agent->member, message, &why))
        log_debug("a version of the policy is not told: %s", why.text);
}

static void told(struct agent *agent, const json_t *message)
{
    struct versions *versions = agent->versions;
    const json_t *policy = json_object_get(message, "policy");

    if (!versions->want || (uint64_t)json_int(message, "version", 0) != versions->want)
        return;
    if ((uint64_t)json_int(policy, "version", 0) != versions->want) {
        versions->want = 0;
        return;
    }
    store_take_policy(agent->store, policy);
    versions->has[versions->newest - versions->want] = true;
    want_next(versions);
    versions->ask_at = instant_after(agent_now(), duration_ms(ASK_EVERY_MS));
}

void versions_message(struct agent *agent, node_id from, const json_t *message)
{
    struct question question = {.kind = QUESTION_POLICY,
                                .version = (uint64_t)json_int(message, "version", 0)};

    if (strcmp(json_text(message, "kind", ""), "version told") == 0)
        told(agent, message);
    else if (from != agent->roster.self && question.version && is_ours_to_tell(agent, from))
        history_ask(agent->history, &question, found, agent);
}

struct instant versions_turn(struct agent *agent, struct instant now)
{
    struct versions *versions = agent->versions;
    autojson *message = NULL;
    struct err err = {{0}};

    if (!agent->member || !agent->status.is_in_sync)
        return INSTANT_NEVER;
    if (versions->must_list) {
        struct question question = {.kind = QUESTION_POLICIES, .limit = POLICIES_KEPT_MAX};

        versions->must_list = false;
        versions->want = 0;
        history_ask(agent->history, &question, listed, agent);
    }
    if (!versions->want || node_set_count(agent->status.synced) < 2)
        return INSTANT_NEVER;
    if (!instant_reached(now, versions->ask_at))
        return versions->ask_at;
    versions->ask_at = instant_after(now, duration_ms(ASK_AGAIN_MS));
    message =
        json_pack("{s:s,s:I}", "kind", "version wanted", "version", (json_int_t)versions->want);
    if (!member_tell(agent->member, message, &err))
        log_debug("a version of the policy is not asked for: %s", err.text);
    return versions->ask_at;
}
