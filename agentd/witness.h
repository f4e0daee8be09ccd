/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * This node's part in a witness: the certificates of corosync-qdevice, that program itself, and
 * what it says. All of it waits for disks and programs: only for the thread of conf_file.c.
 */
#pragma once

#include <stdint.h>

#include "ha/base/err.h"
#include "ha/base/limits.h"

enum witness_here {
    WITNESS_NONE,   /* nothing is known */
    WITNESS_OFF,    /* corosync-qdevice does not run */
    WITNESS_SILENT, /* it runs and does not reach the witness */
    WITNESS_IDLE,   /* it does, and the witness votes for others */
    WITNESS_VOTES,  /* its votes count here */
};

#define WITNESS_PORT "5403"
/* Below the folder of corosync.conf. */
#define WITNESS_FOLDER "qdevice/net"

/* "votes": as members tell each other and people. */
const char *witness_word(enum witness_here here);
enum witness_here witness_of_word(const char *word);

/* corosync-qdevice and its tools are installed, and the witness answers on its port. */
bool witness_reach(const char *host, struct err *err);
/*
 * bundle: {"host","ca","p12"}, the witness' authority and the cluster's key with its certificate,
 * as base64. They become nssdb in that folder, as a whole or not at all; nothing is done where they
 * are there already.
 */
bool witness_install(const char *folder, const char *bundle, struct err *err);
bool witness_is_installed(const char *folder, const char *bundle);
/* Certificates of ours, whichever: there is something to take away. */
bool witness_is_there(const char *folder);
/*
 * Who restarts a corosync-qdevice that ended must wait until votequorum has noticed: meanwhile the
 * witness may have voted for others, and this node would count it on. Tells systemd so.
 */
#define WITNESS_PAUSE_MS (WITNESS_TIMEOUT_MS + 1000)
bool witness_hold_restarts(struct err *err);
/* anew: it is stopped first, and away for that long. */
bool witness_start(bool anew, struct err *err);
/* The program is stopped, the key is gone. */
bool witness_remove(const char *folder, struct err *err);
enum witness_here witness_look(uint32_t nodeid);
