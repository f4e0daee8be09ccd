/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the cluster showed, to JSON and back, by name: a flight recorder keeps
 * it. Stricter than codec.h: what is there must be of its type and in range,
 * because whoever reads it decides on it.
 */
#pragma once

#include <jansson.h>

#include "ha/base/err.h"
#include "ha/model/cluster_view.h"
#include "ha/model/policy.h"

/* {"member":true,"report":true,"boot":"..."}; its two instants are kept by codec_times. */
json_t *codec_node_view(const struct node_view *view);
bool codec_read_node_view(const json_t *from, struct node_view *view, struct err *err);

/* [last beat, dead at]; null is never. */
json_t *codec_times(const struct node_view *view);
bool codec_read_times(const json_t *from, struct node_view *view, struct err *err);

/* {"service":"ocf:web","on":["beta"],"result":"done"}: no more than the name if there is nothing.
 */
json_t *codec_service_view(const struct cluster_view *view, service_id service,
                           const struct policy *policy);
/* The name has been found in the policy already. */
bool codec_read_service_view(const json_t *from, const struct policy *policy,
                             struct service_view *view, struct err *err);

/* ["alpha","beta"] */
json_t *codec_nodes(node_set nodes, const struct policy *policy);
bool codec_read_nodes(const json_t *from, const struct policy *policy, node_set *nodes,
                      struct err *err);
/* As milliseconds 285,000 years: whole numbers that JSON programs of all kinds can carry. */
#define RECORD_TIME_MAX (1LL << 53)
/* A time of a clock: from 0 to what JSON programs of all kinds can carry. */
bool codec_read_instant(const json_t *from, struct instant *instant, struct err *err);
