/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A machine with a handful of agents of the provider "example", for explanations and tests:
 * what is said of agents can be shown where none is installed.
 */
#pragma once

#include <stddef.h>

#include "dsl/catalog.h"

extern const struct catalog example_agents;
/* Whether a policy's text is about them; with any others nothing is known of its agents. */
bool example_agents_are_in(const char *text, size_t length);
