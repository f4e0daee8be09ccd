/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Quorum by an operator's word: asked for, kept over a restart, ended; see expected.h. */
#include "agentd/expected.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentd/agent.h"
#include "agentd/call.h"
#include "agentd/cluster.h"
#include "agentd/control_server.h"
#include "ha/base/json.h"
#include "ha/base/log.h"
#include "ha/base/text.h"

/* What corosync forgot by a restart, or counts otherwise since a reload, is told again. */
#define TELL_AGAIN_MS 1000
#define RECORD_PATH_MAX 512

struct expecting {
    char path[RECORD_PATH_MAX];
    struct forced forced;
    struct roster configured;
    struct instant tell_at;
    bool must_restore; /* votequorum still expects fewer */
};

struct expecting *expecting_new(const struct agent *agent)
{
    struct expecting *expecting = xcalloc(1, sizeof(*expecting));
    const char *run = agent->settings.run, *end = strrchr(run, '/');
    json_t *record;

    snprintf(expecting->path, sizeof(expecting->path), "%.*s/expected", end ? (int)(end - run) : 0,
             run);
    record = json_load_file(expecting->path, 0, NULL);
    if (forced_read(record, agent->boot_id, agent_now(), &expecting->forced))
        log_warning("quorum is still forced: by %s's word nodes that are away are off",
                    expecting->forced.by);
    json_decref(record);
    return expecting;
}

void expecting_free(struct expecting *expecting)
{
    free(expecting);
}

const struct roster *expected_take(struct agent *agent, struct roster *roster)
{
    agent->expecting->configured = *roster;
    forced_apply(&agent->expecting->forced, roster);
    return roster;
}

static void names_of(const struct expecting *expecting, json_t *names)
{
    for (int i = 0; i < expecting->forced.n_off; i++) {
        node_id node = roster_find(&expecting->configured, expecting->forced.off[i]);

        if (node != NODE_NONE)
            json_array_append_new(names, json_string(expecting->configured.nodes[node].name));
    }
}

json_t *expected_row(const struct agent *agent)
{
    const struct expecting *expecting = agent->expecting;
    json_t *names;

    if (!expecting->forced.is_in_force)
        return json_null();
    names = json_array();
    names_of(expecting, names);
    return json_pack("{s:i,s:o,s:s,s:I,s:I}", "expected", expecting->forced.expected, "off", names,
                     "by", expecting->forced.by, "at", (json_int_t)expecting->forced.at, "until",
                     (json_int_t)expecting->forced.until_wall);
}

/* ---- begin and end --------------------------------------------------------------------------- */

/* false: it would not outlive this agent, so it must not begin. */
static bool keep(const struct expecting *expecting, struct err *err)
{
    char next[RECORD_PATH_MAX + 8];
    autojson *record = forced_write(&expecting->forced);

    snprintf(next, sizeof(next), "%s~new", expecting->path);
    if (json_dump_file(record, next, JSON_COMPACT) != 0 || rename(next, expecting->path) != 0)
        return err_set(err, "cannot write %s: %m", expecting->path);
    return true;
}

static void count_anew(struct agent *agent)
{
    struct roster *roster = xcalloc(1, sizeof(*roster));

    *roster = agent->expecting->configured;
    forced_apply(&agent->expecting->forced, roster);
    member_set_roster(agent->member, agent_now(), roster);
    agent->must_decide = true;
    control_changed(agent->control);
    free(roster);
}

static void end(struct agent *agent, const char *why)
{
    struct expecting *expecting = agent->expecting;

    log_warning("quorum is forced no more, votes count as configured: %s", why);
    expecting->forced.is_in_force = false;
    expecting->must_restore = true;
    unlink(expecting->path);
    if (agent->member)
        count_anew(agent);
}

static void restore_votes(struct agent *agent)
{
    struct err err = {{0}};

    /* Fewer votes than a quorum cannot be told by number: corosync reads its file instead. */
    if (!membership_expect(agent->expecting->configured.expected_votes, &err) &&
        !membership_reload(&err))
        log_warning("%s", err.text);
    agent->expecting->must_restore = false;
}

void expected_members(struct agent *agent, const struct group_peer *members, int n_members)
{
    struct expecting *expecting = agent->expecting;

    if (expecting->forced.is_in_force &&
        forced_is_needless(&expecting->configured, members, n_members))
        end(agent, "enough of the others are back");
}

struct instant expected_turn(struct agent *agent, struct instant now)
{
    struct expecting *expecting = agent->expecting;
    struct err err = {{0}};

    if (expecting->forced.is_in_force && instant_reached(now, expecting->forced.until))
        end(agent, "its time is over");
    if (expecting->must_restore && agent->group)
        restore_votes(agent);
    if (!expecting->forced.is_in_force)
        return INSTANT_NEVER;
    if (agent->group && !lease_is_ring_quorate(member_lease(agent->member)) &&
        instant_reached(now, expecting->tell_at)) {
        expecting->tell_at = instant_after(now, duration_ms(TELL_AGAIN_MS));
        if (!membership_expect(expecting->forced.expected, &err))
            log_warning("%s", err.text);
    }
    return instant_earliest(expecting->forced.until,
                            instant_after(now, duration_ms(TELL_AGAIN_MS)));
}

/* ---- the verb -------------------------------------------------------------------------------- */

/* Which services were last on each node that is away, as far as this node knows. */
static void say_what_ran(const struct agent *agent, node_set away, char *words, size_t size)
{
    const struct ha_state *agreed = agent->knowledge.agreed;
    struct text text;

    text_init(&text, words, size);
    text_add(&text, "as far as this node knows");
    NODE_SET_EACH(at, away)
    {
        bool has_any = false;

        text_add(&text, "; %s ran", agent->roster.nodes[at].name);
        for (service_id id = 0; id < agreed->n_services; id++) {
            if (agent->policy_of[at] == NODE_NONE ||
                agreed->services[id].node != agent->policy_of[at])
                continue;
            text_add(&text, "%s %s", has_any ? "," : "",
                     agent->knowledge.policy->services[id].name);
            has_any = true;
        }
        if (!has_any)
            text_add(&text, " no service");
    }
}

static bool may_begin(const struct agent *agent, struct err *err)
{
    const struct cluster *cluster = agent->cluster;

    if (!agent->group)
        return err_set(err, "corosync does not run on this node: start it first");
    if (agent->status.is_quorate && !agent->expecting->forced.is_in_force)
        return err_set(err, "this cluster is quorate, so there is nothing to force");
    if (cluster->phase != PHASE_NONE || cluster->guest[0])
        return err_set(err,
                       "a node or a witness is joining or leaving, and votes that change twice "
                       "at a time are not safe: \"tenuto cluster status\" says what it waits "
                       "for");
    return true;
}

static bool read_votes(const char *word, int *votes, struct err *err)
{
    char *rest;
    long number = strtol(word, &rest, 10);

    *votes = (int)number;
    return (number >= 1 && number <= NODES_MAX * NODES_MAX && *rest == '\0' && rest != word) ||
           err_set(err, "\"%s\" is neither a number of votes nor \"normal\"", word);
}

static void fill(const struct call *call, const struct forced_wish *wish, struct forced *forced)
{
    int64_t wall = agent_wall_ms();

    memset(forced, 0, sizeof(*forced));
    forced->is_in_force = true;
    forced->expected = wish->expected;
    forced->until = instant_after(agent_now(), wish->lasts);
    forced->at = wall;
    forced->until_wall = wall + wish->lasts.ms;
    text_copy(forced->boot_id, sizeof(forced->boot_id), call->agent->boot_id);
    text_copy(forced->by, sizeof(forced->by), session_user(call->session));
    NODE_SET_EACH(node, wish->off)
    forced->off[forced->n_off++] = wish->configured->nodes[node].nodeid;
}

static bool begin(const struct call *call, const struct forced_wish *wish, struct err *err)
{
    struct agent *agent = call->agent;
    struct expecting *expecting = agent->expecting;
    struct forced before = expecting->forced;

    fill(call, wish, &expecting->forced);
    if (!keep(expecting, err) || !membership_expect(wish->expected, err)) {
        expecting->forced = before;
        unlink(expecting->path);
        if (before.is_in_force)
            end(agent, "it could not be begun anew");
        return false;
    }
    log_warning("quorum is forced: %s expects %d votes, and by this word all who are away are off",
                expecting->forced.by, wish->expected);
    count_anew(agent);
    return true;
}

static bool force(const struct call *call, const char *votes, char *ran, size_t size,
                  struct err *err)
{
    struct agent *agent = call->agent;
    struct forced_wish wish = {.configured = &agent->expecting->configured,
                               .here = agent->status.nodes,
                               .lasts = duration_ms(json_int(call->request, "for", 0))};

    if (!read_votes(votes, &wish.expected, err) || !may_begin(agent, err))
        return false;
    say_what_ran(agent, roster_all(wish.configured) & ~wish.here, ran, size);
    return forced_read_names(wish.configured, json_text(call->request, "off", ""), &wish.off,
                             err) &&
           forced_check(&wish, err) && begin(call, &wish, err);
}

void verb_cluster_expected(const struct call *call)
{
    struct agent *agent = call->agent;
    const char *votes = call_argument(call, 0);
    char ran[4 * REASON_TEXT_MAX] = "nothing was changed";
    struct err err = {{0}};
    bool is_good = true;

    if (votes && strcmp(votes, "normal") == 0) {
        is_good = agent->expecting->forced.is_in_force ||
                  err_set(&err, "quorum is not forced: votes count as configured");
        if (is_good)
            end(agent, "an operator ended it");
    } else if (votes) {
        is_good = force(call, votes, ran, sizeof(ran), &err);
    }
    if (!is_good) {
        session_error(call->session, call->id, CONTROL_EXIT_REFUSED, ran, "%s", err.text);
        return;
    }
    session_row(
        call->session, call->id,
        json_pack(
            "{s:i,s:i,s:o}", "configured", agent->expecting->configured.expected_votes, "votes",
            agent->member ? roster_votes(&agent->expecting->configured, agent->status.nodes) : 0,
            "forced", expected_row(agent)));
    session_done(call->session, call->id, NULL);
}
