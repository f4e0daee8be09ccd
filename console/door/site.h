/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * This node, as those who change its cluster see it: its agent, its files, its programs. Each
 * step is told on a line of its own. What a step wrote or started is undone when a later one fails.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "console/settings.h"
#include "ha/base/err.h"

#define SITE_CONF "/etc/corosync/corosync.conf"
#define SITE_KEY "/etc/corosync/authkey"
/* There while this node joins or a cluster begins: who finds it later was interrupted. */
#define SITE_MARK "/etc/corosync/tenuto-begins"
/* What corosync-keygen makes. */
#define SITE_KEY_BYTES 256

struct site {
    const struct settings *settings;
    FILE *out;
    bool wrote_key, wrote_conf, started; /* by us */
    bool set_aside;                      /* the file that Debian's corosync comes with */
    char store[256];                     /* the agent's, which was empty when we began */
};

/* What runs here: the protocol of the ring that the agent speaks, and corosync's version. */
struct versions {
    int major, minor;
    char corosync[32]; /* "": it does not say */
};

/* A line to people; whatever of it came from the other node cannot steer their terminal. */
void site_tell(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "ok      WORDS", "FAILED  WORDS". */
void site_ok(const struct site *site, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void site_failed(const struct site *site, const struct err *err);

/*
 * Asks the agent; *row is its last row, or the end of its answer, a new reference, and may be NULL.
 * false: it refused, or is not there.
 */
bool site_ask(const struct site *site, json_t *request, json_t **row, struct err *err);
/* The rows of a verb without arguments, as a list. */
json_t *site_rows(const struct site *site, const char *verb, struct err *err);
/* That node's row of "cluster nodes"; NULL: there is none. */
const json_t *site_row_of(const json_t *nodes, const char *name);
/* Until check says true of "cluster status" and "cluster nodes"; words: for what. */
bool site_wait(const struct site *site, int seconds, const char *words,
               bool (*check)(void *context, const json_t *status, const json_t *nodes),
               void *context, struct err *err);

/* false: no agent, or no corosync. */
bool site_versions(const struct site *site, struct versions *versions, struct err *err);

/*
 * Where a try was interrupted: whether this node came in all the same. What is a member is never
 * taken apart, quorate or not; what has no vote and no quorum is half a try. nodes: "cluster
 * nodes". UNKNOWN: corosync does not run, so nobody can say it.
 */
enum site_half { SITE_HALF, SITE_MEMBER, SITE_UNKNOWN };
enum site_half site_what_came_of_it(const json_t *status, const json_t *nodes);

/* The first of those addresses that is on no interface here, or NULL; valid until the next call. */
const char *site_missing_address(const char *addresses, struct err *err);

/* Key and configuration, where there are none; then corosync is started. */
bool site_install(struct site *site, const void *key, size_t key_length, const char *conf,
                  struct err *err);
/* Takes back what site_install did. */
void site_undo(struct site *site);
/* It is done: nothing is taken back any more. */
void site_keep(struct site *site);

/*
 * What a cluster of this node alone would begin with, and that this node is in none: the agent's
 * word.
 */
json_t *site_draft(struct site *site, const char *cluster, const char *addresses, struct err *err);

/* "start", "stop": with enable or disable. */
bool site_service(const char *what, const char *name, struct err *err);
