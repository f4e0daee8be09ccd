/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The keeper as processes. The holder does nothing: it has the device open, the
 * socket and the shared page, and starts a worker when there is none. The
 * worker does the work, and becomes the holder when that one is gone. So either
 * may be killed at any moment and nothing is reset.
 */
#pragma once

#include "fence/keeper.h"

#include <sys/types.h>

/* A device path as the agent may give it: "unix:" and what sun_path can hold. */
#define KEEPER_DEVICE_MAX 128
/* One line from the agent: a verb, three numbers, a device; or why we are condemned. */
#define KEEPER_LINE_MAX 512

/* What outlives the worker: a MAP_SHARED page. */
struct keeper_page {
    struct keeper keeper;
    char device[KEEPER_DEVICE_MAX];
    bool is_leaving;
};

struct keeper_base {
    struct keeper_page *page;
    char socket_path[108];
    /* Files beside the socket, for a keeper without memory: we are condemned; the agent's pid. */
    char condemned_path[128], agent_path[128];
    int listen_fd;
    int signal_fd; /* SIGTERM and SIGINT */
    int device_fd; /* -1: none */
    int peer_fd;   /* to the other one of the two */
};

/* What the two say to each other: one byte, with the descriptor where there is one. */
#define KEEPER_SAYS_HOLD 'h' /* worker: keep this; answered with the same byte */
#define KEEPER_SAYS_DROP 'd' /* worker: close it; answered with the same byte */

/* Both come back when the other process is gone; the holder also when it is time to leave. */
void keeper_hold(struct keeper_base *base, pid_t worker);
void keeper_work(struct keeper_base *base);

/*
 * keeper_agent.c: the agent that connected last, for a keeper that comes after us. Recalled: a
 * pidfd, or -1 if that process is gone.
 */
void keeper_note_agent(const struct keeper_base *base, pid_t pid);
int keeper_recall_agent(const struct keeper_base *base, pid_t *pid);

/* The whole keeper; comes back when it may end. An exit code. */
int keeper_run(const char *socket_path);
