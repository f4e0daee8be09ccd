/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Quorum by an operator's word: asked for, kept over a restart, ended; see expected.h. */
#include "agentd/expected.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentd/agent.h"
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
    /* It ended while no agent ran. */
    expecting->must_restore = record && !expecting->forced.is_in_force;
    if (expecting->must_restore)
        unlink(expecting->path);
    json_decref(record);
    return expecting;
}

void expecting_free(struct expecting *expecting)
{
    free(expecting);
}

const struct roster *expected_take(struct agent *agent, struct roster *roster)
{
    struct expecting *expecting = agent->expecting;
    node_set here = roster_translate(&agent->roster, roster, agent->status.agents);

    expecting->configured = *roster;
    /* Those who were sworn off are taken out one by one: at last the rest is a quorum. */
    if (expecting->forced.is_in_force && roster_votes(roster, here) >= roster->quorum_votes)
        expected_end(agent, "those who are here are a quorum as configured");
    forced_apply(&expecting->forced, roster);
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

const struct roster *expected_configured(const struct agent *agent)
{
    return &agent->expecting->configured;
}

bool expected_is_forced(const struct agent *agent)
{
    return agent->expecting->forced.is_in_force;
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
    free(roster);
}

void expected_end(struct agent *agent, const char *why)
{
    struct expecting *expecting = agent->expecting;

    log_warning("quorum is forced no more, votes count as configured: %s", why);
    expecting->forced.is_in_force = false;
    expecting->must_restore = true;
    unlink(expecting->path);
    if (agent->member)
        count_anew(agent);
}

static void fill(const struct agent *agent, const struct forced_wish *wish, const char *by,
                 struct forced *forced)
{
    int64_t wall = agent_wall_ms();

    memset(forced, 0, sizeof(*forced));
    forced->is_in_force = true;
    forced->expected = wish->expected;
    forced->until = instant_after(agent_now(), wish->lasts);
    forced->at = wall;
    forced->until_wall = wall + wish->lasts.ms;
    text_copy(forced->boot_id, sizeof(forced->boot_id), agent->boot_id);
    text_copy(forced->by, sizeof(forced->by), by);
    NODE_SET_EACH(node, wish->off)
    forced->off[forced->n_off++] = wish->configured->nodes[node].nodeid;
}

bool expected_begin(struct agent *agent, const struct forced_wish *wish, const char *by,
                    struct err *err)
{
    struct expecting *expecting = agent->expecting;
    struct forced before = expecting->forced;

    fill(agent, wish, by, &expecting->forced);
    if (!keep(expecting, err) || !membership_expect(wish->expected, err)) {
        expecting->forced = before;
        unlink(expecting->path);
        if (before.is_in_force)
            expected_end(agent, "it could not be begun anew");
        return false;
    }
    log_warning("quorum is forced: %s expects %d votes, and by this word all who are away are off",
                expecting->forced.by, wish->expected);
    count_anew(agent);
    return true;
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
        expected_end(agent, "enough of the others are back");
}

struct instant expected_turn(struct agent *agent, struct instant now)
{
    struct expecting *expecting = agent->expecting;
    struct err err = {{0}};

    if (expecting->forced.is_in_force && instant_reached(now, expecting->forced.until))
        expected_end(agent, "its time is over");
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
