/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the keeper decides, told the time (CLOCK_BOOTTIME) and what happened.
 * Pure. The struct lives in a page that the holder and each new worker share,
 * so it is plain memory without pointers, and every step leaves it such that a
 * successor who finds it can carry on.
 */
#pragma once

#include "ha/base/err.h"
#include "ha/base/instant.h"

enum keeper_stage {
    KEEPER_IDLE,      /* no device is open */
    KEEPER_ARMING,    /* it is being opened; the holder may not have it yet */
    KEEPER_ARMED,     /* it counts, and is fed until the told instant */
    KEEPER_DISARMING, /* it is being stopped; whoever finds this goes on stopping it */
    KEEPER_HELD,      /* nothing to protect, but it cannot be stopped: fed without a lease */
};

struct keeper {
    enum keeper_stage stage;
    bool is_condemned; /* for ever; nothing sets it back */
    bool has_agent;
    bool has_new_until;       /* told since the last feed */
    struct duration watchdog; /* W, as read back */
    struct duration lease;    /* L */
    struct instant until;     /* no feed after this */
    struct instant fed;
    struct instant alive;     /* when the agent last said so, or came */
    struct instant turned;    /* the turn before this one */
    struct instant reset_due; /* condemned: when to try the next reset */
};

struct keeper_orders {
    bool feed;
    bool kill_agent;
    bool reset;
    struct instant wake; /* the next turn, at the latest */
    const char *why;     /* of a condemnation that this turn pronounced; else NULL */
};

/* What the agent asks for. Opening a device and setting its timeout feed it: they need a lease. */
struct keeper_arming {
    struct duration watchdog;
    struct duration lease;
    struct instant until;
};

/* Whether it can be granted: sane times, a running lease, not condemned. */
bool keeper_check_arm(const struct keeper *keeper, const struct keeper_arming *arming,
                      struct instant now, struct err *err);
/* The device counts and two processes hold it, or it has another timeout; with W as read back. */
void keeper_armed(struct keeper *keeper, const struct keeper_arming *arming, struct instant now);
/* The device was stopped, or cannot be. */
void keeper_disarmed(struct keeper *keeper, bool counts_on);

void keeper_agent_came(struct keeper *keeper, struct instant now);
/* Changes nothing else: what is armed counts on. */
void keeper_agent_went(struct keeper *keeper);
void keeper_alive(struct keeper *keeper, struct instant now);
/* false: nobody can have been given a lease as long as that. */
bool keeper_feed_until(struct keeper *keeper, struct instant until, struct instant now,
                       struct err *err);
void keeper_condemn(struct keeper *keeper);

/* One turn of the loop, after all that was heard was told. */
struct keeper_orders keeper_turn(struct keeper *keeper, struct instant now);
/* Asked with a clock just read, right before each feed. */
bool keeper_may_feed(const struct keeper *keeper, struct instant now);
/* After each feed, with the clock read again. false: it came too late, the node is condemned. */
bool keeper_fed(struct keeper *keeper, struct instant after);
