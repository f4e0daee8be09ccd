/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A real keeper in processes of its own, a feeding client, and between them and
 * the world a supervisor that notes what it is told, all in a temporary folder.
 */
#pragma once

#include "fence/feeding.h"

#include <stdbool.h>
#include <sys/types.h>

struct rig {
    char folder[64];
    char keeper_path[108];
    char device[128];
    /* the keeper */
    pid_t keeper;
    /* the supervisor */
    int listen_fd;
    int device_fd;
    bool is_armed;
    int arms;
    int feeds;
    int resets;
    int disarms;
    int64_t timeout_ms;
    int64_t fed_ms;
    /* the agent */
    struct feeding *feeding;
    bool is_leased; /* the client says alive, and feed until now + lease */
    int64_t lease_ms;
    int64_t until_ms; /* said last */
    int losses;       /* how often the keeper went away */
    int losses_awaited;
};

struct rig *rig_new(void);
/* Ends every process of it and removes the folder. */
void rig_free(struct rig *rig);
void rig_start_keeper(struct rig *rig);
/* Lets everything happen for so long. */
void rig_run(struct rig *rig, int64_t ms);
/* Until the client shows the state; fails the test after 3 s. */
void rig_await(struct rig *rig, enum feeding_state state);
/* Until the keeper went away once more; the client may have another one already. */
void rig_await_loss(struct rig *rig);
/* Connects, arms and waits for it, with a lease that runs. */
void rig_arm(struct rig *rig, int64_t watchdog_ms, int64_t lease_ms);
/* The two processes of the keeper, as the kernel lists them: the holder's child is the worker. */
pid_t rig_child_of(pid_t parent);
