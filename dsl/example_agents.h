/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A machine with a handful of agents of the provider "example", for explanations and tests:
 * what is said of agents can be shown where none is installed.
 */
#pragma once

#include "dsl/catalog.h"

extern const struct catalog example_agents;
