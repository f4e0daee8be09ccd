/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an agent printed about itself (OCF resource agent API 1.1, fence agent API), read. The
 * bytes are not trusted: whatever they are, this ends soon, and what comes out is clean text.
 */
#pragma once

#include <stddef.h>

#include "dsl/catalog.h"
#include "ha/base/err.h"

/* All of it in the arena; NULL and err if it is no description. */
const struct agent_description *describe_agent(struct arena *arena, const char *name,
                                               const char *bytes, size_t length, struct err *err);
