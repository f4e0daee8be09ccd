/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which events somebody wants: {"who":NAME,"node":NODE,"service":SERVICE,"kind":KIND}, each as
 * needed. A kind is that of the rows, or "fault": nodes that are lost, services that fail.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "ha/base/err.h"

/* From a request; NULL and err: it names a kind that there is not. A new reference. */
json_t *event_filter_of(const json_t *request, struct err *err);
/* filter NULL: every row passes. */
bool event_passes(const json_t *filter, const json_t *row);
