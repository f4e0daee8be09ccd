/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is at the other end of a socket of ours, as the kernel and logind know it: nothing here is
 * the peer's own word. Read once, when it connects; nothing that is read can wait for the peer.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct peer {
    uid_t uid;
    pid_t pid;
    char user[64];    /* "root", "jin", "uid 1000" */
    char program[32]; /* as the kernel calls it; "": it has ended already */
    int64_t login;    /* the uid that logged in before any sudo or su; -1: nobody did */
    char from[64];    /* the address that it logged in from; "": here, or not known */
    char terminal[32];
};

/*
 * What this node's own file of users calls it, or "uid 1000". No name service is asked: one that
 * hangs would hang the agent, and with it the watchdog.
 */
void peer_name(const char *users, uid_t uid, char *name, size_t size);
void peer_read(int fd, struct peer *peer);
