/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of a service: one rule a state, repeated until it says no more. */
#pragma once

#include "ha/decide/round.h"

/* True if anything of it changed. */
bool service_step(struct round *round, service_id service);
