/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two sides of a join; each returns an exit code. What they say to each other: talk.h. */
#pragma once

#include "console/settings.h"

int door_invite(const struct settings *settings, const char *node, const char *addresses,
                long long lasts_ms);
int door_join(const struct settings *settings, const char *token);
