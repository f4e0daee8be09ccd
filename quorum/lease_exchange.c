/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The exchange after each change of ring or group: what each knows of everybody, how old it is,
 * and who came here together and so can vouch for it. See lease.h.
 */
#include <string.h>

#include "ha/base/text.h"
#include "quorum/lease_internal.h"

static struct instant newest_sent(const struct lease *lease)
{
    const struct sent_beat *sent = lease_find_sent(lease, lease->number);

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
            age->watchdog = lease_longer(age->watchdog, lease->timing.watchdog);
            age->lease = lease_longer(age->lease, lease->timing.lease);
            text_copy(age->boot_id, sizeof(age->boot_id), lease->boot_id);
        }
        age->age = duration_ms(now.ms > last.ms ? now.ms - last.ms : 0);
    }
}

/*
 * The newer word about a node wins; where nobody can say which is newer, it counts as armed. Of
 * times the longer ones do, as if it had named them just now.
 */
static void learn(struct known *known, const struct lease_age *age, struct instant last,
                  struct instant now)
{
    bool same_boot = strcmp(known->boot_id, age->boot_id) == 0;
    bool same_life = same_boot && known->incarnation == age->incarnation;
    bool is_newer =
        !known->is_heard || (same_life ? age->number > known->number : known->heard.ms < last.ms);

    if (same_boot || !known->boot_id[0] || is_newer) {
        if (is_newer && age->boot_id[0])
            text_copy(known->boot_id, sizeof(known->boot_id), age->boot_id);
        /* Told again, they may have been in force until now; those of an earlier boot, still. */
        if (!same_boot || age->watchdog.ms >= known->watchdog.ms ||
            age->lease.ms >= known->lease.ms) {
            known->watchdog = lease_longer(known->watchdog, age->watchdog);
            known->lease = lease_longer(known->lease, age->lease);
            known->longest_at = now;
        }
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
            learn(&lease->known[i], age, (struct instant){now.ms - age->age.ms}, now);
        else if (i == from)
            lease_meet_boot(&lease->known[i], age->boot_id);
    }
}

/* Rule 8: who came here together with us, straight from the last group that was settled. */
static bool is_quorum_together(const struct lease *lease)
{
    node_set together = 0;

    if (!lease->base || lease->roster.has_witness)
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
    uint64_t base = lease_mix(lease_mix(0xcbf29ce484222325u, lease->ring.seq), lease->ring.node);

    NODE_SET_EACH(node, lease->agents)
    {
        const struct known *known = &lease->known[node];

        base = lease_mix(lease_mix(base, (uint64_t)node),
                         known->has_told ? known->told_incarnation : 0);
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
    lease->is_roster_new = false;
    lease->is_settled = true;
    lease->settled_at = now;
}
