/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The far end of the control socket (agentd/control.h): connects, reads the
 * greeting, sends requests, hands back what the agent says one message at a
 * time. Every wait is bounded; the file descriptor is there for a caller that
 * waits for more than one thing.
 */
#pragma once

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>

#include "agentd/control.h"
#include "ha/base/err.h"
#include "ha/base/limits.h"

/* The agent answers within two seconds or says why not; after this it is stuck, and we say so. */
#define CLIENT_SILENCE_MS 10000

enum client_event {
    CLIENT_MESSAGE,     /* *message is a new reference */
    CLIENT_NOTHING,     /* not within the time given */
    CLIENT_INTERRUPTED, /* the flag of client_interrupt_by is up */
    CLIENT_LOST,        /* the agent hung up or does not make sense; err has the words */
};

struct client;

/*
 * Connects and waits for the greeting, at most so long. NULL: err has the words
 * and *code what to exit with (no agent, no permission).
 */
struct client *client_open(const char *path, int silence_ms, enum control_exit *code,
                           struct err *err);
/* Only connects, for those who must not wait: the first message is for client_greet. */
struct client *client_begin(const char *path, int silence_ms, enum control_exit *code,
                            struct err *err);
bool client_is_greeted(const struct client *client);
bool client_greet(struct client *client, const json_t *hello, struct err *err);
void client_close(struct client *client);

int client_fd(const struct client *client);
/* From the greeting. */
const char *client_node(const struct client *client);
const char *client_cluster(const struct client *client);
const char *client_agent_version(const struct client *client);

/* Sends the request (a reference that stays the caller's), giving it an id. */
bool client_send(struct client *client, json_t *request, struct err *err);
/* The next message; a timeout of 0 looks only, a negative one waits without end. */
enum client_event client_next(struct client *client, int timeout_ms, json_t **message,
                              struct err *err);

/* While this flag is set, waits end at once; SIGINT, SIGTERM and SIGHUP come in while waiting. */
void client_interrupt_by(volatile sig_atomic_t *flag);
