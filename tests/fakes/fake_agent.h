/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An agent that plays a script over the control socket, in processes of its own. The script:
 *
 *     hello {...}          the greeting; left out: one that fits; "hello -": none, it stays silent
 *     verb ha why ocf:web  what follows answers this verb (with these arguments, or with any)
 *     row {...}            {"id":N,"row":{...}}
 *     done {...}           {"id":N,"done":true,...}
 *     error {...}          {"id":N,"error":...}, as written
 *     raw TEXT             the line TEXT as it is
 *     pause 500            milliseconds
 *     hangup               closes the connection
 *     again                begins the answer anew, for streams
 *
 * After the last line of an answer the connection stays open and silent. Lines that open
 * with '#' are comments. The requests are kept in a file beside the socket, PATH.log.
 */
#pragma once

#include <sys/types.h>

/* Starts it; when this returns, the socket takes connections. */
pid_t fake_agent_start(const char *path, const char *script);
/* Ends it and all its connections, and removes the socket and the log. */
void fake_agent_stop(pid_t pid, const char *path);
/* Serves in this process until it is killed. */
void fake_agent_serve(const char *path, const char *script);
