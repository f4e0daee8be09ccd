/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the agent knows, as the rows that the control protocol shows. Times named
 * at and since are Unix milliseconds for people; *_ms are spans.
 */
#pragma once

#include <jansson.h>

#include "ha/base/id.h"

struct agent;

/* Why what this node knows may be old; "" if it is quorate and in sync. */
const char *rows_why_not_quorate(const struct agent *agent);
/* One object. */
json_t *rows_cluster(struct agent *agent);
/* Arrays. */
json_t *rows_nodes(struct agent *agent);
json_t *rows_services(struct agent *agent);
json_t *rows_fence(struct agent *agent);
/* One row of rows_services. */
json_t *rows_service(struct agent *agent, service_id service);
/* The policy that waits to be confirmed, and until when; null: nothing waits. */
json_t *rows_confirm(const struct agent *agent);
