/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Three agents as far as a push concerns them: requests, verdicts, the leader's decision and the
 * records, over the loopback. What a node says of a policy is the test's; so is the clock.
 */
#pragma once

#include "agentd/agent.h"
#include "tests/fakes/loopback.h"

#define CREW 3

enum opinion { ACCEPTS, REFUSES, SAYS_NOTHING };

struct one {
    struct agent agent;
    int at;
    uint32_t pid;
    bool is_on;
    enum opinion opinion;
    int n_checks; /* asked of it, ever */
    json_t *asked;
    uint64_t asked_number;
    int fd;
    uint64_t n_written;
    json_t *disk, *past; /* records and patches; what stays over a crash */
    struct ledger_head disk_head;
    int n_done, n_errors, code; /* of its client */
    int64_t done_version;
    char words[512];
};

struct crew {
    struct loopback *loopback;
    int64_t now;
    uint64_t incarnation;
    struct one ones[CREW];
};

/* All of them on, in sync, with a leader; nothing pushed yet. */
struct crew *crew_new(uint64_t seed);
void crew_free(struct crew *crew);

void crew_run(struct crew *crew, int ms);
/* Until those that are on agree on a leader; fails where they never do. */
void crew_settle(struct crew *crew);
/* The leader that all of them know, or -1. */
int crew_leader(const struct crew *crew);
/* One of those that are on, and neither this nor that. */
int crew_other(const struct crew *crew, int this_one, int that_one);
void crew_kill(struct crew *crew, int at);
/* Its release is from before verdicts, and says so. */
void crew_make_older(struct crew *crew, int at);
void crew_start(struct crew *crew, int at);
/* at hears nobody, and nobody hears it. */
void crew_cut(struct crew *crew, int at);
void crew_mend(struct crew *crew);

/* The client of a node pushes a policy, which says so in its message. */
void crew_push(struct crew *crew, int at, const char *message);
/* It hangs up. */
void crew_hang_up(struct crew *crew, int at);
/* Of the policy in force on a node: its version, and the message of the record. */
uint64_t crew_version(const struct crew *crew, int at);
const char *crew_message(const struct crew *crew, int at);
