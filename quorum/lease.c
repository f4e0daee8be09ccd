/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rings, beats, and both kinds of lease. Two halves that share what was delivered: what counts
 * of our beats (until when we may act), and when we last heard of each of the others (from when
 * on they cannot act any more). See PROTOCOL.md.
 */
#include "quorum/lease.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"
#include "ha/base/text.h"
#include "quorum/lease_internal.h"

uint64_t lease_mix(uint64_t hash, uint64_t word)
{
    for (int i = 0; i < 8; i++) {
        hash ^= (word >> (8 * i)) & 0xff;
        hash *= 0x100000001b3u;
    }
    return hash;
}

struct duration lease_longer(struct duration a, struct duration b)
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

bool lease_is_ring_quorate(const struct lease *lease)
{
    return lease->is_quorate && node_in(lease->agents, lease->roster.self);
}

bool lease_is_group_quorate(const struct lease *lease)
{
    const struct roster *roster = &lease->roster;

    return lease_is_ring_quorate(lease) &&
           roster_votes(roster, lease->agents) + roster_witness(roster) >= roster->quorum_votes;
}

bool lease_needs_witness(const struct lease *lease)
{
    const struct roster *roster = &lease->roster;

    return roster->has_witness && roster_votes(roster, lease->nodes) < roster->quorum_votes;
}

/*
 * Who may go by the ring lease. Votes that somebody put into votequorum by hand do not count here:
 * those who know nothing of them wait for the end of a lease that needs a quorum.
 */
static bool has_ring_lease(const struct lease *lease)
{
    const struct roster *roster = &lease->roster;
    int votes = roster_votes(roster, lease->nodes);

    if (!lease_is_ring_quorate(lease) || lease->is_roster_new)
        return false;
    if (roster->has_witness)
        return votes + roster_witness(roster) >= roster->quorum_votes;
    return votes >= roster->quorum_votes && roster->nodes[roster->self].votes > 0 &&
           roster_votes(roster, lease->agents) < roster->quorum_votes;
}

static void begin_stretch(struct lease *lease)
{
    lease->stretch++;
    lease->returned = lease->carried = 0;
}

/* votequorum and the group speak over two connections; only the ring id puts them together. */
static void judge_quorum(struct lease *lease, struct instant now)
{
    bool is_quorate =
        lease->has_ring && lease->quorum_says && ring_compare(lease->quorum_ring, lease->ring) == 0;

    if (is_quorate && !lease->is_quorate)
        lease->quorate_at = now;
    if (!is_quorate && lease->is_quorate)
        begin_stretch(lease);
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
    lease->is_roster_new = true;
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
    lease->path = lease_mix(lease_mix(lease->path, ring.seq), ring.node);
    lease->is_armed_acknowledged = false;
    lease->returned_sent = INSTANT_UNKNOWN;
    for (int i = 0; i < lease->roster.n_nodes; i++) {
        lease->known[i].in_ring = (struct beat_ack){0};
        lease->known[i].acknowledged = 0;
    }
    begin_exchange(lease);
    begin_stretch(lease);
    /* Where agents are missing no exchange may ever be done; a later ring is new to all alike. */
    lease->is_roster_new = lease->is_roster_new && lease->roster.has_witness;
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
    begin_stretch(lease);
    lease->nodes = 0;
    lease->base = 0;
    lease->path = 0;
    lease->is_armed_acknowledged = false;
}

/* ---- what we heard --------------------------------------------------------------------------- */

void lease_meet_boot(struct known *known, const char *boot_id)
{
    if (strcmp(known->boot_id, boot_id) == 0)
        return;
    text_copy(known->boot_id, sizeof(known->boot_id), boot_id);
    known->watchdog = known->lease = duration_ms(0);
    known->is_armed = true; /* until a beat says otherwise */
}

/*
 * A node announces a shorter watchdog or lease when it has it, but what it fed by the longer ones
 * may last: they count until they have run out behind the last beat that named them. Whoever is
 * shorter since then has nothing left of them.
 */
void lease_meet_times(struct known *known, struct instant now, struct duration watchdog,
                      struct duration lease, struct duration allowance)
{
    struct duration lasts = duration_ms(known->watchdog.ms + known->lease.ms + allowance.ms);
    bool is_shorter = watchdog.ms < known->watchdog.ms || lease.ms < known->lease.ms;
    bool is_longer = watchdog.ms > known->watchdog.ms || lease.ms > known->lease.ms;

    if (is_shorter && !is_longer && !instant_reached(now, instant_after(known->longest_at, lasts)))
        return;
    if (is_longer) {
        watchdog = lease_longer(watchdog, known->watchdog);
        lease = lease_longer(lease, known->lease);
    }
    known->watchdog = watchdog;
    known->lease = lease;
    known->longest_at = now;
}

const struct sent_beat *lease_find_sent(const struct lease *lease, uint64_t number)
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

static void count(struct lease *lease, const struct sent_beat *sent)
{
    lease->until = instant_latest(lease->until, instant_after(sent->sent, sent->lease));
    if (lease->is_armed && sent->number >= lease->armed_from &&
        sent->watchdog.ms >= lease->timing.watchdog.ms)
        lease->is_armed_acknowledged = true;
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
    if (lease->roster.has_witness)
        return;
    sent = lease_find_sent(lease, quorum_number(lease));
    if (sent)
        count(lease, sent);
}

static void take_own_beat(struct lease *lease, const struct beat *beat)
{
    const struct sent_beat *sent = lease_find_sent(lease, beat->number);

    if (!sent || sent->stretch != lease->stretch)
        return;
    lease->returned_sent = instant_latest(lease->returned_sent, sent->sent);
    lease->returned = sent->number;
    if (sent->after > lease->carried && has_ring_lease(lease))
        lease->carried = sent->after;
}

/* What the ring lease has counted, and what all that are here and have told know of. */
static uint64_t known_to_all(const struct lease *lease)
{
    uint64_t number = lease->carried;

    NODE_SET_EACH(node, lease->agents)
    {
        const struct known *known = &lease->known[node];

        if ((known->has_told || !lease->is_settled) && known->acknowledged < number)
            number = known->acknowledged;
    }
    return number;
}

/*
 * The token went round after the beat was sent, and everybody was still in the ring. That alone
 * carries the lease; that others heard of this watchdog takes their word.
 */
static void count_ring_lease(struct lease *lease)
{
    const struct sent_beat *sent = lease_find_sent(lease, lease->carried);

    if (!sent || !has_ring_lease(lease))
        return;
    lease->until = instant_latest(lease->until, instant_after(sent->sent, sent->lease));
    sent = lease_find_sent(lease, known_to_all(lease));
    if (sent)
        count(lease, sent);
}

void lease_beat_taken(struct lease *lease, struct instant now, const struct beat *beat)
{
    struct known *known = &lease->known[beat->from];
    bool is_own = beat->from == lease->roster.self;

    if (is_own && beat->incarnation != lease->incarnation)
        return;
    lease_meet_boot(known, beat->boot_id);
    known->is_heard = true;
    known->heard = instant_latest(known->heard, now);
    known->is_armed = beat->is_armed;
    known->incarnation = beat->incarnation;
    known->number = beat->number;
    lease_meet_times(known, now, beat->watchdog, beat->lease, lease->timing.allowance);
    /* Sent in another ring, or before votequorum spoke of this one: heard, but it feeds nobody. */
    if (!lease_is_ring_quorate(lease) || ring_compare(beat->ring, lease->ring) != 0 ||
        !node_in(lease->agents, beat->from))
        return;
    /* Two that count votes differently may each see a quorum without a member in common. */
    if (beat->roster != lease->mark)
        return;
    known->in_ring = (struct beat_ack){beat->incarnation, beat->number};
    if (is_own)
        take_own_beat(lease, beat);
    count_acknowledgements(lease, beat);
    count_ring_lease(lease);
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
    lease->sent[number % BEATS_REMEMBERED] = (struct sent_beat){
        number, now, beat->lease, beat->watchdog, lease->stretch, lease->returned};
}

struct instant lease_until(const struct lease *lease)
{
    return lease->until;
}

bool lease_is_armed_acknowledged(const struct lease *lease)
{
    return lease->is_armed_acknowledged;
}

/*
 * With the witness's vote a ring may be quorate while another goes on counting it, for H at most;
 * and so may we go on, when it has left us. Both count: whoever had it before us was told so up to
 * H later, and whoever has it after us may have had it for H before we are told.
 */
static struct duration lag(const struct lease *lease)
{
    struct duration one = lease_longer(lease->timing.witness, lease->roster.witness_lag);

    if (!lease->roster.has_witness)
        return lease->timing.witness;
    return duration_ms(lease_needs_witness(lease) ? 2 * one.ms : 0);
}

static struct instant dead_at(const struct lease *lease, const struct known *known)
{
    struct duration watchdog = known->watchdog, lasts = known->lease;
    struct instant last = instant_latest(known->heard, known->floor);

    /* The ring lease leaves no trace at others, and the witness may come without a new ring. */
    if (lease->roster.has_witness)
        last = instant_latest(last, instant_latest(lease->start, lease->quorate_at));
    /* Never armed means that nothing it started is left to wait for: it was allowed none. */
    else if (known->is_heard && known->is_vouched && !known->is_armed && watchdog.ms > 0)
        return last;
    if (watchdog.ms == 0)
        watchdog = lease->timing.watchdog;
    if (lasts.ms == 0)
        lasts = lease->timing.lease;
    return instant_after(
        last, duration_ms(lasts.ms + watchdog.ms + lease->timing.allowance.ms + lag(lease).ms));
}

node_set lease_silent(const struct lease *lease)
{
    const struct lease_timing *t = &lease->timing;
    int64_t patience = t->lease.ms + t->watchdog.ms + t->allowance.ms;
    node_set silent = 0;

    NODE_SET_EACH(node, lease->is_settled ? lease->agents : 0)
    {
        struct instant last = instant_latest(lease->known[node].heard, lease->settled_at);

        if (lease->known[node].has_told && lease->returned_sent.ms - last.ms > patience)
            silent |= node_bit(node);
    }
    return silent;
}

/* Rule 8: one that does not tell is as good as absent, though corosync lists it. */
static bool is_member(const struct lease *lease, node_id node)
{
    return node_in(lease->agents, node) &&
           (node == lease->roster.self || !lease->is_settled || lease->known[node].has_told);
}

static bool may_prove(const struct lease *lease)
{
    return lease->is_settled && lease_is_group_quorate(lease) && !lease->roster.is_forced;
}

/* Rule 9: the beat that proves our ring alive must have been sent when it was already due. */
static bool is_proven(const struct lease *lease, struct instant due, struct instant now)
{
    return instant_reached(now, due) && instant_reached(lease->returned_sent, due);
}

bool lease_all_off(const struct lease *lease, node_set but, struct instant now, struct instant *due)
{
    *due = may_prove(lease) ? INSTANT_UNKNOWN : INSTANT_NEVER;
    for (node_id node = 0; node < lease->roster.n_nodes && may_prove(lease); node++) {
        const struct known *known = &lease->known[node];

        if (node_in(but, node))
            continue;
        *due = instant_latest(*due, dead_at(lease, known));
        if (!node_in(lease->agents, node))
            *due = instant_latest(*due, known->absent_since);
    }
    return is_proven(lease, *due, now);
}

void lease_status(const struct lease *lease, node_id node, struct instant now,
                  struct lease_status *status)
{
    const struct known *known = &lease->known[node];

    memset(status, 0, sizeof(*status));
    status->is_member = is_member(lease, node);
    status->is_heard = known->is_heard;
    status->is_armed = known->is_armed;
    status->watchdog = known->watchdog;
    status->is_vouched = known->is_vouched;
    status->last_beat = instant_latest(known->heard, known->floor);
    text_copy(status->boot_id, sizeof(status->boot_id), known->boot_id);
    status->incarnation = known->incarnation;
    status->number = known->number;
    status->dead_at = INSTANT_NEVER;
    if (node == lease->roster.self || status->is_member || !may_prove(lease))
        return;
    status->dead_at = instant_latest(dead_at(lease, known), known->absent_since);
    status->is_proven_off = is_proven(lease, status->dead_at, now);
}
