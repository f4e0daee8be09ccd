/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the end of a worker reads: the OCF code that lrm understands, and words
 * that say which agent did what.
 */
#pragma once

#include "agentd/resource.h"
#include "agentd/worker.h"

/* Fills end->exit_code and end->words for end->job. */
void hands_judge(struct job_end *end, const struct resource *resource,
                 const struct resource_kind *kind, const struct worker_end *worker);
/* For the log: the last lines of what a job printed that failed. */
void hands_log_output(const struct resource *resource, enum job_kind job, const char *output);
