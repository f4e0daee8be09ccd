/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The control protocol, spoken over the agent's Unix socket: the only thing
 * that the console knows of the daemon. One JSON object a line, UTF-8.
 *
 * The agent greets:   {"hello":"tenutod","protocol":1,"version":"0.1.0","node":"alpha",
 *                      "cluster":"home","role":"admin"}
 * A client asks:      {"verb":"ha migrate","args":["ocf:web","beta"],"id":1}
 *                     further members as the verb needs: "text", "base", "follow", "author",
 *                     "message", "because", "all", "ssh" (its SSH_CONNECTION); in ms:
 *                     "for", "within", "confirm", "wait" (or true); of "events": "since",
 *                     "until" (Unix ms), "who", "node", "service", "kind"
 * The agent answers:  {"id":1,"row":{...}} any number of times, then exactly one of
 *                     {"id":1,"done":true, ...} or
 *                     {"id":1,"error":"words","hint":"what to do","code":4,"diagnostics":[...]}
 * A stream ("watch", or "events" with "follow":true) has no end; the client ends it by hanging up
 * or by {"verb":"cancel","id":2,"args":["1"]}.
 *
 * An answer from what is agreed (cluster status, ha state, policy show and history) is
 * linearizable; else "current":false is said, with "reason", in the row or in what ends it.
 *
 * An error with "unknown":true says that it may have happened all the same, or may happen yet;
 * any other one that it has not and will not.
 *
 * code is the exit code that the command line ends with: CONTROL_EXIT_*.
 * The role comes from the peer's credentials: root is admin; all others may look (viewer).
 */
#pragma once

#define CONTROL_PROTOCOL 1
#define CONTROL_SOCKET "/run/tenuto/tenutod.sock"

enum control_role {
    ROLE_VIEWER,
    ROLE_OPERATOR,
    ROLE_ADMIN,
};

enum control_exit {
    CONTROL_EXIT_OK = 0,
    CONTROL_EXIT_FAILED = 1,  /* refused, not found, wrong input: the words say which */
    CONTROL_EXIT_CHANGES = 2, /* replay: something was decided otherwise */
    CONTROL_EXIT_STALE = 3,   /* the policy has moved on meanwhile; nothing was pushed */
    CONTROL_EXIT_NO_QUORUM = 4,
    CONTROL_EXIT_REFUSED = 5,   /* a node does not accept the text */
    CONTROL_EXIT_UNDER_WAY = 6, /* not done yet; it goes on by itself, or waits for a word */
    CONTROL_EXIT_USAGE = 64,
    CONTROL_EXIT_UNAVAILABLE = 69, /* no agent on this node, or it has too much to do */
    CONTROL_EXIT_NO_PERMISSION = 77,
};
