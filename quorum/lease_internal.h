/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two halves of the lease share: lease.c (beats, rings) and lease_exchange.c (ages). */
#pragma once

#include "quorum/lease.h"

/* Beats older than this many have ended their lease long ago: a lease is four beats. */
#define BEATS_REMEMBERED 64

struct sent_beat {
    uint64_t number;
    struct instant sent;
    struct duration lease, watchdog;
    uint64_t stretch; /* of this ring, without a break in its quorum */
    uint64_t after;   /* the newest of ours that had come back in it when this one was sent */
};

/* One node, as far as we know it. */
struct known {
    bool is_heard;
    struct instant heard; /* its newest beat was delivered to somebody here, at the latest now */
    struct instant floor; /* what it did before this moment nobody here can vouch for */
    bool is_armed;
    bool is_vouched;
    struct duration watchdog, lease; /* the longest that may still count, see lease_meet_times */
    struct instant longest_at;       /* when it said so last */
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
    uint64_t stretch;     /* rises with every ring, and every time that it stops being quorate */
    bool is_roster_new;   /* no exchange has been done by this count of votes */
    struct instant start; /* when this group first held us */

    bool is_settled; /* the exchange of this group is done */
    struct instant settled_at;
    uint64_t base, path;
    struct ring_id base_ring;
    node_set kept; /* have been with us, all the time, since the last group that was settled */

    uint64_t number;
    struct sent_beat sent[BEATS_REMEMBERED];
    struct instant returned_sent; /* when the newest of our beats that came back was sent */
    uint64_t returned;            /* the newest that came back in this stretch */
    uint64_t carried;             /* the newest that the ring lease has counted in it */
    struct instant until;
    uint64_t armed_from; /* the first beat that says how it is now */
    bool is_armed_acknowledged;
    struct known known[NODES_MAX];
};

/* Mixes a word into a hash of many. */
uint64_t lease_mix(uint64_t hash, uint64_t word);
/* A new boot is a new machine: what the old one announced does not bind it. */
void lease_meet_boot(struct known *known, const char *boot_id);
/* It names these times now; see the words above it in lease.c. */
void lease_meet_times(struct known *known, struct instant now, struct duration watchdog,
                      struct duration lease, struct duration allowance);
const struct sent_beat *lease_find_sent(const struct lease *lease, uint64_t number);
/* This ring is quorate only by the vote of the witness, if at all. */
bool lease_needs_witness(const struct lease *lease);
struct duration lease_longer(struct duration a, struct duration b);
