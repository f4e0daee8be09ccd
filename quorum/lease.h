/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who may act until when: the lease protocol of fencing (its rules are listed,
 * with what each one closes, in quorum/README.md). Pure: told the time (local
 * CLOCK_BOOTTIME), told each ring, group and beat in delivery order.
 *
 * A member's lease runs to sent(j) + L, where j is its newest beat that counts:
 * members holding a quorum of votes have acknowledged it in this ring; or, with
 * a witness, or where agents are missing on nodes whose corosync runs, a beat
 * sent after its return has come back too (the ring lease). An absent node is
 * proven off at R + L + W + e, where R is when its last beat was delivered to
 * anyone here, or, where nobody here can vouch for that, the latest of R, our
 * own start and the moment this ring became quorate; plus 2 H where only the
 * witness makes it quorate.
 */
#pragma once

#include "ha/base/instant.h"
#include "ha/base/limits.h"
#include "quorum/ring.h"

struct lease_timing {
    struct duration watchdog;  /* W as read back from the device; 0: none */
    struct duration beat;      /* B */
    struct duration lease;     /* L */
    struct duration allowance; /* e */
    struct duration witness;   /* H */
};

struct beat_ack {
    uint64_t incarnation; /* 0: nothing heard */
    uint64_t number;
};

struct beat {
    node_id from;
    struct ring_id ring;  /* in which it was sent; delivered in another it feeds nobody */
    uint64_t roster;      /* its sender's roster_mark: who counts otherwise acknowledges nobody */
    uint64_t number;      /* rises by one; from 1 in each incarnation */
    uint64_t incarnation; /* of the agent: differs each time it starts */
    char boot_id[BOOT_ID_MAX];
    bool is_armed;
    struct duration watchdog, lease;
    struct beat_ack acks[NODES_MAX];
};

/* What one member knows of each node, told to the others after every change of ring or group. */
struct lease_age {
    bool is_heard;                   /* a beat of it was ever delivered here, or an age learnt */
    bool is_vouched;                 /* and R is good: see rule 8 */
    struct duration age;             /* now - R at the teller's */
    bool is_armed;                   /* as its newest beat said */
    struct duration watchdog, lease; /* the largest that may still count */
    char boot_id[BOOT_ID_MAX];
    uint64_t incarnation;
    uint64_t number; /* of its newest beat, so that two tellers can be compared */
};

struct lease_ages {
    uint64_t base; /* the last group whose exchange the teller has seen done; 0: none */
    uint64_t path; /* and the rings it went through since: equal words came together */
    struct lease_age of[NODES_MAX];
};

/* One node, as it stands now. */
struct lease_status {
    bool is_member; /* its agent is in our group, and told when that was asked last */
    bool is_heard;
    bool is_armed;
    bool is_vouched;    /* see is_history_known in ha/model/cluster_view.h */
    bool is_proven_off; /* no member, and due, and a beat of ours sent after that has come back */
    struct duration watchdog; /* the longest of this boot that may still count; 0: none */
    struct instant last_beat;
    struct instant dead_at; /* INSTANT_NEVER while it is a member */
    char boot_id[BOOT_ID_MAX];
    uint64_t incarnation;
    uint64_t number; /* of its newest beat */
};

struct lease;

struct lease *lease_new(const struct roster *roster, const char *boot_id, uint64_t incarnation,
                        const struct lease_timing *timing, struct instant now);
void lease_free(struct lease *lease);
/*
 * Times changed with the policy. A W that grows is used only after the beat that announces it was
 * acknowledged.
 */
void lease_set_timing(struct lease *lease, const struct lease_timing *timing);
const struct lease_timing *lease_timing(const struct lease *lease);
/*
 * Votes or nodes have changed. What others acknowledged counts anew, and the exchange begins anew.
 */
void lease_set_roster(struct lease *lease, const struct roster *roster);
/* Everybody tells once more, in the same group. */
void lease_again(struct lease *lease);
void lease_set_armed(struct lease *lease, bool is_armed);
bool lease_is_armed(const struct lease *lease);

/* In delivery order. A group that holds us for the first time is our "own start". */
void lease_ring(struct lease *lease, struct instant now, struct ring_id ring, node_set nodes);
void lease_quorate(struct lease *lease, struct instant now, struct ring_id ring, bool is_quorate);
void lease_group(struct lease *lease, struct instant now, node_set agents, node_set left);
/*
 * corosync is gone: what was acknowledged stays until it ends; of the others we know nothing more.
 */
void lease_lost(struct lease *lease, struct instant now);
void lease_beat_taken(struct lease *lease, struct instant now, const struct beat *beat);
/* The exchange: what we know, what another knows, and that all of this group have told. */
void lease_ages_make(const struct lease *lease, struct instant now, struct lease_ages *ages);
void lease_ages_taken(struct lease *lease, struct instant now, node_id from,
                      const struct lease_ages *ages);
/* Members that hold a quorum of votes have told; those that did not tell count as without agent. */
void lease_ages_done(struct lease *lease, struct instant now);

/*
 * Members that told once and have not been heard since for as long as it takes to prove somebody
 * off, though our own beats come back: they are to be asked again.
 */
node_set lease_silent(const struct lease *lease);

/* The next beat of ours, to be multicast now; its sending time is remembered. */
void lease_beat_make(struct lease *lease, struct instant now, struct beat *beat);
/* Until when this node may act and its keeper may feed; in the past: it may not. */
struct instant lease_until(const struct lease *lease);
/* An armed beat that carries this W was acknowledged in this ring: services may start here. */
bool lease_is_armed_acknowledged(const struct lease *lease);
/* votequorum calls this ring quorate, and we are in its group: beats go and come. */
bool lease_is_ring_quorate(const struct lease *lease);
/* And its agents hold a quorum of votes, with those of the witness. */
bool lease_is_group_quorate(const struct lease *lease);
/*
 * Every node but these is proven off, those included that are here and silent; else due says from
 * when on a beat must be sent to prove it (INSTANT_NEVER: it cannot be).
 */
bool lease_all_off(const struct lease *lease, node_set but, struct instant now,
                   struct instant *due);
void lease_status(const struct lease *lease, node_id node, struct instant now,
                  struct lease_status *status);
