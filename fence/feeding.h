/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The agent's side of the keeper: arm, say that we are alive and until when to
 * feed, disarm. The keeper (fence/keeper_main.c) is another process; only it
 * touches the watchdog. Nothing here blocks: a keeper that does not answer is
 * one that is gone, and gone means: do not act.
 */
#pragma once

#include "ha/base/err.h"
#include "ha/base/instant.h"

enum feeding_state {
    FEEDING_AWAY,      /* no keeper */
    FEEDING_DISARMED,  /* connected, the watchdog is closed */
    FEEDING_ARMED,     /* counting */
    FEEDING_CONDEMNED, /* the keeper feeds no more, ever: this node is about to be reset */
};

struct feeding;

/* path: the keeper's socket. Never fails; FEEDING_AWAY until feeding_poll finds a keeper. */
struct feeding *feeding_new(const char *path);
/* Closes the connection; what is armed stays armed and counts on. */
void feeding_free(struct feeding *feeding);
/* -1 while away. */
int feeding_fd(const struct feeding *feeding);
/* Reads answers, reconnects when away. true: the state changed. */
bool feeding_poll(struct feeding *feeding, struct instant now);

/*
 * device "/dev/watchdog0" or "unix:/path". The answer comes as FEEDING_ARMED, or as words in
 * feeding_problem. Arming feeds, so it is for agents whose lease runs; the keeper refuses it after
 * the instant that feeding_feed said last (say it also while disarmed). Armed already: new W, L.
 */
void feeding_arm(struct feeding *feeding, const char *device, struct duration watchdog,
                 struct duration lease);
void feeding_disarm(struct feeding *feeding);
/*
 * After each step of the loop that made progress: we are alive; feed until then (CLOCK_BOOTTIME),
 * not a moment longer. An instant that is past, or INSTANT_UNKNOWN, says only the first.
 */
void feeding_feed(struct feeding *feeding, struct instant until);
/* Reset this node now; the keeper remembers it whatever becomes of us. Once is enough. */
void feeding_condemn(struct feeding *feeding, const char *why);

enum feeding_state feeding_state(const struct feeding *feeding);
/* W as read back from the device; 0 while not armed. */
struct duration feeding_watchdog(const struct feeding *feeding);
/* Why arming was refused, or ""; for the operator. */
const char *feeding_problem(const struct feeding *feeding);
