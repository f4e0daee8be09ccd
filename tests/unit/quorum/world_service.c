/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One service as plainly as the rules allow: placed by the leader, run by the
 * node that the committed record names while its lease runs, and for L + W
 * longer when nobody stops it. Never on two nodes at one true time.
 */
#include <stdio.h>
#include <string.h>

#include "tests/unit/quorum/world.h"

#define KEY "service"

struct wish {
    bool is_there, runs;
    int on;
};

static struct wish wish_of(const struct actor *actor)
{
    const char *text = json_string_value(json_object_get(member_records(actor->member), KEY));
    struct wish wish = {0};

    if (!text)
        return wish;
    wish.is_there = true;
    wish.on = text[0] - '0';
    wish.runs = text[1] == '+';
    return wish;
}

static void forget_reports(struct actor *actor)
{
    memset(actor->has_report, 0, sizeof(actor->has_report));
    actor->tell_at = 0;
}

void service_decided(struct actor *actor, uint64_t version)
{
    actor->decided = version;
    forget_reports(actor);
}

void service_look(struct actor *actor)
{
    struct member_status before = actor->status;

    member_status(actor->member, &actor->status);
    if (before.agents != actor->status.agents || before.synced != actor->status.synced ||
        before.is_in_sync != actor->status.is_in_sync ||
        ring_compare(before.ring, actor->status.ring) != 0)
        forget_reports(actor);
}

void service_message(struct actor *actor, node_id from, const json_t *body)
{
    /* What it said before it knew of the newest decision does not tell what it makes of it. */
    if (from < 0 || from >= WORLD_NODES || json_int(body, "decided", -1) < (int64_t)actor->decided)
        return;
    actor->has_report[from] = true;
    actor->reported[from] = json_flag(body, "runs", false);
}

static void play(struct actor *actor, struct instant now)
{
    struct lease *lease = member_lease(actor->member);
    struct wish wish = wish_of(actor);
    bool should = wish.is_there && wish.runs && wish.on == actor->at;

    if (!actor->status.is_in_sync || !instant_before(now, lease_until(lease)))
        return;
    if (should && !actor->is_armed) {
        actor->is_armed = true;
        actor->watchdog_ms = lease_timing(lease)->watchdog.ms;
        actor->fires_at = now.ms + actor->watchdog_ms;
        lease_set_armed(lease, true);
    } else if (should && !actor->runs && lease_is_armed_acknowledged(lease)) {
        actor->runs = true;
        actor->world->n_starts++;
        actor->tell_at = 0;
    } else if (!should && actor->runs && world_random(actor->world, 20) == 0) {
        actor->runs = false;
        actor->tell_at = 0;
    } else if (!should && !actor->runs && actor->is_armed) {
        actor->is_armed = false;
        lease_set_armed(lease, false);
    }
}

/* Everybody here has said that it does not run the service; everybody away cannot, or never did. */
static bool may_place(struct actor *actor, struct instant now, const struct wish *wish)
{
    for (int at = 0; at < actor->world->n_nodes; at++) {
        struct lease_status status;

        if (node_in(actor->status.agents, (node_id)at)) {
            if (!actor->has_report[at] || actor->reported[at])
                return false;
            continue;
        }
        lease_status(member_lease(actor->member), (node_id)at, now, &status);
        if (!status.is_proven_off && (!status.is_vouched || (wish->is_there && wish->on == at)))
            return false;
    }
    return true;
}

static void propose(struct actor *actor, struct instant now, int on, bool runs, node_set fences)
{
    uint64_t uid = ++actor->world->next_uid;
    char text[3] = {(char)('0' + on), runs ? '+' : '-', 0}, mark[32];
    json_t *patch;

    snprintf(mark, sizeof(mark), "k%llu", (unsigned long long)uid);
    patch = json_pack("{s:{s:s, s:s}, s:I}", "set", KEY, text, mark, "", "uid", (json_int_t)uid);
    if (member_propose(actor->member, now, patch, fences, uid, NULL) && fences)
        actor->world->n_takeovers++;
    json_decref(patch);
}

static void conduct(struct actor *actor, struct instant now)
{
    struct wish wish = wish_of(actor);
    node_set candidates = actor->status.synced;
    int on = (int)world_random(actor->world, (uint64_t)actor->world->n_nodes);

    if (!actor->status.is_leader || actor->status.has_proposal)
        return;
    if (wish.is_there && wish.runs && node_in(actor->status.agents, (node_id)wish.on)) {
        /* Now and then it is moved: stopped first, placed when its node says that it is gone. */
        if (world_random(actor->world, 150) == 0)
            propose(actor, now, wish.on, false, 0);
        return;
    }
    if (node_in(candidates, (node_id)on) && may_place(actor, now, &wish))
        propose(actor, now, on, true,
                wish.is_there && !node_in(actor->status.agents, (node_id)wish.on)
                    ? node_bit((node_id)wish.on)
                    : 0);
    else
        for (int at = 0; at < actor->world->n_nodes; at++) {
            /* It runs where no record says so: a decision was lost with memories. */
            if (node_in(candidates, (node_id)at) && actor->has_report[at] && actor->reported[at] &&
                wish.on != at)
                propose(actor, now, at, false, 0);
        }
}

void service_turn(struct actor *actor, struct instant now)
{
    play(actor, now);
    if (actor->status.is_in_sync && now.ms >= actor->tell_at) {
        json_t *body = json_pack("{s:b, s:I}", "runs", (int)actor->runs, "decided",
                                 (json_int_t)actor->decided);

        member_tell(actor->member, body, NULL);
        json_decref(body);
        actor->tell_at = now.ms + 400;
    }
    conduct(actor, now);
}

void service_check(struct world *world)
{
    int first = -1;

    for (int at = 0; at < world->n_nodes; at++) {
        if (!world->actors[at].runs)
            continue;
        if (first >= 0)
            world_violate(world, "at %lld ms the service runs on %d and on %d",
                          (long long)world->now, first, at);
        first = at;
    }
}
