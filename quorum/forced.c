/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether quorum may be forced, what then counts, and when that is over; see forced.h. */
#include "quorum/forced.h"

#include <string.h>

#include "ha/base/json.h"
#include "ha/base/text.h"

static void add_names(const struct roster *roster, node_set nodes, char *names, size_t size)
{
    struct text text;

    text_init(&text, names, size);
    names[0] = '\0';
    NODE_SET_EACH(node, nodes)
    text_add(&text, "%s%s", names[0] ? " " : "", roster->nodes[node].name);
}

static bool check_time(const struct forced_wish *wish, struct err *err)
{
    if (wish->lasts.ms <= 0)
        return err_set(err, "for how long is missing: write \"for 30m\"; then votes count as "
                            "configured again");
    if (wish->lasts.ms > FORCED_MAX_MS)
        return err_set(err,
                       "a word about nodes that are off lasts %d hours at most: for longer, take "
                       "them out with \"tenuto cluster remove\" once services run",
                       (int)(FORCED_MAX_MS / (60 * 60 * 1000)));
    return true;
}

static bool check_votes(const struct forced_wish *wish, struct err *err)
{
    const struct roster *roster = wish->configured;
    int present = roster_votes(roster, wish->here);

    if (wish->expected > roster->expected_votes)
        return err_set(err, "%d votes are more than the %d that are configured", wish->expected,
                       roster->expected_votes);
    if (present == 0)
        return err_set(err, "no node with a vote is in corosync's ring yet: wait until it has "
                            "formed one");
    if (wish->expected < present)
        return err_set(err, "%d votes are here, so fewer cannot be expected: say %d", present,
                       present);
    if (present < wish->expected / 2 + 1)
        return err_set(err,
                       "with %d votes expected the %d that are here are no quorum either: say %d",
                       wish->expected, present, present);
    return true;
}

bool forced_check(const struct forced_wish *wish, struct err *err)
{
    const struct roster *roster = wish->configured;
    node_set away = roster_all(roster) & ~wish->here;
    char names[REASON_TEXT_MAX];

    if (roster->has_witness)
        return err_set(err,
                       "this cluster has a witness, whose vote counts: bring its host back, or "
                       "one more node; quorum is not forced beside it");
    if (!check_time(wish, err) || !check_votes(wish, err))
        return false;
    add_names(roster, wish->off & wish->here, names, sizeof(names));
    if (names[0])
        return err_set(err, "not off but here, in corosync's ring: %s", names);
    add_names(roster, away & ~wish->off, names, sizeof(names));
    if (names[0])
        return err_set(err,
                       "nobody has said that these are off: %s. Look at each: is its power off, "
                       "and will it stay so until it reaches this node again? Then say so: --off "
                       "and the name of every node that is away",
                       names);
    return true;
}

bool forced_read_names(const struct roster *configured, const char *names, node_set *off,
                       struct err *err)
{
    *off = 0;
    for (names += strspn(names, " ,"); *names; names += strspn(names, " ,")) {
        size_t length = strcspn(names, " ,");
        char name[NODE_NAME_MAX] = "";
        node_id node;

        if (length < sizeof(name))
            memcpy(name, names, length);
        node = roster_find_name(configured, name);
        if (node == NODE_NONE)
            return err_set(err, "corosync knows no node \"%.*s\"", (int)length, names);
        *off |= node_bit(node);
        names += length;
    }
    return true;
}

void forced_apply(const struct forced *forced, struct roster *roster)
{
    if (!forced->is_in_force)
        return;
    for (int i = 0; i < forced->n_off; i++) {
        node_id node = roster_find(roster, forced->off[i]);

        if (node != NODE_NONE && node != roster->self)
            roster->nodes[node].votes = 0;
    }
    roster->expected_votes = forced->expected;
    roster->quorum_votes = forced->expected / 2 + 1;
    roster->is_by_word = true;
    /* The word is about each node that is away, so after it a wait proves what it always does. */
    roster->is_forced = false;
}

bool forced_is_needless(const struct roster *configured, const struct group_peer *agents,
                        int n_agents)
{
    node_set here = 0;

    for (int i = 0; i < n_agents; i++) {
        node_id node = roster_find(configured, agents[i].nodeid);

        here |= node == NODE_NONE ? 0 : node_bit(node);
    }
    return roster_votes(configured, here) >= configured->quorum_votes;
}

json_t *forced_write(const struct forced *forced)
{
    json_t *off = json_array();

    for (int i = 0; i < forced->n_off; i++)
        json_array_append_new(off, json_integer(forced->off[i]));
    return json_pack("{s:i,s:o,s:I,s:s,s:s,s:I,s:I}", "expected", forced->expected, "off", off,
                     "until", (json_int_t)forced->until.ms, "boot", forced->boot_id, "by",
                     forced->by, "at", (json_int_t)forced->at, "until_wall",
                     (json_int_t)forced->until_wall);
}

bool forced_read(const json_t *record, const char *boot_id, struct instant now,
                 struct forced *forced)
{
    json_t *each;
    size_t i;

    memset(forced, 0, sizeof(*forced));
    forced->expected = (int)json_int(record, "expected", 0);
    forced->until.ms = json_int(record, "until", 0);
    forced->at = json_int(record, "at", 0);
    forced->until_wall = json_int(record, "until_wall", 0);
    text_copy(forced->by, sizeof(forced->by), json_text(record, "by", "?"));
    text_copy(forced->boot_id, sizeof(forced->boot_id), json_text(record, "boot", ""));
    json_array_foreach(json_object_get(record, "off"), i, each)
    {
        if (forced->n_off < NODES_MAX)
            forced->off[forced->n_off++] = (uint32_t)json_integer_value(each);
    }
    forced->is_in_force =
        forced->expected > 0 && forced->n_off > 0 && strcmp(forced->boot_id, boot_id) == 0 &&
        !instant_reached(now, forced->until) && forced->until.ms - now.ms <= FORCED_MAX_MS;
    return forced->is_in_force;
}
