/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Votes that change while everything goes on, as agents do it: the leader decides on the next
 * ones, one vote more or less, when a quorum counts by those before; everybody takes them from
 * the records, sooner or later, and keeps them on disk. votequorum has no say here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ha/base/text.h"
#include "tests/unit/quorum/world.h"

#define KEY "votes"

static int number_of(const char *votes)
{
    return (int)strtol(votes, NULL, 10);
}

static void count_by(struct actor *actor, struct instant now, const char *votes)
{
    const char *digits = strchr(votes, ':') + 1;
    struct roster roster = actor->roster;

    roster.expected_votes = 0;
    for (int i = 0; i < roster.n_nodes; i++) {
        roster.nodes[i].votes = digits[i] - '0';
        roster.expected_votes += roster.nodes[i].votes;
    }
    roster.quorum_votes = roster.expected_votes / 2 + 1;
    actor->roster = roster;
    text_copy(actor->votes, sizeof(actor->votes), votes);
    if (number_of(votes) > number_of(actor->world->votes)) {
        text_copy(actor->world->votes, sizeof(actor->world->votes), votes);
        actor->world->n_votes++;
    }
    member_set_roster(actor->member, now, &roster);
}

/* What is durable, or, for one whom the others have left behind, what others count by. */
static const char *votes_for(const struct actor *actor)
{
    const char *text = json_string_value(json_object_get(member_records(actor->member), KEY));

    if (!actor->status.is_in_sync)
        return actor->world->votes;
    return text && actor->durable >= actor->status.head.version ? text : "";
}

static void follow(struct actor *actor, struct instant now)
{
    struct world *world = actor->world;
    const char *votes = votes_for(actor);

    if (number_of(votes) <= number_of(actor->votes)) {
        actor->votes_at = 0;
        return;
    }
    if (!actor->votes_at)
        actor->votes_at = world->now + (int64_t)world_random(world, 300) + 1;
    if (world->now < actor->votes_at)
        return;
    actor->votes_at = 0;
    count_by(actor, now, votes);
}

/* false: it would leave too little. */
static bool alter(struct world *world, char *digits)
{
    int at = (int)world_random(world, (uint64_t)world->n_nodes);
    int total = 0;

    if (world->faults.leaps) {
        for (int i = 0; i < world->n_nodes; i++)
            digits[i] = (char)('0' + world_random(world, 3));
    } else {
        digits[at] = (char)(digits[at] + (world_random(world, 2) ? 1 : -1));
    }
    for (int i = 0; i < world->n_nodes; i++) {
        digits[i] = digits[i] < '0' ? '1' : digits[i] > '2' ? '1' : digits[i];
        total += digits[i] - '0';
    }
    return total >= 2;
}

static void decide(struct actor *actor, struct instant now)
{
    struct world *world = actor->world;
    const char *text = json_string_value(json_object_get(member_records(actor->member), KEY));
    char next[WORLD_NODES + 16], mark[32];
    uint64_t uid;
    json_t *patch;

    if (!world->has_service || !actor->status.is_leader || actor->status.has_proposal ||
        world_random(world, 60) != 0)
        return;
    if (text && strcmp(text, actor->votes) != 0 && !world->faults.hurries)
        return;
    snprintf(next, sizeof(next), "%d:", (text ? number_of(text) : 0) + 1);
    for (int i = 0; i < world->n_nodes; i++)
        snprintf(next + strlen(next), sizeof(next) - strlen(next), "%c",
                 text ? strchr(text, ':')[1 + i] : '1');
    if (!alter(world, strchr(next, ':') + 1))
        return;
    uid = ++world->next_uid;
    snprintf(mark, sizeof(mark), "k%llu", (unsigned long long)uid);
    patch = json_pack("{s:{s:s, s:s}, s:I}", "set", KEY, next, mark, "", "uid", (json_int_t)uid);
    member_propose(actor->member, now, patch, 0, uid, NULL);
    json_decref(patch);
}

void votes_turn(struct actor *actor, struct instant now)
{
    follow(actor, now);
    decide(actor, now);
}
