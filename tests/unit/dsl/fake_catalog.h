/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine with a handful of agents of the provider "example", each wrong in its own way. */
#pragma once

#include "dsl/catalog.h"

extern const struct catalog fake_catalog;
/* One that has no agents at all. */
extern const struct catalog empty_catalog;
