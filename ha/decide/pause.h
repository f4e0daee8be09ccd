/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the manager says of a service whose node pauses before it tries once more. */
#pragma once

#include "ha/decide/round.h"

/* It has begun to pause, or runs again after that: why says so; false: nothing new. */
bool pause_is_news(const struct round *round, service_id service, struct reason *why);
