/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether corosync's datagrams would get through: the joining node answers on the ports that its
 * corosync will have, to whoever knows the word that was told over SSH.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "ha/base/err.h"

#define PROBE_WORD_MAX 40
/* The port of link 0; the next link's is the next. */
#define PROBE_PORT 5405

/* Answers in a process of its own until it is ended, at most a minute. -1: a port is taken. */
pid_t probe_serve(const char *addresses, const char *word, struct err *err);
void probe_end(pid_t server);

/*
 * Whether a connection was made to one of these addresses of ours, "A,B"; of a name nobody can
 * say it, so that counts.
 */
bool probe_is_at(int fd, const char *addresses);

/*
 * From each own address to that of the same link: a small datagram and a full one that must not
 * be cut into pieces. false: one does not come back.
 */
bool probe_links(const char *own, const char *others, const char *word, struct err *err);
