/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Nodes with clocks that drift, disks that lag, watchdogs, agents with a real
 * member each, and one service that must never run on two of them. Shared by
 * the tests of agreement; the network is tests/fakes/loopback.
 */
#pragma once

#include "quorum/member.h"
#include "quorum/wire.h"
#include "tests/fakes/loopback.h"

#define WORLD_NODES 5
#define WORLD_VERSIONS 2048
#define WORLD_STEP_MS 5

struct write_under_way {
    json_t *patch, *records;
    struct ledger_head head;
    int64_t due;
};

struct world;

struct actor {
    struct world *world;
    int at;
    struct member *member; /* NULL: the agent does not run */
    struct roster roster;
    char boot_id[BOOT_ID_MAX];
    bool is_on, is_stalled;
    int64_t booted_at, return_at; /* true time; 0: does not return by itself */
    int drift_ppm;
    uint64_t incarnation;
    int64_t wall_off_ms;
    uint32_t pid;
    struct member_status status;

    json_t *disk; /* survives everything */
    struct ledger_head disk_head;
    struct write_under_way writes[256];
    int n_writes;
    uint64_t n_written;

    int64_t sent_at[64], fed_until; /* is_single_pass */

    /* the service and the watchdog; they outlive the agent */
    bool runs, is_armed;
    int64_t fires_at; /* local time */
    int64_t tell_at, watchdog_ms, wants_watchdog_ms, wants_lease_ms;
    int64_t votes_at;             /* when it will count by what was decided; 0: no change */
    char votes[WORLD_NODES + 16]; /* on its disk */
    uint64_t decided;             /* the version that last said something of the service */
    bool has_report[WORLD_NODES], reported[WORLD_NODES];

    uint64_t uid_of[WORLD_VERSIONS]; /* what this agent saw committed */
    uint64_t durable, n_resets, n_committed, n_voided, n_messages;
    uint64_t committed_token, voided_token, n_branched;
    uint64_t read, read_floor, n_reads; /* under way, 0: none; what it must hold at least */
    uint64_t read_version;              /* what it saw, and one; 0: nothing yet */
    int major;                          /* of the protocol, beyond that of the others */
    int n_foreign;                      /* messages that were refused for that */
};

/* What a test may break to see that somebody notices. */
struct world_faults {
    bool forgets_epochs; /* a HELLO tells no epoch: the longer history wins, not the newer */
    bool acks_all;       /* everybody acknowledges every beat, heard or not */
    bool ignores_quorum; /* votequorum calls every ring quorate, everybody counts as enough */
    bool ignores_marks;  /* whoever counts votes otherwise counts all the same */
    bool leaps;          /* votes change by any number at once */
    bool hurries;        /* and again before a quorum counts by the change before */
    bool reads_at_once;  /* who is in sync reads what it has and asks nobody */
    bool hears_all;      /* everybody is taken to have answered a read as soon as it comes back */
    bool forgets_ring;   /* a ring counts as quorate since long before it is */
    bool is_single_pass; /* a beat feeds its sender as soon as it comes back */
    bool adds_members;   /* no fault: every message has a member that nobody knows */
    bool settles_early;  /* the word of the witness is said before the others are off */
};

struct world {
    int n_nodes;
    int64_t now; /* true time, ms */
    struct lease_timing timing;
    struct loopback *loopback;
    struct actor actors[WORLD_NODES];
    struct world_faults faults;
    bool has_service, is_disk_instant, changes_votes, changes_times, has_witness;
    int disk_lag_ms;
    int wall_spread_ms;     /* wall clocks are so far apart, and each boot has another one */
    int watchdog_spread_ms; /* each node's W is so much longer than that of the one before */
    uint64_t next_uid, next_incarnation;
    uint64_t committed[WORLD_VERSIONS]; /* uid by version, as first seen */
    uint64_t durable[WORLD_VERSIONS];
    uint64_t acknowledged;        /* the newest that anybody was told to be durable */
    char votes[WORLD_NODES + 16]; /* the newest that anybody counts by: "7:11012" */
    uint64_t n_starts, n_takeovers, n_commits, n_votes, n_reads, n_by_witness;
    char violation[256]; /* "": none so far */
};

struct world *world_new(int n_nodes, uint64_t seed, const struct lease_timing *timing);
void world_free(struct world *world);
uint64_t world_random(struct world *world, uint64_t below);
void world_run(struct world *world, int64_t ms);
/* Runs until everybody who is on is in sync, at most so long. */
bool world_settle(struct world *world, int64_t ms);

/* When nothing is under way: every version that was ever durable is there. */
void world_check_records(struct world *world);

void world_power_on(struct world *world, int at);
void world_power_off(struct world *world, int at);
void world_start_agent(struct world *world, int at);
void world_kill_agent(struct world *world, int at);
void world_stall(struct world *world, int at, bool is_stalled);
void world_heal(struct world *world);

struct instant world_clock(const struct actor *actor);
int world_leader(const struct world *world); /* -1: nobody */
/* The leader sets a key; returns the token, 0 if nobody took it. */
uint64_t world_set(struct world *world, int at, const char *key, const char *text);
/* Asks for a read that is current, where none is under way; it is checked when it is answered. */
void world_read(struct world *world, int at);
void world_violate(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* world_witness.c: before anybody is on; its lag, and how much of that the nodes know of. */
void world_witness(struct world *world, int lag_ms, int known_ms);
/* What the witness helped to decide may end in a branch; what agents decided may not. */
bool witness_is_apart(const struct actor *actor);
void witness_sent(struct actor *actor, const void *bytes, size_t length);
void witness_taken(struct actor *actor, const void *bytes, size_t length);

/* world_reads.c */
void reads_check(struct actor *actor, uint64_t version);
/* Ends the read that is under way, once what it saw is on the disks of a quorum. */
void reads_end(struct actor *actor);
/* As if all others had answered what just came back to us. */
void reads_hear_all(struct actor *actor, const struct wire_message *read);

/* world_votes.c: votes that change as the records say. */
void votes_turn(struct actor *actor, struct instant now);

/* world_service.c */
void service_turn(struct actor *actor, struct instant now);
void service_message(struct actor *actor, node_id from, const json_t *body);
/* Who is here has changed; or a decision took effect: what was told before counts no more. */
void service_look(struct actor *actor);
void service_decided(struct actor *actor, uint64_t version);
void service_check(struct world *world);
