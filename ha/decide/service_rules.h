/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of a service: one rule a state, repeated until it says no more. */
#pragma once

#include "ha/decide/placement.h"

/* True if anything of it changed. */
bool service_step(struct round *round, service_id service);

/* What placement is asked, whenever this service is given a place. */
enum preference service_preference(const struct round *round, service_id service);
/* Of one that is not to run. */
struct reason service_why_not_wanted(const struct round *round, service_id service);
