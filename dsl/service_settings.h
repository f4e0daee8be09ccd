/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The settings that services have, as defaults and as their own: reading a block of them,
 * and laying one block over another.
 */
#pragma once

#include "dsl/resolve.h"

/* Reads the block of a defaults or service statement, reporting what is wrong in it. */
struct service_block *service_settings_read(struct resolution *resolution,
                                            const struct syntax *statement);
/* What this version gives by itself. */
void service_settings_begin(struct service_policy *service);
/* Lays what the block gives over it; NULL gives nothing. */
void service_settings_apply(struct service_policy *service, const struct service_block *block);
/* The service's "set" parameters, from its defaults and its own block, sorted by name. */
void service_settings_sets(struct resolution *resolution, struct service_policy *service,
                           const struct service_source *source);
