/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The acknowledged lease. Two halves that share what was delivered: what others
 * acknowledged of our beats (until when we may act), and when we last heard of
 * each of them (from when on they cannot act any more). See PROTOCOL.md.
 */
#include "quorum/lease.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"
#include "ha/base/text.h"

/* Beats older than this many have ended their lease long ago: a lease is four beats. */
#define BEATS_REMEMBERED 64

struct sent_beat {
    uint64_t number;
    struct instant sent;
    struct duration lease, watchdog;
};

/* One node, as far as we know it. */
struct known {
    bool is_heard;
    struct instant heard; /* its newest beat was delivered to somebody here, at the latest now */
    struct instant floor; /* what it did before this moment nobody here can vouch for */
    bool is_armed;
    bool is_vouched;
    struct duration watchdog, lease;
    char boot_id[BOOT_ID_MAX];
    uint64_t incarnation, number;
    struct instant absent_since;
    struct beat_ack in_ring; /* its newest beat of this ring: what we acknowledge */
    uint64_t acknowledged;   /* the newest of our beats that it acknowledged in this ring */
    bool has_told;           /* in the exchange of this group */
    uint64_t told_base, told_path, told_incarnation;
};

struct lease {
    struct roster roster;
    uint64_t mark; /* of the roster */
    char boot_id[BOOT_ID_MAX];
    uint64_t incarnation;
    struct lease_timing timing;
    bool is_armed;

    bool has_ring;
    struct ring_id ring;
    node_set nodes;
    node_set agents;
    struct ring_id quorum_ring; /* what votequorum spoke of last */
    bool quorum_says;
    struct instant quorum_at;
    bool is_quorate; /* it speaks of this ring */
    struct instant quorate_at;
    struct instant start; /* when this group first held us */

    bool is_settled; /* the exchange of this group is done */
    uint64_t base, path;
    struct ring_id base_ring;
    node_set kept; /* have been with us, all the time, since the last group that was settled */

    uint64_t number;
    struct sent_beat sent[BEATS_REMEMBERED];
    struct instant returned_sent; /* when the newest of our beats that came back was sent */
    struct instant until;
    uint64_t armed_from; /* the first beat that says how it is now */
    bool is_armed_acknowledged;
    struct known known[NODES_MAX];
};

static uint64_t mix(uint64_t hash, uint64_t word)
{
    for (int i = 0; i < 8; i++) {
        hash ^= (word >> (8 * i)) & 0xff;
        hash *= 0x100000001b3u;
    }
    return hash;
}

static struct duration longer(struct duration a, struct duration b)
{
    return a.ms > b.ms ? a : b;
}

struct lease *lease_new(const struct roster *roster, const char *boot_id, uint64_t incarnation,
                        const struct lease_timing *timing, struct instant now)
{
    struct lease *lease = xcalloc(1, sizeof(*lease));

    assert(roster->self >= 0 && roster->self < roster->n_nodes && incarnation != 0);
    lease->roster = *roster;
    lease->mark = roster_mark(roster);
    text_copy(lease->boot_id, sizeof(lease->boot_id), boot_id);
    lease->incarnation = incarnation;
    lease->timing = *timing;
    lease->start = now;
    return lease;
}

void lease_free(struct lease *lease)
{
    free(lease);
}

void lease_set_timing(struct lease *lease, const struct lease_timing *timing)
{
    if (timing->watchdog.ms > lease->timing.watchdog.ms)
        lease->is_armed_acknowledged = false;
    lease->timing = *timing;
}

const struct lease_timing *lease_timing(const struct lease *lease)
{
    return &lease->timing;
}

void lease_set_armed(struct lease *lease, bool is_armed)
{
    if (lease->is_armed == is_armed)
        return;
    /* Beats of an earlier arming say nothing: an unarmed one may have been heard since. */
    lease->is_armed = is_armed;
    lease->armed_from = lease->number + 1;
    lease->is_armed_acknowledged = false;
}

bool lease_is_armed(const struct lease *lease)
{
    return lease->is_armed;
}

bool lease_is_group_quorate(const struct lease *lease)
{
    return lease->is_quorate && !lease->roster.has_witness &&
           node_in(lease->agents, lease->roster.self) &&
           roster_votes(&lease->roster, lease->agents) >= lease->roster.quorum_votes;
}

/* votequorum and the group speak over two connections; only the ring id puts them together. */
static void judge_quorum(struct lease *lease, struct instant now)
{
    bool is_quorate =
        lease->has_ring && lease->quorum_says && ring_compare(lease->quorum_ring, lease->ring) == 0;

    if (is_quorate && !lease->is_quorate)
        lease->quorate_at = now;
    lease->is_quorate = is_quorate;
}

/*
 * An exchange cut short leaves those who had not told yet unknown: they may have beaten until now.
 */
static void forget_silent(struct lease *lease, struct instant now, node_set nodes)
{
    NODE_SET_EACH(node, nodes)
    {
        struct known *known = &lease->known[node];

        if (!lease->is_settled && !known->has_told && node != lease->roster.self)
            known->floor = instant_latest(known->floor, now);
    }
}

static void begin_exchange(struct lease *lease)
{
    lease->is_settled = false;
    for (int i = 0; i < lease->roster.n_nodes; i++)
        lease->known[i].has_told = false;
}

void lease_again(struct lease *lease)
{
    begin_exchange(lease);
}

void lease_set_roster(struct lease *lease, const struct roster *roster)
{
    const struct roster *before = &lease->roster;
    struct known *known = xcalloc(NODES_MAX, sizeof(*known));

    for (int i = 0; i < roster->n_nodes; i++) {
        node_id at = roster_find(before, roster->nodes[i].nodeid);

        if (at != NODE_NONE)
            known[i] = lease->known[at];
        known[i].acknowledged = 0;
    }
    memcpy(lease->known, known, sizeof(lease->known));
    free(known);
    lease->nodes = roster_translate(before, roster, lease->nodes);
    lease->agents = roster_translate(before, roster, lease->agents);
    lease->kept = roster_translate(before, roster, lease->kept);
    lease->roster = *roster;
    lease->mark = roster_mark(roster);
    lease->is_armed_acknowledged = false;
    begin_exchange(lease);
}

void lease_ring(struct lease *lease, struct instant now, struct ring_id ring, node_set nodes)
{
    if (lease->has_ring && ring_compare(lease->ring, ring) == 0)
        return;
    if (lease->has_ring)
        forget_silent(lease, now, lease->agents);
    lease->has_ring = true;
    lease->ring = ring;
    lease->nodes = nodes;
    lease->path = mix(mix(lease->path, ring.seq), ring.node);
    lease->is_armed_acknowledged = false;
    lease->returned_sent = INSTANT_UNKNOWN;
    for (int i = 0; i < lease->roster.n_nodes; i++) {
        lease->known[i].in_ring = (struct beat_ack){0};
        lease->known[i].acknowledged = 0;
    }
    begin_exchange(lease);
    lease->is_quorate = false;
    judge_quorum(lease, now);
}

void lease_quorate(struct lease *lease, struct instant now, struct ring_id ring, bool is_quorate)
{
    lease->quorum_ring = ring;
    lease->quorum_says = is_quorate;
    lease->quorum_at = now;
    judge_quorum(lease, now);
}

void lease_group(struct lease *lease, struct instant now, node_set agents, node_set left)
{
    node_set gone = (lease->agents & ~agents) | left;

    if (node_in(agents, lease->roster.self) && !node_in(lease->agents, lease->roster.self))
        lease->start = now;
    forget_silent(lease, now, gone);
    NODE_SET_EACH(node, gone)
    {
        lease->known[node].absent_since = now;
        lease->known[node].acknowledged = 0;
        lease->known[node].in_ring = (struct beat_ack){0};
    }
    lease->agents = agents;
    lease->kept &= agents & ~left;
    begin_exchange(lease);
}

void lease_lost(struct lease *lease, struct instant now)
{
    lease_group(lease, now, 0, lease->agents);
    lease->has_ring = false;
    lease->is_quorate = false;
    lease->quorum_says = false;
    lease->nodes = 0;
    lease->base = 0;
    lease->path = 0;
    lease->is_armed_acknowledged = false;
}

/* ---- what we heard --------------------------------------------------------------------------- */

/* A new boot is a new machine: what the old one announced does not bind it. */
static void meet_boot(struct known *known, const char *boot_id)
{
    if (strcmp(known->boot_id, boot_id) == 0)
        return;
    text_copy(known->boot_id, sizeof(known->boot_id), boot_id);
    known->watchdog = known->lease = duration_ms(0);
    known->is_armed = true; /* until a beat says otherwise */
}

static const struct sent_beat *find_sent(const struct lease *lease, uint64_t number)
{
    const struct sent_beat *sent = &lease->sent[number % BEATS_REMEMBERED];

    return number && sent->number == number ? sent : NULL;
}

/* The newest of our beats that members holding a quorum of votes, us included, acknowledged. */
static uint64_t quorum_number(const struct lease *lease)
{
    uint64_t best = 0;

    NODE_SET_EACH(candidate, lease->agents)
    {
        uint64_t number = lease->known[candidate].acknowledged;
        node_set who = 0;

        NODE_SET_EACH(node, lease->agents)
        {
            if (lease->known[node].acknowledged >= number)
                who |= node_bit(node);
        }
        if (number > best && node_in(who, lease->roster.self) &&
            roster_votes(&lease->roster, who) >= lease->roster.quorum_votes)
            best = number;
    }
    return best;
}

static void count_acknowledgements(struct lease *lease, const struct beat *beat)
{
    struct known *known = &lease->known[beat->from];
    const struct beat_ack *ack = &beat->acks[lease->roster.self];
    const struct sent_beat *sent;

    if (beat->from == lease->roster.self)
        known->acknowledged = beat->number;
    else if (ack->incarnation == lease->incarnation && ack->number <= lease->number &&
             ack->number > known->acknowledged)
        known->acknowledged = ack->number;
    sent = find_sent(lease, quorum_number(lease));
    if (!sent)
        return;
    lease->until = instant_latest(lease->until, instant_after(sent->sent, sent->lease));
    if (lease->is_armed && sent->number >= lease->armed_from &&
        sent->watchdog.ms >= lease->timing.watchdog.ms)
        lease->is_armed_acknowledged = true;
}

static void take_own_beat(struct lease *lease, const struct beat *beat)
{
    const struct sent_beat *sent = find_sent(lease, beat->number);

    if (sent)
        lease->returned_sent = instant_latest(lease->returned_sent, sent->sent);
}

void lease_beat_taken(struct lease *lease, struct instant now, const struct beat *beat)
{
    struct known *known = &lease->known[beat->from];
    bool is_own = beat->from == lease->roster.self;

    if (is_own && beat->incarnation != lease->incarnation)
        return;
    meet_boot(known, beat->boot_id);
    known->is_heard = true;
    known->heard = instant_latest(known->heard, now);
    known->is_armed = beat->is_armed;
    known->incarnation = beat->incarnation;
    known->number = beat->number;
    known->watchdog = longer(known->watchdog, beat->watchdog);
    known->lease = longer(known->lease, beat->lease);
    /* Sent in another ring, or before votequorum spoke of this one: heard, but it feeds nobody. */
    if (!lease_is_group_quorate(lease) || ring_compare(beat->ring, lease->ring) != 0 ||
        !node_in(lease->agents, beat->from))
        return;
    /* Two that count votes differently may each see a quorum without a member in common. */
    if (beat->roster != lease->mark)
        return;
    known->in_ring = (struct beat_ack){beat->incarnation, beat->number};
    if (is_own)
        take_own_beat(lease, beat);
    count_acknowledgements(lease, beat);
}

/* ---- the exchange ---------------------------------------------------------------------------- */

static struct instant newest_sent(const struct lease *lease)
{
    const struct sent_beat *sent = find_sent(lease, lease->number);

    return sent ? sent->sent : INSTANT_UNKNOWN;
}

void lease_ages_make(const struct lease *lease, struct instant now, struct lease_ages *ages)
{
    memset(ages, 0, sizeof(*ages));
    ages->base = lease->base;
    ages->path = lease->path;
    for (int i = 0; i < lease->roster.n_nodes; i++) {
        const struct known *known = &lease->known[i];
        struct instant last = instant_latest(known->heard, known->floor);
        struct lease_age *age = &ages->of[i];

        age->is_heard = last.ms != INSTANT_UNKNOWN.ms;
        age->is_vouched = known->is_vouched;
        age->is_armed = known->is_armed;
        age->watchdog = known->watchdog;
        age->lease = known->lease;
        text_copy(age->boot_id, sizeof(age->boot_id), known->boot_id);
        age->incarnation = known->incarnation;
        age->number = known->number;
        if (i == lease->roster.self) {
            last = instant_latest(last, newest_sent(lease));
            age->is_heard = lease->number > 0;
            age->is_armed = lease->is_armed;
            age->incarnation = lease->incarnation;
            age->number = lease->number;
            age->watchdog = longer(age->watchdog, lease->timing.watchdog);
            age->lease = longer(age->lease, lease->timing.lease);
            text_copy(age->boot_id, sizeof(age->boot_id), lease->boot_id);
        }
        age->age = duration_ms(now.ms > last.ms ? now.ms - last.ms : 0);
    }
}

/* The newer word about a node wins; where nobody can say which is newer, it counts as armed. */
static void learn(struct known *known, const struct lease_age *age, struct instant last)
{
    bool same_boot = strcmp(known->boot_id, age->boot_id) == 0;
    bool same_life = same_boot && known->incarnation == age->incarnation;
    bool is_newer =
        !known->is_heard || (same_life ? age->number > known->number : known->heard.ms < last.ms);

    if (same_boot || !known->boot_id[0] || is_newer) {
        struct duration watchdog = known->watchdog, lease = known->lease;

        if (is_newer && age->boot_id[0])
            text_copy(known->boot_id, sizeof(known->boot_id), age->boot_id);
        known->watchdog = longer(watchdog, age->watchdog);
        known->lease = longer(lease, age->lease);
    }
    if (same_life && known->is_heard)
        known->is_armed = is_newer ? age->is_armed : known->is_armed;
    else
        known->is_armed = age->is_armed || (known->is_heard && known->is_armed);
    if (is_newer) {
        known->incarnation = age->incarnation;
        known->number = age->number;
    }
    known->is_heard = true;
    known->heard = instant_latest(known->heard, last);
}

void lease_ages_taken(struct lease *lease, struct instant now, node_id from,
                      const struct lease_ages *ages)
{
    struct known *teller = &lease->known[from];

    teller->has_told = true;
    teller->told_base = ages->base;
    teller->told_path = ages->path;
    teller->told_incarnation = ages->of[from].incarnation;
    if (from == lease->roster.self)
        return;
    for (int i = 0; i < lease->roster.n_nodes; i++) {
        const struct lease_age *age = &ages->of[i];

        /* The age was taken before it travelled: counted from now it is younger, never older. */
        if (age->is_heard && i != lease->roster.self)
            learn(&lease->known[i], age, (struct instant){now.ms - age->age.ms});
        else if (i == from)
            meet_boot(&lease->known[i], age->boot_id);
    }
}

/* Rule 8: who came here together with us, straight from the last group that was settled. */
static bool is_quorum_together(const struct lease *lease)
{
    node_set together = 0;

    if (!lease->base)
        return false;
    NODE_SET_EACH(node, lease->kept & lease->agents)
    {
        const struct known *known = &lease->known[node];

        if (known->has_told && known->told_base == lease->base && known->told_path == lease->path)
            together |= node_bit(node);
    }
    if (ring_compare(lease->ring, lease->base_ring) != 0 && (lease->nodes & ~lease->agents) != 0)
        return false; /* a node without an agent came along; who knows from where */
    return roster_votes(&lease->roster, together) >= lease->roster.quorum_votes;
}

static uint64_t base_of(const struct lease *lease)
{
    uint64_t base = mix(mix(0xcbf29ce484222325u, lease->ring.seq), lease->ring.node);

    NODE_SET_EACH(node, lease->agents)
    {
        const struct known *known = &lease->known[node];

        base = mix(mix(base, (uint64_t)node), known->has_told ? known->told_incarnation : 0);
    }
    return base | 1;
}

void lease_ages_done(struct lease *lease, struct instant now)
{
    bool is_together = is_quorum_together(lease);
    struct instant unknown = instant_latest(lease->start, lease->quorate_at);

    for (int i = 0; i < lease->roster.n_nodes; i++) {
        struct known *known = &lease->known[i];
        bool is_here = node_in(lease->agents, (node_id)i);

        if (!is_together)
            known->floor = instant_latest(known->floor, unknown);
        if (is_here && !known->has_told && i != lease->roster.self)
            known->floor = instant_latest(known->floor, now);
        if (is_here)
            known->is_vouched = known->has_told;
        else if (!is_together)
            known->is_vouched = false;
    }
    lease->base = base_of(lease);
    lease->base_ring = lease->ring;
    lease->path = 0;
    lease->kept = lease->agents;
    lease->is_settled = true;
}

/* ---- our own --------------------------------------------------------------------------------- */

void lease_beat_make(struct lease *lease, struct instant now, struct beat *beat)
{
    uint64_t number = ++lease->number;

    memset(beat, 0, sizeof(*beat));
    beat->from = lease->roster.self;
    beat->ring = lease->ring;
    beat->roster = lease->mark;
    beat->number = number;
    beat->incarnation = lease->incarnation;
    text_copy(beat->boot_id, sizeof(beat->boot_id), lease->boot_id);
    beat->is_armed = lease->is_armed;
    beat->watchdog = lease->timing.watchdog;
    beat->lease = lease->timing.lease;
    for (int i = 0; i < lease->roster.n_nodes; i++)
        beat->acks[i] = lease->known[i].in_ring;
    lease->sent[number % BEATS_REMEMBERED] =
        (struct sent_beat){number, now, beat->lease, beat->watchdog};
}

struct instant lease_until(const struct lease *lease)
{
    return lease->until;
}

bool lease_is_armed_acknowledged(const struct lease *lease)
{
    return lease->is_armed_acknowledged;
}

static struct instant dead_at(const struct lease *lease, const struct known *known)
{
    struct duration watchdog = known->watchdog, lasts = known->lease;
    struct instant last = instant_latest(known->heard, known->floor);

    /* Never armed means that nothing it started is left to wait for: it was allowed none. */
    if (known->is_heard && known->is_vouched && !known->is_armed && watchdog.ms > 0)
        return last;
    if (watchdog.ms == 0)
        watchdog = lease->timing.watchdog;
    if (lasts.ms == 0)
        lasts = lease->timing.lease;
    return instant_after(last, duration_ms(lasts.ms + watchdog.ms + lease->timing.allowance.ms +
                                           lease->timing.witness.ms));
}

void lease_status(const struct lease *lease, node_id node, struct instant now,
                  struct lease_status *status)
{
    const struct known *known = &lease->known[node];

    memset(status, 0, sizeof(*status));
    status->is_member = node_in(lease->agents, node);
    status->is_heard = known->is_heard;
    status->is_armed = known->is_armed;
    status->watchdog = known->watchdog;
    status->is_vouched = known->is_vouched;
    status->last_beat = instant_latest(known->heard, known->floor);
    text_copy(status->boot_id, sizeof(status->boot_id), known->boot_id);
    status->incarnation = known->incarnation;
    status->dead_at = INSTANT_NEVER;
    if (node == lease->roster.self || status->is_member || !lease->is_settled ||
        !lease_is_group_quorate(lease))
        return;
    status->dead_at = instant_latest(dead_at(lease, known), known->absent_since);
    /* Rule 9: the beat that proves our ring alive must have been sent when it was already due. */
    status->is_proven_off = instant_reached(now, status->dead_at) &&
                            instant_reached(lease->returned_sent, status->dead_at);
}
