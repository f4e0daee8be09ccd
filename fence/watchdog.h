/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The timer that resets us. Makers: watchdog_device.c (/dev/watchdogN, ioctls of
 * linux/watchdog.h) and watchdog_socket.c ("unix:/path": a supervisor outside
 * this node's namespaces that ends the whole node when it is not fed). Opening
 * starts the counting. Used by the keeper only; allocates nothing.
 */
#pragma once

#include "ha/base/err.h"
#include "ha/base/instant.h"

struct watchdog_maker {
    /* Opens, sets the timeout, reads it back; -1 and err: refused, and why. */
    int (*open)(const char *path, struct duration *timeout, struct err *err);
    /* Carries on with a descriptor that an earlier keeper opened; timeout: remembered, as it is. */
    bool (*take)(int fd, struct duration *timeout, struct err *err);
    /* Another timeout while it counts; false: the one before is in force. */
    bool (*retime)(int fd, struct duration *timeout, struct err *err);
    bool (*feed)(int fd, struct err *err);
    /* Stops the counting and closes. false: it counts on, and is open. */
    bool (*disarm)(int fd, struct err *err);
    /* Resets this node at once, by the shortest way there is; comes back only if that failed. */
    void (*reset)(int fd);
};

extern const struct watchdog_maker watchdog_device;
extern const struct watchdog_maker watchdog_socket;

/* By the form of the path; NULL: neither "unix:/path" nor "/path". */
const struct watchdog_maker *watchdog_maker_of(const char *path);
