/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an agreement costs in a lab that is up: nodes are known by a process in their namespaces,
 * and all clocks are one, so that "seen by all" is a difference of two readings.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ha/base/limits.h"

struct lab {
    pid_t nodes[NODES_MAX];
    int n_nodes;
};

/* Durations of one kind, in microseconds. */
struct durations {
    int64_t *us;
    int count;
};

int64_t clock_us(void);
void sleep_us(int64_t us);
/* Sorts; 50 is the median. */
int64_t percentile(struct durations *durations, int percent);
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

/* raw.c: messages of so many bytes through CPG alone, one after the other. */
void measure_cpg(const struct lab *lab, int rounds, size_t bytes);

/* push.c: pushes of the policy in this file, filled up with remarks to so many bytes. */
void measure_pushes(const struct lab *lab, int rounds, const char *path, size_t bytes);

/* patches.c: status patches as many as there can be, and what is left of leases meanwhile. */
void measure_patches(const struct lab *lab, int seconds, char **services, int n_services);

/* agent.c: a line at a time with a node's agent. */
struct agent;
struct agent *agent_open(pid_t node);
void agent_close(struct agent *agent);
int agent_fd(const struct agent *agent);
void agent_say(struct agent *agent, const char *text, size_t length);
/* The next line, without its end; NULL: none is there yet. Borrowed until the next call. */
const char *agent_line(struct agent *agent);
/* Waits for it, ten seconds at most. */
const char *agent_wait_line(struct agent *agent);
